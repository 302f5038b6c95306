import type { Carrier } from "../../detection/index.js";
import type { Clock } from "../core/clock.js";
import { sensitiveUri, type Log } from "../core/log.js";
import type { Counter, Histogram, Metrics } from "../core/metrics.js";
import { monoMs } from "../core/time.js";
import type { DisconnectResult } from "../ports/gateway-control.js";
import type { ForeignCall, OutwardTeardown } from "../ports/outward-teardown.js";
import type { RecordSink, TeardownRecord } from "../ports/records.js";
import type { Audit } from "./audit.js";
import type { CallRegistry } from "./call-registry.js";
import type { EndReason, LiveCall, TeardownReport } from "./contracts.js";
import type { ForeignCalls } from "./foreign-calls.js";

export interface TeardownOptions {
  /** Calls of one order that are being ended at the same time. */
  readonly parallel: number;
  /** Calls of other systems in one request to them. */
  readonly outwardBatch: number;
  /** After this long the systems behind the outward adapters are given up, ms. */
  readonly outwardTimeoutMs: number;
  /** Outward requests under way in all orders together; above it calls of other systems are `busy`. */
  readonly maxOutwardOrders: number;
}

export const DEFAULT_TEARDOWN: TeardownOptions = {
  parallel: 256,
  outwardBatch: 100,
  outwardTimeoutMs: 15_000,
  maxOutwardOrders: 64,
};

export interface TeardownOrder {
  /** As `call_id`: names of the hop's calls, or the ids that a switch reported. An operator may name a call of the hop by its Call-ID. */
  readonly callIds: readonly string[];
  /** Who orders it knows who carries these calls: those of the other side that have the same ids are not meant. */
  readonly carriedBy?: Carrier | undefined;
  readonly reason: EndReason;
  /** `policy`, `system`, or a key id: for the audit log. */
  readonly actor: string;
}

export interface TeardownDeps {
  readonly registry: CallRegistry;
  /** What is known of calls that the hop does not carry. */
  readonly foreignCalls: Pick<ForeignCalls, "get" | "askedAbout">;
  /** In the order to try them; a call that one does not know goes to the next. */
  readonly outward: readonly OutwardTeardown[];
  readonly sink: RecordSink;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
}

const BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 32];

/**
 * Ends calls with proof, whichever system carries them: those of the hop through their own legs, all in the same turn of the event
 * loop; others through the outward adapters, and only when they were reported to us before. Emergency calls are never ended.
 */
export class TeardownService {
  readonly #options: TeardownOptions;
  readonly #deps: TeardownDeps;
  readonly #tookSeconds: Histogram;
  readonly #outcomes: Counter;
  readonly #fraudDisconnects: Counter;
  #disconnects = 0;
  #outwardOrders = 0;

