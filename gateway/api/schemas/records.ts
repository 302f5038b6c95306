import { z } from "zod";
import { severity, text, time } from "./common.js";

export const idParams = z.strictObject({ id: text(256).min(1) });

export const incidentAnswer = z.object({
  incident_id: z.string(),
  rule: z.string(),
  b_number: z.string(),
  state: z.enum(["open", "closed"]),
  severity,
  disposition: z.string(),
  opened_at: time,
  updated_at: time,
  closed_at: time.optional(),
  trunks: z.array(z.string()),
  a_numbers: z.array(z.string()),
  a_number_count: z.int(),
  call_count: z.int(),
  calls: z.array(z.object({ call_id: z.string(), a_number: z.string(), trunk: z.string(), at: time })),
  window_ms: z.number(),
  threshold: z.int(),
});

export const blockBody = z
  .strictObject({
    b_number: text(256)
      .min(1)
      .describe(
        "Called number that is protected; made canonical by the number plan of `trunk`, else of the default trunk",
      ),
    a_number: text(256).min(1).optional().describe("Refuse this caller"),
    a_prefix: text(64).min(1).optional().describe("Refuse callers that start with this"),
    trunk: text(128).min(1).optional().describe("Refuse calls of this trunk"),
    ttl_ms: z
      .int()
      .min(1_000)
      .max(31 * 86_400_000)
      .describe("How long, ms"),
    reason: text(256).default("operator"),
  })
  .refine((block) => block.a_number !== undefined || block.a_prefix !== undefined || block.trunk !== undefined, {
    message: "name the callers: a_number, a_prefix or trunk. A block of everybody to a number is not possible",
    path: ["a_number"],
  });

export const blockAnswer = z.object({
  block_id: z.string(),
  b_number: z.string(),
  a_number: z.string().optional(),
  a_prefix: z.string().optional(),
  trunk: z.string().optional(),
  incident_id: z.string().optional(),
  created_at: time,
  expires_at: time,
  created_by: z.string(),
  reason: z.string(),
});

export const addedBlockAnswer = blockAnswer.extend({
  warning: z.string().optional().describe("Why the block may not do what is expected of it"),
});

export const callAnswer = z.object({
  call_id: z.string(),
  a_number: z.string(),
  b_number: z.string(),
  trunk: z.string(),
  phase: z.string(),
  started_at: time,
  answered_at: time.optional(),
  next_hop: z.string().optional(),
  carried_by: z.enum(["hop", "asterisk"]),
  server: z.string().optional().describe("Which Asterisk carries it: `asterisk.servers[].id`"),
});
export const endCallsBody = z.strictObject({
  call_ids: z.array(text(512).min(1)).min(1).max(1_000),
  reason: text(256).default("operator"),
});

export const cdrAnswer = z.object({
  id: z.string(),
  call_id: z.string(),
  b_call_id: z.string().optional(),
  caller: z.string(),
  called: z.string(),
  trunk: z.string(),
  next_hop: z.string().optional(),
  started_at: time,
  ringing_at: time.optional(),
  answered_at: time.optional(),
  ended_at: time,
  duration_ms: z.number(),
  status: z.int(),
  ended_by: z.string(),
  cause: z.string(),
  q850: z.int().optional(),
  incident_id: z.string().optional(),
  block_id: z.string().optional(),
  emergency: z.boolean(),
  media_anchor: z.string().optional().describe("Who carried the media: relay or rtpengine; absent: it passed us by"),
  media_not_heard: z.string().optional().describe("Why the media, or a part of it, passed us by or was not heard"),
  a_packets: z.int().optional().describe("RTP packets from the caller"),
  a_lost: z.int().optional().describe("Missing by sequence number, RFC 3550 A.3"),
  a_jitter_ms: z.number().optional(),
  a_mos: z.number().optional().describe("Estimate by the E-model, 1 to 4.5"),
  b_packets: z.int().optional().describe("RTP packets from the called side"),
  b_lost: z.int().optional(),
  b_jitter_ms: z.number().optional(),
  b_mos: z.number().optional(),
  identity_verdict: z
    .string()
    .optional()
    .describe("Signed caller identity: verified, failed, absent or unverified; absent: nobody looked"),
  identity_attest: z.string().optional().describe("A, B or C, RFC 8588"),
  identity_origid: z.string().optional().describe("The signer's own name for where the call began"),
  identity_reason: z.string().optional().describe("Why it failed or was not judged"),
  identity_diverted: z.boolean().optional().describe("The call was sent on, RFC 8946"),
});

export const teardownAnswer = z.object({
  call_id: z.string(),
  incident_id: z.string().optional(),
  at: time,
  phase: z.string(),
  via: z.string(),
  a_outcome: z.string(),
  b_outcome: z.string(),
  took_ms: z.number(),
});

export const auditAnswer = z.object({
  id: z.string(),
  at: time,
  actor: z.string(),
  role: z.string(),
  action: z.string(),
  target: z.string(),
  outcome: z.string(),
  detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});

export const baselineBody = z.strictObject({
  rows: z
    .array(
      z.strictObject({
        b_number: text(256).min(1),
        callers_per_window: z
          .number()
          .min(0)
          .max(1_000_000)
          .describe("Distinct callers in one window that are normal there"),
      }),
    )
    .min(1)
    .max(10_000),
});
export const traceBody = z.strictObject({
  number: text(256).min(1).describe("Calls from or to it are traced"),
  duration_ms: z.int().min(1_000).max(86_400_000).default(600_000),
});
