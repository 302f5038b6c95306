import { monoMs, type MonoMs } from "../../core/time.js";

/** What the wheel drives. The three `wheel…` fields belong to the wheel: start them with `undefined`, `undefined`, `0`. */
export interface WheelEntry {
  /** When `onTime` is next due, ms; `OFF` (-1): nothing is pending. */
  readonly deadline: number;
  onTime(now: MonoMs): void;
  wheelNext: WheelEntry | undefined;
  wheelPrevious: WheelEntry | undefined;
  /** Tick it is filed under; 0: not filed. */
  wheelTick: number;
}

/**
 * One timer wheel for all that waits: filing, moving and removing cost O(1) and nothing is allocated.
 *
 * Lazy: an entry whose deadline moves later stays where it is filed and is filed again when its old tick comes; only one
 * that moves earlier is moved at once. Deadlines further away than one turn are looked at once a turn.
 * Resolution is `tickMs`: an entry fires at the first tick at or after its deadline, never before.
 */
export class TimerWheel {
  readonly #tickMs: number;
  readonly #slots: (WheelEntry | undefined)[];
  readonly #mask: number;
  /** The last tick that has been carried out. */
  #done = 0;
  #size = 0;
  readonly #due: WheelEntry[] = [];

  readonly #fire: (entry: WheelEntry, now: MonoMs) => void;

  /**
   * @param slotsLog2 2^n slots: one turn is `tickMs` × 2^n (default 41 s with 10 ms ticks: timers B, D, F, H, J fit).
   * @param fire What to do with an entry that is due; for a driver that contains its faults. It must not throw.
   */
  constructor(
    tickMs = 10,
    slotsLog2 = 12,
    fire: (entry: WheelEntry, now: MonoMs) => void = (entry, now) => entry.onTime(now),
  ) {
    this.#fire = fire;
    this.#tickMs = tickMs;
    this.#slots = new Array<WheelEntry | undefined>(1 << slotsLog2).fill(undefined);
    this.#mask = (1 << slotsLog2) - 1;
  }

  /** Entries that are filed. */
  get size(): number {
    return this.#size;
  }

  /** Starts the count at `now`; only before the first entry. */
  startAt(now: number): void {
    this.#done = Math.floor(now / this.#tickMs);
  }

  /** Call it after every input to the entry: files, moves or removes it by its `deadline`. */
  update(entry: WheelEntry): void {
    const at = entry.deadline;
    if (at < 0) {
      if (entry.wheelTick !== 0) this.remove(entry);
      return;
    }
    const tick = Math.max(Math.ceil(at / this.#tickMs), this.#done + 1);
    if (entry.wheelTick === 0) this.#file(entry, tick);
    else if (tick < entry.wheelTick) {
      this.remove(entry);
      this.#file(entry, tick);
    }
  }

  remove(entry: WheelEntry): void {
    if (entry.wheelTick === 0) return;
    const { wheelNext, wheelPrevious } = entry;
    if (wheelPrevious === undefined) this.#slots[entry.wheelTick & this.#mask] = wheelNext;
    else wheelPrevious.wheelNext = wheelNext;
    if (wheelNext !== undefined) wheelNext.wheelPrevious = wheelPrevious;
    entry.wheelNext = undefined;
    entry.wheelPrevious = undefined;
    entry.wheelTick = 0;
    this.#size--;
  }

  /** When the wheel will look at the entry; undefined: it is not filed. */
  dueAt(entry: WheelEntry): MonoMs | undefined {
    return entry.wheelTick === 0 ? undefined : monoMs(entry.wheelTick * this.#tickMs);
  }

  /** When `advance` should next be called; undefined: nothing is filed. Looks at each slot of one turn at most once. */
  nextDue(): MonoMs | undefined {
    if (this.#size === 0) return undefined;
    const turn = this.#mask + 1;
    for (let i = 1; i <= turn; i++) {
      if (this.#slots[(this.#done + i) & this.#mask] !== undefined) return monoMs((this.#done + i) * this.#tickMs);
    }
    return undefined;
  }

  /** Fires everything that is due. Entries may update, remove and add entries while it runs. */
  advance(now: MonoMs): void {
    const until = Math.floor(now / this.#tickMs);
    // After a long sleep (a suspended machine) one turn visits every slot: more would visit them again.
    if (until - this.#done > this.#mask + 1) this.#done = until - this.#mask - 1;
    while (this.#done < until) {
      this.#done++;
      this.#runSlot(this.#done & this.#mask, now);
    }
  }

  #runSlot(slot: number, now: MonoMs): void {
    // Gathered first: what fires may remove, move and add entries of this very slot.
    const due = this.#due;
    for (let entry = this.#slots[slot]; entry !== undefined; entry = entry.wheelNext) {
      if (entry.wheelTick <= this.#done) due.push(entry);
    }
    for (const entry of due) {
      if (entry.wheelTick === 0 || entry.wheelTick > this.#done) continue;
      this.remove(entry);
      const at = entry.deadline;
      if (at >= 0 && at <= now) this.#fire(entry, now);
      if (entry.wheelTick === 0) this.update(entry);
    }
    due.length = 0;
  }

  #file(entry: WheelEntry, tick: number): void {
    const slot = tick & this.#mask;
    const head = this.#slots[slot];
    entry.wheelTick = tick;
    entry.wheelNext = head;
    entry.wheelPrevious = undefined;
    if (head !== undefined) head.wheelPrevious = entry;
    this.#slots[slot] = entry;
    this.#size++;
  }
}