  constructor(options: TeardownOptions, deps: TeardownDeps) {
    this.#options = options;
    this.#deps = deps;
    const { metrics } = deps;
    this.#tookSeconds = metrics.histogram(
      "ringfence_teardown_seconds",
      "From the finding or order to the last answer of both legs",
      BUCKETS,
    );
    this.#outcomes = metrics.counter(
      "ringfence_teardowns_total",
      "Calls ended by the gateway, by who carried them and what came of it",
      ["via", "outcome"],
    );
    this.#fraudDisconnects = metrics.counter("fraud_disconnects_total", "Calls disconnected because of fraud");
  }

  /** Calls that fraud findings ended since the start. */
  get disconnects(): number {
    return this.#disconnects;
  }

  /** @returns One result for each call id, in order; never rejects. */
  async endCalls(order: TeardownOrder): Promise<readonly DisconnectResult[]> {
    // Who is meant is settled at once: by the time that an end is proved, others may have these ids.
    const meant = [...new Set(order.callIds)].map((callId) => this.#meantBy(callId, order));
    const [ofHop, ofOthers] = await Promise.all([this.#endCarried(meant, order), this.#endForeign(meant, order)]);
    const results = new Map(ofOthers.map((result) => [result.callId, result]));
    for (const result of ofHop) results.set(result.callId, worse(result, results.get(result.callId)));
    for (const result of results.values()) this.#count(result, order.reason);
    this.#writeAudit(order, [...results.values()]);
    return order.callIds.map((callId) => results.get(callId) ?? failed(callId, "unknown-call"));
  }

  #meantBy(callId: string, order: TeardownOrder): Meant {
    const { registry, foreignCalls } = this.#deps;
    const { carriedBy, reason } = order;
    const reported = foreignCalls.get(callId);
    const named = registry.get(callId);
    if (carriedBy === "hop")
      return { callId, calls: only(named), foreign: named ? undefined : foreignCalls.askedAbout(callId) };
    if (carriedBy === "elsewhere") return { callId, calls: reported ? [] : only(named), foreign: reported };
    if (reason.cause !== "operator") return { callId, calls: only(named), foreign: named ? undefined : reported };
    // People may know a call by its Call-ID alone, and one that a switch has reported may hide behind one of ours.
    const calls = named && named.phase !== "ended" ? [named] : registry.withSipCallId(callId).filter(isLive);
    return { callId, calls: calls.length === 0 ? only(named) : calls, foreign: reported };
  }

  async #endCarried(meant: readonly Meant[], order: TeardownOrder): Promise<readonly DisconnectResult[]> {
    const carried = meant.filter(({ calls }) => calls.length > 0);
    const results: DisconnectResult[] = [];
    let next = 0;
    const run = async (): Promise<void> => {
      for (let each = carried[next++]; each !== undefined; each = carried[next++])
        results.push(await this.#endOne(each, order));
    };
    await Promise.all(Array.from({ length: Math.min(this.#options.parallel, carried.length) }, run));
    return results;
  }

  async #endOne({ callId, calls: [call, ...others] }: Meant, order: TeardownOrder): Promise<DisconnectResult> {
    if (call === undefined || others.length > 0) return { ...failed(callId, "ambiguous"), via: "hop" };
    if (call.identity.emergency) return { ...failed(callId, "emergency"), via: "hop" };
    const startedAt = this.#deps.clock.mono();
    const report = await this.#endCall(call, order.reason);
    const tookMs = this.#deps.clock.mono() - startedAt;
    const outcome = report === undefined ? "failed" : outcomeOf(report);
    return { callId, success: outcome === "confirmed" || outcome === "already-gone", outcome, via: "hop", tookMs };
  }

  async #endCall(call: LiveCall, reason: EndReason): Promise<TeardownReport | undefined> {
    try {
      const refusalStatus = reason.cause === "fraud" ? call.policy.refusalStatus : reason.refusalStatus;
      const report = await call.end({ ...reason, refusalStatus });
      const { callId, at, phase, tookMs } = report;
      this.#record(
        { callId, at, phase, via: "hop", aOutcome: report.a.outcome, bOutcome: report.b.outcome, tookMs },
        reason,
      );
      return report;
    } catch (cause) {
      this.#deps.log.error("teardown.failed", { call: sensitiveUri(call.callId) }, cause);
      return undefined;
    }
  }

  async #endForeign(meant: readonly Meant[], order: TeardownOrder): Promise<readonly DisconnectResult[]> {
    const results = new Map<string, DisconnectResult>();
    let open: ForeignCall[] = [];
    for (const { callId, calls, foreign } of meant) {
      if (foreign !== undefined) open.push(foreign);
      if (foreign !== undefined || calls.length === 0)
        results.set(callId, this.#without(callId, foreign !== undefined, order));
    }
    for (const adapter of this.#deps.outward) {
      for (let at = 0; at < open.length; at += this.#options.outwardBatch) {
        for (const result of await this.#askOutward(
          adapter,
          open.slice(at, at + this.#options.outwardBatch),
          order.reason,
        )) {
          if (results.has(result.callId)) results.set(result.callId, result);
        }
      }
      open = open.filter((call) => results.get(call.callId)?.outcome === "unknown-call");
      if (open.length === 0) break;
    }
    for (const result of results.values())
      if (result.via !== "none" && result.via !== "hop") this.#recordForeign(result, order.reason);
    return [...results.values()];
  }

  /** What is said of a call that no outward adapter is asked about. Policy only names calls that were up: one that is not any more is over. */
  #without(callId: string, known: boolean, order: TeardownOrder): DisconnectResult {
    if (!known && order.actor === "policy")
      return { callId, success: true, outcome: "already-gone", via: "none", tookMs: 0 };
    return failed(callId, known && this.#deps.outward.length === 0 ? "not-carried" : "unknown-call");
  }

  /** Never rejects and never takes longer than the time-out, whatever the adapter does. */
  async #askOutward(
    adapter: OutwardTeardown,
    calls: readonly ForeignCall[],
    reason: EndReason,
  ): Promise<readonly DisconnectResult[]> {
    if (this.#outwardOrders >= this.#options.maxOutwardOrders)
      return calls.map((call) => ({ ...failed(call.callId, "busy"), via: adapter.via }));
    this.#outwardOrders++;
    const abort = new AbortController();
    const { clock, log } = this.#deps;
    let cancel = (): void => undefined;
    const timeOut = new Promise<readonly DisconnectResult[]>((resolve) => {
      cancel = clock.callAt(monoMs(clock.mono() + this.#options.outwardTimeoutMs), () => {
        abort.abort();
        resolve(
          calls.map((call) => ({
            ...failed(call.callId, "timed-out"),
            via: adapter.via,
            tookMs: this.#options.outwardTimeoutMs,
          })),
        );
      });
    });
    try {
      return await Promise.race([
        adapter.disconnect(calls, reason.text, reason.alertId ?? reason.incidentId, abort.signal),
        timeOut,
      ]);
    } catch (cause) {
      log.error("teardown.outward-failed", { via: adapter.via }, cause);
      return calls.map((call) => ({ ...failed(call.callId, "failed"), via: adapter.via }));
    } finally {
      cancel();
      this.#outwardOrders--;
    }
  }

  #recordForeign(result: DisconnectResult, reason: EndReason): void {
    const { callId, via, outcome, tookMs } = result;
    if (via === "none") return;
    this.#record(
      { callId, at: this.#deps.clock.unix(), phase: "foreign", via, aOutcome: outcome, bOutcome: outcome, tookMs },
      reason,
    );
  }

  #record(teardown: TeardownRecord, { incidentId }: EndReason): void {
    this.#deps.sink.write({
      kind: "teardown",
      teardown: incidentId === undefined ? teardown : { ...teardown, incidentId },
    });
  }

  #count(result: DisconnectResult, reason: EndReason): void {
    this.#outcomes.labels(result.via, KNOWN_OUTCOMES.includes(result.outcome) ? result.outcome : "other").inc();
    if (result.outcome === "confirmed") this.#tookSeconds.observe(result.tookMs / 1_000);
    if (result.outcome !== "confirmed" || reason.cause !== "fraud") return;
    this.#disconnects++;
    this.#fraudDisconnects.inc();
  }

  /** What people order is in the audit log already: the API writes it, with its outcome. */
  #writeAudit(order: TeardownOrder, results: readonly DisconnectResult[]): void {
    if (order.actor !== "policy" && order.actor !== "system") return;
    const count = (outcome: string): number => results.filter((result) => result.outcome === outcome).length;
    const done = results.filter((result) => result.success).length;
    const action = order.actor === "policy" ? "calls.ended-by-policy" : "calls.end";
    const target =
      order.reason.incidentId ?? (results.length === 1 ? (results[0]?.callId ?? "") : `${results.length} calls`);
    this.#deps.audit.note(order.actor, action, target, done === results.length ? "done" : "failed", {
      cause: order.reason.cause,
      text: order.reason.text,
      requested: results.length,
      confirmed: count("confirmed"),
      alreadyGone: count("already-gone"),
      timedOut: count("timed-out"),
      failed: results.length - done - count("timed-out"),
    });
  }
}

