import type { CallStarted, CallerId, EventSource, TrunkId } from "../model/events.js";
import { ownCopy, powerOfTwo } from "./string-hasher.js";

/** Bytes kept for one Call-ID, its length included. */
const ID_BYTES = 128;

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
  /** Call-IDs as characters of a byte each, the length first: no string is made or kept until an incident names the call. */
  readonly #idBytes: Uint8Array;
  /** Those that do not fit there: length byte 0. */
  readonly #longIds = new Map<number, string>();
  readonly #callers: CallerId[];
  readonly #trunks: TrunkId[];
  readonly #sources: EventSource[];
  readonly #callerHashes: Int32Array;
  readonly #numberHashes: Int32Array;
  readonly #times: Int32Array;
  readonly #previous: Int32Array;
  #next = 1;

  constructor(calls: number) {
    const size = powerOfTwo(calls);
    this.#mask = size - 1;
    this.#idBytes = new Uint8Array(size * ID_BYTES);
    this.#callers = new Array<CallerId>(size).fill("" as CallerId);
    this.#trunks = new Array<TrunkId>(size).fill("" as TrunkId);
    this.#sources = new Array<EventSource>(size).fill("hop");
    this.#callerHashes = new Int32Array(size);
    this.#numberHashes = new Int32Array(size);
    this.#times = new Int32Array(size);
    this.#previous = new Int32Array(size);
  }

  /** Sequence number that the next call will get. Never 0. */
  get next(): number {
    return this.#next;
  }

  /** @param previous Sequence number of the number's call before this one, 0 for none. */
  append(event: CallStarted, numberHash: number, callerHash: number, time: number, previous: number): void {
    const at = this.#next & this.#mask;
    this.#writeId(at, event.callId);
    this.#callers[at] = event.caller;
    this.#trunks[at] = event.trunk;
    this.#sources[at] = event.source;
    this.#callerHashes[at] = callerHash;
    this.#numberHashes[at] = numberHash;
    this.#times[at] = time;
    this.#previous[at] = previous;
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
      const distance = (this.#next - sequence) | 0;
      if (distance <= 0 || distance > this.#mask || this.#numberHashes[at] !== numberHash) break;
      const time = this.#times[at] as number;
      const age = (until - time) | 0;
      if (age >= windowMs) tooOld++;
      else if (age > -windowMs) calls.push(this.#call(at, time));
      sequence = this.#previous[at] as number;
    }
    return calls;
  }

  #writeId(at: number, id: string): void {
    const start = at * ID_BYTES;
    const { length } = id;
    if (this.#longIds.size > 0) this.#longIds.delete(at);
    let wide = length >= ID_BYTES ? 256 : 0;
    for (let i = 0; i < length && wide < 256; i++) {
      const code = id.charCodeAt(i);
      if (code > wide) wide = code;
      this.#idBytes[start + 1 + i] = code;
    }
    this.#idBytes[start] = wide < 256 ? length : 0;
    if (wide >= 256) this.#longIds.set(at, ownCopy(id));
  }

  #readId(at: number): string {
    const start = at * ID_BYTES;
    const length = this.#idBytes[start] as number;
    return length === 0
      ? (this.#longIds.get(at) ?? "")
      : String.fromCharCode(...this.#idBytes.subarray(start + 1, start + 1 + length));
  }

  #call(at: number, time: number): LoggedCall {
    return {
      callId: this.#readId(at),
      caller: this.#callers[at] as CallerId,
      trunk: this.#trunks[at] as TrunkId,
      source: this.#sources[at] as EventSource,
      callerHash: this.#callerHashes[at] as number,
      time,
    };
  }
}
