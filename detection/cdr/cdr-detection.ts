import { fail, ok, type Result } from "../model/result.js";
import type { UnixMs } from "../model/time.js";
import { AddressBook } from "./address-book.js";
import { COSTLY, type CallContext } from "./call-context.js";
import type { CallRecord, SettingChange } from "./call-record.js";
import type { CdrFinding, CdrRule } from "./cdr-finding.js";
import type { CdrDetectionOptions } from "./cdr-options.js";
import { afterHours } from "./detectors/closed-hours.js";
import {
  behaviourChange,
  concurrentCalls,
  failedAuthentication,
  massDialling,
  numberScan,
  simBox,
} from "./detectors/dialling.js";
import { forwardedCall, forwardingSet } from "./detectors/forwarding.js";
import { InternationalDetector } from "./detectors/international.js";
import { SiteTraffic } from "./detectors/site-traffic.js";
import { costlyCalls, revenueShare, trafficPumping, WangiriDetector } from "./detectors/ranges.js";
import { EventTime, TOO_LATE_MS, type Admitted } from "./event-time.js";
import { IncidentBook, type SuspectRecord, type Suspicion } from "./incident-book.js";
import { RangeBook } from "./range-book.js";
import { numericOf } from "./recent-calls.js";
import { PART_SIZE, type RangeBookName, type SavedPart } from "./saved-detection.js";
import { SiteCalendar, DEFAULT_SITE, type SiteError } from "./site-calendar.js";
import { UserBook } from "./user-book.js";
import type { UserHistory } from "./user-history.js";

const RANGE_BOOKS: readonly RangeBookName[] = ["foreign", "domestic", "rung"];

/** `day`: days since 1970 by the clock of the user's site. */
export type DayWatcher = (user: string, day: number, row: readonly number[]) => void;

const SWEEP_MS = 60_000;
const MAX_ADDRESSES = 10_000;
const MAX_PLACED = 10_000;

/**
 * All detectors over call records. Time is read from the records, so a replay gives the findings that the live feed gave. Records
 * may come late and out of order: what counts is counted in slices of time, and one that is two days late raises nothing. What has
 * a clock must hold back records of the future; here only a leap of single records is not believed, and not counted (`EventTime`).
 *
 * Memory: about 10 kB a user up to `maxUsers`, 2 kB a range up to `maxRanges`.
 */
export class CdrDetection {
  readonly #options: CdrDetectionOptions;
  readonly #sites: ReadonlyMap<string, SiteCalendar>;
  readonly #defaultSite: SiteCalendar;
  /** Sites that nobody configured, in their own time. */
  readonly #placed = new Map<string, SiteCalendar>();
  readonly #incidents: IncidentBook;
  readonly #time = new EventTime();
  #counted: Counted;
  readonly #guarded: (name: string) => boolean;
  readonly #onDay: DayWatcher | undefined;
  #sweptAt = 0;

  private constructor(
    options: CdrDetectionOptions,
    sites: ReadonlyMap<string, SiteCalendar>,
    fallback: SiteCalendar,
    onDay: DayWatcher | undefined,
  ) {
    this.#options = options;
    this.#onDay = onDay;
    this.#sites = sites;
    this.#defaultSite = sites.get("default") ?? fallback;
    this.#counted = countedOf(options);
    this.#incidents = new IncidentBook(options.quietMs, options.maxIncidents);
    this.#guarded = guardOf(options.guard);
  }

  /**
   * @param onDay Told of each row that the isolation forest learns from: for evaluation.
   * @returns Or the first site that cannot be used.
   */
  static of(
    options: CdrDetectionOptions,
    onDay?: DayWatcher,
  ): Result<CdrDetection, SiteError & { readonly site: string }> {
    const sites = new Map<string, SiteCalendar>();
    for (const [site, each] of Object.entries(options.sites)) {
      const calendar = SiteCalendar.of(each);
      if (!calendar.ok) return fail({ ...calendar.error, site });
      sites.set(site, calendar.value);
    }
    const fallback = SiteCalendar.of(DEFAULT_SITE);
    if (!fallback.ok) return fail({ ...fallback.error, site: "default" });
    return ok(new CdrDetection(options, sites, fallback.value, onDay));
  }

