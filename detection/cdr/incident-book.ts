import type { RuleMode, Severity } from "../model/findings.js";
import type { UnixMs } from "../model/time.js";
import type { CdrFinding, CdrRule, FindingPlace } from "./cdr-finding.js";
import { hashedId } from "./hashed-id.js";

/** What a detector says of one record that belongs to something suspicious. */
export interface Suspicion {
  readonly subject: string;
  readonly severity: Severity;
  /** 0–1 */
  readonly score: number;
  readonly evidence: Readonly<Record<string, number>>;
  readonly detail?: Readonly<Record<string, string>>;
}

export interface SuspectRecord {
  readonly id: string;
  readonly at: UnixMs;
  readonly user?: string;
  readonly site?: string;
  readonly department?: string;
  readonly trunk?: string;
}

interface OpenIncident {
  finding: Omit<CdrFinding, "change">;
  /** Records at the time when it was last told of. */
  toldCount: number;
}

/** Finding, and its records at the time when it was last told of; in the order of their last record. */
export type SavedIncidents = readonly (readonly [finding: Omit<CdrFinding, "change">, toldCount: number])[];

const MAX_RECORDS = 20;
const MAX_PLACES = 16;
const SEVERITIES: readonly Severity[] = ["low", "medium", "high", "critical"];

/** Makes incidents of suspicions: one for each rule and subject, told when it opens, grows and has been quiet. */
export class IncidentBook {
  readonly #quietMs: number;
  readonly #limit: number;
  /** In the order of their last record. */
  readonly #open = new Map<string, OpenIncident>();

  constructor(quietMs: number, limit: number) {
    this.#quietMs = quietMs;
    this.#limit = limit;
  }

  get size(): number {
    return this.#open.size;
  }

  /** @returns What is to be told now; mostly nothing. */
  note(
    rule: CdrRule,
    mode: Exclude<RuleMode, "off">,
    record: SuspectRecord,
    suspicion: Suspicion,
  ): readonly CdrFinding[] {
    const key = keyOf(rule, suspicion.subject);
    const known = this.#open.get(key);
    if (known !== undefined && record.at - known.finding.at <= this.#quietMs)
      return this.#grow(key, known, record, suspicion);
    // One that was quiet, but that no sweep has come to; else the one that has been quiet for longest, where there are too many.
    const [oldest = key] = this.#open.keys();
    const closed = this.#close(known === undefined && this.#open.size >= this.#limit ? oldest : key);
    const finding: Omit<CdrFinding, "change"> = {
      id: idOf(rule, suspicion.subject, record),
      rule,
      mode,
      severity: suspicion.severity,
      score: suspicion.score,
      subject: suspicion.subject,
      ...(record.user === undefined ? {} : { user: record.user }),
      ...(record.site === undefined ? {} : { site: record.site }),
      firstAt: record.at,
      at: record.at,
      evidence: suspicion.evidence,
      detail: suspicion.detail ?? {},
      records: [record.id],
      recordCount: 1,
      places: [placeOf(record)],
    };
    this.#open.set(key, { finding, toldCount: 1 });
    return [...closed, { ...finding, change: "opened" }];
  }

  #grow(key: string, known: OpenIncident, record: SuspectRecord, suspicion: Suspicion): readonly CdrFinding[] {
    const { finding } = known;
    const isWorse = SEVERITIES.indexOf(suspicion.severity) > SEVERITIES.indexOf(finding.severity);
    known.finding = {
      ...finding,
      severity: isWorse ? suspicion.severity : finding.severity,
      score: Math.max(finding.score, suspicion.score),
      at: Math.max(finding.at, record.at) as UnixMs,
      evidence: suspicion.evidence,
      detail: suspicion.detail ?? finding.detail,
      records: finding.records.length < MAX_RECORDS ? [...finding.records, record.id] : finding.records,
      recordCount: finding.recordCount + 1,
      ...placesWith(finding, record),
    };
    this.#open.delete(key);
    this.#open.set(key, known);
    if (!isWorse && known.finding.recordCount < 2 * known.toldCount) return [];
    known.toldCount = known.finding.recordCount;
    return [{ ...known.finding, change: "updated" }];
  }

  #close(key: string): readonly CdrFinding[] {
    const known = this.#open.get(key);
    this.#open.delete(key);
    return known === undefined ? [] : [{ ...known.finding, change: "closed" }];
  }

  /** @returns Those that have been quiet for long enough. */
  sweep(now: UnixMs): readonly CdrFinding[] {
    const closed: CdrFinding[] = [];
    for (const [key, { finding }] of this.#open) {
      if (now - finding.at > this.#quietMs) closed.push(...this.#close(key));
      // In the order of arrival, which late records may bend by a little: the rest is looked at next time.
      else if (now - finding.at < this.#quietMs / 2) break;
    }
    return closed;
  }

  /** In the order of their last record, so many at a time. */
  *save(size: number): Generator<SavedIncidents> {
    const all = [...this.#open.values()];
    for (let from = 0; from < all.length; from += size)
      yield all.slice(from, from + size).map(({ finding, toldCount }) => [finding, toldCount] as const);
  }

  /** Adds what a part of `save` has. */
  load(saved: SavedIncidents): void {
    for (const [finding, toldCount] of saved)
      if (this.#open.size < this.#limit) this.#open.set(keyOf(finding.rule, finding.subject), { finding, toldCount });
  }
}

/**
 * The same in every run over the same records, and no number in it. The record's own id is in the hash, so that numbers cannot be
 * tried against an id by who does not know the record.
 */
const idOf = (rule: CdrRule, subject: string, record: SuspectRecord): string =>
  `${rule}-${hashedId(JSON.stringify([rule, subject, record.at, record.id]))}`;

const keyOf = (rule: CdrRule, subject: string): string => `${rule}|${subject}`;

function placeOf({ site, department, trunk }: SuspectRecord): FindingPlace {
  return {
    ...(site === undefined ? {} : { site }),
    ...(department === undefined ? {} : { department }),
    ...(trunk === undefined ? {} : { trunk }),
    records: 1,
  };
}

function placesWith(
  { places = [], isWide }: Pick<CdrFinding, "places" | "isWide">,
  record: SuspectRecord,
): Pick<CdrFinding, "places" | "isWide"> {
  const { site, department, trunk } = record;
  const at = places.findIndex((each) => each.site === site && each.department === department && each.trunk === trunk);
  const wide = isWide === undefined ? {} : { isWide };
  const known = places[at];
  if (known !== undefined) return { places: places.with(at, { ...known, records: known.records + 1 }), ...wide };
  return places.length < MAX_PLACES ? { places: [...places, placeOf(record)], ...wide } : { places, isWide: true };
}
