import { availableParallelism } from "node:os";
import { performance } from "node:perf_hooks";
import { cutContext, DEFAULT_DECODING } from "../../gateway/adapters/whisper/decode-order.js";
import type { WhisperTranscriber } from "../../gateway/adapters/whisper/whisper-transcriber.js";
import { liveTalkers, type TalkerResult } from "../support/live-talkers.js";
import { randomWhisper } from "../support/models/random-whisper.js";
import { SeededRandom } from "../support/seeded-random.js";
import { babble } from "../support/sounds.js";
import { openBenchWhisper, runWhisperCli, whisperCli } from "../support/whisper-bench.js";

const AUDIO_SECONDS = 5;
const TOKENS_PER_SECOND = 4;
const TEXT_LIMIT_MS = 500;
const RUNS = 5;
/** A level lasts this many times 5.5 s. */
const CYCLES = 3;
const LEVELS = [1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32] as const;
/** No new level is begun after this. */
const BUDGET_MS = 210_000;

type ContextKind = "full" | "cut";

interface ContextResult {
  readonly talkers: number;
  readonly textP95Ms: number | undefined;
  readonly rtf: number;
  readonly whisperCppRtf: number;
  readonly levels: readonly object[];
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
const round = (value: number, digits = 0): number => Math.round(value * 10 ** digits) / 10 ** digits;

/**
 * How many people may talk at a time until the final text comes later than 500 ms after the last voiced packet; and the real-time
 * factor beside whisper.cpp's own command. Random weights: the compute is real, to the token (4 a second of audio, one try); the words
 * are not. Options: `--model tiny|base`, `--threads N` of one decode.
 */
export async function run(options: Readonly<Record<string, string>>): Promise<object> {
  const size = options["model"] === "base" ? "base" : "tiny";
  const threads = Number(options["threads"] ?? 1);
  const startedAt = performance.now();
  const left = (): number => BUDGET_MS - (performance.now() - startedAt);
  whisperCli();
  const cut = await measure("cut", size, threads, left);
  const full = await measure("full", size, threads, left);
  // The default is the full context; where nobody has his text in time with it, the cut one says more.
  const headline = full.talkers > 0 ? full : cut;
  return {
    model: `random ${size}.en`,
    threads,
    concurrency: availableParallelism(),
    talkers: headline.talkers,
    textP95Ms: headline.textP95Ms,
    rtf: headline.rtf,
    whisperCppRtf: headline.whisperCppRtf,
    headline: headline === full ? "full" : "cut",
    context: { full, cut },
    tookMs: round(performance.now() - startedAt),
  };
}

async function measure(
  kind: ContextKind,
  size: "tiny" | "base",
  threads: number,
  left: () => number,
): Promise<ContextResult> {
  const model = randomWhisper({ size, tokens: AUDIO_SECONDS * TOKENS_PER_SECOND });
  const own = { model, audioContext: kind, threads, maxTokensPerSecond: 2 * TOKENS_PER_SECOND };
  const whisper = await openBenchWhisper({ ...own, concurrency: 1 });
  const { rtf, whisperCppRtf } = await realTimeFactors(whisper, kind, model, threads);
  await whisper.close();

  // Stretches of other lengths, partial ones too: here the limit counts the tokens, as this model does not end by itself.
  const endless = randomWhisper({ size, tokens: 200 });
  const limits = { maxTokensPerSecond: TOKENS_PER_SECOND, spareTokens: 0 };
  const many = await openBenchWhisper({
    ...{ model: endless, audioContext: kind, threads, ...limits },
    concurrency: Math.max(1, Math.floor(availableParallelism() / threads)),
  });
  await hear(many, babble(1_000, new SeededRandom(1)));
  const levels: TalkerResult[] = [];
  for (const talkers of LEVELS) {
    if (left() < 0) break;
    const level = await liveTalkers(talkers, CYCLES, many);
    levels.push(level);
    if (level.textP95Ms > TEXT_LIMIT_MS) break;
  }
  await many.close();
  const good = levels.filter(({ textP95Ms }) => textP95Ms <= TEXT_LIMIT_MS).at(-1);
  const p95 = (good ?? levels[0])?.textP95Ms;
  return {
    talkers: good?.talkers ?? 0,
    textP95Ms: p95 === undefined || !Number.isFinite(p95) ? undefined : round(p95),
    rtf,
    whisperCppRtf,
    levels: levels.map(({ talkers, ends, missing, textP50Ms, textP95Ms }) => ({
      ...{ talkers, ends, missing },
      textP50Ms: Number.isFinite(textP50Ms) ? round(textP50Ms) : null,
      textP95Ms: Number.isFinite(textP95Ms) ? round(textP95Ms) : null,
    })),
  };
}

async function realTimeFactors(
  whisper: WhisperTranscriber,
  kind: ContextKind,
  model: string,
  threads: number,
): Promise<Pick<ContextResult, "rtf" | "whisperCppRtf">> {
  const samples = babble(AUDIO_SECONDS * 1_000, new SeededRandom(7));
  const audioContext = kind === "full" ? 0 : cutContext(AUDIO_SECONDS * 1_000, DEFAULT_DECODING.contextMarginMs);
  await hear(whisper, samples);
  const ours: number[] = [];
  const theirs: number[] = [];
  // In turns, so that a machine that slows down slows both.
  for (let i = 0; i < RUNS; i++) {
    const before = performance.now();
    await hear(whisper, samples);
    ours.push(performance.now() - before);
    theirs.push(runWhisperCli({ model, samples, threads, audioContext }));
  }
  const factor = (ms: readonly number[]): number => round(median(ms) / (AUDIO_SECONDS * 1_000), 4);
  return { rtf: factor(ours), whisperCppRtf: factor(theirs) };
}

const hear = (whisper: WhisperTranscriber, samples: Float32Array): Promise<unknown> =>
  whisper.transcribe({ sampleRateHz: 16_000, samples }, { partial: false }, new AbortController().signal);