  /** The time of the latest record that is believed, ms since 1970; 0 before the first. */
  get latest(): UnixMs {
    return this.#time.latest;
  }

  get stats(): {
    readonly users: number;
    readonly ranges: number;
    readonly incidents: number;
    readonly trained: boolean;
    /** Records whose times no others agreed with: not judged. */
    readonly dropped: number;
  } {
    const { users, foreign, domestic, international } = this.#counted;
    const ranges = foreign.size + domestic.size;
    const { trained } = international;
    return { users: users.size, ranges, incidents: this.#incidents.size, trained, dropped: this.#time.dropped };
  }

  /**
   * @param now About the present, where the caller has a clock: who agrees with it is believed at once, whenever the record before
   *   was. It changes when something is told, and nothing that is told.
   * @returns What is to be told because of this record, and of those that waited for it; mostly nothing.
   */
  observe(record: CallRecord, now?: UnixMs): readonly CdrFinding[] {
    const found: CdrFinding[] = [];
    this.#admit(this.#time.admit(record.startedAt, record, now), found);
    return found;
  }

  /** @returns What is to be told because of records that waited for others to agree with them: none will come. */
  finish(): readonly CdrFinding[] {
    const found: CdrFinding[] = [];
    for (const record of this.#time.finish()) this.#judge(record, found);
    return found;
  }

  #admit({ records, startsOver }: Admitted, found: CdrFinding[]): void {
    // The few records until now were of a wrong time.
    if (startsOver) {
      this.#counted = countedOf(this.#options);
      this.#sweptAt = 0;
    }
    for (const record of records) {
      this.#sweep(this.#time.pass(record.startedAt), found);
      this.#judge(record, found);
    }
  }

  #judge(record: CallRecord, found: CdrFinding[]): void {
    const context = this.#count(record);
    const { addresses, traffic, international, foreign, domestic, wangiri } = this.#counted;
    const change = traffic.observe(record, context.day, this.#siteOf(record.site));
    if (this.latest - record.startedAt > TOO_LATE_MS || this.#isGuarded(record)) return;
    const suspect: SuspectRecord = suspectOf(record);
    const tell = (rule: CdrRule, suspicion: Suspicion | undefined): void => this.#tell(rule, suspect, suspicion, found);
    // The scan keeps its count, so it comes before those that read it.
    tell("number-scan", numberScan(context));
    tell("mass-dialling", massDialling(context));
    tell("concurrent-calls", concurrentCalls(context));
    tell("behaviour-change", behaviourChange(context));
    if (change !== undefined) this.#tell("behaviour-change", placeAlone(suspect), change, found);
    tell("sim-box", simBox(context));
    const { address = "" } = record;
    tell("failed-authentication", failedAuthentication(context, addresses.get(address)));
    tell("after-hours", afterHours(context));
    tell("call-forwarding", forwardedCall(context));
    tell("unusual-international", international.observe(context));
    tell("revenue-share", revenueShare(context, foreign));
    tell("revenue-share", costlyCalls(context, this.#options.quietMs));
    tell("traffic-pumping", trafficPumping(context, domestic));
    tell("wangiri", wangiri.observe(context));
  }

  /** A setting was changed. */
  changed(change: SettingChange, now?: UnixMs): readonly CdrFinding[] {
    const found: CdrFinding[] = [];
    const admitted = this.#time.admit(change.at, undefined, now);
    this.#admit(admitted, found);
    if (!admitted.isHeld) this.#sweep(this.#time.pass(change.at), found);
    // It needs no history, and there may be no other for weeks.
    if (this.#guarded(change.user) || this.latest - change.at > TOO_LATE_MS) return found;
    const isOpen = this.#siteOf(change.site).isOpen(change.at);
    const suspect = { id: change.id, at: change.at, user: change.user, ...siteOf(change) };
    this.#tell("call-forwarding", suspect, forwardingSet(change, isOpen), found);
    return found;
  }

  /** In which zone a site is that is not configured: from now on it has the default site's hours by its own clock. */
  place(site: string, timeZone: string): void {
    if (this.#sites.has(site) || this.#placed.get(site)?.timeZone === timeZone) return;
    if (this.#placed.size >= MAX_PLACED && !this.#placed.has(site)) return;
    const calendar = SiteCalendar.of({ ...(this.#options.sites["default"] ?? DEFAULT_SITE), timeZone });
    if (calendar.ok) this.#placed.set(site, calendar.value);
  }

  /** Time goes on though no record comes: incidents that have been quiet are closed. A clock that is wrong does no more than that. */
  tick(at: UnixMs): readonly CdrFinding[] {
    const found: CdrFinding[] = [];
    this.#sweep(Math.min(at, this.latest + this.#options.quietMs + 2 * SWEEP_MS) as UnixMs, found);
    return found;
  }

  /** The isolation forest is being grown: `grow` does some of it. */
  get grows(): boolean {
    return this.#counted.international.grows;
  }

  /**
   * One tree of the forest, about a millisecond: for a thread that must not be held. Whether it is called changes no finding: what is
   * left undone is done when the forest has to judge, or is saved, for 100 ms at a time.
   */
  grow(): void {
    this.#counted.international.grow();
  }

  /** All that is known, a part at a time. Nothing may be observed until the last part was taken, or the parts do not fit. */
  *save(): Generator<SavedPart> {
    const { users: all, traffic, addresses: known, international, wangiri } = this.#counted;
    yield { part: "head", version: 2, sweptAt: this.#sweptAt, ...this.#time.save() };
    for (const users of all.save(PART_SIZE)) yield { part: "users", users };
    for (const book of RANGE_BOOKS)
      for (const ranges of this.#counted[book].save(PART_SIZE)) yield { part: "ranges", book, ranges };
    for (const incidents of this.#incidents.save(PART_SIZE)) yield { part: "incidents", incidents };
    for (const sites of traffic.save(PART_SIZE)) yield { part: "traffic", sites };
    for (const addresses of known.save(PART_SIZE)) yield { part: "addresses", addresses };
    yield { part: "suspects", wangiri: wangiri.save() };
    for (const rows of international.saveRows(PART_SIZE)) yield { part: "rows", rows };
    yield { part: "international", international: international.save() };
  }

  /**
   * Takes up one part of what `save` gave, in its order, before anything was observed.
   * @returns False: it is of another version, and nothing was taken.
   */
  load(saved: SavedPart): boolean {
    switch (saved.part) {
      case "head":
        if ((saved.version as number) !== 2) return false;
        this.#sweptAt = saved.sweptAt;
        this.#time.load(saved);
        return true;
      case "users":
        this.#counted.users.load(saved.users);
        return true;
      case "ranges":
        this.#counted[saved.book].load(saved.ranges);
        return true;
      case "incidents":
        this.#incidents.load(saved.incidents);
        return true;
      case "traffic":
        this.#counted.traffic.load(saved.sites);
        return true;
      case "addresses":
        this.#counted.addresses.load(saved.addresses);
        return true;
      case "suspects":
        this.#counted.wangiri.load(saved.wangiri);
        return true;
      case "rows":
        this.#counted.international.loadRows(saved.rows);
        return true;
      case "international":
        this.#counted.international.load(saved.international);
        return true;
      default:
        return false;
    }
  }

  #sweep(at: UnixMs, found: CdrFinding[]): void {
    if (at - this.#sweptAt < SWEEP_MS) return;
    this.#sweptAt = at;
    this.#counted.international.tick(at);
    for (const finding of this.#incidents.sweep(at)) found.push(finding);
  }

  #tell(rule: CdrRule, suspect: SuspectRecord, suspicion: Suspicion | undefined, found: CdrFinding[]): void {
    if (suspicion === undefined) return;
    const mode = this.#options.modes[rule];
    if (mode === "off" || this.#guarded(suspicion.subject)) return;
    for (const finding of this.#incidents.note(rule, mode, suspect, suspicion)) found.push(finding);
  }

  #count(record: CallRecord): CallContext {
    const { user, direction, international, startedAt, endedAt, numberClass } = record;
    const site = this.#siteOf(record.site);
    const day = Math.max(0, site.localDay(startedAt));
    const hour = Math.floor(site.localMinute(startedAt) / 60);
    const isOpen = site.isOpen(startedAt);
    const isCostly = COSTLY.has(numberClass);
    const { history, activity } = this.#counted.users.of(user, day, (kept, over) => this.#dayOver(user, kept, over));
    const number = numericOf(direction === "in" ? record.caller : record.called);
    let isNewCountry = false;
    let concurrent = 0;
    if (record.failure === "authentication") {
      activity.failures.add(startedAt);
      if (record.address !== undefined) this.#counted.addresses.failed(record.address, startedAt);
    }
    if (direction === "out") {
      activity.dialled.add(startedAt);
      activity.recent.add(startedAt, number, record.durationMs);
      activity.spread(day, hour, number);
      if (record.outcome === "answered") {
        concurrent = activity.overlap(startedAt, endedAt);
        history.raise(day, "peakConcurrent", concurrent);
      }
      const minutes = record.durationMs / 60_000;
      history.add(day, "outCalls", 1);
      history.add(day, "outMinutes", minutes);
      history.raise(day, "peakCalls", activity.dialled.sum(startedAt, 10));
      if (international) {
        isNewCountry = record.country !== undefined && history.visit(record.country, day);
        history.add(day, "internationalCalls", 1);
        history.add(day, "internationalMinutes", minutes);
        if (isNewCountry) history.add(day, "newCountries", 1);
      }
      if (isCostly) history.add(day, "premiumCalls", 1);
      if (!isOpen) {
        activity.closed.add(startedAt);
        history.add(day, "closedCalls", 1);
        if (international) {
          activity.closedInternational.add(startedAt);
          history.add(day, "closedInternational", 1);
        }
        if (isCostly) activity.closedPremium.add(startedAt);
      }
    } else if (direction === "in") history.add(day, "inCalls", 1);
    const { thresholds } = this.#options;
    return { record, thresholds, history, activity, day, hour, isOpen, number, isCostly, isNewCountry, concurrent };
  }

  #dayOver(user: string, history: UserHistory, day: number): void {
    const row = this.#counted.international.dayOver(history, day);
    if (row !== undefined) this.#onDay?.(user, day, row);
  }

  #siteOf(name: string | undefined): SiteCalendar {
    if (name === undefined) return this.#defaultSite;
    return this.#sites.get(name) ?? this.#placed.get(name) ?? this.#defaultSite;
  }

  #isGuarded({ user, called, caller, direction, numberClass }: CallRecord): boolean {
    return numberClass === "emergency" || this.#guarded(user) || this.#guarded(direction === "in" ? caller : called);
  }
}

/** All that records move, so that it can be begun anew. */
interface Counted extends Readonly<Record<RangeBookName, RangeBook>> {
  readonly users: UserBook;
  readonly addresses: AddressBook;
  readonly traffic: SiteTraffic;
  readonly international: InternationalDetector;
  readonly wangiri: WangiriDetector;
}

function countedOf(options: CdrDetectionOptions): Counted {
  const range = (): RangeBook => new RangeBook(options.maxRanges, options.quietMs);
  const rung = range();
  return {
    users: new UserBook(options.maxUsers),
    ...{ foreign: range(), domestic: range(), rung },
    addresses: new AddressBook(MAX_ADDRESSES),
    traffic: new SiteTraffic(),
    international: new InternationalDetector(options),
    wangiri: new WangiriDetector(rung),
  };
}

const suspectOf = ({ id, startedAt, user, site, department, trunk }: CallRecord): SuspectRecord => ({
  ...{ id, at: startedAt, user },
  ...(site === undefined ? {} : { site }),
  ...(department === undefined ? {} : { department }),
  ...(trunk === undefined ? {} : { trunk }),
});

/** What a whole site does is no user's. */
const placeAlone = ({ user: _user, ...rest }: SuspectRecord): SuspectRecord => rest;

const siteOf = ({ site }: { readonly site?: string }): { readonly site?: string } =>
  site === undefined ? {} : { site };

/** Names as they are, and prefixes with `*` at their end. */
function guardOf(guard: readonly string[]): (name: string) => boolean {
  const names = new Set(guard.filter((each) => !each.endsWith("*")));
  const prefixes = guard.filter((each) => each.endsWith("*")).map((each) => each.slice(0, -1));
  if (guard.length === 0) return () => false;
  return (name) => names.has(name) || prefixes.some((prefix) => name.startsWith(prefix));
}
