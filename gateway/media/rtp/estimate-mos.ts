import type { AudioCodec } from "../audio.js";

export interface MosInput {
  readonly codec: AudioCodec;
  /** Packets that should have come. */
  readonly expected: number;
  readonly lost: number;
  /** RFC 3550 §6.4.1 */
  readonly jitterMs: number;
  /** One way, without jitter buffer and codec; half of RTCP's round trip where that is known. 0: not known. */
  readonly networkDelayMs?: number;
}

/** Below that the estimate would be noise. */
const MIN_EXPECTED = 50;
/** Default R of ITU-T G.107 with all else at its default. */
const BASE_R = 93.2;
/** A telephone's jitter buffer and framing, added to the network's delay. */
const CODEC_DELAY_MS = 25;

/** Equipment impairment and robustness against random loss. ITU-T G.113 appendix I for G.711 with concealment; see below for the others. */
const IMPAIRMENT: Readonly<Record<AudioCodec, { readonly ie: number; readonly bpl: number }>> = {
  PCMU: { ie: 0, bpl: 25.1 },
  PCMA: { ie: 0, bpl: 25.1 },
  // No narrow-band figures are published for these: taken as no worse than G.711, opus for more robust by its own concealment.
  G722: { ie: 0, bpl: 25.1 },
  opus: { ie: 0, bpl: 30 },
  L16: { ie: 0, bpl: 25.1 },
};

/**
 * How well a listener would rate it. ITU-T G.107 in its usual short form: R = 93.2 − Id − Ie,eff, with delay and loss only.
 *
 * An estimate from what the network did: echo, levels and noise are not known here, loss is taken for random.
 *
 * @returns 1–4.4; undefined where too little was received to tell.
 */
export function estimateMos(input: MosInput): number | undefined {
  if (input.expected < MIN_EXPECTED) return undefined;
  const lossPercent = 100 * Math.min(1, Math.max(0, input.lost / input.expected));
  const { ie, bpl } = IMPAIRMENT[input.codec];
  const equipment = ie + ((95 - ie) * lossPercent) / (lossPercent + bpl);
  const delayMs = (input.networkDelayMs ?? 0) + 2 * input.jitterMs + CODEC_DELAY_MS;
  const delay = 0.024 * delayMs + 0.11 * Math.max(0, delayMs - 177.3);
  return mosOfR(BASE_R - delay - equipment);
}

/** ITU-T G.107 annex B. */
export function mosOfR(r: number): number {
  if (r <= 0) return 1;
  if (r >= 100) return 4.5;
  return Math.max(1, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6);
}
