import type { UnixMs } from "../model/time.js";

/** What kind of number it is, as far as its prefix tells. */
export const NUMBER_CLASSES = [
  "fixed",
  "mobile",
  "fixed-or-mobile",
  "toll-free",
  "shared-cost",
  "premium",
  "satellite",
  "international-network",
  "short-code",
  "emergency",
  "internal",
  "unknown",
] as const;
export type NumberClass = (typeof NUMBER_CLASSES)[number];

export const RECORD_SOURCES = ["hop", "asterisk", "csv", "webex"] as const;
export type RecordSource = (typeof RECORD_SOURCES)[number];

/** Why a call reached somebody else than who was dialled. */
export const FORWARD_KINDS = [
  "always",
  "busy",
  "no-answer",
  "unreachable",
  "selective",
  "mode",
  "transfer",
  "unknown",
] as const;
export type ForwardKind = (typeof FORWARD_KINDS)[number];

/**
 * One finished call, whoever recorded it: what the detectors of call records, the reports and the journeys read. Made by the intake
 * (gateway side), which applies the number plan and the sites; times are the record's own.
 */
export interface CallRecord {
  /** Unique within its source for ever; a record that comes again has the same. */
  readonly id: string;
  readonly source: RecordSource;
  /** What the switch calls this leg. */
  readonly callId: string;
  /** Whoever is accountable for the call at our side: an extension, a user's UUID, a trunk's name. Never empty. */
  readonly user: string;
  /** Seen from our side. */
  readonly direction: "out" | "in" | "internal" | "unknown";
  /** E.164 with `+` where the plan can read it, else as recorded. Empty: withheld. */
  readonly caller: string;
  readonly called: string;
  /** As typed, before translation. */
  readonly dialled?: string;
  /** ISO 3166-1 alpha-2 of the far end; absent: unknown or no country. */
  readonly country?: string;
  /** Of the far end. */
  readonly numberClass: NumberClass;
  /** The far end is in another country than the site. */
  readonly international: boolean;
  readonly startedAt: UnixMs;
  readonly answeredAt?: UnixMs;
  readonly endedAt: UnixMs;
  /** From answer to end, ms; 0 when it was never answered. */
  readonly durationMs: number;
  readonly ringMs?: number;
  readonly outcome: "answered" | "no-answer" | "busy" | "refused" | "failed" | "cancelled";
  /** Why it failed, where that is known: `authentication` is what detectors look for. */
  readonly failure?: "authentication" | "congestion" | "unallocated" | "other";
  /** The site of the user; absent: the default one. */
  readonly site?: string;
  readonly trunk?: string;
  readonly department?: string;
  /** This leg exists because a call was sent on. */
  readonly forwarded?: { readonly kind: ForwardKind; readonly by?: string };
  /** Links between the legs of one conversation. */
  readonly links?: { readonly correlation?: string; readonly related?: string; readonly transfer?: string };
  /** True: media or signalling was encrypted; absent: not known. */
  readonly encrypted?: boolean;
  readonly client?: string;
  readonly address?: string;
  /** When the record reached us; late ones are later than the detectors' time. */
  readonly reportedAt?: UnixMs;
}

/** A setting that was changed: forwarding, credentials, anything an attacker would change first. */
export interface SettingChange {
  readonly id: string;
  readonly user: string;
  readonly site?: string;
  readonly at: UnixMs;
  readonly setting: "call-forwarding";
  readonly kind: ForwardKind;
  readonly enabled: boolean;
  /** E.164 where readable. */
  readonly target?: string;
  readonly country?: string;
  readonly numberClass: NumberClass;
  readonly international: boolean;
  /** The target is outside of our own numbers. */
  readonly external: boolean;
  readonly by?: string;
}
