import {
  CODED_LENGTHS,
  codedPosition,
  FIRST_SYNC,
  LEAD_IN,
  readBurst,
  SECOND_SYNC,
  SECOND_SYNC_AT,
  SYMBOL_MS,
  type ReadBurst,
} from "./burst.js";
import { TONES_PER_GROUP } from "./encode-tones.js";
import { HOPS_PER_SYMBOL, TONES, toneEnergies, type ToneEnergies } from "./tone-energies.js";

export interface HeardBurst extends ReadBurst {
  /** Since the start of the audio, ms. */
  readonly startMs: number;
  readonly endMs: number;
}

/** Of 12: the share of the sound that is in the expected tones, summed over the sync symbols. */
const SYNC_ENOUGH = 3.6;
/** Bursts that begin closer together than this are one. */
const SHORTEST_BURST_HOPS = 20 * HOPS_PER_SYMBOL;
/** Jitter buffers leave out or put in whole packets: by so much the rest of a burst may be early or late. */
const SLIPS_HOPS: readonly number[] = [16, -16, 8, -8, 24, -24, 32, -32];
const SLIP_EVERY_SYMBOLS = 4;

/** @returns Every burst that could be read, in order. @param sampleRateHz 8,000 or 16,000. */
export function decodeTones(samples: Float32Array, sampleRateHz: number): HeardBurst[] {
  const energies = toneEnergies(samples, sampleRateHz);
  const scores = syncScores(energies);
  const symbols = readSymbols(energies);
  const heard: HeardBurst[] = [];
  const hopMs = SYMBOL_MS / HOPS_PER_SYMBOL;
  for (let hop = 0; hop < scores.length; hop++) {
    if ((scores[hop] as number) < SYNC_ENOUGH) continue;
    const start = bestNear(scores, hop);
    const read = readAt(symbols, start - SYNC_BEFORE_HOPS);
    if (read === undefined) {
      hop = start + HOPS_PER_SYMBOL;
      continue;
    }
    const startHop = start - SYNC_BEFORE_HOPS;
    const endHop = startHop + (codedPosition(read.length - 1) + 1) * HOPS_PER_SYMBOL + read.slipHops;
    const leadInMs = LEAD_IN.length * SYMBOL_MS;
    heard.push({ ...read.burst, startMs: Math.max(0, startHop * hopMs - leadInMs), endMs: endHop * hopMs });
    hop = Math.max(hop, endHop + SYNC_BEFORE_HOPS - HOPS_PER_SYMBOL);
  }
  return heard;
}

/** A burst whose first sync was cut off by the segmenter still counts: scores begin so many windows before the audio. */
const SYNC_BEFORE_HOPS = 8 * HOPS_PER_SYMBOL;

/** Score of a burst whose first sync begins at window `index − SYNC_BEFORE_HOPS`. */
function syncScores({ hops, ofTone, total }: ToneEnergies): Float32Array {
  const scores = new Float32Array(hops + SYNC_BEFORE_HOPS);
  const expected = [
    ...FIRST_SYNC.map((symbol, i) => ({ symbol, at: i * HOPS_PER_SYMBOL })),
    ...SECOND_SYNC.map((symbol, i) => ({ symbol, at: (SECOND_SYNC_AT + i) * HOPS_PER_SYMBOL })),
  ];
  for (let index = 0; index < scores.length; index++) {
    let score = 0;
    for (const { symbol, at } of expected) {
      const hop = index - SYNC_BEFORE_HOPS + at;
      if (hop < 0 || hop >= hops) continue;
      const all = total[hop] as number;
      if (all < QUIETEST) continue;
      const lower = ofTone[hop * TONES + (symbol >> 4)] as number;
      const upper = ofTone[hop * TONES + TONES_PER_GROUP + (symbol & 15)] as number;
      score += (lower + upper) / all;
    }
    scores[index] = score;
  }
  return scores;
}

/** −60 dB of full scale, mean square. */
const QUIETEST = 1e-6;

function bestNear(scores: Float32Array, from: number): number {
  let best = from;
  for (let i = from; i < Math.min(scores.length, from + SHORTEST_BURST_HOPS / 2); i++) {
    if ((scores[i] as number) > (scores[best] as number)) best = i;
  }
  return best;
}

interface Slip {
  /** Coded symbols from this one on are early or late by `hops`. */
  readonly from: number;
  readonly hops: number;
}

interface ReadHere {
  readonly burst: ReadBurst;
  readonly length: number;
  readonly slipHops: number;
}

function readAt(symbols: Int16Array, startHop: number): ReadHere | undefined {
  const none: Slip = { from: 0, hops: 0 };
  for (const length of CODED_LENGTHS) {
    const burst = readWith(symbols, startHop, length, none);
    if (burst !== undefined) return { burst, length, slipHops: 0 };
  }
  for (const hops of SLIPS_HOPS) {
    for (const length of CODED_LENGTHS) {
      for (let from = SLIP_EVERY_SYMBOLS; from < length; from += SLIP_EVERY_SYMBOLS) {
        const burst = readWith(symbols, startHop, length, { from, hops });
        if (burst !== undefined) return { burst, length, slipHops: hops };
      }
    }
  }
  return undefined;
}

function readWith(symbols: Int16Array, startHop: number, length: number, slip: Slip): ReadBurst | undefined {
  const coded = new Uint8Array(length);
  const lost: number[] = [];
  const repeated: number[] = [];
  const unsure: number[] = [];
  let before = -1;
  let beforeThat = -1;
  for (let index = 0; index < length; index++) {
    const late = index >= slip.from ? slip.hops : 0;
    const read = symbols[startHop + codedPosition(index) * HOPS_PER_SYMBOL + late] ?? LOST;
    const symbol = read & 0xff;
    coded[index] = symbol;
    if (read === LOST) lost.push(index);
    else if (symbol === before || symbol === beforeThat) repeated.push(index);
    else if (read >= UNSURE) unsure.push(index);
    beforeThat = before;
    before = symbol;
  }
  if (lost.length > length / 2) return undefined;
  const withUnsure = readBurst(coded, [...lost, ...repeated, ...unsure]);
  return withUnsure ?? (unsure.length > 0 ? readBurst(coded, [...lost, ...repeated]) : undefined);
}

/** No sound. */
const LOST = -1;
/** Added to a symbol with a second tone that is nearly as strong. */
const UNSURE = 256;

/** The symbol at every window: 0–255, or `UNSURE` more, or `LOST`. */
function readSymbols({ hops, ofTone, total }: ToneEnergies): Int16Array {
  const symbols = new Int16Array(hops);
  for (let hop = 0; hop < hops; hop++) {
    if ((total[hop] as number) < QUIETEST) {
      symbols[hop] = LOST;
      continue;
    }
    const lower = strongest(ofTone, hop * TONES);
    const upper = strongest(ofTone, hop * TONES + TONES_PER_GROUP);
    symbols[hop] = ((lower & 15) << 4) | (upper & 15) | (lower >= UNSURE || upper >= UNSURE ? UNSURE : 0);
  }
  return symbols;
}

/** The strongest of 16 tones, and `UNSURE` more where another one has half of its energy. */
function strongest(energies: Float32Array, from: number): number {
  let tone = 0;
  let first = -1;
  let second = -1;
  for (let i = 0; i < TONES_PER_GROUP; i++) {
    const energy = energies[from + i] as number;
    if (energy > first) {
      second = first;
      first = energy;
      tone = i;
    } else if (energy > second) second = energy;
  }
  return second < first / 2 ? tone : tone + UNSURE;
}
