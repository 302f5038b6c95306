import { z } from "zod";
import { ALERT_EVENTS, CASE_STATES, CLOSE_REASONS } from "../../../detection/index.js";
import { severity, text, time } from "./common.js";

export const caseAnswer = z.object({
  case_id: z.string(),
  state: z.enum(CASE_STATES),
  severity,
  rule: z.string(),
  b_number: z.string(),
  opened_at: time,
  updated_at: time,
  closed_at: time.optional(),
  closed_why: z
    .enum(CLOSE_REASONS)
    .optional()
    .describe("incidents-over; quiet: by itself, nothing more was found in call records; by-hand"),
  closed_by: z.string().optional().describe("Who closed it, or marked it as a false positive"),
  incident_ids: z.array(z.string()),
  trunks: z.array(z.string()),
  team: z.string().optional(),
  alert_count: z.int(),
  call_count: z.int().describe("Calls of its latest incident, as that is now; seconds behind"),
  a_number_count: z.int().describe("Callers of its latest incident, as that is now; seconds behind"),
  acknowledged_by: z.string().optional(),
  acknowledged_at: time.optional(),
  suppressed_by: z
    .string()
    .optional()
    .describe(
      "Why routes are not told: a maintenance window, a suppression, a mark, or history: it was long over when it was imported",
    ),
  escalations: z.int().describe("Escalation steps that are done"),
  message: z.string(),
  explanation: z.string(),
  recommended: z.string(),
});
export type CaseAnswer = z.output<typeof caseAnswer>;

export const commentAnswer = z.object({ id: z.string(), at: time, author: z.string(), text: z.string() });

export const deliveryAnswer = z.object({
  delivery_id: z.string().describe("The same in every try"),
  case_id: z.string(),
  route: z.string(),
  event: z.enum(ALERT_EVENTS),
  state: z.enum(["waiting", "sent", "dead"]),
  attempts: z.int(),
  created_at: time,
  next_at: time.optional().describe("Waiting: when it is tried again at the earliest"),
  sent_at: time.optional(),
  last_error: z.string().optional(),
});
export type DeliveryAnswer = z.output<typeof deliveryAnswer>;

export const oneCaseAnswer = caseAnswer.extend({
  comments: z.array(commentAnswer),
  deliveries: z.array(deliveryAnswer),
});

export const guardAnswer = z.object({
  guard_id: z.string(),
  side: z.enum(["called", "caller"]),
  number: z.string().describe("A number, or a prefix with * at its end"),
  case_id: z.string(),
  created_at: time,
  expires_at: time.optional(),
  created_by: z.string(),
  reason: z.string(),
});

export const commentBody = z.strictObject({ text: text(4_000).min(1) });

const guardNumber = text(128)
  .min(1)
  .refine(
    (value) => /^[^*]+\*?$/.test(value) && value.replace("*", "").length >= 3,
    "a number, or a prefix of three and *",
  );

export const falsePositiveBody = z.strictObject({
  reason: text(512).default("no fraud"),
  guard_called: guardNumber
    .optional()
    .describe("Alerts about this called number, or prefix with *, are not told any more; nothing is cut there"),
  guard_caller: guardNumber.optional().describe("The same for a caller"),
  ttl_ms: z
    .int()
    .min(60_000)
    .max(10 * 366 * 86_400_000)
    .optional()
    .describe("How long the guards hold, ms; absent: until they are removed"),
});

export const replayBody = z
  .strictObject({
    ids: z.array(text(256).min(1)).min(1).max(1_000).optional().describe("These"),
    route: text(64).min(1).optional().describe("All of this route"),
  })
  .refine(({ ids, route }) => ids !== undefined || route !== undefined, {
    message: "name ids or a route",
    path: ["ids"],
  });
