import type { UnixMs } from "../model/time.js";
import type { CallRecord } from "./call-record.js";

/** What came days before its time: a record, or a changed setting, of which the time alone counts. */
interface Held {
  readonly at: UnixMs;
  readonly record?: CallRecord;
}

/** `EventTime` as plain data. */
export interface SavedTime {
  readonly at: number;
  readonly agreed?: number;
  /** Of an earlier version: times whose records were judged already. */
  readonly leaps?: readonly number[];
  readonly held?: readonly { readonly at: number; readonly record?: CallRecord }[];
  readonly leapsInARow?: number;
  readonly dropped?: number;
}

/** What is to be judged now, in this order, and whether what was counted before was of a wrong time. */
export interface Admitted {
  readonly records: readonly CallRecord[];
  readonly startsOver: boolean;
  /** Its own time is not believed yet. */
  readonly isHeld: boolean;
}

const DAY_MS = 86_400_000;
/** Records that are so much older than the latest count for baselines, but raise nothing: the incident is over. */
export const TOO_LATE_MS = 2 * DAY_MS;
/** One record whose year is wrong must not make all others late: time leaps by more than `TOO_LATE_MS` when so many in a row do. */
const AGREED = 3;
/** Of a leap to about now nobody else has to say that it is right. */
const NOW_MS = 7 * DAY_MS;
/** Beyond, the one that has waited longest is dropped, and counted: so many single records of wrong times are no traffic. */
const MAX_HELD = 64;

/**
 * Time as the records tell it. One that is days beyond the latest is held back until others agree, its time has come, or the clock
 * of who has one says that it has: windows and histories that it would move know nothing of it until then.
 */
export class EventTime {
  #latest = 0 as UnixMs;
  /** How many records agree with `#latest`, up to `AGREED`: until then an earlier one may set it back. */
  #agreed = 0;
  /** In the order of their coming. */
  #held: readonly Held[] = [];
  #leapsInARow = 0;
  #dropped = 0;

  /** The time of the latest record that is believed, ms since 1970; 0 before the first. */
  get latest(): UnixMs {
    return this.#latest;
  }

  /** Records that nobody agreed with while 64 others came that nobody agreed with: they were never judged. */
  get dropped(): number {
    return this.#dropped;
  }

  /** @param now About the present, where somebody knows it. */
  admit(at: UnixMs, record: CallRecord | undefined, now: UnixMs | undefined): Admitted {
    const isUnsure = this.#agreed < AGREED;
    const startsOver = this.#agreed > 0 && isUnsure && this.#latest - at > TOO_LATE_MS;
    if (this.#agreed === 0 || startsOver) {
      this.#latest = at;
      this.#agreed = 0;
    }
    const isLeap = at - this.#latest > TOO_LATE_MS;
    if (isLeap && (now === undefined || Math.abs(now - at) > NOW_MS))
      return { records: this.#leap(at, record), startsOver, isHeld: true };
    this.#leapsInARow = 0;
    if (isUnsure) this.#agreed++;
    const due = this.#release(at);
    return { records: record === undefined ? due : [...due, record], startsOver, isHeld: false };
  }

  #leap(at: UnixMs, record: CallRecord | undefined): readonly CallRecord[] {
    const held = [...this.#held, record === undefined ? { at } : { at, record }];
    this.#dropped += held.slice(0, -MAX_HELD).filter((each) => each.record !== undefined).length;
    this.#held = held.slice(-MAX_HELD);
    this.#leapsInARow++;
    if (this.#leapsInARow < AGREED) return [];
    if (this.#agreed < AGREED) this.#agreed++;
    const last = this.#held.slice(-AGREED);
    const from = Math.min(...last.map((each) => each.at));
    const due = this.#release((from + TOO_LATE_MS) as UnixMs);
    this.#leapsInARow = last.filter((each) => this.#held.includes(each)).length;
    return due;
  }

  /** Those whose time has come, in its order. */
  #release(until: UnixMs): readonly CallRecord[] {
    if (this.#held.length === 0) return [];
    const due = this.#held.filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at);
    this.#held = this.#held.filter(({ at }) => at > until);
    const last = due.at(-1);
    // A setting that was changed has no record that would move the time.
    if (last !== undefined && last.record === undefined) this.pass(last.at);
    return due.flatMap(({ record }) => (record === undefined ? [] : [record]));
  }

  /** It is at least so late. */
  pass(at: UnixMs): UnixMs {
    this.#latest = Math.max(this.#latest, at) as UnixMs;
    return this.#latest;
  }

  /** What is still held, in the order of its time: nothing will come after it. */
  *finish(): Generator<CallRecord> {
    const held = this.#held.toSorted((a, b) => a.at - b.at);
    this.#held = [];
    for (const { record } of held) if (record !== undefined) yield record;
  }

  save(): Required<Omit<SavedTime, "leaps">> {
    const [agreed, held, leapsInARow, dropped] = [this.#agreed, this.#held, this.#leapsInARow, this.#dropped];
    return { at: this.#latest, agreed, held, leapsInARow, dropped };
  }

  load({ at, agreed = AGREED, leaps = [], held, leapsInARow, dropped = 0 }: SavedTime): void {
    this.#dropped = dropped;
    this.#latest = Math.max(this.#latest, at) as UnixMs;
    this.#agreed = agreed;
    this.#held = (held ?? leaps.map((each) => ({ at: each }))) as readonly Held[];
    this.#leapsInARow = leapsInARow ?? this.#held.length;
  }
}
