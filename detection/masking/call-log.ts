import type { CallStarted, CallerId, EventSource, TrunkId } from "../model/events.js";
import { ownCopy, powerOfTwo, readCopied, type StringHasher } from "./string-hasher.js";

/** Caller's hash, called number's hash, time in ms (32 bits, wraps), sequence number of the number's call before, lengths. */
const CALLER_HASH = 0;
const NUMBER_HASH = 1;
const TIME = 2;
const PREVIOUS = 3;
/** Caller's length in the low half, Call-ID's in the high one; `KEPT_APART` where the text is not in the row. */
const LENGTHS = 4;
const CALLER = 5;
const ID = 16;
/** 192 bytes, aligned: what is written of an ordinary call are two cache lines. */
const ROW_WORDS = 48;
const CALLER_WORDS = ID - CALLER;
const ID_WORDS = ROW_WORDS - ID;
const KEPT_APART = 0xffff;

/** One call as an incident names it. */
export interface LoggedCall {
  readonly callId: string;
  readonly caller: CallerId;
  readonly trunk: TrunkId;
  readonly source: EventSource;
  readonly callerHash: number;
  /** ms, 32 bits, wraps. */
  readonly time: number;
}

/**
 * The latest calls with their ids, in a ring, chained by called number from the newest back. Tables of hashes find an attack;
 * this names its calls. When more calls come than fit within one window, the oldest can no longer be named (and not be ended).
 */
export class CallLog {
  readonly #mask: number;
  /** Numbers and, a byte a character, texts: no string is made or kept until an incident names the call. */
  readonly #rows: Int32Array;
  /** Texts that do not fit there. */
  readonly #longCallers = new Map<number, string>();
  readonly #longIds = new Map<number, string>();
  readonly #trunks: TrunkId[];
  readonly #sources: EventSource[];
  #next = 1;
  #callerLength = 0;

  constructor(calls: number) {
    const size = powerOfTwo(calls);
    this.#mask = size - 1;
    this.#rows = new Int32Array(size * ROW_WORDS);
    this.#trunks = new Array<TrunkId>(size).fill("" as TrunkId);
    this.#sources = new Array<EventSource>(size).fill("hop");
  }

  get bytes(): number {
    return this.#rows.byteLength;
  }

  /** Sequence number that the next call will get. Never 0. */
  get next(): number {
    return this.#next;
  }

  /** Hashes a call's Call-ID and writes it where the next call will stand: no call that can still be named stands there. */
  hashId(hasher: StringHasher, id: string): void {
    const at = this.#next & this.#mask;
    const row = at * ROW_WORDS;
    if (this.#longIds.size > 0) this.#longIds.delete(at);
    const fits = hasher.hashAndCopy(id, this.#rows, row + ID, ID_WORDS);
    if (!fits) this.#longIds.set(at, ownCopy(id));
    this.#rows[row + LENGTHS] = ((fits ? id.length : KEPT_APART) << 16) | this.#callerLength;
  }

  /** The same for its caller; before its Call-ID. */
  hashCaller(hasher: StringHasher, caller: CallerId): void {
    const at = this.#next & this.#mask;
    if (this.#longCallers.size > 0) this.#longCallers.delete(at);
    const fits = hasher.hashAndCopy(caller, this.#rows, at * ROW_WORDS + CALLER, CALLER_WORDS);
    if (!fits) this.#longCallers.set(at, ownCopy(caller));
    this.#callerLength = fits ? caller.length : KEPT_APART;
  }

  /**
   * The call whose caller and Call-ID were just hashed.
   * @param previous Sequence number of the number's call before this one, 0 for none.
   */
  append(event: CallStarted, numberHash: number, callerHash: number, time: number, previous: number): void {
    const at = this.#next & this.#mask;
    const row = at * ROW_WORDS;
    this.#rows[row + CALLER_HASH] = callerHash;
    this.#rows[row + NUMBER_HASH] = numberHash;
    this.#rows[row + TIME] = time;
    this.#rows[row + PREVIOUS] = previous;
    this.#trunks[at] = event.trunk;
    this.#sources[at] = event.source;
    this.#next = (this.#next + 1) | 0;
    if (this.#next === 0) this.#next = 1;
  }

  /** The calls of one number within (until - windowMs, until], newest first, at most `limit`. */
  callsOf(numberHash: number, latest: number, until: number, windowMs: number, limit: number): LoggedCall[] {
    const calls: LoggedCall[] = [];
    let sequence = latest;
    // Late calls stand out of order in the chain: look a little further than the first call that is too old.
    let tooOld = 0;
    while (sequence !== 0 && calls.length < limit && tooOld < 16) {
      const at = sequence & this.#mask;
      const row = at * ROW_WORDS;
      const distance = (this.#next - sequence) | 0;
      if (distance <= 0 || distance > this.#mask || this.#rows[row + NUMBER_HASH] !== numberHash) break;
      const time = this.#rows[row + TIME] as number;
      const age = (until - time) | 0;
      if (age >= windowMs) tooOld++;
      else if (age > -windowMs) calls.push(this.#call(at, time));
      sequence = this.#rows[row + PREVIOUS] as number;
    }
    return calls;
  }

  #call(at: number, time: number): LoggedCall {
    const row = at * ROW_WORDS;
    const lengths = this.#rows[row + LENGTHS] as number;
    const callerLength = lengths & 0xffff;
    const idLength = lengths >>> 16;
    return {
      callId: idLength === KEPT_APART ? (this.#longIds.get(at) ?? "") : readCopied(this.#rows, row + ID, idLength),
      caller: (callerLength === KEPT_APART
        ? (this.#longCallers.get(at) ?? "")
        : readCopied(this.#rows, row + CALLER, callerLength)) as CallerId,
      trunk: this.#trunks[at] as TrunkId,
      source: this.#sources[at] as EventSource,
      callerHash: this.#rows[row + CALLER_HASH] as number,
      time,
    };
  }
}
