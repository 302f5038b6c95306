import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type {
  CallRecord,
  Cdr,
  CdrDetection,
  CdrDetectionOptions,
  SavedPart,
  SettingChange,
  UnixMs,
} from "../../detection/index.js";
import { WebexFeed, type WebexFeedOptions } from "../adapters/webex-calling/webex-feed.js";
import { DetectionMemory } from "../adapters/cdr-memory/detection-memory.js";
import type { Log } from "../core/log.js";
import type { Counter } from "../core/metrics.js";
import { monoMs, unixMs } from "../core/time.js";
import type { CallRecordStore } from "../ports/call-records.js";
import type { IntakePosition } from "../ports/intake-position.js";
import { CDR_FEED_RULES, CDR_STREAM_RULES } from "../pipeline/records/feed-window.js";
import { RecordNormaliser, type NormaliserOptions } from "../pipeline/records/normaliser.js";
import { rawOfCdr } from "../pipeline/records/own-call.js";
import type { SavedIds } from "../pipeline/records/recent-ids.js";
import { RecordDesk, type DeskResult, type DeskStats } from "../pipeline/records/record-desk.js";
import { RecordsFeed } from "./records-feed.js";
import { detectionOf, growInTurns, recall } from "./records-memory.js";
import { RecordsWriter, type RecordsWriterDeps } from "./records-writer.js";
import { WaitingRecords } from "./waiting-records.js";

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

export interface RecordsDeps extends RecordsWriterDeps {
  readonly store: CallRecordStore;
  readonly log: Log;
}

const TICK_MS = 60_000;
const SAVE_EVERY_MS = 900_000;
/** A call that began before the last save may have ended after it. What was known then is passed over by its id. */
const SPARE_MS = 3 * 3_600_000;
/** Without anything saved: what the detectors look back on. */
const LEARN_MS = 30 * 86_400_000;
/** Read back at a start; a month of a big house. */
const MAX_LEARNT = 2_000_000;
/** What begins so much later than now has a wrong time, of its switch or of this machine. */
const AHEAD_MS = 3_600_000;
/** So many minutes in a row the detectors were ahead of the clock: it is the clock that is right. */
const AHEAD_TICKS = 10;
const TOLD_EVERY_MS = 3_600_000;

/**
 * Intake and detectors of call records, in the back office's thread: nothing of it is on the SIP thread. Each record that is in the
 * store is judged, whenever the process ends: see `RecordsWriter`.
 */
export class RecordsService {
  readonly #options: RecordsOptions;
  readonly #deps: RecordsDeps;
  readonly #normaliser: RecordNormaliser;
  #detection: CdrDetection;
  readonly #desk: RecordDesk;
  readonly #memory: DetectionMemory;
  readonly #writer: RecordsWriter;
  readonly #unjudged: Counter;
  readonly #feed: RecordsFeed | undefined;
  /** Time zones of sites that nobody configured, as the feed has them. */
  readonly #places = new Map<string, string>();
  #waiting: WaitingRecords | undefined = new WaitingRecords();
  /** The store has, or may have, records that are marked as not judged, and that do not wait here. */
  #areLeft = false;
  #judging: Promise<void> | undefined;
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
    this.#writer = new RecordsWriter(deps);
    this.#unjudged = metrics.counter(
      "ringfence_call_records_unjudged_total",
      "Call records and changes that no detector saw: unreadable, of the future, or changes that were too many while the past was being read",
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

  /** When all that was made of records so far is in the store or on disk. */
  get kept(): Promise<void> {
    return this.#writer.kept;
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

  /** What comes is written at once, for whoever brought it may forget it then; judging can wait. */
  #park(waiting: WaitingRecords, records: readonly CallRecord[], changes: readonly SettingChange[]): void {
    const [fresh, tooMany]: [CallRecord[], SettingChange[]] = [[], []];
    for (const record of records) {
      if (!waiting.has(record) && !this.#desk.knows(record)) fresh.push(record);
      if (!waiting.add(record)) this.#areLeft = true;
    }
    for (const change of changes) {
      if (waiting.addChange(change)) continue;
      this.#unjudged.inc();
      tooMany.push(change);
    }
    this.#writer.writeUnjudged(fresh, tooMany);
  }

  #keep(position: IntakePosition): void {
    if (this.#waiting !== undefined) this.#waiting.addPosition(position);
    else this.#writer.keep(position);
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
    await Promise.all([this.#saving, this.#judging]);
    if (this.#waiting === undefined) await this.#save();
    // Half of the past is no past: what was saved before is better, and what waits is judged after the next start. Changes need no past.
    else this.#goOn(this.#waiting.withoutRecords());
    await this.#writer.close();
  }

  #makeFeed(webex: WebexIntakeOptions): RecordsFeed {
    const { store, clock, log, metrics } = this.#deps;
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
        keep: (position) => this.#keep(position),
        clock,
        log,
        metrics,
      },
    );
  }

  /** @param waited These were written before, and are judged now. */
  #pass(result: DeskResult, waited?: readonly CallRecord[]): void {
    if (result.ahead > 0) this.#tellAhead(result.ahead);
    this.#writer.write(result, waited);
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

  /** What was saved, then what the store has since then, then what nobody has judged. */
  async #remember(): Promise<void> {
    const { clock, log } = this.#deps;
    try {
      const savedAt = await this.#recall();
      const since = savedAt === undefined ? clock.unix() - LEARN_MS : savedAt - SPARE_MS;
      const until = this.#until;
      const learnt = await this.#readPast(since, this.#detection, (record) => this.#desk.learn(record, until));
      if (learnt > 0) log.info("records.learnt", { records: learnt });
      await this.#judgeLeft();
    } catch (error) {
      log.error("records.past-unreadable", {}, error);
      this.#areLeft = true;
    }
    if (!this.#closed) this.#goOn(this.#waiting);
  }

  /** @returns When it was saved, by the records' time; undefined: nothing was, or nothing that can be used. */
  async #recall(): Promise<number | undefined> {
    const { detection: options } = this.#options;
    const recalled = await recall(this.#memory, options, this.#until, this.#deps.log);
    if (recalled === undefined) return undefined;
    this.#exchange(recalled.detection);
    for (const ids of recalled.ids) this.#desk.loadIds(ids);
    return recalled.savedAt;
  }

  #exchange(detection: CdrDetection): void {
    this.#detection = detection;
    this.#desk.exchange(detection);
  }

