import type { CdrFinding, CdrRule, FindingPlace } from "../cdr/cdr-finding.js";
import type { CalledId, CallerId, TrunkId } from "./events.js";
import type { Severity } from "./severity.js";
import type { ThreatKind, ThreatStage, ThreatState } from "./threat.js";
import type { UnixMs } from "./time.js";

/** Rules that can be set to shadow or enforce one by one. */
export type RuleName = "masking" | "block" | "threat" | CdrRule;
export type RuleMode = "off" | "shadow" | "enforce";
export type { Severity } from "./severity.js";

export interface Finding {
  readonly rule: RuleName;
  /** The called number that the finding is about. */
  readonly subject: CalledId;
  readonly at: UnixMs;
  /** Certainty from 0 (noise) to 1 (sure). */
  readonly score: number;
  /** The numbers the rule compared, so that a person can check the verdict. */
  readonly evidence: Readonly<Record<string, number>>;
}

export interface IncidentCall {
  readonly callId: string;
  readonly caller: CallerId;
  readonly trunk: TrunkId;
  readonly at: UnixMs;
}

export type IncidentState = "open" | "closed";

/** One attack on one called number, from the call that reached the threshold until it went quiet. */
export interface Incident {
  readonly id: string;
  readonly rule: RuleName;
  readonly called: CalledId;
  readonly state: IncidentState;
  readonly severity: Severity;
  readonly openedAt: UnixMs;
  readonly updatedAt: UnixMs;
  readonly closedAt?: UnixMs;
  /** The trunks the attack comes from. */
  readonly trunks: readonly TrunkId[];
  /** Distinct callers, capped at `maxCallersPerIncident`; `callerCount` is exact. */
  readonly callers: readonly CallerId[];
  readonly callerCount: number;
  readonly calls: readonly IncidentCall[];
  readonly callCount: number;
  /** What was decided about it: `enforced`, or why nothing was cut. */
  readonly disposition: "enforced" | "shadow" | "guarded" | "baseline" | "canary" | "rate-limited";
  readonly windowMs: number;
  readonly threshold: number;
}

/** Refuses new calls of the attackers to one called number until it expires. Never "everybody to B". */
export interface Block {
  readonly id: string;
  readonly called: CalledId;
  /** At least one of these three is present; all that are present must match. */
  readonly caller?: CallerId;
  readonly callerPrefix?: string;
  readonly trunk?: TrunkId;
  /** Callers that reached the number before the attack are let through a trunk or prefix block. */
  readonly incidentId?: string;
  readonly createdAt: UnixMs;
  readonly expiresAt: UnixMs;
  /** `policy`, or the key id of the person who added it. */
  readonly createdBy: string;
  readonly reason: string;
}

export interface Alert {
  readonly id: string;
  readonly incidentId: string;
  readonly rule: RuleName;
  readonly called: CalledId;
  readonly callers: readonly CallerId[];
  readonly callerCount: number;
  readonly callIds: readonly string[];
  readonly callCount: number;
  readonly severity: Severity;
  readonly detectedAt: UnixMs;
  /** `reported`: found in call records, when the calls were over. */
  readonly disposition: Incident["disposition"] | "reported";
  readonly message: string;
  /** Rule `threat`: what was heard. No word of the call is in it. */
  readonly threat?: AlertThreat;
  /** Rules of call records: what was compared. `called` is then who or what it is about. */
  readonly finding?: AlertFinding;
}

/** What was thought of a call that was listened to when its alert was raised. */
export interface AlertThreat {
  readonly state: ThreatState;
  readonly score: number;
  readonly kind: ThreatKind;
  readonly stage: ThreatStage;
  /** Names of what was heard, strongest first: `request.code`, `pressure.secrecy`. */
  readonly cues: readonly string[];
  /** For a person: why, and what to do now. */
  readonly explanation: string;
  readonly recommended: string;
  /** Who wrote these two sentences. */
  readonly by: "model" | "template";
}

/** What was found in call records when the alert was raised. */
export interface AlertFinding {
  readonly id: string;
  readonly score: number;
  readonly firstAt: UnixMs;
  readonly site?: string;
  /** Where the records belong that it was raised for. */
  readonly places?: readonly FindingPlace[];
  /** See `CdrFinding.isWide`. */
  readonly isWide?: true;
  readonly evidence: CdrFinding["evidence"];
  readonly detail: CdrFinding["detail"];
  readonly explanation: string;
  readonly recommended: string;
  readonly falsePositives: string;
  /** See `CdrFinding.isPast`. */
  readonly isPast?: true;
}

/** `elsewhere`: another system, as far as it was reported to us. */
export type Carrier = "hop" | "elsewhere";

/** What the gateway has to carry out. Order matters: the gateway acts in the order given. */
export type Action =
  | {
      readonly kind: "end-calls";
      readonly callIds: readonly string[];
      /** Calls of that side only: the other may have calls of the same ids. Absent: whoever has them. */
      readonly carriedBy?: Carrier;
      readonly incidentId: string;
      /** The alert that tells of it: what systems that carry the calls are told as `alert_id`. */
      readonly alertId: string;
      readonly reason: string;
      readonly foundAt: UnixMs;
    }
  | { readonly kind: "alert"; readonly alert: Alert }
  | { readonly kind: "incident"; readonly change: "opened" | "extended" | "closed"; readonly incident: Incident }
  | { readonly kind: "block"; readonly change: "added" | "expired" | "removed"; readonly block: Block }
  /** Tell the called side's equipment what is thought of the call: INFO with `X-Ringfence-Threat`. */
  | {
      readonly kind: "tag-call";
      readonly callId: string;
      readonly state: ThreatState;
      readonly score: number;
      readonly threat: ThreatKind;
    }
  /** Play the warning to the called side. */
  | { readonly kind: "warn-call"; readonly callId: string }
  /** Neither side hears the other until a person has decided, or `holdMs` are over. */
  | { readonly kind: "hold-call"; readonly callId: string; readonly held: boolean }
  /** A limit stood between a finding and a cut; say so to people. */
  | {
      readonly kind: "held-back";
      readonly why: "guard-list" | "baseline" | "disconnect-limit" | "canary" | "shadow" | "max-step" | "emergency";
      readonly incidentId: string;
      readonly callIds: readonly string[];
    };

/** The answer to one INVITE or one reported event, in-process and at once. */
export interface Decision {
  /** `refuse`: the call is blocked or belongs to an open, enforced incident. */
  readonly verdict: "allow" | "refuse";
  /** Present when refused, or when shadow mode let through what enforce would have refused. */
  readonly incidentId?: string;
  readonly blockId?: string;
  readonly alertId?: string;
  /** True when this event is part of an attack, whatever the verdict. */
  readonly detected: boolean;
  /** True when a rule in shadow mode (or canary, or a guard list) would have refused it. */
  readonly wouldRefuse: boolean;
  readonly actions: readonly Action[];
}
