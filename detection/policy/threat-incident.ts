import type { CalledId, CallerId, TrunkId } from "../model/events.js";
import type { Alert, Incident, IncidentCall, Severity } from "../model/findings.js";
import type { TurnVerdict } from "../model/threat.js";
import type { UnixMs } from "../model/time.js";
import type { IdSource } from "./detection-options.js";
import type { FusedThreat } from "./threat-fusion.js";
import { explain } from "./threat-template.js";

/** A call that is listened to. */
export interface ThreatCall {
  readonly callId: string;
  readonly caller: CallerId;
  readonly called: CalledId;
  readonly trunk: TrunkId;
  /** What signalling thinks of it, 0–1. */
  readonly signalling: number;
}

/** Cues that an alert names. */
const MAX_CUES = 8;

/** The incident of one call that sounds like fraud. */
export class ThreatIncident {
  readonly id: string;
  /** Of the newest alert; empty before the first. */
  alertId = "";
  readonly #ids: IdSource;
  readonly #call: ThreatCall;
  readonly #openedAt: UnixMs;
  #updatedAt: UnixMs;
  #fused: FusedThreat = { score: 0, state: "clear" };
  #speech: TurnVerdict | undefined;
  #disposition: Incident["disposition"] = "enforced";

  constructor(ids: IdSource, call: ThreatCall, now: UnixMs) {
    this.#ids = ids;
    this.#call = call;
    this.#openedAt = now;
    this.#updatedAt = now;
    this.id = `inc-${ids.token(8)}`;
  }

  update(fused: FusedThreat, speech: TurnVerdict | undefined, disposition: Incident["disposition"], now: UnixMs): void {
    this.#fused = fused;
    this.#speech = speech;
    this.#disposition = disposition;
    this.#updatedAt = now;
  }

  snapshot(closedAt?: UnixMs): Incident {
    const { callId, caller, called, trunk } = this.#call;
    const call: IncidentCall = { callId, caller, trunk, at: this.#openedAt };
    return {
      id: this.id,
      rule: "threat",
      called,
      state: closedAt === undefined ? "open" : "closed",
      severity: this.#severity(),
      openedAt: this.#openedAt,
      updatedAt: closedAt ?? this.#updatedAt,
      ...(closedAt === undefined ? {} : { closedAt }),
      trunks: [trunk],
      callers: [caller],
      callerCount: 1,
      calls: [call],
      callCount: 1,
      disposition: this.#disposition,
      windowMs: 0,
      threshold: 0,
    };
  }

  /** A new alert about it: one for each step that the state has risen. */
  alert(now: UnixMs): Alert {
    const { callId, caller, called } = this.#call;
    const { score, state } = this.#fused;
    const kind = this.#speech?.kind ?? "none";
    const stage = this.#speech?.stage ?? "none";
    const cues = [...new Set((this.#speech?.evidence ?? []).filter(({ weight }) => weight > 0).map(({ cue }) => cue))];
    this.alertId = `alert-${this.#ids.token(8)}`;
    const words = explain(kind, stage, state === "scam");
    return {
      id: this.alertId,
      incidentId: this.id,
      rule: "threat",
      called,
      callers: [caller],
      callerCount: 1,
      callIds: [callId],
      callCount: 1,
      severity: this.#severity(),
      detectedAt: now,
      disposition: this.#disposition,
      message: words.explanation,
      threat: { state, score, kind, stage, cues: cues.slice(0, MAX_CUES), ...words, by: "template" },
    };
  }

  #severity(): Severity {
    if (this.#fused.state !== "scam") return "medium";
    return this.#speech?.stage === "request" ? "critical" : "high";
  }
}