  /** @returns How many records were read. */
  async #readPast(since: number, detection: CdrDetection, learn: (record: CallRecord) => void): Promise<number> {
    let learnt = 0;
    for await (const page of this.#deps.store.recordsFrom(unixMs(since), { judged: true })) {
      for (const record of page) {
        if (this.#waiting?.has(record) === true) continue;
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

  /**
   * What an earlier process left unjudged, and what was too much to wait here, as if it came now. Of what the detectors have seen
   * after all, as their saved memory shows, only the mark goes.
   */
  async #judgeLeft(): Promise<void> {
    this.#areLeft = false;
    const isStart = this.#waiting !== undefined;
    for await (const page of this.#deps.store.recordsFrom(unixMs(0), { judged: false })) {
      // While what was learnt is being kept nothing may be judged.
      if (this.#closed || (this.#waiting !== undefined && !isStart)) {
        this.#areLeft = true;
        return;
      }
      const left = page.filter((record) => this.#waiting?.has(record) !== true);
      this.#pass(this.#desk.take(left, [], this.#until), left);
      if (this.#detection.grows) await this.#growForest();
      await nextTurn();
    }
  }

  /** Detectors that records of a wrong clock have led into the future take all that is right for late: others learn of the store. */
  async #learnAnew(): Promise<void> {
    const { clock, log } = this.#deps;
    this.#waiting = new WaitingRecords();
    try {
      const fresh = detectionOf(this.#options.detection);
      for (const [site, timeZone] of this.#places) fresh.place(site, timeZone);
      const until = this.#until;
      await this.#readPast(clock.unix() - LEARN_MS, fresh, (record) => {
        if (record.startedAt <= until) fresh.observe(record, until);
      });
      // Nothing of the last month: it may be this clock that is wrong, and what was learnt that is right.
      if (fresh.latest > 0) {
        log.warn("records.learnt-anew", { users: fresh.stats.users });
        this.#exchange(fresh);
      }
    } catch (error) {
      log.error("records.past-unreadable", {}, error);
    }
    if (!this.#closed) this.#goOn(this.#waiting);
  }

  #goOn(waiting: WaitingRecords | undefined): void {
    this.#waiting = undefined;
    if (waiting === undefined) return;
    for (const { records, changes } of waiting.slices())
      this.#pass(this.#desk.take(records, changes, this.#until), records);
    for (const position of waiting.positions) this.#keep(position);
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
    if (this.#areLeft) this.#judgeLater();
    this.#aheadTicks = this.#detection.latest > this.#until ? this.#aheadTicks + 1 : 0;
    if (this.#aheadTicks < AHEAD_TICKS) return;
    this.#aheadTicks = 0;
    this.#saving = this.#learnAnew();
  }

  /** A store that cannot be read is asked again at the next tick; that it is down is said by who writes to it. */
  #judgeLater(): void {
    this.#judging ??= this.#judgeLeft()
      .catch(() => void (this.#areLeft = true))
      .finally(() => (this.#judging = undefined));
  }

  #saveLater(): void {
    const { clock } = this.#deps;
    this.#cancelSave = clock.callAt(monoMs(clock.mono() + SAVE_EVERY_MS), () => {
      if (this.#waiting === undefined) this.#saving = this.#save();
      if (!this.#closed) this.#saveLater();
    });
  }

  /**
   * In slices, so that others get their turn; what comes meanwhile waits, for what is kept must be of one moment. What was found until
   * then is safe before: who knows a record from here does not judge it again.
   */
  async #save(): Promise<void> {
    this.#waiting = new WaitingRecords();
    while (this.#detection.grows) await this.#growForest();
    if (await this.#writer.isKept())
      await this.#memory
        .save(this.#known())
        .catch((error: unknown) => this.#deps.log.error("records.memory-unwritable", {}, error));
    this.#goOn(this.#waiting);
  }

  *#known(): Generator<SavedPart | SavedIds> {
    yield* this.#detection.save();
    yield* this.#desk.saveIds();
  }
}
