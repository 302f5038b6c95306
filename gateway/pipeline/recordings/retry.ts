import { unixMs, type UnixMs } from "../../core/time.js";
import type { RecordingStage } from "../../ports/recordings.js";

export interface RetryOptions {
  /** Pause after the first failure, ms; doubles, with jitter. */
  readonly firstMs: number;
  /** The longest pause, ms. */
  readonly mostMs: number;
  /** A stage that has failed for so long is given up, ms. */
  readonly giveUpMs: number;
  /** The same for the CRM, ms. */
  readonly deliverGiveUpMs: number;
}

export interface StageFailure {
  readonly retryable: boolean;
  /** What the peer asked for, ms. */
  readonly retryAfterMs?: number | undefined;
}

export interface FailedJob {
  readonly stage: RecordingStage;
  /** Its first failure that no progress followed; `now` where this one is the first. */
  readonly failingSince: UnixMs;
  readonly attempts: number;
}

/** So often it is tried however long that takes: while we did not run, or by a clock that jumped, nothing was tried. */
const LEAST_TRIES = 6;

/**
 * What becomes of a job whose stage has just failed.
 * @param random Uniform in [0, 1): many jobs that lost one peer do not come back at once.
 * @returns When it is tried again; undefined: it is given up.
 */
export function retryAt(
  job: FailedJob,
  failure: StageFailure,
  now: UnixMs,
  random: number,
  options: RetryOptions,
): UnixMs | undefined {
  if (!failure.retryable) return undefined;
  const { firstMs, mostMs, giveUpMs, deliverGiveUpMs } = options;
  const backOff = Math.min(firstMs * 2 ** Math.min(job.attempts, 30), mostMs);
  const pause = Math.min(Math.max(failure.retryAfterMs ?? 0, backOff * (0.5 + random / 2)), mostMs);
  const limit = job.stage === "deliver" ? deliverGiveUpMs : giveUpMs;
  const isSpent = now + pause > job.failingSince + limit && job.attempts + 1 >= LEAST_TRIES;
  return isSpent ? undefined : unixMs(now + pause);
}

/** 492 → "8m12s", 4000 → "1h06m40s", 9 → "9s". As the CRM's field `duration` is written. */
export function spokenDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor((seconds % 3_600) / 60), seconds % 60];
  const two = (n: number): string => String(n).padStart(2, "0");
  if (h > 0) return `${h}h${two(m)}m${two(s)}s`;
  return m > 0 ? `${m}m${two(s)}s` : `${s}s`;
}
