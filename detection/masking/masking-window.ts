import type { CallAnswered, CallEnded, CallStarted, CalledId, CallerId } from "../model/events.js";
import type { UnixMs } from "../model/time.js";
import type { DetectionMemory, MaskingOptions } from "../policy/detection-options.js";
import { CallLog, type LoggedCall } from "./call-log.js";
import { CALL_ANSWERED, CALL_ENDED, CallTable } from "./call-table.js";
import { KnownCallers } from "./known-callers.js";
import { NumberTable } from "./number-table.js";
import { StringHasher } from "./string-hasher.js";

/** An event's own time counts when it is this close to its arrival, ms. */
export const TRUSTED_SKEW_MS = 30_000;
/** Slots looked at per second of time; the whole default table in about nine minutes. */
const SCRUB_SLOTS = 4_096;
const SCRUB_IDLE_MS = 86_400_000;

/** The event's own time where it can be trusted, else its arrival. */
export function trustedTime(event: Pick<CallStarted, "at" | "arrivedAt">): UnixMs {
  return Math.abs(event.at - event.arrivedAt) <= TRUSTED_SKEW_MS ? event.at : event.arrivedAt;
}

/**
 * All tables of the masking rule: windows of called numbers, states of calls, known pairs, the log of latest calls. Hashes each
 * string of an event once; the hashes of the event just begun stay readable until the next one.
 */
export class MaskingWindow {
  readonly #hasher: StringHasher;
  readonly #numbers: NumberTable;
  readonly #calls: CallTable;
  readonly #known: KnownCallers;
  readonly #log: CallLog;
  #numberHigh = 0;
  #numberLow = 0;
  #callerHash = 0;
  #pairHigh = 0;
  #pairLow = 0;
  #callHigh = 0;
  #callLow = 0;
  /** Nobody reads it; it keeps the early reads of `begin` from being left out. */
  #prefetched = 0;

  constructor(memory: DetectionMemory, threshold: number, seed: string) {
    this.#hasher = new StringHasher(seed);
    this.#numbers = new NumberTable(memory.windowMiB, threshold);
    this.#calls = new CallTable(memory.trackedCalls);
    this.#known = new KnownCallers(memory.knownPairs);
    this.#log = new CallLog(memory.recentCalls);
  }

  get trackedNumbers(): number {
    return this.#numbers.size;
  }
  get evictedNumbers(): number {
    return this.#numbers.evicted;
  }
  /** Bytes of the preallocated tables. */
  get bytes(): number {
    return this.#numbers.bytes + this.#calls.bytes + this.#known.bytes + this.#log.bytes;
  }
  /** Callers of one number that the plain window can tell apart. */
  get callersPerNumber(): number {
    return this.#numbers.callersPerNumber;
  }
  /** 32 bits of the hash of the number of the call begun. */
  get numberHash(): number {
    return this.#numberLow;
  }
  get prefetched(): number {
    return this.#prefetched;
  }
  get callerHash(): number {
    return this.#callerHash;
  }

  /**
   * Hashes the event's strings.
   * @returns The call's state bits when this call was seen before, -1 when it is new.
   */
  begin(event: CallStarted, at: UnixMs): number {
    const hasher = this.#hasher;
    hasher.hash(event.called);
    this.#numberHigh = hasher.high;
    this.#numberLow = hasher.low;
    this.#log.hashCaller(hasher, event.caller);
    this.#setCaller(hasher.high, hasher.low);
    this.#log.hashId(hasher, event.callId);
    this.#callHigh = hasher.high;
    this.#callLow = hasher.low;
    // What is not in the CPU's caches is asked for here, all at once, when nothing needs it yet.
    this.#prefetched = this.#numbers.prefetch(this.#numberHigh) ^ this.#calls.prefetch(this.#callLow);
    const known = this.#calls.observe(this.#callHigh, this.#callLow, this.#pairHigh, at | 0, event.isNew === true);
    return known ? this.#calls.knownState : -1;
  }

  /** Counts the call begun. @returns Distinct callers of its number in the window, exact up to `callersPerNumber`. */
  count(event: CallStarted, at: UnixMs, windowMs: number): number {
    const time = at | 0;
    const { next } = this.#log;
    const count = this.#numbers.observe(this.#numberHigh, this.#numberLow, this.#callerHash, time, next, windowMs);
    this.#log.append(event, this.#numberHigh, this.#callerHash, time, this.#numbers.previousCall);
    return count;
  }

  /** Logs the call begun for a number that is counted elsewhere. @returns Its sequence number. */
  log(event: CallStarted, at: UnixMs, previous: number): number {
    const { next } = this.#log;
    this.#log.append(event, this.#numberHigh, this.#callerHash, at | 0, previous);
    return next;
  }

