import type { CallRecord, SettingChange } from "../../detection/index.js";
import { keyOf } from "../pipeline/records/record-desk.js";
import type { IntakePosition } from "../ports/intake-position.js";

/** More are left in the store, where they are marked as not judged yet. */
const MAX_WAITING = 100_000;
/** Judged at a time: what is found in them is written with the note that they were judged. */
const SLICE = 500;

/** Records of one time, and settings that were changed until the next of them. */
export interface WaitingSlice {
  readonly records: readonly CallRecord[];
  readonly changes: readonly SettingChange[];
}

/** What comes while the past is being read, or while what was learnt is being kept: to be judged afterwards. */
export class WaitingRecords {
  readonly #records: CallRecord[] = [];
  readonly #changes: SettingChange[] = [];
  readonly #keys = new Set<string>();
  readonly #positions = new Map<string, IntakePosition>();

  /** It waits: it is in the store, but not of the past. */
  has(record: CallRecord): boolean {
    return this.#keys.has(keyOf(record));
  }

  /** @returns False: there are too many. */
  add(record: CallRecord): boolean {
    if (this.#records.length >= MAX_WAITING) return false;
    this.#keys.add(keyOf(record));
    this.#records.push(record);
    return true;
  }

  /** @returns False: there are too many. */
  addChange(change: SettingChange): boolean {
    return this.#changes.length < MAX_WAITING && this.#changes.push(change) > 0;
  }

  /** What it stands for waits, so it waits too: a feed that asks from there on would not get that again. */
  addPosition(position: IntakePosition): void {
    this.#positions.set(position.name, position);
  }

  get positions(): Iterable<IntakePosition> {
    return this.#positions.values();
  }

  /** Records stay behind: they are marked in the store. */
  withoutRecords(): WaitingRecords {
    const rest = new WaitingRecords();
    for (const change of this.#changes) rest.addChange(change);
    for (const position of this.#positions.values()) rest.addPosition(position);
    return rest;
  }

  /** All of it in the order of its time. */
  *slices(): Generator<WaitingSlice> {
    const records = this.#records.toSorted((a, b) => a.startedAt - b.startedAt);
    const changes = this.#changes.toSorted((a, b) => a.at - b.at);
    let nextChange = 0;
    for (let from = 0; from < records.length; from += SLICE) {
      const until = records[from + SLICE]?.startedAt ?? Infinity;
      const first = nextChange;
      while ((changes[nextChange]?.at ?? Infinity) < until) nextChange++;
      yield { records: records.slice(from, from + SLICE), changes: changes.slice(first, nextChange) };
    }
    if (nextChange < changes.length) yield { records: [], changes: changes.slice(nextChange) };
  }
}
