import type { Block, CallerId, FraudDetection, GuardListOptions, Incident, UnixMs } from "../../detection/index.js";
import type { Clock } from "../core/clock.js";
import { GatewayError } from "../core/errors.js";
import type {
  DisconnectResult,
  EventVerdict,
  GatewayControl,
  GatewayStats,
  LiveCallView,
  SwitchEvent,
} from "../ports/gateway-control.js";
import type { CallRegistry } from "./call-registry.js";
import type { ActionCarrier } from "./carry-out.js";
import type { LiveCall } from "./contracts.js";
import { operatorReason } from "./end-reasons.js";
import type { ForeignCalls } from "./foreign-calls.js";
import { reportedCalled, reportedNumber } from "./identify-call.js";
import type { MeasuredScreen } from "./measured-screen.js";
import type { SwitchEvents } from "./switch-events.js";
import type { TeardownService } from "./teardown-service.js";
import type { TrunkTable } from "./trunks.js";

/** The part of `GatewayControl` that is about calls and fraud. The rest (config, reload, health, traces, metrics) is main.ts's. */
export type CallControl = Pick<
  GatewayControl,
  | "reportEvents"
  | "calls"
  | "endCalls"
  | "blocks"
  | "addBlock"
  | "removeBlock"
  | "undoIncident"
  | "openIncidents"
  | "importBaseline"
  | "guardAlso"
  | "stats"
>;

export interface LiveControlDeps {
  readonly detection: Pick<
    FraudDetection,
    "blocks" | "addBlock" | "removeBlock" | "incidents" | "undoIncident" | "importBaseline" | "guardAlso" | "stats"
  >;
  readonly screen: MeasuredScreen;
  readonly events: SwitchEvents;
  readonly carrier: ActionCarrier;
  readonly teardown: Pick<TeardownService, "endCalls" | "disconnects">;
  readonly registry: CallRegistry;
  readonly foreignCalls: ForeignCalls;
  /** Live calls that others carry and we watch, so many at most. Absent: there are none. */
  readonly elsewhere?: ((limit: number) => readonly LiveCallView[]) | undefined;
  readonly trunks: () => TrunkTable;
  readonly clock: Clock;
  readonly isDraining: () => boolean;
}

/** Rows of one baseline import, and calls of one list, at most. */
const MOST_ROWS = 100_000;
const MOST_CALLS = 10_000;
/** Open incidents that one answer holds: each is copied on the SIP thread. */
const MOST_INCIDENTS = 1_000;

/**
 * What people and switches may ask of the running calls. Numbers come in raw and are made canonical by the plan of the trunk that
 * is named, else of the default one. Who did what is audited where they came in (the API); what policy does, where it is done.
 */
export class LiveControl implements CallControl {
  readonly #deps: LiveControlDeps;
  readonly #startedAt: UnixMs;

  constructor(deps: LiveControlDeps) {
    this.#deps = deps;
    this.#startedAt = deps.clock.unix();
  }

  reportEvents(events: readonly SwitchEvent[]): Promise<readonly EventVerdict[]> {
    return this.#deps.events.report(events);
  }

  calls(limit: number): Promise<readonly LiveCallView[]> {
    const { registry, elsewhere } = this.#deps;
    const most = Math.min(limit, MOST_CALLS);
    const own = registry.list(most).map(viewOf);
    const others = elsewhere?.(most) ?? [];
    if (others.length === 0) return Promise.resolve(own);
    return Promise.resolve([...own, ...others].sort((a, b) => a.startedAt - b.startedAt).slice(0, most));
  }

  endCalls(
    callIds: readonly string[],
    reason: string,
    by: string,
    alertId?: string,
  ): Promise<readonly DisconnectResult[]> {
    return this.#deps.teardown.endCalls({ callIds, reason: operatorReason(reason, alertId), actor: by });
  }

