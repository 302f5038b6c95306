import type { Severity } from "../model/findings.js";
import type { UnixMs } from "../model/time.js";
import type { Weekday } from "../cdr/site-calendar.js";

/** Which alerts something is about: all parts that are given must fit. Empty lists fit everything. */
export interface AlertFilter {
  readonly rules: readonly string[];
  /** Called numbers, prefixes with * at the end. */
  readonly called: readonly string[];
  readonly trunks: readonly string[];
  readonly teams: readonly string[];
}

/** A stretch of time in which people know why it rings: alerts are kept, and nobody is told. */
export interface MaintenanceWindow extends AlertFilter {
  readonly name: string;
  readonly from?: UnixMs | undefined;
  readonly until?: UnixMs | undefined;
  /** Every week: on these days from `start` to `end` (`22:00` to `02:00` passes midnight), in that time zone. */
  readonly weekly?:
    | { readonly days: readonly Weekday[]; readonly start: string; readonly end: string; readonly timeZone: string }
    | undefined;
}

/** Alerts that nobody is told of until `until`, or ever. */
export interface Suppression extends AlertFilter {
  readonly name: string;
  /** Only those that are less severe. */
  readonly below?: Severity | undefined;
  readonly until?: UnixMs | undefined;
}

export interface EscalationStep {
  /** Without acknowledgement for so long since routes were told first, ms. */
  readonly afterMs: number;
  /** Routes that are told then, whatever they are told otherwise. */
  readonly routes: readonly string[];
  readonly minSeverity: Severity;
}

export interface Team {
  readonly name: string;
  readonly trunks: readonly string[];
  readonly called: readonly string[];
}

/** Numbers that a person marked as honest: alerts about them are kept and not told. */
export interface AlertGuard {
  readonly id: string;
  /** A number, or a prefix with * at its end. */
  readonly number: string;
  readonly side: "called" | "caller";
  readonly caseId: string;
  readonly createdAt: UnixMs;
  /** Undefined: until it is removed. */
  readonly expiresAt?: UnixMs;
  readonly createdBy: string;
  readonly reason: string;
}

export interface AlertSettings {
  /** Alerts of one rule about one number within so long of the one before belong to one case, ms. */
  readonly groupMs: number;
  /** A case that goes on is told again at the earliest after so long, unless it gets worse, ms. */
  readonly updateEveryMs: number;
  /** A case of call records in which nothing more was found for so long closes by itself; 0: never, ms. */
  readonly closeAfterQuietMs: number;
  readonly maintenance: readonly MaintenanceWindow[];
  readonly suppress: readonly Suppression[];
  readonly escalation: readonly EscalationStep[];
  readonly teams: readonly Team[];
}