  /** Gives the callers of the number just counted to `take`. */
  handOver(take: (caller: number, time: number) => void): void {
    this.#numbers.callers(this.#numbers.lastSlot, take);
  }

  /** Sequence number of the latest call that was appended to the log. */
  get latestCall(): number {
    return (this.#log.next - 1) | 0;
  }

  callsOf(latest: number, until: UnixMs, windowMs: number, limit: number): readonly LoggedCall[] {
    return this.#log.callsOf(this.#numberHigh, latest, until | 0, windowMs, limit);
  }

  /** As `numberHash`, of any number. */
  hashOf(called: CalledId): number {
    this.#hasher.hash(called);
    return this.#hasher.low;
  }

  /** Marks the call begun. */
  markCall(bits: number): void {
    this.#calls.markOne(this.#callHigh, this.#callLow, this.#pairHigh, bits);
  }

  answered(event: CallAnswered): void {
    this.#mark(event, CALL_ANSWERED);
  }

  ended(event: CallEnded): void {
    this.#mark(event, CALL_ENDED);
  }

  /** State bits of another call to the number of the call begun; undefined when it is not remembered. */
  stateOf(callId: string, caller: CallerId): number | undefined {
    this.#pairOf(caller);
    this.#hasher.hash(callId);
    return this.#calls.state(this.#hasher.high, this.#hasher.low, this.#otherHigh);
  }

  #mark({ callId, caller, called }: CallAnswered | CallEnded, bit: number): void {
    const isOne = caller !== undefined && called !== undefined;
    if (isOne) {
      this.#setNumber(called);
      this.#pairOf(caller);
    }
    this.#hasher.hash(callId);
    const { high, low } = this.#hasher;
    if (isOne) this.#calls.markOne(high, low, this.#otherHigh, bit);
    else this.#calls.mark(high, low, bit);
  }

  /** Remembers the pair of the call begun as known. */
  noteKnown(at: UnixMs): void {
    this.#known.note(this.#pairHigh, this.#pairLow, Math.floor(at / 1000) | 0);
  }

  /** Had the caller of the call begun reached this number before `moment`, and recently? */
  isKnown(moment: UnixMs, masking: MaskingOptions): boolean {
    return wasSeen(this.#known.lastSeen(this.#pairHigh, this.#pairLow), moment, masking.knownCallerMs);
  }

  /** The same for another caller of the same number. */
  isKnownCaller(caller: CallerId, moment: UnixMs, masking: MaskingOptions): boolean {
    this.#pairOf(caller);
    return wasSeen(this.#known.lastSeen(this.#otherHigh, this.#otherLow), moment, masking.knownCallerMs);
  }

  forgetKnown(caller: CallerId): void {
    this.#pairOf(caller);
    this.#known.forget(this.#otherHigh, this.#otherLow);
  }

  /** Makes callers of a number known, outside of any event. */
  acquaint(called: CalledId, callers: readonly CallerId[], at: UnixMs): void {
    this.#setNumber(called);
    for (const caller of callers) {
      this.#pairOf(caller);
      this.#known.note(this.#otherHigh, this.#otherLow, Math.floor(at / 1000) | 0);
    }
  }

  /** Housekeeping, about once a second. */
  tick(now: UnixMs): void {
    this.#numbers.scrub(now | 0, SCRUB_IDLE_MS, SCRUB_SLOTS);
  }

  #setNumber(called: CalledId): void {
    this.#hasher.hash(called);
    this.#numberHigh = this.#hasher.high;
    this.#numberLow = this.#hasher.low;
  }

  #otherHigh = 0;
  #otherLow = 0;

  #pairOf(caller: CallerId): void {
    this.#hasher.hash(caller);
    this.#otherHigh = this.#mixHigh(this.#hasher.high, this.#hasher.low);
    this.#otherLow = this.#mixLow(this.#hasher.high, this.#hasher.low);
  }

  #setCaller(high: number, low: number): void {
    this.#callerHash = high;
    this.#pairHigh = this.#mixHigh(high, low);
    this.#pairLow = this.#mixLow(high, low);
  }

  #mixHigh(high: number, low: number): number {
    const mixed = Math.imul(high ^ this.#numberLow, 0x7feb352d) ^ Math.imul(low + this.#numberHigh, 0x846ca68b);
    return mixed ^ (mixed >>> 15);
  }

  #mixLow(high: number, low: number): number {
    const mixed = Math.imul(low ^ this.#numberHigh, 0x2c1b3c6d) ^ Math.imul(high + this.#numberLow, 0x297a2d39);
    return mixed ^ (mixed >>> 14);
  }
}

function wasSeen(second: number, moment: UnixMs, knownCallerMs: number): boolean {
  if (second === 0) return false;
  const seenMs = second * 1000;
  return seenMs + 1000 <= moment && moment - seenMs <= knownCallerMs;
}
