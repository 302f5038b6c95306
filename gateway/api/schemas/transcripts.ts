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
export const forgottenAnswer = z.object({ number: z.string(), transcripts: z.int(), audio: z.int() });
