/** Words of one entry: hash of the caller (0: empty), time in ms (32 bits, wraps). */
export const ENTRY_WORDS = 2;
/** Above this many entries a late call is only compared with the newest window, not with every window around it. */
const LATE_SCAN_LIMIT = 32;

/** What `touchRing` found. One object, reused: read it before the next call. */
export interface RingCount {
  /** Distinct callers in the fullest window that holds this call, itself included. */
  count: number;
  /** A caller that still counts had to make room: the ring is too small for exact counts. */
  overflowed: boolean;
}

/**
 * Notes a caller in a ring of (caller, time) entries and counts the distinct callers of the window (time - windowMs, time].
 * Each caller has one entry with the time of its latest call, so each ages out by itself: one that is exactly `windowMs` old
 * no longer counts. Expired entries stay until their room is needed, so that a late call can still be compared with them.
 *
 * Times are compared modulo 2^32: the owner must clear rings that were not touched for 24 days.
 *
 * @param latest The newest time noted in this ring; `time` may be earlier (a late call).
 */
export function touchRing(
  words: Int32Array,
  start: number,
  capacity: number,
  caller: number,
  time: number,
  latest: number,
  windowMs: number,
  found: RingCount,
): void {
  const end = start + capacity * ENTRY_WORDS;
  let count = 1;
  let room = -1;
  let roomAge = -1;
  let own = -1;
  for (let at = start; at < end; at += ENTRY_WORDS) {
    const entry = words[at] as number;
    if (entry === caller) {
      own = at;
      continue;
    }
    if (entry === 0) {
      if (roomAge < Infinity) room = at;
      roomAge = Infinity;
      continue;
    }
    const age = (time - (words[at + 1] as number)) | 0;
    if (age >= 0 && age < windowMs) count++;
    if (age > roomAge) {
      room = at;
      roomAge = age;
    }
  }
  found.overflowed = own < 0 && roomAge < windowMs;
  if (own >= 0) {
    if (((time - (words[own + 1] as number)) | 0) > 0) words[own + 1] = time;
  } else if (room >= 0) {
    words[room] = caller;
    words[room + 1] = time;
  }
  const late = ((latest - time) | 0) > 0;
  found.count = late ? Math.max(count, fullestWindow(words, start, end, caller, time, latest, windowMs)) : count;
}

/** For a late call: the most callers in any window that holds `time` and ends at a noted call. */
function fullestWindow(
  words: Int32Array,
  start: number,
  end: number,
  caller: number,
  time: number,
  latest: number,
  windowMs: number,
): number {
  if (end - start > LATE_SCAN_LIMIT * ENTRY_WORDS) {
    return ((latest - time) | 0) < windowMs ? countWindow(words, start, end, latest, windowMs) : 0;
  }
  let most = 0;
  for (let at = start; at < end; at += ENTRY_WORDS) {
    if (words[at] === 0) continue;
    const ahead = ((words[at + 1] as number) - time) | 0;
    if (ahead < 0 || ahead >= windowMs) continue;
    const until = words[at + 1] as number;
    const count = countWindow(words, start, end, until, windowMs);
    most = Math.max(most, isCounted(words, start, end, caller, until, windowMs) ? count : count + 1);
  }
  return most;
}

/** Does the caller's latest call, which may be another than the late one, lie in that window? */
function isCounted(
  words: Int32Array,
  start: number,
  end: number,
  caller: number,
  until: number,
  windowMs: number,
): boolean {
  for (let at = start; at < end; at += ENTRY_WORDS) {
    if (words[at] !== caller) continue;
    const age = (until - (words[at + 1] as number)) | 0;
    return age >= 0 && age < windowMs;
  }
  return false;
}

/** Distinct callers in (until - windowMs, until]. */
export function countWindow(words: Int32Array, start: number, end: number, until: number, windowMs: number): number {
  let count = 0;
  for (let at = start; at < end; at += ENTRY_WORDS) {
    if (words[at] === 0) continue;
    const age = (until - (words[at + 1] as number)) | 0;
    if (age >= 0 && age < windowMs) count++;
  }
  return count;
}
