import { z } from "zod";
import { THREAT_KINDS, THREAT_STAGES, THREAT_STATES } from "../../../detection/index.js";
import { text, time } from "./common.js";

export const transcriptFilter = {
  a_number: text(256).min(1).optional().describe("Canonical"),
  b_number: text(256).min(1).optional().describe("Canonical"),
  state: z.enum(THREAT_STATES).optional(),
};

export const transcriptAnswer = z.object({
  call_id: z.string(),
  a_number: z.string(),
  b_number: z.string(),
  trunk: z.string(),
  ended_at: time,
  state: z.enum(THREAT_STATES),
  score: z.number(),
  kind: z.enum(THREAT_KINDS),
  stage: z.enum(THREAT_STAGES),
});

export const transcriptTextAnswer = transcriptAnswer.extend({
  lines: z.array(
    z.object({
      speaker: z.string(),
      text: z.string(),
      start_ms: z.number(),
      end_ms: z.number(),
      confidence: z.number().optional(),
      language: z.string().optional(),
    }),
  ),
});

export const subjectParams = z.strictObject({ number: text(256).min(1) });
export const forgottenAnswer = z.object({
  number: z.string(),
  transcripts: z.int(),
  audio: z.int(),
  recordings: z.int().optional(),
  key_destroyed: z.boolean().describe("What the audit log's chain has of that number cannot be read any more"),
  kept: z.object({
    cdrs: z.int().describe("Call detail records from or to that number, 2,000 at most are counted"),
    cdr_days: z.int().optional().describe("They are kept so long; 0: for ever"),
    call_records: z
      .int()
      .optional()
      .describe("The same of call records of all sources, imported ones included; absent: none are kept here"),
    call_record_days: z.int().optional().describe("They are kept so long; 0: for ever"),
    transcripts_held: z.int().describe("Of calls whose other party a legal hold is on"),
    recordings_held: z.int().optional().describe("The same of recordings; absent: none are taken here"),
  }),
});
