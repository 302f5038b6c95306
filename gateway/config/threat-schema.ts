import { z } from "zod";
import { DEFAULT_THREAT_OPTIONS as D, THREAT_STEPS } from "../../detection/index.js";
import { count, durationMs, secret } from "./field.js";

const weight = (fallback: number, what: string) => z.number().min(0).max(1).default(fallback).describe(`${what}, 0–1`);

const judge = z.strictObject({
  engine: z
    .enum(["none", "llama", "openai"])
    .default("none")
    .describe(
      "Language model as second opinion: none, llama (a GGUF file, in a process of its own) or an OpenAI-compatible server",
    ),
  modelPath: z.string().optional().describe("llama: the GGUF file"),
  modelSha256: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/)
    .optional()
    .describe("llama: the file is refused when its SHA-256 is another"),
  contextTokens: count(4_096, "llama: tokens of one question and its answer", 512, 131_072),
  threads: count(2, "llama: threads", 1, 256),
  gpu: z.enum(["off", "auto"]).default("off").describe("llama: use a GPU where a binary for it is installed"),
  url: z.url().optional().describe("openai: base URL with version, as http://127.0.0.1:8080/v1"),
  model: z.string().min(1).max(256).default("default").describe("openai: name of the model"),
  apiKey: secret().optional().describe("openai: bearer key"),
  timeoutMs: durationMs(
    4_000,
    "One answer takes at most this long; then the classifier's verdict stands alone",
    100,
    120_000,
  ),
  everyMs: durationMs(5_000, "A call is shown to it again at the earliest after this long", 0),
  maxJudging: count(4, "Questions that are open at a time", 1, 1_000),
});

/** Mirrors `ThreatOptions` of detection/, defaults included; wiring hands it over and a mismatch does not compile. */
export const threatSchema = z.strictObject({
  mode: z.enum(["off", "shadow", "enforce"]).default(D.mode).describe("off, shadow (alerts only) or enforce"),
  maxStep: z
    .enum(THREAT_STEPS)
    .default(D.maxStep)
    .describe("How far the gateway goes by itself: tag, warn the called side, hold, end"),
  endScore: weight(D.endScore, "Score from which a call may be held or ended on what was said alone"),
  endTurns: count(D.endTurns, "Verdicts `scam` in a row before a call is held or ended", 1, 10),
  holdMs: durationMs(D.holdMs, "Above 0: a call is held this long before it is ended, so that a person can release it"),
  endsPerMinute: count(D.endsPerMinute, "Answered calls that may be ended for what was heard in a minute"),
  signallingWeight: weight(D.signallingWeight, "How much signalling may raise the score"),
  historyWeight: weight(D.historyWeight, "How much a caller's earlier calls may raise it"),
  judgeWeight: weight(D.judgeWeight, "How much the language model may raise it"),
  historyCallers: count(D.historyCallers, "Callers whose past is remembered", 0, 10_000_000),
  historyHalfLifeMs: count(D.historyHalfLifeMs, "After so long a caller's past counts half, ms", 1),
  maxCalls: count(D.maxCalls, "Calls that are followed at a time", 1, 1_000_000),
  warningFile: z.string().optional().describe("WAV file that the called side hears as a warning; default: three beeps"),
  judge: judge.prefault({}).describe("Second opinion"),
});
