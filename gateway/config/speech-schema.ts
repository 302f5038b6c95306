import { z } from "zod";
import { DEFAULT_ENERGY_GATE as G, DEFAULT_SEGMENT_OPTIONS as S } from "../../detection/index.js";
import { count, durationMs, secret } from "./field.js";

const sha256 = (what: string) =>
  z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/)
    .optional()
    .describe(`SHA-256 of ${what}, for one that is none of the known ones`);
const language = z
  .string()
  .regex(/^[a-z]{2}$/)
  .optional()
  .describe("Language of the calls, ISO 639-1; default: the recogniser finds out, call by call");
const probability = (fallback: number, what: string) =>
  z.number().min(0).max(1).default(fallback).describe(`${what}, 0–1`);
const share = (fallback: number, what: string) =>
  z.number().min(0).max(0.95).default(fallback).describe(`${what}, 0–0.95`);
const decibels = (fallback: number, what: string, min: number, max: number) =>
  z.number().min(min).max(max).default(fallback).describe(`${what}, dB`);

const whisper = z.strictObject({
  model: z
    .string()
    .min(1)
    .default("base.en")
    .describe("Name of a known model in speech.modelFolder (`ringfence models list`), or the path of a file"),
  sha256: sha256("the model file"),
  concurrency: count(2, "Decodes at a time; each takes its threads, and memory of its own", 1, 256),
  threads: count(1, "Threads of one decode; more than one only where cores are idle", 1, 256),
  audioContext: z
    .enum(["full", "cut"])
    .default("full")
    .describe(
      "full: 30 s, as models were trained; cut: as long as the speech, far faster, its effect on words unproven",
    ),
  contextMarginMs: durationMs(1_000, "cut: context beyond the end of the speech", 0, 30_000),
  maxTokensPerSecond: count(
    12,
    "Tokens at most a second of speech: what keeps a decoder that repeats itself from going on",
    1,
    100,
  ),
  fallback: z
    .boolean()
    .default(false)
    .describe("Decode what looks bad again at higher temperatures: better text, up to six times the time"),
  flashAttention: z.boolean().default(true).describe("whisper.cpp's flash attention"),
  maxWaiting: count(32, "Decodes that wait inside the recogniser", 1, 10_000),
  timeoutMs: durationMs(8_000, "A decode that takes longer has hung: the recogniser is started anew", 500, 600_000),
  startTimeoutMs: durationMs(120_000, "Time for loading the model", 1_000),
});

const openai = z.strictObject({
  url: z.url().optional().describe("Base URL with version, as http://127.0.0.1:8000/v1; whisper.cpp's server: without"),
  api: z
    .enum(["openai", "whisper.cpp"])
    .default("openai")
    .describe("/audio/transcriptions, or whisper.cpp's /inference"),
  model: z.string().min(1).max(256).default("whisper-1").describe("Name of the model"),
  apiKey: secret().optional().describe("Bearer key"),
  timeoutMs: durationMs(10_000, "Time-out of one request", 100, 600_000),
  attempts: count(2, "Tries of a stretch that is over", 1, 10),
  concurrency: count(8, "Requests at a time", 1, 1_000),
  maxWaiting: count(32, "Requests that wait", 1, 10_000),
  wordTimestamps: z.boolean().default(true).describe("Ask for words with times"),
});

const engineModule = z.strictObject({
  path: z
    .string()
    .optional()
    .describe("JavaScript file that exports createSpeechEngine(options) → {transcriber, voiceActivity?, rejectTones?}"),
  options: z.record(z.string(), z.unknown()).default({}).describe("Handed to it as they are"),
});

const voiceActivity = z.strictObject({
  engine: z
    .enum(["auto", "energy", "silero"])
    .default("auto")
    .describe(
      "silero (a model, through whisper.cpp), energy (our own, without a model), or auto: silero where it is installed",
    ),
  model: z.string().min(1).default("silero-v6.2.0").describe("silero: name of a known model, or the path of a file"),
  sha256: sha256("the model file"),
  timeoutMs: durationMs(2_000, "silero: time-out of one batch", 100, 60_000),
});

const segments = z.strictObject({
  startProbability: probability(S.startProbability, "Probability of speech at which a stretch begins"),
  keepProbability: probability(S.keepProbability, "Below it a stretch counts as silent"),
  minSpeechMs: durationMs(S.minSpeechMs, "A stretch with less speech in it is none", 32, 5_000),
  endSilenceMs: durationMs(S.endSilenceMs, "Silence that ends a stretch", 100, 5_000),
  speculateMs: durationMs(S.speculateMs, "Silence after which a stretch is decoded as if it were over", 50, 5_000),
  partialAfterMs: durationMs(S.partialAfterMs, "Talk after which a first partial text is wanted", 500, 60_000),
  partialEveryMs: durationMs(S.partialEveryMs, "A further one after so much more talk", 500, 60_000),
  longestMs: durationMs(S.longestMs, "A longer stretch is cut where it is quietest", 5_000, 29_000),
  leadMs: durationMs(S.leadMs, "Audio kept from before a stretch", 0, 240),
  tailMs: durationMs(S.tailMs, "Silence kept at its end", 0, 1_000),
});