  blocks(): Promise<readonly Block[]> {
    return Promise.resolve(this.#deps.detection.blocks());
  }

  /** @throws GatewayError `block.refused`: no such trunk, an emergency number, too broad, a bad TTL, no room; the message says which. */
  async addBlock(request: Parameters<GatewayControl["addBlock"]>[0]): Promise<Block> {
    const trunks = this.#deps.trunks();
    const trunk = (request.trunk === undefined ? undefined : trunks.configured(request.trunk)) ?? trunks.default;
    if (request.trunk !== undefined && trunks.hasOwnNames && trunks.configured(request.trunk) === undefined) {
      throw new GatewayError("block.refused", "unknown trunk");
    }
    const { called: raw, caller, ...rest } = request;
    const called = reportedCalled(raw, trunk);
    if (trunk.settings.numbers.isEmergency(called)) {
      throw new GatewayError("block.refused", "an emergency number is never blocked");
    }
    const added = this.#deps.detection.addBlock(
      {
        ...rest,
        called,
        ...(caller === undefined ? {} : { caller: canonicalCaller(caller, (text) => reportedNumber(text, trunk)) }),
      },
      this.#deps.clock.unix(),
    );
    if (!added.ok) throw new GatewayError("block.refused", added.error.code);
    this.#deps.carrier.carryOut(added.value.actions);
    return Promise.resolve(added.value.block);
  }

  removeBlock(id: string, _by: string): Promise<Block | undefined> {
    const removed = this.#deps.detection.removeBlock(id);
    if (removed !== undefined) this.#deps.carrier.carryOut(removed.actions);
    return Promise.resolve(removed?.block);
  }

  undoIncident(id: string, _by: string): Promise<Incident | undefined> {
    const undone = this.#deps.detection.undoIncident(id, this.#deps.clock.unix());
    if (undone !== undefined) this.#deps.carrier.carryOut(undone.actions);
    return Promise.resolve(undone?.incident);
  }

  openIncidents(ids?: readonly string[]): Promise<readonly Incident[]> {
    const wanted = ids === undefined ? {} : { ids: new Set(ids) };
    return Promise.resolve(this.#deps.detection.incidents({ ...wanted, most: MOST_INCIDENTS }));
  }

  importBaseline(rows: readonly { readonly called: string; readonly callersPerWindow: number }[]): Promise<number> {
    const trunk = this.#deps.trunks().default;
    const canonical = rows.slice(0, MOST_ROWS).map((row) => ({ ...row, called: reportedCalled(row.called, trunk) }));
    return Promise.resolve(this.#deps.detection.importBaseline(canonical));
  }

  guardAlso(marked: GuardListOptions): Promise<void> {
    this.#deps.detection.guardAlso(marked);
    return Promise.resolve();
  }

  stats(): Promise<GatewayStats> {
    const { detection, screen, carrier, teardown, registry, foreignCalls, isDraining } = this.#deps;
    const { openIncidents, activeBlocks, trackedNumbers, processed } = detection.stats();
    return Promise.resolve({
      startedAt: this.#startedAt,
      processedTotal: processed,
      alertsTotal: carrier.alerts,
      disconnectsTotal: teardown.disconnects,
      refusedTotal: screen.refused,
      activeCalls: registry.size + foreignCalls.reported,
      openIncidents,
      activeBlocks,
      trackedNumbers,
      avgLatencyMs: screen.meanLatencyMs,
      draining: isDraining(),
    });
  }
}

/** `anonymous@TRUNK` is a caller that the number plan made, not one that it can read. */
function canonicalCaller(caller: string, canonical: (text: string) => string): CallerId {
  return (caller.startsWith("anonymous@") ? caller : canonical(caller)) as CallerId;
}

function viewOf(call: LiveCall): LiveCallView {
  const { caller, called, trunk } = call.identity;
  return {
    callId: call.callId,
    caller,
    called,
    trunk,
    phase: call.phase,
    startedAt: call.startedAt,
    ...(call.answeredAt === undefined ? {} : { answeredAt: call.answeredAt }),
    ...(call.nextHop === undefined ? {} : { nextHop: call.nextHop }),
    carriedBy: "hop",
  };
}
