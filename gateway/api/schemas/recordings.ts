import { z } from "zod";
import { RECORDING_ORIGINS, RECORDING_STAGES } from "../../ports/recordings.js";
import { text, time } from "./common.js";

const speaker = z.enum(["caller", "callee", "agent"]);

/** What recording systems send; the first two are all that they need to. */
export const recordingOrder = z.object({
  call_id: text(256).min(1).describe("The other system's id of the call"),
  recording_url: text(4_096).min(1).describe("https://… or s3://bucket/key"),
  caller: text(256).min(1).optional().describe("Number, so that deletion by subject finds it"),
  called: text(256).min(1).optional().describe("The same of the called side"),
  language: z
    .string()
    .regex(/^[a-z]{2}$/)
    .optional()
    .describe("ISO 639-1"),
  speakers: z.array(speaker).min(1).max(2).optional().describe("Who speaks on which channel"),
  priority: z.int().min(0).max(9).default(5).describe("9 is first"),
});

export const uploadQuery = recordingOrder
  .omit({ recording_url: true, speakers: true, priority: true })
  .extend({
    speakers: z
      .string()
      .max(32)
      .transform((names) => names.split(",").map((name) => name.trim()))
      .pipe(z.array(speaker).min(1).max(2))
      .optional()
      .describe("As caller,callee"),
    priority: z.coerce.number().int().min(0).max(9).default(5),
  })
  .strict();

export const recordingAnswer = z.object({
  id: z.string().describe("Also the idempotency key at the CRM"),
  call_id: z.string(),
  origin: z.enum(RECORDING_ORIGINS),
  stage: z.enum(RECORDING_STAGES).describe("What is still to be done; done and failed are the ends"),
  progress: z.number().describe("0–1"),
  priority: z.int(),
  created_at: time,
  updated_at: time,
  due_at: time.describe("Not before"),
  attempts: z.int().describe("Failed tries of this stage"),
  duration_ms: z.number(),
  error: z.string().nullable(),
  detail: z.string().nullable(),
  state: z.string().nullable().describe("Threat"),
  score: z.number().nullable(),
  kind: z.string().nullable(),
});

export const recordingsQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1_000).default(100).describe("Most rows, newest first"),
  stage: z.enum(RECORDING_STAGES).optional(),
  call_id: text(256).optional(),
});

export const queueAnswer = z.record(z.string(), z.int()).describe("Jobs by stage");
export const addedAnswer = recordingAnswer.extend({ new: z.boolean().describe("False: it was there already") });
export const resultAnswer = z
  .looseObject({
    call_id: z.string(),
    transcript: z.string(),
    summary: z.string(),
    topic: z.string(),
    duration: z.string().describe("As 8m12s"),
  })
  .describe("What the CRM is sent, and the lines");
export const jobParams = z.strictObject({ id: z.string().regex(/^[0-9a-f]{32}$/) });