/** Values of the metric's label; an adapter's own words are counted as `other`. */
const KNOWN_OUTCOMES: readonly string[] = [
  "confirmed",
  "already-gone",
  "timed-out",
  "unknown-call",
  "not-carried",
  "emergency",
  "ambiguous",
  "busy",
  "failed",
];

/** What one id of an order stands for. */
interface Meant {
  readonly callId: string;
  /** Of the hop. More than one: nobody can tell which. */
  readonly calls: readonly LiveCall[];
  /** Of another system. */
  readonly foreign: ForeignCall | undefined;
}

const only = (call: LiveCall | undefined): readonly LiveCall[] => (call === undefined ? [] : [call]);
const isLive = ({ phase }: LiveCall): boolean => phase !== "ended";

/** Of an id that the hop and another system have: where the other did not end its call, that is what has to be told. */
function worse(ofHop: DisconnectResult, ofOther: DisconnectResult | undefined): DisconnectResult {
  const isOver = ofOther === undefined || ofOther.success || NOT_THEIRS.includes(ofOther.outcome);
  return isOver || !ofHop.success ? ofHop : ofOther;
}

const NOT_THEIRS: readonly string[] = ["unknown-call", "not-carried"];

/** One word for both legs: the worse of the two; `already-gone` only when both were. */
function outcomeOf({ a, b }: TeardownReport): "confirmed" | "already-gone" | "timed-out" {
  if (a.outcome === "timed-out" || b.outcome === "timed-out") return "timed-out";
  return a.outcome === "confirmed" || b.outcome === "confirmed" ? "confirmed" : "already-gone";
}

function failed(callId: string, outcome: string): DisconnectResult {
  return { callId, success: false, outcome, via: "none", tookMs: 0 };
}
