import {
  type GuardListOptions,
  unixMs,
  type Block,
  type CalledId,
  type CallerId,
  type Incident,
  type TrunkId,
} from "../../detection/index.js";
import { GatewayError } from "../../gateway/core/errors.js";
import type { AnalysisOrder, AudioAnalysis } from "../../gateway/ports/audio-analysis.js";
import type {
  ComponentHealth,
  DisconnectResult,
  EventVerdict,
  GatewayControl,
  GatewayStats,
  HeardView,
  LiveCallView,
  SwitchEvent,
  TraceOrder,
} from "../../gateway/ports/gateway-control.js";

const NOW = unixMs(1_700_000_000_000);

export const sampleIncident = (id: string, called = "+12025550199"): Incident => ({
  id,
  rule: "masking",
  called: called as CalledId,
  state: "open",
  severity: "high",
  openedAt: NOW,
  updatedAt: NOW,
  trunks: ["default" as TrunkId],
  callers: ["+12025550101" as CallerId],
  callerCount: 5,
  calls: [{ callId: "call-1", caller: "+12025550101" as CallerId, trunk: "default" as TrunkId, at: NOW }],
  callCount: 5,
  disposition: "enforced",
  windowMs: 5000,
  threshold: 5,
});

/** A gateway that writes down what it is asked. Call-IDs are distinct callers: the fifth to one number is detected. */
export class FakeGatewayControl implements GatewayControl {
  readonly reported: SwitchEvent[] = [];
  readonly guarded: GuardListOptions[] = [];
  readonly messages: number[] = [];
  readonly ended: { callIds: readonly string[]; reason: string; by: string; alertId: string | undefined }[] = [];
  readonly traces: TraceOrder[] = [];
  live: readonly string[] = [];
  heardCalls: HeardView[] = [];
  readonly released: string[] = [];
  held: Block[] = [];
  incidentsOpen: Incident[] = [];
  components: ComponentHealth[] = [{ name: "sip", ok: true, vital: true, detail: "udp:127.0.0.1:5060" }];
  draining = false;
  failure: Error | undefined;
  readonly analysed: AnalysisOrder[] = [];
  /** What recordings are found to be; undefined: nobody listens. */
  analysis: AudioAnalysis | undefined = {
    durationMs: 0,
    truncated: false,
    segments: [],
    turns: [],
    verdict: undefined,
    recogniser: "fake",
    voiceActivity: "fake",
  };
  readonly #callersOf = new Map<string, Set<string>>();

  reportEvents(events: readonly SwitchEvent[]): Promise<readonly EventVerdict[]> {
    this.messages.push(events.length);
    this.reported.push(...events);
    return this.#answer(events.map((event) => this.#verdict(event)));
  }

