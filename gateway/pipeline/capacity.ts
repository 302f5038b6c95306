import type { Clock } from "../core/clock.js";
import { SPEECH_RATE_HZ } from "../media/audio.js";
import type { Transcriber } from "../ports/transcriber.js";

export interface Capacity {
  /** People who talk without a break whose speech becomes text as fast as they talk. */
  readonly talkers: number;
  /** Time of one decode of 5 s while as many go on as may, shared among them: below 1 it keeps up with one talker. */
  readonly realTimeFactor: number;
}

const SEGMENT_SECONDS = 5;
const ROUNDS = 2;

/**
 * How much speech a recogniser keeps up with: it decodes made-up stretches of 5 s, as many at a time as it does.
 *
 * @param reserve Share of what was measured that is not counted on, 0–1: partial texts, stretches decoded ahead for nothing, other work of the machine.
 * @throws What the transcriber throws, and the signal's reason.
 */
export async function measureCapacity(
  transcriber: Transcriber,
  clock: Clock,
  reserve: number,
  signal: AbortSignal,
): Promise<Capacity> {
  const audio = { sampleRateHz: SPEECH_RATE_HZ, samples: syllables(SEGMENT_SECONDS) };
  const decode = (): Promise<unknown> => transcriber.transcribe(audio, { partial: false }, signal);
  // The first one pays for what is made at first use.
  await decode();
  const startedAt = clock.mono();
  const inTurn = async (): Promise<void> => {
    for (let round = 0; round < ROUNDS; round++) await decode();
  };
  await Promise.all(Array.from({ length: transcriber.concurrency }, inTurn));
  const tookSeconds = Math.max(1e-3, (clock.mono() - startedAt) / 1_000);
  const realTimeFactor = tookSeconds / (ROUNDS * transcriber.concurrency * SEGMENT_SECONDS);
  return { talkers: Math.floor((1 - reserve) / realTimeFactor), realTimeFactor };
}

/** Four syllables a second of a gliding buzz: no words, but a recogniser has as much to do with it. */
function syllables(seconds: number): Float32Array {
  let phase = 0;
  return Float32Array.from({ length: seconds * SPEECH_RATE_HZ }, (_, i) => {
    const t = i / SPEECH_RATE_HZ;
    phase += (2 * Math.PI * (130 + 30 * Math.sin(2 * Math.PI * 1.3 * t))) / SPEECH_RATE_HZ;
    let sum = 0;
    for (let harmonic = 1; harmonic <= 12; harmonic++) sum += Math.sin(harmonic * phase) / harmonic;
    return 0.15 * sum * Math.max(0, Math.sin(2 * Math.PI * 4 * t));
  });
}
