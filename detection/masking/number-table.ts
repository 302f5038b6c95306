import { ENTRY_WORDS, touchRing, type RingCount } from "./caller-ring.js";

const WAYS = 8;
/** Words of a row before its callers: low half of the number's hash, sequence number of the latest call. */
const HEADER_WORDS = 2;
/** Two calls of one number that are further apart than ±30 s of trust on both sides allow: the clock was set back. */
const CLOCK_JUMP_MS = 61_000;
/** As `newest` of a row without callers. */
const NEVER = -0x8000_0000;

/**
 * Windows of called numbers in preallocated arrays: 8-way buckets, two candidate buckets a number, nothing is ever rehashed or
 * moved, and nothing is allocated. The tags of a bucket, 16 bits of a hash each, stand together in a table that is small enough for
 * the CPU's last cache; all the rest of a number is one row of one cache line (two above threshold 6), so that an ordinary look-up
 * waits for main memory once. A number that is new is taken for one that is held with a chance of about 2^-45. When both buckets are full the number called longest ago makes room; a number
 * under attack is called now, so ten million random numbers push out one another, not it.
 */
export class NumberTable {
  readonly #callersPerNumber: number;
  readonly #rowWords: number;
  readonly #bucketMask: number;
  /** 0: the row is empty. */
  readonly #tags: Uint16Array;
  readonly #rows: Int32Array;
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
    this.#rowWords = HEADER_WORDS + this.#callersPerNumber * ENTRY_WORDS;
    let buckets = 1;
    while (buckets * 2 * WAYS * (2 + 4 * this.#rowWords) <= sizeMiB * 1_048_576) buckets *= 2;
    this.#bucketMask = buckets - 1;
    this.#tags = new Uint16Array(buckets * WAYS);
    this.#rows = new Int32Array(buckets * WAYS * this.#rowWords);
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
    return this.#tags.byteLength + this.#rows.byteLength;
  }

  /**
   * @param time ms, 32 bits, wraps.
   * @param sequence Of this call in the call log.
   * @returns Distinct callers within the window, this one included; exact up to `callersPerNumber`.
   */
  observe(high: number, low: number, caller: number, time: number, sequence: number, windowMs: number): number {
    let slot = this.#find(high, low);
    if (slot < 0) slot = this.#claim(high, low, time);
    const row = slot * this.#rowWords;
    this.previousCall = this.#rows[row + 1] as number;
    this.#rows[row + 1] = sequence;
    this.lastSlot = slot;
    let ahead = this.#newest(row, time);
    if (ahead > CLOCK_JUMP_MS) {
      this.#clearCallers(row);
      ahead = 0;
    }
    touchRing(
      this.#rows,
      row + HEADER_WORDS,
      this.#callersPerNumber,
      caller === 0 ? 1 : caller,
      time,
      ahead > 0 ? (time + ahead) | 0 : time,
      windowMs,
      this.#found,
    );
    return this.#found.count;
  }

  /** Reads the number's tags and likeliest row, so that the memory is on its way while other things are done. */
  prefetch(high: number): number {
    const bucket = (high & this.#bucketMask) * WAYS;
    return (this.#tags[bucket] as number) ^ (this.#rows[(bucket + (high >>> 29)) * this.#rowWords] as number);
  }

  /** Gives every (caller, time) of a slot to `take`, for a number that is watched more closely from now on. */
  callers(slot: number, take: (caller: number, time: number) => void): void {
    const first = slot * this.#rowWords + HEADER_WORDS;
    for (let at = first; at < first + this.#callersPerNumber * ENTRY_WORDS; at += ENTRY_WORDS) {
      if (this.#rows[at] !== 0) take(this.#rows[at] as number, this.#rows[at + 1] as number);
    }
  }

  /**
   * Clears numbers that were not called for `idleMs`, and callers of others that did not call for so long, `slots` numbers at a
   * time, so that 32-bit times stay comparable.
   */
  scrub(time: number, idleMs: number, slots: number): void {
    for (let i = 0; i < slots; i++) {
      const slot = this.#scrubAt;
      this.#scrubAt = slot + 1 >= this.capacity ? 0 : slot + 1;
      if (this.#tags[slot] !== 0) this.#scrubSlot(slot, time, idleMs);
    }
  }

  #scrubSlot(slot: number, time: number, idleMs: number): void {
    const row = slot * this.#rowWords;
    const ahead = this.#newest(row, time);
    if (ahead <= -idleMs || ahead >= CLOCK_JUMP_MS) {
      this.#tags[slot] = 0;
      this.#used--;
      return;
    }
    for (let at = row + HEADER_WORDS; at < row + this.#rowWords; at += ENTRY_WORDS) {
      if (((time - (this.#rows[at + 1] as number)) | 0) >= idleMs) this.#rows[at] = 0;
    }
  }

  /** How far the latest call noted in a row is ahead of `time`, ms; negative: behind. */
  #newest(row: number, time: number): number {
    let ahead = NEVER;
    for (let at = row + HEADER_WORDS; at < row + this.#rowWords; at += ENTRY_WORDS) {
      const entryAhead = ((this.#rows[at + 1] as number) - time) | 0;
      if (entryAhead > ahead && this.#rows[at] !== 0) ahead = entryAhead;
    }
    return ahead;
  }

  #find(high: number, low: number): number {
    const first = high & this.#bucketMask;
    const slot = this.#findIn(first, high, low);
    return slot >= 0 ? slot : this.#findIn(this.#other(first, high), high, low);
  }

  #findIn(bucket: number, high: number, low: number): number {
    const likeliest = high >>> 29;
    const tag = tagOf(high);
    for (let i = 0; i < WAYS; i++) {
      const slot = bucket * WAYS + (i ^ likeliest);
      if (this.#tags[slot] === tag && this.#rows[slot * this.#rowWords] === low) return slot;
    }
    return -1;
  }

  /** The second candidate bucket; applied twice it gives the first again. */
  #other(bucket: number, high: number): number {
    return (bucket ^ (Math.imul(tagOf(high), 0x5bd1e995) >>> 7) ^ 1) & this.#bucketMask;
  }

  #claim(high: number, low: number, time: number): number {
    const first = high & this.#bucketMask;
    let slot = this.#emptyIn(first, high);
    if (slot < 0) slot = this.#emptyIn(this.#other(first, high), high);
    if (slot >= 0) {
      this.#used++;
    } else {
      slot = this.#oldest(first, this.#other(first, high), time);
      this.#evicted++;
    }
    const row = slot * this.#rowWords;
    this.#tags[slot] = tagOf(high);
    this.#rows[row] = low;
    this.#rows[row + 1] = 0;
    this.#clearCallers(row);
    return slot;
  }

  #emptyIn(bucket: number, high: number): number {
    const likeliest = high >>> 29;
    for (let i = 0; i < WAYS; i++) {
      const slot = bucket * WAYS + (i ^ likeliest);
      if (this.#tags[slot] === 0) return slot;
    }
    return -1;
  }

  #oldest(first: number, second: number, time: number): number {
    let slot = first * WAYS;
    let oldest = -Infinity;
    for (let i = 0; i < 2 * WAYS; i++) {
      const candidate = (i < WAYS ? first : second) * WAYS + (i % WAYS);
      const age = -this.#newest(candidate * this.#rowWords, time);
      if (age > oldest) {
        oldest = age;
        slot = candidate;
      }
    }
    return slot;
  }

  #clearCallers(row: number): void {
    this.#rows.fill(0, row + HEADER_WORDS, row + this.#rowWords);
  }
}

/** Bits of the hash that the bucket's index does not hold, 16 of them. Never 0. */
const tagOf = (high: number): number => (high >>> 16 === 0 ? 1 : high >>> 16);
