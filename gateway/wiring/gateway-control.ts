import type { PrometheusMetrics } from "../adapters/metrics-prometheus/prometheus-metrics.js";
import { printableConfig } from "../config/load.js";
import type { Config } from "../config/schema.js";
import { GatewayError } from "../core/errors.js";
import type { AudioAnalyzer } from "../ports/audio-analysis.js";
import type { ComponentHealth, GatewayControl } from "../ports/gateway-control.js";
import type { CallLayer } from "./call-layer.js";
import type { ReloadReport } from "./reload.js";
import type { WireObservers } from "./wire-observers.js";

export interface ControlParts {
  /** Undefined while the gateway is starting. */
  readonly layer: () => CallLayer | undefined;
  readonly config: () => Config;
  readonly health: () => readonly ComponentHealth[];
  readonly reload: () => Promise<ReloadReport>;
  readonly wire: WireObservers;
  readonly metrics: PrometheusMetrics;
  /** Undefined: nobody is listened to. */
  readonly listening?: () => ListeningSide | undefined;
}

/** The listening thread, as far as the HTTP side asks for it. */
export interface ListeningSide extends AudioAnalyzer {
  metrics(): Promise<readonly unknown[]>;
}

/** What the HTTP side may ask; bound to the call layer as soon as that is there. */
export function gatewayControl({
  layer,
  config,
  health,
  reload,
  wire,
  metrics,
  listening,
}: ControlParts): GatewayControl {
  const live = (): CallLayer["control"] => {
    const started = layer();
    if (started === undefined) throw new GatewayError("backoffice.lost", "the gateway is still starting");
    return started.control;
  };
  const canonical = (number: string): string =>
    layer()?.admission.trunks.default.settings.numbers.canonical(number) ?? number;
  const heardAs = (callId: string): string => layer()?.book.heardAs(callId) ?? callId;
  return {
    reportEvents: async (events) => live().reportEvents(events),
    calls: async (limit) => live().calls(limit),
    endCalls: async (callIds, reason, by, alertId) => live().endCalls(callIds, reason, by, alertId),
    heard: (callId) => Promise.resolve(layer()?.threat?.desk.view(heardAs(callId))),
    releaseCall: (callId) => Promise.resolve(layer()?.threat?.desk.release(heardAs(callId)) ?? false),
    analyze: async (order) => {
      const side = listening?.();
      if (side === undefined && config().speech.engine !== "none")
        throw new GatewayError("stt.busy", "the speech engine is still starting");
      if (side === undefined)
        throw new GatewayError("stt.unavailable", "no speech engine is configured (speech.engine)");
      return side.analyze(order);
    },
    blocks: async () => live().blocks(),
    addBlock: async (block) => live().addBlock(block),
    removeBlock: async (id, by) => live().removeBlock(id, by),
    undoIncident: async (id, by) => live().undoIncident(id, by),
    openIncidents: async (ids) => live().openIncidents(ids),
    importBaseline: async (rows) => live().importBaseline(rows),
    guardAlso: async (marked) => {
      await live().guardAlso(marked);
      layer()?.threat?.policy.guardAlso(marked);
    },
    stats: async () => live().stats(),
    canonical: (number) => Promise.resolve(canonical(number)),
    config: () => Promise.resolve(printableConfig(config())),
    health: () => Promise.resolve(health()),
    reload,
    startTrace: ({ number, durationMs }) => wire.startTrace(canonical(number), durationMs),
    stopTrace: (id) => wire.stopTrace(id),
    metrics: async () => [...(await metrics.toJson()), ...((await listening?.()?.metrics()) ?? [])],
  };
}
