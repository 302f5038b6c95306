/** How a route is tried again. */
export interface RetryLimits {
  /** A delivery that has failed for so long is given up, ms. */
  readonly giveUpMs: number;
  /** Tries of one delivery, the first included; undefined: as many as fit into `giveUpMs`. */
  readonly attempts?: number | undefined;
  /** Pause after the first failure, ms; doubles up to `retryMostMs`. */
  readonly retryFirstMs: number;
  readonly retryMostMs: number;
}

/** What a receiver asks for with `Retry-After` is heeded up to here, ms. */
const MOST_ASKED_MS = 3_600_000;
/** So often it is tried however long that takes: while we did not run, or by a clock that jumped, nothing was tried. */
const LEAST_TRIES = 6;

/** What a receiver asks for, as far as it is heeded, ms. */
export const heededPause = (askedMs: number | undefined): number => Math.min(askedMs ?? 0, MOST_ASKED_MS);

/**
 * @param attempt Tries that have failed.
 * @param failingMs Since the first of them.
 * @param askedMs What the receiver asked for.
 * @param chance Uniform in [0, 1): many gateways that lost one receiver do not come back at once.
 * @returns The pause before the next try, ms; undefined: there is none.
 */
export function pauseBefore(
  attempt: number,
  failingMs: number,
  limits: RetryLimits,
  askedMs: number | undefined,
  chance: number,
): number | undefined {
  if (attempt >= (limits.attempts ?? Infinity)) return undefined;
  if (failingMs >= limits.giveUpMs && attempt >= LEAST_TRIES) return undefined;
  const backOff = Math.min(limits.retryFirstMs * 2 ** Math.min(attempt - 1, 30), limits.retryMostMs);
  return Math.max(heededPause(askedMs), Math.round(backOff * (0.5 + chance / 2)));
}

/** Nothing waits longer for its next try; what seems to was put off by a clock that was ahead, and is due. */
export const longestPause = ({ retryMostMs }: Pick<RetryLimits, "retryMostMs">): number =>
  Math.max(MOST_ASKED_MS, retryMostMs);
