import type {
  Block,
  Decision,
  EventSource,
  FusedThreat,
  GuardListOptions,
  Incident,
  TranscriptLine,
  TurnVerdict,
  UnixMs,
} from "../../detection/index.js";
import type { AnalysisOrder, AudioAnalysis } from "./audio-analysis.js";

/** A call event as a switch reports it. Raw numbers: the gateway applies the trunk's number plan. */
export interface SwitchEvent {
  readonly callId: string;
  readonly aNumber: string;
  readonly bNumber: string;
  readonly at: UnixMs | undefined;
  readonly status: "active" | "ringing" | "answered" | "ended";
  readonly switchId: string | undefined;
  readonly trunk: string | undefined;
  /** Who says so. Default `switch`: reported over HTTP. */
  readonly source?: Extract<EventSource, "switch" | "asterisk">;
  /** It was under way long before anybody told of it: known from now on, but not counted as a call of this moment. */
  readonly resumed?: boolean;
}

export interface EventVerdict {
  readonly callId: string;
  readonly status: "processed" | "rejected";
  readonly verdict: Decision["verdict"];
  readonly detected: boolean;
  readonly alertId?: string;
  readonly incidentId?: string;
  /** Why it was rejected: bad number, queue full. */
  readonly reason?: string;
}

export interface LiveCallView {
  readonly callId: string;
  readonly caller: string;
  readonly called: string;
  readonly trunk: string;
  readonly phase: string;
  readonly startedAt: UnixMs;
  readonly answeredAt?: UnixMs;
  readonly nextHop?: string;
  readonly carriedBy: "hop" | "asterisk";
  /** `asterisk.servers[].id`, where an Asterisk carries it. */
  readonly server?: string;
}

/** What is heard of a call that is listened to. Redacted; kept in memory only while the call goes on. */
export interface HeardView {
  readonly callId: string;
  /** By which it came in: another call with the same Call-ID may have another. */
  readonly trunk: string;
  /** Of all that is known; undefined before anything is. */
  readonly threat: FusedThreat | undefined;
  /** Of the classifier, after the last final line. */
  readonly verdict: TurnVerdict | undefined;
  /** It has lost its transcription for want of CPU. */
  readonly shed: boolean;
  /** By the time at which each began; the last ones may be partial. */
  readonly lines: readonly TranscriptLine[];
}

export interface DisconnectResult {
  readonly callId: string;
  readonly success: boolean;
  /** `confirmed`, `already-gone`, `timed-out`, `unknown-call`, `ambiguous` (several calls have that Call-ID), or the error of the system that should have ended it. */
  readonly outcome: string;
  readonly via: "hop" | "switch-api" | "kamailio" | "opensips" | "asterisk" | "none";
  readonly tookMs: number;
}

export interface GatewayStats {
  readonly startedAt: UnixMs;
  readonly processedTotal: number;
  readonly alertsTotal: number;
  readonly disconnectsTotal: number;
  readonly refusedTotal: number;
  readonly activeCalls: number;
  readonly openIncidents: number;
  readonly activeBlocks: number;
  readonly trackedNumbers: number;
  /** Mean time of one decision, ms. */
  readonly avgLatencyMs: number;
  readonly draining: boolean;
}

export interface ComponentHealth {
  readonly name: string;
  readonly ok: boolean;
  /** True: without it calls are not carried. */
  readonly vital: boolean;
  readonly detail: string;
}

export interface TraceOrder {
  /** Canonical or raw number; calls from or to it are traced. */
  readonly number: string;
  readonly durationMs: number;
  readonly by: string;
}

/**
 * What the HTTP side may ask of the running gateway. The real one lives on the SIP thread; the API sees it through a message
 * channel, so every answer is a promise and every argument is plain data. Each call times out (2 s) with `backoffice.lost`.
 */
export interface GatewayControl {
  reportEvents(events: readonly SwitchEvent[]): Promise<readonly EventVerdict[]>;
  /** Oldest first: those of the hop, and those of Asterisks that are watched. */
  calls(limit: number): Promise<readonly LiveCallView[]>;
  /** Ends them with proof, whichever system carries them. `by`: key id, for the audit log. */
  endCalls(
    callIds: readonly string[],
    reason: string,
    by: string,
    alertId?: string,
  ): Promise<readonly DisconnectResult[]>;
  /** @returns Undefined: nobody listens to that call. */
  heard(callId: string): Promise<HeardView | undefined>;
  /** "This call is honest": a hold is lifted and nothing more is done to it. @returns False: nobody listens to that call. */
  releaseCall(callId: string, by: string): Promise<boolean>;
  /** Listens to a recording. @throws GatewayError as `AudioAnalyzer`. */
  analyze(order: AnalysisOrder): Promise<AudioAnalysis>;
  blocks(): Promise<readonly Block[]>;
  addBlock(
    block: Pick<Block, "called" | "caller" | "callerPrefix" | "trunk" | "reason" | "createdBy"> & {
      readonly ttlMs: number;
    },
  ): Promise<Block>;
  /** @returns The block that was removed; undefined: no such block. */
  removeBlock(id: string, by: string): Promise<Block | undefined>;
  /** Closes an incident, lifts its blocks and learns the number as busy: "this was us being wrong". */
  undoIncident(id: string, by: string): Promise<Incident | undefined>;
  /** As they stand now: those with these ids, or the newest 1,000. */
  openIncidents(ids?: readonly string[]): Promise<readonly Incident[]>;
  /** Learned busy numbers: called number → callers per window that are normal there. */
  importBaseline(rows: readonly { readonly called: string; readonly callersPerWindow: number }[]): Promise<number>;
  /** Numbers that people marked as honest, all of them: no rule cuts them, beside `detection.guard`. */
  guardAlso(marked: GuardListOptions): Promise<void>;
  stats(): Promise<GatewayStats>;
  /** A number as the plan of the default trunk reads it. */
  canonical(number: string): Promise<string>;
  /** The values in force, secrets hidden. */
  config(): Promise<unknown>;
  health(): Promise<readonly ComponentHealth[]>;
  reload(by: string): Promise<{ readonly changed: readonly string[]; readonly ignored: readonly string[] }>;
  startTrace(order: TraceOrder): Promise<{ readonly id: string; readonly until: UnixMs }>;
  stopTrace(id: string, by: string): Promise<boolean>;
  /** prom-client's JSON form of the SIP thread's registry, for aggregation. */
  metrics(): Promise<unknown>;
}
