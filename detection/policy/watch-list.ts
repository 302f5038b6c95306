import { CallerMeter, type MeterBudget } from "../masking/caller-meter.js";
import type { CalledId } from "../model/events.js";
import type { Block } from "../model/findings.js";
import type { UnixMs } from "../model/time.js";
import { BaselineLearner } from "./baseline.js";
import type { OpenIncident } from "./open-incident.js";

/** A called number that is watched closely, because it is busy, known as busy, attacked or blocked. */
export class WatchedNumber {
  readonly called: CalledId;
  readonly meter: CallerMeter;
  readonly baseline = new BaselineLearner();
  incident: OpenIncident | undefined;
  /** Blocks of one caller and nothing else, for a quick answer; at most one a caller, others stand in `blocks`. */
  readonly callerBlocks = new Map<string, Block>();
  blocks: readonly Block[] = [];
  /** Sequence number of its latest call in the call log; 0: none. */
  latestCall = 0;
  /** Called since it was last looked at for eviction. */
  touched = true;
  incidents = 0;
  lastIncidentAt: UnixMs | undefined;

  constructor(called: CalledId, budget: MeterBudget) {
    this.called = called;
    this.meter = new CallerMeter(budget);
  }

  get pinned(): boolean {
    return this.incident !== undefined || this.callerBlocks.size + this.blocks.length > 0 || this.baseline.normal > 0;
  }
}

/** Numbers looked at before giving up to find one that may be forgotten. */
const LOOKS = 64;
const FILTER_BITS = 1_048_576;

/**
 * The numbers watched closely, bounded. When it is full, one that was not called lately and is neither attacked, blocked nor known
 * as busy is forgotten; when none is found, the newcomer is not taken: it stays under the window's plain threshold.
 */
export class WatchList {
  readonly #numbers = new Map<string, WatchedNumber>();
  readonly #limit: number;
  readonly #budget: MeterBudget;
  readonly #hashOf: (called: CalledId) => number;
  /** One bit for each hash of a number that was ever watched: small enough for the CPU's cache, asked before the map is. */
  readonly #mayHold = new Int32Array(FILTER_BITS / 32);
  #filtered = 0;

  /** @param hashOf Any 32-bit hash; `mayHold` is asked with the same one. */
  constructor(limit: number, budget: MeterBudget, hashOf: (called: CalledId) => number) {
    this.#limit = limit;
    this.#budget = budget;
    this.#hashOf = hashOf;
  }

  /** False: no number with this hash is watched. True: ask `get`. */
  mayHold(hash: number): boolean {
    const bit = hash & (FILTER_BITS - 1);
    return ((this.#mayHold[bit >>> 5] as number) & (1 << (bit & 31))) !== 0;
  }

  get size(): number {
    return this.#numbers.size;
  }

  get(called: CalledId): WatchedNumber | undefined {
    return this.#numbers.get(called);
  }

  /**
   * @param beyondLimit How far the limit may be passed when nothing can be forgotten: for numbers under attack, which are
   *   bounded by themselves.
   * @returns Undefined when there is no room.
   */
  watch(called: CalledId, beyondLimit = 0): WatchedNumber | undefined {
    const known = this.#numbers.get(called);
    if (known !== undefined) return known;
    if (this.#numbers.size >= this.#limit && !this.#makeRoom() && this.#numbers.size >= this.#limit + beyondLimit) {
      return undefined;
    }
    const watched = new WatchedNumber(called, this.#budget);
    this.#numbers.set(called, watched);
    this.#filter(called);
    return watched;
  }

  #filter(called: CalledId): void {
    if (this.#filtered++ > 4 * this.#limit) {
      this.#mayHold.fill(0);
      this.#filtered = this.#numbers.size;
      for (const watched of this.#numbers.values()) this.#setBit(this.#hashOf(watched.called));
    }
    this.#setBit(this.#hashOf(called));
  }

  #setBit(hash: number): void {
    const bit = hash & (FILTER_BITS - 1);
    this.#mayHold[bit >>> 5] = (this.#mayHold[bit >>> 5] as number) | (1 << (bit & 31));
  }

  values(): IterableIterator<WatchedNumber> {
    return this.#numbers.values();
  }

  #makeRoom(): boolean {
    let looks = 0;
    for (const watched of this.#numbers.values()) {
      if (looks++ >= LOOKS) break;
      this.#numbers.delete(watched.called);
      if (!watched.pinned && (!watched.touched || looks === LOOKS)) {
        watched.meter.release();
        return true;
      }
      watched.touched = false;
      this.#numbers.set(watched.called, watched);
    }
    return false;
  }
}
