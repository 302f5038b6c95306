import type { PcmAudio } from "../../media/audio.js";
import { resampleAll } from "../../media/resample/resampler.js";
import { writeWav } from "../../media/wav/write-wav.js";

const RATE_HZ = 8_000;
/** Bytes of one piece: with its header and the command around it, it has to fit into a datagram. */
const MAX_PIECE_SAMPLES = 60_000;

export interface PromptPiece {
  /** A whole WAV file, G.711 µ-law: rtpengine makes the call's codec of it. */
  readonly wav: Uint8Array;
  readonly durationMs: number;
}

/** A prompt in pieces that are played one after the other. @returns Undefined: it cannot be brought to 8 kHz. */
export function promptPieces(audio: PcmAudio): readonly PromptPiece[] | undefined {
  const resampled = audio.sampleRateHz === RATE_HZ ? audio : resampleAll(audio, RATE_HZ);
  if (resampled === undefined) return undefined;
  const { samples } = resampled;
  const pieces: PromptPiece[] = [];
  for (let at = 0; at < samples.length; at += MAX_PIECE_SAMPLES) {
    const part = samples.subarray(at, at + MAX_PIECE_SAMPLES);
    const wav = writeWav({ sampleRateHz: RATE_HZ, channels: [part], coding: "pcmu" });
    pieces.push({ wav, durationMs: (part.length * 1_000) / RATE_HZ });
  }
  return pieces;
}

const TONE_HZ = 425;
const TONE_LEVEL = 0.0316;
const TONE_MS = 300;
const PERIOD_MS = 4_000;

/** What held sides hear, to be repeated: a short quiet tone every four seconds. */
export function holdTone(): Uint8Array {
  const samples = new Float32Array((PERIOD_MS * RATE_HZ) / 1_000);
  const toneSamples = (TONE_MS * RATE_HZ) / 1_000;
  for (let i = 0; i < toneSamples; i++) {
    // Faded in and out, so that it does not click.
    const envelope = Math.sin((Math.PI * i) / toneSamples);
    samples[i] = TONE_LEVEL * envelope * Math.sin((2 * Math.PI * TONE_HZ * i) / RATE_HZ);
  }
  return writeWav({ sampleRateHz: RATE_HZ, channels: [samples], coding: "pcmu" });
}
