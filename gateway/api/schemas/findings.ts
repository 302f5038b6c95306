import { z } from "zod";
import { CDR_RULES, RECORD_SOURCES } from "../../../detection/index.js";
import { pageQuery, severity, text, time } from "./common.js";

export const findingQuery = {
  ...pageQuery,
  rule: z.enum(CDR_RULES).optional(),
  severity: severity.optional(),
  subject: text(256).min(1).optional().describe("User, number or range that it is about"),
  state: z.enum(["open", "closed"]).optional(),
};

export const findingAnswer = z.object({
  finding_id: z.string(),
  rule: z.enum(CDR_RULES),
  mode: z.enum(["shadow", "enforce"]).describe("shadow: no alert was raised"),
  state: z.enum(["open", "closed"]),
  severity,
  score: z.number().describe("0 to 1"),
  subject: z.string(),
  user: z.string().optional(),
  site: z.string().optional(),
  first_at: time,
  at: time.describe("Of the last record that belongs to it"),
  evidence: z.record(z.string(), z.number()).describe("The figures that were compared"),
  detail: z.record(z.string(), z.string()),
  records: z.array(z.string()).describe("Ids of records, the first 20"),
  record_count: z.int(),
  title: z.string(),
  explanation: z.string(),
  recommended: z.string().describe("What a person should do now"),
  false_positives: z.string().describe("What honest traffic looks like it"),
  part: z
    .boolean()
    .optional()
    .describe("It has records of other teams too: those, and the figures made of all, are left out"),
});

const name = text(256).min(1).optional();
export const recordQuery = {
  ...pageQuery,
  user: name,
  caller: name.describe("Canonical, as +12025550101"),
  called: name,
  country: z
    .string()
    .regex(/^[A-Z]{2}$/)
    .optional()
    .describe("ISO 3166-1 alpha-2 of the far end"),
  site: name,
  source: z.enum(RECORD_SOURCES).optional(),
};

export const recordAnswer = z.object({
  id: z.string(),
  source: z.string(),
  call_id: z.string(),
  user: z.string().describe("Who is accountable at our side"),
  direction: z.enum(["out", "in", "internal", "unknown"]),
  caller: z.string(),
  called: z.string(),
  dialled: z.string().optional(),
  country: z.string().optional(),
  number_class: z.string(),
  international: z.boolean(),
  started_at: time,
  answered_at: time.optional(),
  ended_at: time,
  duration_ms: z.number(),
  ring_ms: z.number().optional(),
  outcome: z.string(),
  failure: z.string().optional(),
  site: z.string().optional(),
  trunk: z.string().optional(),
  department: z.string().optional(),
  forward_kind: z.string().optional(),
  forwarded_by: z.string().optional(),
  correlation: z.string().optional(),
  related: z.string().optional(),
  transfer: z.string().optional(),
  encrypted: z.boolean().optional(),
  client: z.string().optional(),
  address: z.string().optional(),
  reported_at: time.optional(),
});
