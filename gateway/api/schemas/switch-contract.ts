import { z } from "zod";
import { severity, text, time, verdict } from "./common.js";

const MAX_CALL_ID = 512;
const MAX_NUMBER = 256;

/** The fields that switches send today; a switch may send more, which are ignored. */
export const eventBody = z.object({
  call_id: text(MAX_CALL_ID).min(1).describe("Call-ID of the call's first leg"),
  a_number: text(MAX_NUMBER).describe("Caller, as the switch writes it; empty: withheld"),
  b_number: text(MAX_NUMBER).min(1).describe("Called number, as the switch writes it"),
  timestamp: z
    .union([text(64), z.number()])
    .nullish()
    .describe(
      "ISO 8601, or seconds, ms, µs or ns since 1970. Trusted within ±30 s of arrival; otherwise arrival counts",
    ),
  status: text(32).nullish().describe("active, ringing, answered or ended (and usual synonyms); default active"),
  switch_id: text(128).nullish().describe("Which switch reports"),
  trunk: text(128).nullish().describe("Trunk that the call came in by; default: the switch's"),
});
export type EventBody = z.output<typeof eventBody>;

export const eventAnswer = z.object({
  status: z.enum(["processed", "rejected"]),
  detected: z.boolean().describe("The call is part of an attack"),
  alert_id: z.string().optional(),
  call_id: z.string(),
  verdict: verdict.describe("What the switch should do with the call"),
  incident_id: z.string().optional(),
  reason: z.string().optional().describe("Why it was rejected"),
});
export type EventAnswer = z.output<typeof eventAnswer>;

export const batchBody = z.object({ events: z.array(eventBody) });
export const batchAnswer = z.object({
  processed: z.int().describe("Events that were taken"),
  results: z.array(eventAnswer).describe("One per event, in their order"),
});

export const disconnectBody = z.object({
  call_ids: z.array(text(MAX_CALL_ID).min(1)).min(1).max(1_000),
  alert_id: text(128).nullish(),
  reason: text(256).nullish(),
});
export const disconnectAnswer = z.object({
  requested: z.int(),
  disconnected: z.int(),
  failed: z.int(),
  results: z.array(
    z.object({
      call_id: z.string(),
      success: z.boolean(),
      outcome: z
        .string()
        .describe("confirmed, already-gone, timed-out, unknown-call, ambiguous, or what the other system said"),
      via: z.string().describe("Which system ended it"),
      took_ms: z.number(),
    }),
  ),
});

export const healthAnswer = z.object({
  status: z.enum(["healthy", "degraded", "unhealthy"]),
  timestamp: time,
  version: z.string(),
  components: z.array(
    z.object({
      name: z.string(),
      ok: z.boolean(),
      vital: z.boolean(),
      why: z.string().optional().describe("Where it is not ok; without addresses, hosts and files, which /ready has"),
    }),
  ),
});
export const readyAnswer = z.object({
  ready: z.boolean(),
  draining: z.boolean(),
  components: z.array(z.object({ name: z.string(), ok: z.boolean(), vital: z.boolean(), detail: z.string() })),
});

export const alertAnswer = z.object({
  alert_id: z.string(),
  b_number: z.string(),
  a_numbers: z.array(z.string()),
  call_count: z.int(),
  severity,
  detected_at: time,
  incident_id: z.string(),
  rule: z.string(),
  a_number_count: z.int().describe("Exact, where a_numbers is cut"),
  call_ids: z.array(z.string()),
  disposition: z.string().describe("enforced, or why nothing was cut"),
  message: z.string(),
  threat: z
    .object({
      state: z.string().describe("uncertain, suspicious or scam"),
      score: z.number().describe("0 to 1"),
      kind: z.string().describe("What kind of fraud it sounds like"),
      stage: z.string().describe("How far the talk has come: contact, pretext, pressure, request"),
      cues: z.array(z.string()).describe("Names of what was heard, strongest first"),
      explanation: z.string(),
      recommended: z.string().describe("What a person should do now"),
      by: z.enum(["model", "template"]).describe("Who wrote these two sentences"),
    })
    .optional()
    .describe("Rule threat: what was heard. No word of the call is in it"),
  finding: z
    .object({
      id: z.string().describe("GET /api/v1/findings/ID has how it stands now"),
      score: z.number().describe("0 to 1"),
      first_at: time,
      site: z.string().optional(),
      evidence: z.record(z.string(), z.number()).describe("The figures that were compared"),
      detail: z.record(z.string(), z.string()),
      explanation: z.string(),
      recommended: z.string().describe("What a person should do now"),
      false_positives: z.string().describe("What honest traffic looks like it"),
    })
    .optional()
    .describe("Rules of call records: what was found. b_number is then who or what it is about"),
});
export type AlertAnswer = z.output<typeof alertAnswer>;

export const statsAnswer = z.object({
  processed_total: z.int(),
  alerts_total: z.int(),
  active_calls: z.int(),
  avg_latency_ms: z.number().describe("Mean time of one decision"),
  disconnects_total: z.int(),
  refused_total: z.int(),
  open_incidents: z.int(),
  active_blocks: z.int(),
  tracked_numbers: z.int(),
  started_at: time,
  uptime_s: z.number(),
  draining: z.boolean(),
  call_records: z
    .object({
      records_total: z.int(),
      duplicates_total: z.int(),
      findings_total: z.int(),
      alerts_total: z.int(),
      open_findings: z.int(),
    })
    .optional()
    .describe("Call records that the detectors saw; absent: nothing feeds them"),
});
