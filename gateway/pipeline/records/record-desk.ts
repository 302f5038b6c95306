import type { Alert, CallRecord, CdrDetection, CdrFinding, SettingChange, UnixMs } from "../../../detection/index.js";
import { alertOfFinding } from "./finding-alert.js";
import { RecentIds, type SavedIds } from "./recent-ids.js";

/** What came of some records. */
export interface DeskResult {
  /** Without those that came before. */
  readonly records: readonly CallRecord[];
  readonly changes: readonly SettingChange[];
  readonly findings: readonly CdrFinding[];
  /** One an incident, when it opens, unless its rule is in shadow mode. */
  readonly alerts: readonly Alert[];
  /** Begin later than can be: no detector saw them. */
  readonly ahead: number;
}

export interface DeskStats {
  readonly records: number;
  readonly duplicates: number;
  readonly findings: number;
  readonly alerts: number;
}

/** Ids are unique within their source. */
export const keyOf = ({ source, id }: CallRecord): string => `${source} ${id}`;

const REMEMBERED_IDS = 250_000;

/**
 * Where call records of all sources meet the detectors: each record once, those that come together in the order of their time, so
 * that pages of a feed and calls that end out of order give what a sorted file gives.
 */
export class RecordDesk {
  #detection: CdrDetection;
  readonly #ids = new RecentIds(REMEMBERED_IDS);
  #stats = { records: 0, duplicates: 0, findings: 0, alerts: 0 };

  constructor(detection: CdrDetection) {
    this.#detection = detection;
  }

  get stats(): DeskStats {
    return this.#stats;
  }

  /** Other detectors from now on; which records came is still known. */
  exchange(detection: CdrDetection): void {
    this.#detection = detection;
  }

  /**
   * @param until What begins later has a wrong time: it is kept and not judged, or it would make all that is right look late.
   */
  take(arrived: readonly CallRecord[], changes: readonly SettingChange[], until: UnixMs): DeskResult {
    const records = arrived.filter((record) => this.#ids.add(keyOf(record)));
    this.#stats.duplicates += arrived.length - records.length;
    this.#stats.records += records.length;
    const findings: CdrFinding[] = [];
    const steps = [
      ...records.map((record) => ({ at: record.startedAt, run: () => this.#detection.observe(record, until) })),
      ...changes.map((change) => ({ at: change.at, run: () => this.#detection.changed(change, until) })),
    ].filter(({ at }) => at <= until);
    for (const { run } of steps.sort((a, b) => a.at - b.at)) findings.push(...run());
    const ahead = records.length + changes.length - steps.length;
    return { records, changes, ahead, ...this.#tell(findings) };
  }

  /** Time goes on though nothing comes. */
  tick(at: UnixMs): DeskResult {
    return { records: [], changes: [], ahead: 0, ...this.#tell(this.#detection.tick(at)) };
  }

  /** Learns from a record whose findings are known already: after a restart. */
  learn(record: CallRecord, until: UnixMs): void {
    const isNew = this.#ids.add(keyOf(record));
    if (isNew && record.startedAt <= until) this.#detection.observe(record, until);
  }

  /** It came before. */
  knows(record: CallRecord): boolean {
    return this.#ids.has(keyOf(record));
  }

  /** Which records came lately, to be told from new ones after a restart. */
  saveIds(): Iterable<SavedIds> {
    return this.#ids.save();
  }

  loadIds(saved: SavedIds): void {
    this.#ids.load(saved);
  }

  #tell(findings: readonly CdrFinding[]): Pick<DeskResult, "findings" | "alerts"> {
    const alerts = findings.filter(({ change, mode }) => change === "opened" && mode === "enforce").map(alertOfFinding);
    this.#stats.findings += findings.length;
    this.#stats.alerts += alerts.length;
    return { findings, alerts };
  }
}
