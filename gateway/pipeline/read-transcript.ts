import type { Transcript, TranscriptToken } from "../ports/transcriber.js";

/** Nobody says more in a second, nor does the tests' tone modem; a recogniser that has gone round in circles does. */
const MOST_CHARACTERS_A_SECOND = 120;
const ALWAYS_ALLOWED = 80;
/** Lines shorter than that are no circles. */
const CIRCLE_WORDS = 24;
const CIRCLE_SHARE = 0.2;
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/**
 * What a recogniser answered, made safe to go on with. @returns Undefined when it can be no transcript of so much audio: too long, of a few words
 * again and again, or not text at all.
 */
export function readTranscript(answer: unknown, seconds: number): Transcript | undefined {
  if (typeof answer !== "object" || answer === null) return undefined;
  const { text, language, confidence, tokens, truncated } = answer as Partial<Record<keyof Transcript, unknown>>;
  if (typeof text !== "string" || text.length > ALWAYS_ALLOWED + MOST_CHARACTERS_A_SECOND * seconds) return undefined;
  const clean = text.replace(CONTROL, " ").replace(LONE_SURROGATE, "\ufffd").trim();
  if (isCircle(clean)) return undefined;
  return {
    text: clean,
    tokens: Array.isArray(tokens) && tokens.every(isToken) ? tokens : [],
    ...(typeof language === "string" && /^[a-z]{2,3}$/.test(language) ? { language } : {}),
    ...(truncated === true ? { truncated } : {}),
    ...(typeof confidence === "number" && confidence >= 0 && confidence <= 1 ? { confidence } : {}),
  };
}

/** "thank you thank you thank you …": what Whisper makes of noise. */
function isCircle(text: string): boolean {
  const words = text.toLowerCase().split(/\s+/);
  return words.length >= CIRCLE_WORDS && new Set(words).size < CIRCLE_SHARE * words.length;
}

function isToken(token: unknown): token is TranscriptToken {
  if (typeof token !== "object" || token === null) return false;
  const { text, startMs, endMs } = token as Partial<Record<keyof TranscriptToken, unknown>>;
  return typeof text === "string" && typeof startMs === "number" && typeof endMs === "number";
}
