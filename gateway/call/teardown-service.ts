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
  /** As `call_id`: Call-IDs of A legs, or the ids that a switch reported. */
  readonly callIds: readonly string[];
  readonly reason: EndReason;
  /** `policy`, `system`, or a key id: for the audit log. */
  readonly actor: string;
}

export interface TeardownDeps {
  readonly registry: CallRegistry;
  /** What is known of calls that the hop does not carry. */
  readonly foreignCalls: { get(callId: string): ForeignCall | undefined };
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
    const ids = [...new Set(order.callIds)];
    const carried = ids.filter((callId) => this.#deps.registry.has(callId));
    const foreign = ids.filter((callId) => !this.#deps.registry.has(callId));
    const [ofHop, ofOthers] = await Promise.all([this.#endCarried(carried, order), this.#endForeign(foreign, order)]);
    const results = new Map([...ofHop, ...ofOthers].map((result) => [result.callId, result]));
    for (const result of results.values()) this.#count(result, order.reason);
    this.#writeAudit(order, [...results.values()]);
    return order.callIds.map((callId) => results.get(callId) ?? failed(callId, "unknown-call"));
  }

  async #endCarried(callIds: readonly string[], order: TeardownOrder): Promise<readonly DisconnectResult[]> {
    const results: DisconnectResult[] = [];
    let next = 0;
    const run = async (): Promise<void> => {
      for (let callId = callIds[next++]; callId !== undefined; callId = callIds[next++])
        results.push(await this.#endOne(callId, order));
    };
    await Promise.all(Array.from({ length: Math.min(this.#options.parallel, callIds.length) }, run));
    return results;
  }

  async #endOne(callId: string, order: TeardownOrder): Promise<DisconnectResult> {
    const startedAt = this.#deps.clock.mono();
    const calls = this.#deps.registry.get(callId);
    if (calls.length === 0) return { callId, success: true, outcome: "already-gone", via: "hop", tookMs: 0 };
    if (calls.some((call) => call.identity.emergency)) return { ...failed(callId, "emergency"), via: "hop" };
    const reports = await Promise.all(calls.map((call) => this.#endCall(call, order.reason)));
    const tookMs = this.#deps.clock.mono() - startedAt;
    const outcomes = reports.map((report) => (report === undefined ? "failed" : outcomeOf(report)));
    const outcome = WORST_FIRST.find((each) => outcomes.includes(each)) ?? "failed";
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

  async #endForeign(callIds: readonly string[], order: TeardownOrder): Promise<readonly DisconnectResult[]> {
    const results = new Map<string, DisconnectResult>();
    let open: ForeignCall[] = [];
    for (const callId of callIds) {
      const call = this.#deps.foreignCalls.get(callId);
      if (call !== undefined) open.push(call);
      results.set(callId, this.#without(callId, call !== undefined, order));
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

const WORST_FIRST = ["failed", "timed-out", "confirmed", "already-gone"] as const;
/** Values of the metric's label; an adapter's own words are counted as `other`. */
const KNOWN_OUTCOMES: readonly string[] = [
  "confirmed",
  "already-gone",
  "timed-out",
  "unknown-call",
  "not-carried",
  "emergency",
  "busy",
  "failed",
];

/** One word for both legs: the worse of the two; `already-gone` only when both were. */
function outcomeOf({ a, b }: TeardownReport): "confirmed" | "already-gone" | "timed-out" {
  if (a.outcome === "timed-out" || b.outcome === "timed-out") return "timed-out";
  return a.outcome === "confirmed" || b.outcome === "confirmed" ? "confirmed" : "already-gone";
}

function failed(callId: string, outcome: string): DisconnectResult {
  return { callId, success: false, outcome, via: "none", tookMs: 0 };
}
