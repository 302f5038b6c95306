import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  CdrDetection,
  type Alert,
  type CallRecord,
  type Cdr,
  type CdrDetectionOptions,
  type SavedPart,
  type SettingChange,
  type UnixMs,
} from "../../detection/index.js";
import { WebexFeed, type WebexFeedOptions } from "../adapters/webex-calling/webex-feed.js";
import { DetectionMemory } from "../adapters/cdr-memory/detection-memory.js";
import type { Clock } from "../core/clock.js";
import { GatewayError } from "../core/errors.js";
import type { Log } from "../core/log.js";
import type { Counter, Metrics } from "../core/metrics.js";
import { monoMs, unixMs } from "../core/time.js";
import type { CallRecordStore } from "../ports/call-records.js";
import type { RecordSink } from "../ports/records.js";
import { CDR_FEED_RULES, CDR_STREAM_RULES } from "../pipeline/records/feed-window.js";
import { RecordNormaliser, type NormaliserOptions } from "../pipeline/records/normaliser.js";
import { rawOfCdr } from "../pipeline/records/own-call.js";
import type { SavedIds } from "../pipeline/records/recent-ids.js";
import { keyOf, RecordDesk, type DeskResult, type DeskStats } from "../pipeline/records/record-desk.js";
import { RecordsFeed } from "./records-feed.js";

export interface RecordsOptions {
  readonly normaliser: NormaliserOptions;
  readonly detection: CdrDetectionOptions;
  /** Calls that the gateway has to do with are records too. */
  readonly liveCalls: boolean;
  /** Where what the detectors have learnt is kept. */
  readonly folder: string;
  /** Absent: it is not asked. */
  readonly webex?: WebexIntakeOptions | undefined;
}

export interface WebexIntakeOptions extends WebexFeedOptions {
  readonly pollMs: number;
  readonly forwarding: boolean;
  readonly forwardingMs: number;
}

export interface RecordsDeps {
  readonly store: CallRecordStore;
  readonly sink: RecordSink;
  readonly onAlert: (alert: Alert) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

const TICK_MS = 60_000;
const SAVE_EVERY_MS = 900_000;
/** A call that began before the last save may have ended after it. What was known then is passed over by its id. */
const SPARE_MS = 3 * 3_600_000;
/** Without anything saved: what the detectors look back on. */
const LEARN_MS = 30 * 86_400_000;
/** Read back at a start; a month of a big house. */
const MAX_LEARNT = 2_000_000;
/** Arrive while the past is being read or what was learnt is being kept; more go unjudged, but are stored. */
const MAX_WAITING = 100_000;
/** What begins so much later than now has a wrong time, of its switch or of this machine. */
const AHEAD_MS = 3_600_000;
/** So many minutes in a row the detectors were ahead of the clock: it is the clock that is right. */
const AHEAD_TICKS = 10;
const TOLD_EVERY_MS = 3_600_000;

/** Intake and detectors of call records, in the back office's thread: nothing of it is on the SIP thread. */
export class RecordsService {
  readonly #options: RecordsOptions;
  readonly #deps: RecordsDeps;
  readonly #normaliser: RecordNormaliser;
  #detection: CdrDetection;
  readonly #desk: RecordDesk;
  readonly #memory: DetectionMemory;
  readonly #taken: Counter;
  readonly #found: Counter;
  readonly #unjudged: Counter;
  readonly #feed: RecordsFeed | undefined;
  /** Time zones of sites that nobody configured, as the feed has them. */
  readonly #places = new Map<string, string>();
  #waiting: CallRecord[] | undefined = [];
  #waitingChanges: SettingChange[] = [];
  /** Keys of records that wait: they are in the store, but not of the past. */
  #parked = new Set<string>();
  #growing: Promise<void> | undefined;
  #aheadTicks = 0;
  #aheadToldAt = Number.NEGATIVE_INFINITY;
  #remembered: Promise<void> = Promise.resolve();
  #saving: Promise<void> = Promise.resolve();
  #cancelTick: (() => void) | undefined;
  #cancelSave: (() => void) | undefined;
  #closed = false;

