import type { GatewayControl } from "../../ports/gateway-control.js";
import type { RpcHandlers, RpcPeer } from "./rpc-peer.js";

/** A teardown waits up to 64·T1 for each leg's last answer, and other systems for their time-outs. */
const END_CALLS_MS = 44_000;
const RELOAD_MS = 10_000;
/** The listening side has a time-out of its own; this one is longer than any that can be set. */
const ANALYZE_MS = 3_660_000;

export const CONTROL_TIMEOUT_MS = 2_000;
export const CONTROL_TIMEOUTS_MS: Readonly<Record<string, number>> = {
  endCalls: END_CALLS_MS,
  reload: RELOAD_MS,
  analyze: ANALYZE_MS,
};

/** What the worker calls beside `GatewayControl`: see `handOver` of the supervisor's options. */
export const HAND_OVER = "handOver";

/** Once it is true, this thread has got every record that was written before. @throws GatewayError `backoffice.lost` */
export const remoteHandOver = async (peer: RpcPeer): Promise<boolean> => (await peer.call(HAND_OVER, [])) === true;

/** `GatewayControl` as seen from another thread. */
export function remoteControl(peer: RpcPeer): GatewayControl {
  const forward =
    <Name extends keyof GatewayControl>(name: Name) =>
    (...args: Parameters<GatewayControl[Name]>): ReturnType<GatewayControl[Name]> =>
      peer.call(name, args) as ReturnType<GatewayControl[Name]>;
  return {
    reportEvents: forward("reportEvents"),
    calls: forward("calls"),
    endCalls: forward("endCalls"),
    heard: forward("heard"),
    releaseCall: forward("releaseCall"),
    analyze: (order) => peer.call("analyze", [order], [order.wav]) as ReturnType<GatewayControl["analyze"]>,
    blocks: forward("blocks"),
    addBlock: forward("addBlock"),
    removeBlock: forward("removeBlock"),
    undoIncident: forward("undoIncident"),
    openIncidents: forward("openIncidents"),
    importBaseline: forward("importBaseline"),
    guardAlso: forward("guardAlso"),
    stats: forward("stats"),
    canonical: forward("canonical"),
    config: forward("config"),
    health: forward("health"),
    reload: forward("reload"),
    startTrace: forward("startTrace"),
    stopTrace: forward("stopTrace"),
    metrics: forward("metrics"),
  };
}

/** The same methods, for the thread that has the real one. */
export function controlHandlers(control: GatewayControl): RpcHandlers {
  const handlers: { [Name in keyof GatewayControl]: GatewayControl[Name] } = {
    reportEvents: (events) => control.reportEvents(events),
    calls: (limit) => control.calls(limit),
    endCalls: (callIds, reason, by, alertId) => control.endCalls(callIds, reason, by, alertId),
    heard: (callId) => control.heard(callId),
    releaseCall: (callId, by) => control.releaseCall(callId, by),
    analyze: (order) => control.analyze(order),
    blocks: () => control.blocks(),
    addBlock: (block) => control.addBlock(block),
    removeBlock: (id, by) => control.removeBlock(id, by),
    undoIncident: (id, by) => control.undoIncident(id, by),
    openIncidents: (ids) => control.openIncidents(ids),
    importBaseline: (rows) => control.importBaseline(rows),
    guardAlso: (marked) => control.guardAlso(marked),
    stats: () => control.stats(),
    canonical: (number) => control.canonical(number),
    config: () => control.config(),
    health: () => control.health(),
    reload: (by) => control.reload(by),
    startTrace: (order) => control.startTrace(order),
    stopTrace: (id, by) => control.stopTrace(id, by),
    metrics: () => control.metrics(),
  };
  return handlers;
}
