import { unixMs, type UnixMs } from "../../core/time.js";

/** What a service says of the times that it can be asked for, ms. */
export interface FeedRules {
  /** Records are there so long after a call ended. */
  readonly delayMs: number;
  /** Between start and end of one request at most. */
  readonly longestMs: number;
  /** How far back it can be asked for. */
  readonly oldestMs: number;
  /** Asked for again each time: late records. */
  readonly overlapMs: number;
}

/**
 * Webex: "any 12-hour period between 5 minutes ago and 30 days prior"; older descriptions say 48 hours, so no more is asked for.
 * developer.webex.com, Reports: Detailed Call History
 */
export const CDR_FEED_RULES: FeedRules = {
  delayMs: 5.5 * 60_000,
  longestMs: 12 * 3_600_000,
  oldestMs: 47 * 3_600_000,
  overlapMs: 30 * 60_000,
};

/** The stream delivers late records by itself; two hours a request, twelve back. Reports: Live Stream Detailed Call History */
export const CDR_STREAM_RULES: FeedRules = {
  delayMs: 90_000,
  longestMs: 2 * 3_600_000,
  oldestMs: 11.5 * 3_600_000,
  overlapMs: 60_000,
};

export interface FeedWindow {
  readonly from: UnixMs;
  readonly to: UnixMs;
  /** Between what was read and what can still be had; 0: nothing is lost, ms. */
  readonly gapMs: number;
}

/** What was read so far ahead of now was read by a wrong clock, and says nothing. */
const WRONG_CLOCK_MS = 3_600_000;
/** Nothing was read yet: so far back. */
const FIRST_MS = 3_600_000;

/**
 * What to ask for next. Pure: a clock that jumps back asks for nothing twice but the overlap, one that jumps forward gives windows
 * of the allowed length and names what can no longer be had.
 *
 * @param readTo End of the last window that was read whole; undefined: none was.
 * @param newest When the newest call that was read ended, by the service's clock: what counts when `readTo` cannot be true.
 * @returns Undefined: nothing new can be there yet.
 */
export function nextWindow(
  readTo: UnixMs | undefined,
  now: UnixMs,
  rules: FeedRules,
  newest?: UnixMs,
): FeedWindow | undefined {
  const latest = now - rules.delayMs;
  const oldest = now - rules.oldestMs;
  const known = readTo !== undefined && readTo - now > WRONG_CLOCK_MS ? newest : readTo;
  const start = known ?? latest - FIRST_MS;
  if (start >= latest) return undefined;
  const from = Math.max(oldest, start - rules.overlapMs);
  const to = Math.min(latest, from + rules.longestMs);
  return { from: unixMs(from), to: unixMs(to), gapMs: Math.max(0, from - start) };
}

/**
 * How far a window is read for sure that an earlier process read. Whether its clock was right cannot be told: calls that it saw
 * were there, so what is behind the newest of them is asked for again, as far back as it can be had.
 */
export function surelyReadTo(readTo: UnixMs, newest: UnixMs | undefined, now: UnixMs, rules: FeedRules): UnixMs {
  if (newest === undefined || newest >= readTo || readTo - now > WRONG_CLOCK_MS) return readTo;
  return unixMs(Math.min(readTo, Math.max(newest, now - rules.oldestMs + rules.overlapMs)));
}
