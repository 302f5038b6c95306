import { z } from "zod";
import { THREAT_KINDS, THREAT_STAGES, THREAT_STATES } from "../../../detection/index.js";

const share = z.number().describe("0 to 1");

export const heardAnswer = z.object({
  call_id: z.string(),
  state: z.enum(THREAT_STATES).describe("Of all that is known of the call"),
  score: share,
  kind: z.enum(THREAT_KINDS),
  stage: z.enum(THREAT_STAGES),
  evidence: z.array(
    z.object({
      turn: z.int(),
      text: z.string(),
      cue: z.string(),
      weight: z.number().describe("Below 0: speaks for it"),
    }),
  ),
  shed: z.boolean().describe("It has lost its transcription for want of CPU"),
  lines: z.array(
    z.object({
      speaker: z.string(),
      text: z.string().describe("Card numbers, codes and ids are redacted"),
      start_ms: z.number().describe("Since the audio began"),
      end_ms: z.number(),
      final: z.boolean(),
      confidence: share.optional(),
      language: z.string().optional(),
    }),
  ),
});
export type HeardAnswer = z.output<typeof heardAnswer>;

export const releaseAnswer = z.object({ call_id: z.string(), released: z.boolean() });
