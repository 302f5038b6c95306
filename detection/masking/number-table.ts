import { ENTRY_WORDS, touchRing, type RingCount } from "./caller-ring.js";

const WAYS = 8;
/** A bucket begins with 8 tags and 8 times of the latest call, one cache line; its 8 records follow, most often in the same page. */
const BUCKET_WORDS = 2 * WAYS;
/** Words of a record before its callers: low half of the number's hash, sequence number of the latest call. */
const HEADER_WORDS = 2;
/** Two calls of one number that are further apart than ±30 s of trust on both sides allow: the clock was set back. */
const CLOCK_JUMP_MS = 61_000;

/**
 * Windows of called numbers in preallocated arrays: 8-way buckets, two candidate buckets a number, so a look-up touches at most
 * three cache lines, nothing is ever rehashed or moved, and nothing is allocated. When both buckets are full the number called
 * longest ago makes room; a number under attack is called now, so ten million random numbers push out one another, not it.
 */
export class NumberTable {
  readonly #callersPerNumber: number;
  readonly #recordWords: number;
  readonly #bucketMask: number;
  readonly #blockWords: number;
  readonly #words: Int32Array;
  readonly #found: RingCount = { count: 0, overflowed: false };
  #used = 0;
  #evicted = 0;
  #scrubAt = 0;
  /** Sequence number of the call before the one just observed, 0 when there was none. */
  previousCall = 0;
  /** Index of the number just observed, for `callers`. */
  lastSlot = 0;

