import type { Action, Alert } from "../../detection/index.js";
import { sensitiveNumber, type Log } from "../core/log.js";
import type { Counter, Metrics } from "../core/metrics.js";
import type { RecordSink } from "../ports/records.js";
import type { Audit } from "./audit.js";
import { fraudReason } from "./end-reasons.js";
import type { TeardownService } from "./teardown-service.js";

type CallAction<Kind extends Action["kind"]> = Omit<Extract<Action, { kind: Kind }>, "kind">;

/** What can be done about a running call short of ending it. Never throws, never waits. */
export interface CallHands {
  tag(order: CallAction<"tag-call">): void;
  warn(order: CallAction<"warn-call">): void;
  hold(order: CallAction<"hold-call">): void;
}

export interface ActionDeps {
  /** Without it calls are not tagged, warned or held: nobody listens. */
  readonly hands?: CallHands;
  readonly teardown: Pick<TeardownService, "endCalls">;
  readonly sink: RecordSink;
  readonly audit: Audit;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** Carries out what detection decided, in the order given. Never waits: a teardown goes on by itself and reports to the store. */
export class ActionCarrier {
  readonly #deps: ActionDeps;
  readonly #alertsTotal: Counter;
  readonly #incidents: Counter;
  readonly #blocks: Counter;
  readonly #heldBack: Counter;
  #alerts = 0;

  constructor(deps: ActionDeps) {
    this.#deps = deps;
    const { metrics } = deps;
    this.#alertsTotal = metrics.counter("fraud_alerts_generated_total", "Alerts raised");
    this.#incidents = metrics.counter("ringfence_incidents_total", "Incidents opened and closed", ["change"]);
    this.#blocks = metrics.counter("ringfence_block_changes_total", "Blocks added, expired and removed", ["change"]);
    this.#heldBack = metrics.counter(
      "ringfence_held_back_total",
      "Calls that a finding would have ended, and what stood in between",
      ["why"],
    );
  }

  /** Alerts raised since the start. */
  get alerts(): number {
    return this.#alerts;
  }

  carryOut(actions: readonly Action[]): void {
    for (const action of actions) this.#one(action);
  }

  #one(action: Action): void {
    const { teardown, sink, log } = this.#deps;
    switch (action.kind) {
      case "end-calls":
        teardown
          .endCalls({
            callIds: action.callIds,
            carriedBy: action.carriedBy,
            reason: fraudReason(action.reason, action.incidentId, action.alertId),
            actor: "policy",
          })
          .catch((cause: unknown) => log.error("teardown.order-failed", { incident: action.incidentId }, cause));
        break;
      case "alert":
        this.#alerts++;
        this.#alertsTotal.inc();
        sink.write({ kind: "alert", alert: action.alert });
        this.#logAlert(action.alert);
        break;
      case "incident":
        if (action.change !== "extended") this.#incidents.labels(action.change).inc();
        sink.write({ kind: "incident", incident: action.incident });
        break;
      case "block":
        this.#block(action);
        break;
      case "tag-call":
        this.#deps.hands?.tag(action);
        break;
      case "warn-call":
        this.#deps.hands?.warn(action);
        break;
      case "hold-call":
        this.#deps.hands?.hold(action);
        break;
      case "held-back":
        this.#heldBack.labels(action.why).inc(Math.max(1, action.callIds.length));
        this.#deps.audit.note("policy", "calls.held-back", action.incidentId, "refused", {
          why: action.why,
          calls: action.callIds.length,
        });
        break;
    }
  }

  #block(action: Extract<Action, { kind: "block" }>): void {
    const { id, createdBy, expiresAt } = action.block;
    this.#blocks.labels(action.change).inc();
    this.#deps.sink.write({ kind: "block", change: action.change, block: action.block });
    if (action.change === "added" && createdBy === "policy")
      this.#deps.audit.note("policy", "block.add", id, "done", { expiresAt });
  }

  #logAlert(alert: Alert): void {
    this.#deps.log.warn("fraud.alert", {
      alert: alert.id,
      incident: alert.incidentId,
      called: sensitiveNumber(alert.called),
      callers: alert.callerCount,
      severity: alert.severity,
      disposition: alert.disposition,
    });
  }
}
