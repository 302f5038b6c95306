import type { Transcript, TranscriptToken } from "../../ports/transcriber.js";
import { languageCode } from "./language-codes.js";

const MOST_WORDS = 4_096;
const MOST_CHARACTERS = 65_536;

/**
 * Reads a `verbose_json` answer: OpenAI's own (words beside the segments), whisper.cpp's server (words within them, with
 * probabilities), and servers that answer `{"text": …}` alone.
 *
 * @param audioMs No word ends later.
 * @returns Undefined when it is no transcription.
 */
export function readTranscription(body: string, audioMs: number): Transcript | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (!isRecord(answer) || typeof answer["text"] !== "string" || answer["text"].length > MOST_CHARACTERS)
    return undefined;
  const segments = records(answer["segments"]);
  const words = records(answer["words"]);
  const all = words.length > 0 ? words : segments.flatMap((segment) => records(segment["words"]));
  const timed = all.slice(0, MOST_WORDS).flatMap((word) => readWord(word, audioMs) ?? []);
  const confidence = confidenceOf(all, segments);
  const language = typeof answer["language"] === "string" ? languageCode(answer["language"]) : undefined;
  return {
    text: answer["text"].replace(/\s+/g, " ").trim(),
    ...(language === undefined ? {} : { language }),
    ...(confidence === undefined ? {} : { confidence }),
    tokens: timed.map((word) => ({ ...word, probability: word.probability ?? confidence ?? 1 })),
  };
}

type Word = Omit<TranscriptToken, "probability"> & { readonly probability: number | undefined };

function readWord(word: Readonly<Record<string, unknown>>, audioMs: number): Word | undefined {
  const { word: text, start, end } = word;
  if (typeof text !== "string" || !isNumber(start) || !isNumber(end)) return undefined;
  const within = (seconds: number): number => Math.round(Math.min(audioMs, Math.max(0, seconds * 1_000)));
  const startMs = within(start);
  return { text, probability: probabilityOf(word), startMs, endMs: Math.max(startMs, within(end)) };
}

function probabilityOf({ probability }: Readonly<Record<string, unknown>>): number | undefined {
  return isNumber(probability) && probability >= 0 && probability <= 1 ? probability : undefined;
}

/** Of the words where they have one; else what the segments' mean log probability says. */
function confidenceOf(
  words: readonly Readonly<Record<string, unknown>>[],
  segments: readonly Readonly<Record<string, unknown>>[],
): number | undefined {
  const known = words.flatMap((word) => probabilityOf(word) ?? []);
  if (known.length > 0) return known.reduce((sum, p) => sum + p, 0) / known.length;
  const logs = segments.flatMap((segment) => (isNumber(segment["avg_logprob"]) ? [segment["avg_logprob"]] : []));
  if (logs.length === 0) return undefined;
  return Math.min(1, Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length));
}

const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const records = (value: unknown): readonly Readonly<Record<string, unknown>>[] =>
  Array.isArray(value) ? value.filter(isRecord) : [];
