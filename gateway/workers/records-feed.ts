import type { CallRecord, SettingChange, UnixMs } from "../../detection/index.js";
import type { Clock } from "../core/clock.js";
import { GatewayError } from "../core/errors.js";
import type { Log } from "../core/log.js";
import type { Counter, Gauge, Metrics } from "../core/metrics.js";
import { monoMs, unixMs } from "../core/time.js";
import { nextWindow, surelyReadTo, type FeedRules } from "../pipeline/records/feed-window.js";
import { forwardingChanges, type ForwardingNow } from "../pipeline/records/forwarding-watch.js";
import type { RecordNormaliser } from "../pipeline/records/normaliser.js";
import type { RawCall } from "../pipeline/records/raw-call.js";
import { WebexRows } from "../pipeline/records/webex-rows.js";
import type { CallFeed, FeedPerson } from "../ports/call-feed.js";
import type { CallRecordStore } from "../ports/call-records.js";
import type { IntakePosition } from "../ports/intake-position.js";

export interface RecordsFeedOptions {
  readonly pollMs: number;
  readonly rules: FeedRules;
  /** Every user's forwarding is looked at once in so long; undefined: never. */
  readonly forwardingMs: number | undefined;
}

export interface RecordsFeedDeps {
  readonly feed: CallFeed;
  readonly store: Pick<CallRecordStore, "position">;
  readonly normaliser: RecordNormaliser;
  readonly take: (records: readonly CallRecord[], changes: readonly SettingChange[]) => void;
  /** Which time zone a site has that is not configured; told again when it is another. */
  readonly place: (site: string, timeZone: string) => void;
  /** Written behind the records that it stands for. */
  readonly keep: (position: IntakePosition) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

type Lane = "poll" | "forwarding";

const POSITION = "webex";
const FORWARDING = "webex-forwarding";
/** Windows that one poll catches up on; the rest follows with the next. */
const WINDOWS_A_POLL = 8;
/** Between two looks at users' settings: the service allows 300 requests a minute, and others ask it too. */
const PERSON_PAUSE_MS = 400;
/** The service takes one new request for call records a minute, and further pages of it. */
const BETWEEN_WINDOWS_MS = 61_000;
/** So many users in a row whose settings are refused: it is not the users. */
const REFUSED_IN_A_ROW = 10;
const KEEP_SEEN_EVERY_MS = 60_000;
/** Locations that are remembered, so that each is told once; what comes behind is told of no more. */
const MAX_SITES = 10_000;
/** A clock that was set back by less was right before. */
const SET_BACK_MS = 60_000;

/** Polls a service's call records and its users' forwarding. A poll goes before the next user; a failure waits for the next poll. */
export class RecordsFeed {
  readonly #options: RecordsFeedOptions;
  readonly #deps: RecordsFeedDeps;
  readonly #rows = new WebexRows();
  readonly #abort = new AbortController();
  readonly #polls: Counter;
  readonly #bad: Counter;
  readonly #gap: Counter;
  readonly #lag: Gauge;
  readonly #refused: Counter;
  #readTo: UnixMs | undefined;
  /** When the newest call ended that was read. */
  #newest: UnixMs | undefined;
  /** Positions are kept in the order of their time, so it never goes back, whatever the clock does. */
  #keptAt = 0;
  #loaded = false;
  #askedAt = Number.NEGATIVE_INFINITY;
  /** Wall clock less monotonic clock, at the poll before. */
  #clockGap: number | undefined;
  #seen: IntakePosition["value"] | undefined;
  /** Time zones of locations that are not configured. */
  readonly #zones = new Map<string, string | undefined>();
  #cancels = new Set<() => void>();
  readonly #lanes: Record<Lane, Promise<void>> = { poll: Promise.resolve(), forwarding: Promise.resolve() };
  readonly #failing = new Set<Lane>();