  #verdict(event: SwitchEvent): EventVerdict {
    const callers = this.#callersOf.get(event.bNumber) ?? new Set();
    this.#callersOf.set(event.bNumber, callers.add(event.aNumber));
    const detected = callers.size >= 5;
    const found = { alertId: `alert-${event.bNumber}`, incidentId: `incident-${event.bNumber}` };
    const verdict = detected ? "refuse" : "allow";
    return { callId: event.callId, status: "processed", verdict, detected, ...(detected ? found : {}) };
  }

  calls(limit: number): Promise<readonly LiveCallView[]> {
    const view = (callId: string): LiveCallView => ({
      callId,
      caller: "+12025550101",
      called: "+12025550199",
      trunk: "default",
      phase: "answered",
      startedAt: NOW,
      answeredAt: NOW,
      carriedBy: "hop",
    });
    return this.#answer(this.live.slice(0, limit).map(view));
  }

  endCalls(
    callIds: readonly string[],
    reason: string,
    by: string,
    alertId?: string,
  ): Promise<readonly DisconnectResult[]> {
    this.ended.push({ callIds, reason, by, alertId });
    return this.#answer(
      callIds.map((callId) => {
        const success = this.live.includes(callId);
        return {
          callId,
          success,
          outcome: success ? "confirmed" : "unknown-call",
          via: success ? "hop" : "none",
          tookMs: 3,
        };
      }),
    );
  }

  heard(callId: string): Promise<HeardView | undefined> {
    return this.#answer(this.heardCalls.find((view) => view.callId === callId));
  }

  releaseCall(callId: string): Promise<boolean> {
    this.released.push(callId);
    return this.#answer(this.heardCalls.some((view) => view.callId === callId));
  }

  analyze(order: AnalysisOrder): Promise<AudioAnalysis> {
    this.analysed.push(order);
    return this.analysis === undefined
      ? Promise.reject(new GatewayError("stt.unavailable", "no speech engine is configured (speech.engine)"))
      : this.#answer(this.analysis);
  }

  blocks(): Promise<readonly Block[]> {
    return this.#answer(this.held);
  }

  addBlock(block: Parameters<GatewayControl["addBlock"]>[0]): Promise<Block> {
    const { ttlMs, ...scope } = block;
    const made = { ...scope, id: `block-${this.held.length + 1}`, createdAt: NOW, expiresAt: unixMs(NOW + ttlMs) };
    this.held.push(made);
    return this.#answer(made);
  }

  removeBlock(id: string): Promise<Block | undefined> {
    const block = this.held.find((each) => each.id === id);
    this.held = this.held.filter((each) => each !== block);
    return this.#answer(block);
  }

  undoIncident(id: string): Promise<Incident | undefined> {
    const incident = this.incidentsOpen.find((each) => each.id === id);
    this.incidentsOpen = this.incidentsOpen.filter((each) => each !== incident);
    return this.#answer(incident === undefined ? undefined : { ...incident, state: "closed", closedAt: NOW });
  }

  openIncidents(ids?: readonly string[]): Promise<readonly Incident[]> {
    return this.#answer(this.incidentsOpen.filter(({ id }) => ids?.includes(id) ?? true));
  }

  importBaseline(rows: readonly unknown[]): Promise<number> {
    return this.#answer(rows.length);
  }

  guardAlso(marked: GuardListOptions): Promise<void> {
    this.guarded.push(marked);
    return this.#answer(undefined);
  }

  stats(): Promise<GatewayStats> {
    return this.#answer({
      startedAt: unixMs(NOW - 60_000),
      processedTotal: this.reported.length,
      alertsTotal: 0,
      disconnectsTotal: 0,
      refusedTotal: 0,
      activeCalls: this.live.length,
      openIncidents: this.incidentsOpen.length,
      activeBlocks: this.held.length,
      trackedNumbers: 0,
      avgLatencyMs: 0.01,
      draining: this.draining,
    });
  }

  canonical(number: string): Promise<string> {
    return this.#answer(number.replace(/^00/, "+"));
  }

  config(): Promise<unknown> {
    return this.#answer({ detection: { masking: { windowMs: 5000, threshold: 5 } } });
  }

  health(): Promise<readonly ComponentHealth[]> {
    return this.#answer(this.components);
  }

  reload(): Promise<{ changed: readonly string[]; ignored: readonly string[] }> {
    return this.#answer({ changed: ["trunks"], ignored: [] });
  }

  startTrace(order: TraceOrder): ReturnType<GatewayControl["startTrace"]> {
    this.traces.push(order);
    return this.#answer({ id: `trace-${this.traces.length}`, until: unixMs(NOW + order.durationMs) });
  }

  stopTrace(id: string): Promise<boolean> {
    return this.#answer(id === `trace-${this.traces.length}`);
  }

  metrics(): Promise<unknown> {
    return this.#answer([]);
  }

  #answer<T>(value: T): Promise<T> {
    return this.failure === undefined ? Promise.resolve(value) : Promise.reject(this.failure);
  }
}
