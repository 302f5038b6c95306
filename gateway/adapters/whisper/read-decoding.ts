import { fail, ok, type Result } from "../../core/result.js";
import type { Transcript, TranscriptToken } from "../../ports/transcriber.js";
import type { NativeDecoding } from "./whisper-engine.js";

export interface DecodingProblem {
  readonly code: "decoding.shape" | "decoding.numbers" | "decoding.language" | "decoding.too-long";
}

const MOST_TOKENS = 4_096;
const MOST_TEXT_BYTES = 65_536;

/**
 * Makes a transcript of what a recogniser's process answered. It may have crashed its own memory before it did: everything is
 * looked at.
 *
 * @param audioMs No token ends later.
 */
export function readDecoding(answer: unknown, audioMs: number): Result<Transcript, DecodingProblem> {
  if (!isDecoding(answer)) return fail({ code: "decoding.shape" });
  const { text, tokenEnds, probabilities, startMs, endMs, language } = answer;
  if (tokenEnds.length > MOST_TOKENS || text.byteLength > MOST_TEXT_BYTES) return fail({ code: "decoding.too-long" });
  if (!/^[a-z]{2,3}$/.test(language)) return fail({ code: "decoding.language" });
  const sameLengths = [probabilities, startMs, endMs].every(({ length }) => length === tokenEnds.length);
  const inOrder = tokenEnds.every((end, i) => end >= (tokenEnds[i - 1] ?? 0) && end <= text.byteLength);
  if (!sameLengths || !inOrder || (tokenEnds.at(-1) ?? 0) !== text.byteLength) return fail({ code: "decoding.shape" });
  if (!probabilities.every((p) => p >= 0 && p <= 1) || ![...startMs, ...endMs].every(Number.isFinite)) {
    return fail({ code: "decoding.numbers" });
  }
  const tokens = readTokens(answer, audioMs);
  const mean = probabilities.reduce((sum, p) => sum + p, 0) / probabilities.length;
  return ok({
    text: readText(text).replace(/\s+/g, " ").trim(),
    language,
    ...(tokens.length === 0 ? {} : { confidence: mean }),
    tokens,
    ...(answer.truncated === true ? { truncated: true } : {}),
  });
}

function isDecoding(answer: unknown): answer is NativeDecoding {
  if (typeof answer !== "object" || answer === null) return false;
  const { text, tokenEnds, probabilities, startMs, endMs, language } = answer as Partial<NativeDecoding>;
  return (
    text instanceof Uint8Array &&
    tokenEnds instanceof Uint32Array &&
    [probabilities, startMs, endMs].every((numbers) => numbers instanceof Float32Array) &&
    typeof language === "string"
  );
}

const readText = (bytes: Uint8Array): string => new TextDecoder("utf-8").decode(bytes);

/** A token may end in the middle of a character: then it is joined with the next. */
function readTokens(decoding: NativeDecoding, audioMs: number): TranscriptToken[] {
  const { text, tokenEnds, probabilities, startMs, endMs } = decoding;
  const tokens: TranscriptToken[] = [];
  let from = 0;
  let first = 0;
  tokenEnds.forEach((end, i) => {
    if (end === from || isInsideCharacter(text, end)) return;
    const within = (ms: number): number => Math.round(Math.min(audioMs, Math.max(0, ms)));
    const start = within(startMs[first] ?? 0);
    tokens.push({
      text: readText(text.subarray(from, end)),
      probability: Math.min(...probabilities.subarray(first, i + 1)),
      startMs: start,
      endMs: Math.max(start, within(endMs[i] ?? 0)),
    });
    from = end;
    first = i + 1;
  });
  return tokens;
}

/** UTF-8: continuation bytes begin with 10. */
const isInsideCharacter = (bytes: Uint8Array, at: number): boolean => ((bytes[at] ?? 0) & 0xc0) === 0x80;