  private constructor(options: RecordsOptions, deps: RecordsDeps, detection: CdrDetection) {
    this.#options = options;
    this.#deps = deps;
    this.#normaliser = new RecordNormaliser(options.normaliser);
    this.#detection = detection;
    this.#desk = new RecordDesk(detection);
    this.#memory = new DetectionMemory(join(options.folder, "call-record-detection.json"));
    const { metrics } = deps;
    this.#taken = metrics.counter("ringfence_call_records_total", "Call records that the detectors saw", ["source"]);
    this.#found = metrics.counter("ringfence_findings_total", "What was told of incidents in call records", [
      "rule",
      "change",
    ]);
    this.#unjudged = metrics.counter(
      "ringfence_call_records_unjudged_total",
      "Call records and changes that no detector saw: unreadable, of the future, or too many while the past was being read",
    );
    const users = metrics.gauge("ringfence_call_record_users", "Users whose history the detectors have");
    metrics.onScrape(() => users.set(this.#detection.stats.users));
    this.#feed = options.webex === undefined ? undefined : this.#makeFeed(options.webex);
  }

  /** @throws GatewayError `config.invalid` */
  static start(options: RecordsOptions, deps: RecordsDeps): RecordsService {
    const service = new RecordsService(options, deps, detectionOf(options.detection));
    // A feed brings up to two days at once: not before they can be judged.
    service.#remembered = service.#remember().then(() => {
      if (!service.#closed) service.#feed?.start();
    });
    service.#tickLater();
    service.#saveLater();
    return service;
  }

  get stats(): DeskStats & { readonly openFindings: number } {
    return { ...this.#desk.stats, openFindings: this.#detection.stats.incidents };
  }

  get normaliser(): RecordNormaliser {
    return this.#normaliser;
  }

  /** When the past is known and records are judged as they come. */
  get ready(): Promise<void> {
    return this.#remembered;
  }

  /** Calls of the hop and of watched Asterisks; not those that a switch only reports. */
  calls(cdrs: readonly Cdr[]): void {
    if (!this.#options.liveCalls || cdrs.length === 0) return;
    const records: CallRecord[] = [];
    for (const cdr of cdrs) {
      const record = this.#normaliser.normalise(rawOfCdr(cdr));
      if (record.ok) records.push(record.value);
      else this.#unjudged.inc();
    }
    this.records(records);
  }

  /** Of any source; those that came before are passed over. */
  records(records: readonly CallRecord[], changes: readonly SettingChange[] = []): void {
    if (this.#waiting === undefined) this.#pass(this.#desk.take(records, changes, this.#until));
    else this.#park(this.#waiting, records, changes);
  }

  /** What comes is written at once, for a position behind it may be kept, or a batch acknowledged; judging can wait. */
  #park(waiting: CallRecord[], records: readonly CallRecord[], changes: readonly SettingChange[]): void {
    const { sink } = this.#deps;
    for (const record of records) {
      const key = keyOf(record);
      if (!this.#parked.has(key) && !this.#desk.knows(record)) sink.write({ kind: "call-record", record });
      if (waiting.length >= MAX_WAITING) {
        this.#unjudged.inc();
        continue;
      }
      this.#parked.add(key);
      waiting.push(record);
    }
    for (const change of changes) {
      sink.write({ kind: "setting-change", change });
      if (this.#waitingChanges.length < MAX_WAITING) this.#waitingChanges.push(change);
      else this.#unjudged.inc();
    }
  }

  /** What begins later is of the future. */
  get #until(): UnixMs {
    return unixMs(this.#deps.clock.unix() + AHEAD_MS);
  }

  /** Keeps what was learnt. Safe to call twice. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelTick?.();
    this.#cancelSave?.();
    await this.#feed?.close();
    await this.#saving;
    if (this.#waiting === undefined) {
      await this.#save();
      return;
    }
    // Half of the past is no past: what was saved before is better, and calls are learnt of the store. Changes need no past.
    this.#unjudged.inc(this.#waiting.length);
    this.#pass(this.#desk.take([], this.#waitingChanges, this.#until), true);
  }

  #makeFeed(webex: WebexIntakeOptions): RecordsFeed {
    const { store, sink, clock, log, metrics } = this.#deps;
    return new RecordsFeed(
      {
        pollMs: webex.pollMs,
        rules: webex.feed === "cdr_feed" ? CDR_FEED_RULES : CDR_STREAM_RULES,
        forwardingMs: webex.forwarding ? webex.forwardingMs : undefined,
      },
      {
        feed: new WebexFeed(webex, clock),
        store,
        normaliser: this.#normaliser,
        place: (site, timeZone) => {
          this.#places.set(site, timeZone);
          this.#detection.place(site, timeZone);
        },
        take: (records, changes) => this.records(records, changes),
        keep: (position) => sink.write({ kind: "intake-position", position }),
        clock,
        log,
        metrics,
      },
    );
  }

  #pass({ records, changes, findings, alerts, ahead }: DeskResult, areWritten = false): void {
    const { sink, onAlert } = this.#deps;
    if (ahead > 0) this.#tellAhead(ahead);
    for (const record of records) {
      this.#taken.labels(record.source).inc();
      if (!areWritten) sink.write({ kind: "call-record", record });
    }
    for (const change of areWritten ? [] : changes) sink.write({ kind: "setting-change", change });
    for (const finding of findings) {
      this.#found.labels(finding.rule, finding.change).inc();
      sink.write({ kind: "finding", finding });
    }
    for (const alert of alerts) {
      sink.write({ kind: "alert", alert });
      onAlert(alert);
    }
    if (this.#detection.grows) void this.#growForest();
  }

  #growForest(): Promise<void> {
    this.#growing ??= growInTurns(this.#detection).finally(() => (this.#growing = undefined));
    return this.#growing;
  }

  #tellAhead(records: number): void {
    const { clock, log } = this.#deps;
    this.#unjudged.inc(records);
    if (clock.mono() - this.#aheadToldAt < TOLD_EVERY_MS) return;
    this.#aheadToldAt = clock.mono();
    log.warn("records.of-the-future", { records });
  }

  /** What was saved, then what the store has since then. */
  async #remember(): Promise<void> {
    const { clock, log } = this.#deps;
    try {
      const savedAt = await this.#recall();
      const since = savedAt === undefined ? clock.unix() - LEARN_MS : savedAt - SPARE_MS;
      const until = this.#until;
      const learnt = await this.#readPast(since, this.#detection, (record) => this.#desk.learn(record, until));
      if (learnt > 0) log.info("records.learnt", { records: learnt });
    } catch (error) {
      log.error("records.past-unreadable", {}, error);
    }
    if (!this.#closed) this.#goOn();
  }

  /** @returns How many records were read. */
  async #readPast(since: number, detection: CdrDetection, learn: (record: CallRecord) => void): Promise<number> {
    let learnt = 0;
    for await (const page of this.#deps.store.recordsFrom(unixMs(since))) {
      for (const record of page) {
        if (this.#parked.has(keyOf(record))) continue;
        learn(record);
        learnt++;
        if (detection.grows) await growInTurns(detection);
      }
      if (this.#closed || learnt >= MAX_LEARNT) break;
      // The embedded database gives page after page without a turn of the event loop, and HTTP would wait for all of them.
      await nextTurn();
    }
    return learnt;
  }

  /** Detectors that records of a wrong clock have led into the future take all that is right for late: others learn of the store. */
  async #learnAnew(): Promise<void> {
    const { clock, log } = this.#deps;
    this.#waiting = [];
    try {
      const fresh = detectionOf(this.#options.detection);
      for (const [site, timeZone] of this.#places) fresh.place(site, timeZone);
      const until = this.#until;
      await this.#readPast(clock.unix() - LEARN_MS, fresh, (record) => {
        if (record.startedAt <= until) fresh.observe(record);
      });
      // Nothing of the last month: it may be this clock that is wrong, and what was learnt that is right.
      if (fresh.latest > 0) {
        log.warn("records.learnt-anew", { users: fresh.stats.users });
        this.#detection = fresh;
        this.#desk.exchange(fresh);
      }
    } catch (error) {
      log.error("records.past-unreadable", {}, error);
    }
    if (!this.#closed) this.#goOn();
  }

  /** @returns When it was saved, by the records' time; undefined: nothing was, or nothing that can be used. */
  async #recall(): Promise<number | undefined> {
    let savedAt: number | undefined;
    const until = this.#until;
    for await (const part of (await this.#memory.load()) ?? []) {
      const saved = part as SavedPart | SavedIds;
      if (saved.part === "head" && saved.at > until) {
        this.#deps.log.warn("records.memory-of-the-future");
        return undefined;
      }
      if (saved.part === "ids") this.#desk.loadIds(saved);
      else if (!this.#detection.load(saved)) return undefined;
      else if (saved.part === "head") savedAt = saved.at;
    }
    return savedAt;
  }

  #goOn(): void {
    const [waiting, changes] = [this.#waiting ?? [], this.#waitingChanges];
    this.#waiting = undefined;
    this.#waitingChanges = [];
    this.#parked = new Set();
    this.#pass(this.#desk.take(waiting, changes, this.#until), true);
  }

  #tickLater(): void {
    const { clock } = this.#deps;
    this.#cancelTick = clock.callAt(monoMs(clock.mono() + TICK_MS), () => {
      if (this.#waiting === undefined) this.#tick();
      if (!this.#closed) this.#tickLater();
    });
  }

  #tick(): void {
    // Before the first record there is no time that could go on.
    if (this.#detection.latest > 0) this.#pass(this.#desk.tick(this.#deps.clock.unix()));
    this.#aheadTicks = this.#detection.latest > this.#until ? this.#aheadTicks + 1 : 0;
    if (this.#aheadTicks < AHEAD_TICKS) return;
    this.#aheadTicks = 0;
    this.#saving = this.#learnAnew();
  }

  #saveLater(): void {
    const { clock } = this.#deps;
    this.#cancelSave = clock.callAt(monoMs(clock.mono() + SAVE_EVERY_MS), () => {
      if (this.#waiting === undefined) this.#saving = this.#save();
      if (!this.#closed) this.#saveLater();
    });
  }

  /** In slices, so that others get their turn; what comes meanwhile waits, for what is kept must be of one moment. */
  async #save(): Promise<void> {
    this.#waiting = [];
    while (this.#detection.grows) await this.#growForest();
    await this.#memory
      .save(this.#known())
      .catch((error: unknown) => this.#deps.log.error("records.memory-unwritable", {}, error));
    this.#goOn();
  }

  *#known(): Generator<SavedPart | SavedIds> {
    yield* this.#detection.save();
    yield* this.#desk.saveIds();
  }
}

/** A tree of the forest a turn of the event loop: requests and alerts wait for no more than that. */
async function growInTurns(detection: CdrDetection): Promise<void> {
  while (detection.grows) {
    detection.grow();
    await nextTurn();
  }
}

/** @throws GatewayError `config.invalid` */
function detectionOf(options: CdrDetectionOptions): CdrDetection {
  const detection = CdrDetection.of(options);
  if (detection.ok) return detection.value;
  const { code, site, text } = detection.error;
  throw new GatewayError("config.invalid", `records.sites.${site}: ${code} ${text}`);
}