  constructor(options: RecordsFeedOptions, deps: RecordsFeedDeps) {
    this.#options = options;
    this.#deps = deps;
    const { metrics } = deps;
    this.#polls = metrics.counter("ringfence_webex_polls_total", "Polls of Webex's call records", ["outcome"]);
    this.#bad = metrics.counter("ringfence_webex_bad_records_total", "Records of Webex that could not be read");
    this.#gap = metrics.counter(
      "ringfence_webex_gap_seconds_total",
      "Time whose records could no longer be had: the gateway was off for longer than Webex keeps them",
    );
    this.#lag = metrics.gauge("ringfence_webex_lag_seconds", "Age of the end of what was read last");
    this.#refused = metrics.counter(
      "ringfence_webex_forwarding_refused_total",
      "Users whose call forwarding Webex did not give: passed over until the next look",
    );
  }

  start(): void {
    this.#every("poll", 0, this.#options.pollMs, () => this.poll());
    const { forwardingMs } = this.#options;
    if (forwardingMs !== undefined) this.#every("forwarding", 0, forwardingMs, () => this.lookAtForwarding());
  }

  /** Reads what is new. Never throws. @returns When it may be asked again at the earliest, ms; 0: as always. */
  async poll(): Promise<number> {
    const { clock } = this.#deps;
    const { rules, pollMs } = this.#options;
    try {
      await this.#load();
      this.#heedClock();
      for (let i = 0; i < WINDOWS_A_POLL; i++) {
        const window = nextWindow(this.#readTo, clock.unix(), rules, this.#newest);
        if (window === undefined) break;
        // Time went on while it answered: the overlap again, and next to nothing new.
        if (i > 0 && window.to - window.from < rules.overlapMs + pollMs / 2) break;
        await this.#pause(this.#askedAt + BETWEEN_WINDOWS_MS - clock.mono());
        this.#askedAt = clock.mono();
        await this.#readWindow(window.from, window.to);
        if (window.gapMs > 0) this.#gap.inc(window.gapMs / 1_000);
      }
      this.#polls.labels("done").inc();
      this.#failing.delete("poll");
      if (this.#readTo !== undefined) this.#lag.set((clock.unix() - this.#readTo) / 1_000);
      return 0;
    } catch (error) {
      return this.#failed("poll", error);
    }
  }

  async #load(): Promise<void> {
    if (this.#loaded) return;
    const { store, clock } = this.#deps;
    const kept = await store.position(POSITION);
    const [readTo, newest] = [kept?.value["readTo"], kept?.value["newest"]];
    this.#keptAt = kept?.at ?? 0;
    this.#newest = typeof newest === "number" ? unixMs(newest) : undefined;
    if (typeof readTo === "number")
      this.#readTo = surelyReadTo(unixMs(readTo), this.#newest, clock.unix(), this.#options.rules);
    this.#loaded = true;
  }

  /** A clock that was set back had been ahead: so much of what was asked for had not happened yet. */
  #heedClock(): void {
    const { clock } = this.#deps;
    const gap = clock.unix() - clock.mono();
    const backMs = (this.#clockGap ?? gap) - gap;
    this.#clockGap = gap;
    if (this.#readTo !== undefined && backMs > SET_BACK_MS) this.#readTo = unixMs(this.#readTo - backMs);
  }

  async #readWindow(from: UnixMs, to: UnixMs): Promise<void> {
    const { feed, normaliser, take } = this.#deps;
    let newest = this.#newest ?? 0;
    for await (const page of feed.items(from, to, this.#abort.signal)) {
      const records: CallRecord[] = [];
      for (const item of page) {
        const raw = this.#rows.read(item);
        const record = raw.ok && raw.value !== undefined ? normaliser.normalise(raw.value) : undefined;
        if (raw.ok && raw.value !== undefined) this.#place(raw.value);
        if (record?.ok === true) records.push(record.value);
        else this.#bad.inc();
      }
      for (const { endedAt } of records) if (endedAt > newest && endedAt <= to) newest = endedAt;
      take(records, []);
    }
    // Only a window that was read whole moves the position: pages that broke off come again and are known.
    this.#readTo = to;
    if (newest > 0) this.#newest = unixMs(newest);
    this.#keep(POSITION, { readTo: to, ...(newest > 0 ? { newest } : {}) });
  }

  /** A site that nobody configured has its own time, as the service tells it, but not its own hours or country. */
  #place({ site, timeZone }: RawCall): void {
    if (site === undefined || (this.#zones.has(site) && this.#zones.get(site) === timeZone)) return;
    const { normaliser, place, log } = this.#deps;
    const known = normaliser.knows(site);
    if (known === "named") return;
    const isNew = !this.#zones.has(site);
    if (isNew && this.#zones.size >= MAX_SITES) return;
    if (isNew && known === "unknown") log.warn("records.site-unknown", { site, timeZone });
    if (isNew || timeZone !== undefined) this.#zones.set(site, timeZone);
    if (timeZone !== undefined) place(site, timeZone);
  }

  #keep(name: string, value: IntakePosition["value"]): void {
    const { keep, clock } = this.#deps;
    this.#keptAt = Math.max(this.#keptAt, clock.unix());
    keep({ name, at: unixMs(this.#keptAt), value });
  }

  /** Compares every user's forwarding with the look before, page by page. Never throws. */
  async lookAtForwarding(): Promise<number> {
    const { feed, store, clock } = this.#deps;
    try {
      if (this.#seen === undefined) {
        const kept = await store.position(FORWARDING);
        this.#keptAt = Math.max(this.#keptAt, kept?.at ?? 0);
        this.#seen = kept?.value ?? {};
      }
      let refused = 0;
      let keptAt = clock.mono();
      for await (const page of feed.people(this.#abort.signal)) {
        const now: ForwardingNow[] = [];
        for (const person of page) {
          const found = await this.#forwardingOf(person);
          refused = found instanceof GatewayError ? refused + 1 : 0;
          if (!(found instanceof GatewayError)) now.push(found);
          else if (refused >= REFUSED_IN_A_ROW) throw found;
        }
        this.#compare(now);
        if (clock.mono() - keptAt < KEEP_SEEN_EVERY_MS) continue;
        keptAt = clock.mono();
        this.#keep(FORWARDING, this.#seen);
      }
      this.#keep(FORWARDING, this.#seen);
      this.#failing.delete("forwarding");
      return 0;
    } catch (error) {
      return this.#failed("forwarding", error);
    }
  }

  /** @returns An error where it is this user's settings that are refused. @throws GatewayError `webex.*` */
  async #forwardingOf({ id, user, site }: FeedPerson): Promise<ForwardingNow | GatewayError> {
    const { feed } = this.#deps;
    await this.#lanes.poll;
    await this.#pause(PERSON_PAUSE_MS);
    try {
      const { always, busy, noAnswer, unreachable } = await feed.forwarding(id, this.#abort.signal);
      return { user, site, targets: { always, busy, "no-answer": noAnswer, unreachable } };
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code !== "webex.rejected") throw error;
      this.#refused.inc();
      return error;
    }
  }

  #compare(now: readonly ForwardingNow[]): void {
    const { clock, normaliser, take } = this.#deps;
    const seen = Object.fromEntries(Object.entries(this.#seen ?? {}).map(([user, text]) => [user, String(text)]));
    const compared = forwardingChanges(now, seen, clock.unix(), normaliser);
    this.#seen = compared.seen;
    if (compared.changes.length > 0) take([], compared.changes);
  }

  /** Ends the request under way. Safe to call twice. */
  async close(): Promise<void> {
    this.#abort.abort(new GatewayError("webex.unavailable", "the gateway is closing"));
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
    await Promise.all(Object.values(this.#lanes));
  }

  #failed(what: Lane, error: unknown): number {
    if (this.#abort.signal.aborted) return 0;
    if (what === "poll") this.#polls.labels("failed").inc();
    if (!this.#failing.has(what))
      this.#deps.log.warn("records.webex-failed", { what, code: codeOf(error), why: wordsOf(error) });
    this.#failing.add(what);
    const hint: unknown = error instanceof Error ? error.cause : undefined;
    const wait = typeof hint === "object" && hint !== null && "retryAfterMs" in hint ? hint.retryAfterMs : 0;
    return typeof wait === "number" ? wait : 0;
  }

  /** Each lane one at a time. */
  #every(lane: Lane, afterMs: number, everyMs: number, work: () => Promise<number>): void {
    const { clock } = this.#deps;
    const cancel = clock.callAt(monoMs(clock.mono() + afterMs), () => {
      this.#cancels.delete(cancel);
      if (this.#abort.signal.aborted) return;
      this.#lanes[lane] = work().then((waitMs) => {
        if (!this.#abort.signal.aborted) this.#every(lane, Math.max(everyMs, waitMs), everyMs, work);
      });
    });
    this.#cancels.add(cancel);
  }

  #pause(ms: number): Promise<void> {
    const { clock } = this.#deps;
    if (ms <= 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const { signal } = this.#abort;
      const cancel = clock.callAt(monoMs(clock.mono() + ms), () => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      });
      const onAbort = (): void => {
        cancel();
        reject(signal.reason as Error);
      };
      signal.addEventListener("abort", onAbort, { once: true });
      if (signal.aborted) onAbort();
    });
  }
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const codeOf = (error: unknown): string => (error instanceof GatewayError ? error.code : "unknown");