  /** @param sizeMiB Rounded down to a power of two of buckets; at least one bucket. */
  constructor(sizeMiB: number, threshold: number) {
    this.#callersPerNumber = threshold <= 6 ? 7 : 15;
    this.#recordWords = HEADER_WORDS + this.#callersPerNumber * ENTRY_WORDS;
    this.#blockWords = BUCKET_WORDS + WAYS * this.#recordWords;
    let buckets = 1;
    while (buckets * 2 * 4 * this.#blockWords <= sizeMiB * 1_048_576) buckets *= 2;
    this.#bucketMask = buckets - 1;
    this.#words = new Int32Array(buckets * this.#blockWords);
  }

  /** Callers that one number's ring can tell apart. */
  get callersPerNumber(): number {
    return this.#callersPerNumber;
  }
  /** Numbers that fit. */
  get capacity(): number {
    return (this.#bucketMask + 1) * WAYS;
  }
  /** Numbers held, old ones that were not yet cleared included. */
  get size(): number {
    return this.#used;
  }
  /** Numbers forgotten because both their buckets were full. */
  get evicted(): number {
    return this.#evicted;
  }
  get bytes(): number {
    return this.#words.byteLength;
  }

  /**
   * @param time ms, 32 bits, wraps.
   * @param sequence Of this call in the call log.
   * @returns Distinct callers within the window, this one included; exact up to `callersPerNumber`.
   */
  observe(high: number, low: number, caller: number, time: number, sequence: number, windowMs: number): number {
    const tag = high === 0 ? 1 : high;
    let slot = this.#find(tag, low);
    if (slot < 0) slot = this.#claim(tag, low, time);
    const latestAt = this.#latestIndex(slot);
    const record = this.#recordIndex(slot);
    const latest = this.#words[latestAt] as number;
    const behind = (latest - time) | 0;
    if (behind > CLOCK_JUMP_MS) this.#clearCallers(record);
    if (behind < 0 || behind > CLOCK_JUMP_MS) this.#words[latestAt] = time;
    this.previousCall = this.#words[record + 1] as number;
    this.#words[record + 1] = sequence;
    this.lastSlot = slot;
    touchRing(
      this.#words,
      record + HEADER_WORDS,
      this.#callersPerNumber,
      caller === 0 ? 1 : caller,
      time,
      this.#words[latestAt] as number,
      windowMs,
      this.#found,
    );
    return this.#found.count;
  }

  /** Reads the number's bucket and likeliest record, so that the memory is on its way while other tables are asked. */
  prefetch(low: number): number {
    const slot = (low & this.#bucketMask) * WAYS + (low >>> 29);
    return (this.#words[this.#latestIndex(slot)] as number) ^ (this.#words[this.#recordIndex(slot)] as number);
  }

  /** Gives every (caller, time) of a slot to `take`, for a number that is watched more closely from now on. */
  callers(slot: number, take: (caller: number, time: number) => void): void {
    const first = this.#recordIndex(slot) + HEADER_WORDS;
    for (let at = first; at < first + this.#callersPerNumber * ENTRY_WORDS; at += ENTRY_WORDS) {
      if (this.#words[at] !== 0) take(this.#words[at] as number, this.#words[at + 1] as number);
    }
  }

  /** Clears numbers that were not called for `idleMs`, `slots` of them at a time, so that 32-bit times stay comparable. */
  scrub(time: number, idleMs: number, slots: number): void {
    for (let i = 0; i < slots; i++) {
      const slot = this.#scrubAt;
      this.#scrubAt = slot + 1 >= this.capacity ? 0 : slot + 1;
      const at = this.#latestIndex(slot);
      if (this.#words[at - WAYS] === 0) continue;
      const age = (time - (this.#words[at] as number)) | 0;
      if (age >= 0 && age < idleMs) continue;
      if (age < 0 && age > -CLOCK_JUMP_MS) continue;
      this.#words[at - WAYS] = 0;
      this.#used--;
    }
  }

  #find(tag: number, low: number): number {
    const first = low & this.#bucketMask;
    const slot = this.#findIn(first, tag, low);
    return slot >= 0 ? slot : this.#findIn(this.#other(first, tag), tag, low);
  }

  #findIn(bucket: number, tag: number, low: number): number {
    const at = bucket * this.#blockWords;
    const likeliest = low >>> 29;
    for (let i = 0; i < WAYS; i++) {
      const way = i ^ likeliest;
      if (this.#words[at + way] !== tag) continue;
      const slot = bucket * WAYS + way;
      if (this.#words[at + BUCKET_WORDS + way * this.#recordWords] === low) return slot;
    }
    return -1;
  }

  /** The second candidate bucket; applied twice it gives the first again. */
  #other(bucket: number, tag: number): number {
    return (bucket ^ (Math.imul(tag, 0x5bd1e995) >>> 7) ^ 1) & this.#bucketMask;
  }

  #claim(tag: number, low: number, time: number): number {
    const first = low & this.#bucketMask;
    let slot = this.#emptyIn(first, low);
    if (slot < 0) slot = this.#emptyIn(this.#other(first, tag), low);
    if (slot >= 0) {
      this.#used++;
    } else {
      slot = this.#oldest(first, this.#other(first, tag), time);
      this.#evicted++;
    }
    const record = this.#recordIndex(slot);
    this.#words[this.#latestIndex(slot) - WAYS] = tag;
    this.#words[this.#latestIndex(slot)] = time;
    this.#words[record] = low;
    this.#words[record + 1] = 0;
    this.#clearCallers(record);
    return slot;
  }

  #emptyIn(bucket: number, low: number): number {
    const at = bucket * this.#blockWords;
    const likeliest = low >>> 29;
    for (let i = 0; i < WAYS; i++) if (this.#words[at + (i ^ likeliest)] === 0) return bucket * WAYS + (i ^ likeliest);
    return -1;
  }

  #oldest(first: number, second: number, time: number): number {
    let slot = first * WAYS;
    let oldest = -Infinity;
    for (let i = 0; i < 2 * WAYS; i++) {
      const candidate = (i < WAYS ? first : second) * WAYS + (i % WAYS);
      const age = (time - (this.#words[this.#latestIndex(candidate)] as number)) | 0;
      if (age > oldest) {
        oldest = age;
        slot = candidate;
      }
    }
    return slot;
  }

  #clearCallers(record: number): void {
    this.#words.fill(0, record + HEADER_WORDS, record + this.#recordWords);
  }

  #latestIndex(slot: number): number {
    return (slot >>> 3) * this.#blockWords + WAYS + (slot & 7);
  }

  #recordIndex(slot: number): number {
    return (slot >>> 3) * this.#blockWords + BUCKET_WORDS + (slot & 7) * this.#recordWords;
  }
}
