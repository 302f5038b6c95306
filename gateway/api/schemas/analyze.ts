import { z } from "zod";
import { THREAT_KINDS, THREAT_STAGES, THREAT_STATES } from "../../../detection/index.js";

const share = z.number().describe("0 to 1");
const speaker = z.enum(["caller", "callee", "agent"]);
const language = z
  .string()
  .regex(/^[a-z]{2}$/, "not an ISO 639-1 code")
  .optional()
  .describe("ISO 639-1; default: the recogniser finds out");

/** What else is said about a recording; in JSON beside `audio`, else in the query. */
export const analyzeQuery = z.object({
  language,
  speakers: z
    .string()
    .max(64)
    .transform((text) => text.split(","))
    .pipe(z.array(speaker).min(1).max(2))
    .optional()
    .describe("Who speaks on which channel: caller,callee; one channel: the caller"),
});

export const analyzeJson = z.object({
  audio: z.string().min(1).describe("A WAV file, base64"),
  language,
  speakers: z.array(speaker).min(1).max(2).optional(),
});

export const analyzeAnswer = z.object({
  threat_detected: z.boolean().describe("The state is suspicious or scam"),
  threat_details: z.string().nullable().describe("For people: what it sounds like, and on what grounds"),
  state: z.enum(THREAT_STATES),
  score: share,
  kind: z.enum(THREAT_KINDS),
  stage: z.enum(THREAT_STAGES),
  evidence: z.array(z.object({ turn: z.int(), text: z.string(), cue: z.string(), weight: z.number() })),
  segments: z.array(
    z.object({
      segment: z.int(),
      speaker,
      start_ms: z.int(),
      end_ms: z.int(),
      text: z.string().nullable().describe("Redacted; null: the recogniser made nothing of it"),
      confidence: share.optional(),
      language: z.string().optional(),
    }),
  ),
  transcript: z
    .array(z.object({ speaker, text: z.string(), at_ms: z.int() }))
    .describe("What one says until the other does"),
  duration_ms: z.int(),
  truncated: z.boolean().describe("The file ends before its header says; what is there was heard"),
  engine: z.object({ recogniser: z.string(), voice_activity: z.string() }),
});
export type AnalyzeAnswer = z.output<typeof analyzeAnswer>;