const gate = z.strictObject({
  aboveNoiseDb: decibels(G.aboveNoiseDb, "So much above the noise of its line a frame is decoded", 1, 40),
  quietestDb: decibels(G.quietestDb, "Below this level none is, of full scale", -90, 0),
  loudestNoiseDb: decibels(G.loudestNoiseDb, "What is louder is not taken for noise, of full scale", -60, 0),
  holdMs: durationMs(G.holdMs, "Decoding goes on for so long after the last loud frame", 100, 5_000),
});

const queue = z.strictObject({
  most: count(512, "Stretches of calls that wait for the recogniser; beyond, those of the lowest risk go", 8, 100_000),
  mostPerCall: count(6, "The same of one call", 2, 1_000),
  timeoutMs: durationMs(10_000, "A decode that takes longer is given up", 500, 600_000),
  staleMs: durationMs(15_000, "What has waited for so long is not decoded any more", 1_000, 600_000),
  pressedLagMs: durationMs(
    600,
    "While text comes later than this, no partial texts are made and nothing is decoded ahead",
    0,
    60_000,
  ),
});

const shed = z.strictObject({
  lagLimitMs: durationMs(
    2_000,
    "Text that comes later after the end of speech: calls lose their transcription, lowest risk first",
    200,
    60_000,
  ),
  recoverLagMs: durationMs(700, "Below it they get it back", 100, 60_000),
  recoverAfterMs: durationMs(3_000, "So long below it first", 500, 60_000),
});

const limits = z.strictObject({
  calls: count(2_000, "Calls that are listened to at a time", 1, 1_000_000),
  streams: count(4_000, "Speakers that are listened to at a time", 1, 1_000_000),
  heldSeconds: count(3_600, "Speech held in memory, seconds over all speakers; 32 kB each", 60, 1_000_000),
  ringBytes: count(
    16_777_216,
    "Size of the packet ring between media and listening, for each source",
    65_536,
    2_147_483_648,
  ),
});

const capacity = z.strictObject({
  measure: z.boolean().default(true).describe("Measure at start how much speech the recogniser keeps up with"),
  reserve: share(0.3, "Share of it that is not counted on"),
});

const analysis = z.strictObject({
  maxBytes: count(33_554_432, "Largest recording that POST /analyze takes", 1_000, 1_073_741_824),
  maxSeconds: count(600, "Longest recording, s", 1, 86_400),
  maxJobs: count(2, "Recordings at a time", 1, 1_000),
  timeoutMs: durationMs(120_000, "Time-out of one", 1_000, 3_600_000),
  packing: z
    .enum(["auto", "windows", "stretches"])
    .default("auto")
    .describe(
      "Recordings: windows: a speaker's stretches together, up to 28 s a decode, the text shared out by the times of its words; stretches: each by itself, as in calls; auto: windows, but with speech.whisper.audioContext cut stretches, which then cost less",
    ),
});

/** Speech to text: engines, models, capacity. */
export const speechSchema = z.strictObject({
  engine: z
    .enum(["none", "whisper", "openai", "module"])
    .default("none")
    .describe(
      "Recogniser: none (nobody is listened to), whisper (in a process of its own), an OpenAI-compatible server, or a module",
    ),
  language,
  modelFolder: z
    .string()
    .default("ringfence-models")
    .describe("Where models lie; `ringfence models pull` puts them there"),
  modelMirror: z
    .url()
    .default("https://huggingface.co")
    .describe("Where `ringfence models pull` fetches them: the publisher, or a mirror with the same paths"),
  whisper: whisper.prefault({}).describe("engine whisper"),
  openai: openai.prefault({}).describe("engine openai"),
  module: engineModule.prefault({}).describe("engine module"),
  voiceActivity: voiceActivity.prefault({}).describe("Who tells speech from silence"),
  rejectTones: z.boolean().default(true).describe("Ringback, busy tones, digits and music are no speech"),
  segments: segments.prefault({}).describe("When a stretch of speech begins and ends"),
  gate: gate.prefault({}).describe("What is decoded at all"),
  turnHoldMs: durationMs(
    1_000,
    "A text waits so long for an earlier one of the other speaker before it is judged",
    0,
    10_000,
  ),
  lastWordsMs: durationMs(10_000, "After the end of a call its last words have so long to become text", 0, 120_000),
  queue: queue.prefault({}).describe("What waits for the recogniser"),
  shed: shed.prefault({}).describe("When the CPU is short"),
  limits: limits.prefault({}).describe("How much is listened to at most"),
  capacity: capacity.prefault({}).describe("How much the recogniser can do"),
  analysis: analysis.prefault({}).describe("POST /analyze, recordings, `ringfence listen FILE`"),
});

export type SpeechConfig = z.output<typeof speechSchema>;
