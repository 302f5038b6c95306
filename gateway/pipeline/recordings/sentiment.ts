import type { Speaker } from "../../../detection/index.js";
import type { RecordingLine, SentimentPoint, SpeakerSentiment } from "../../ports/recordings.js";
import type { Breath } from "./breath.js";
import { GREETINGS, NEGATIONS, NEGATIVE, POSITIVE } from "./words.js";

/** Parts of a call that sentiment over time is told for, at most. */
const MAX_POINTS = 12;
const SHORTEST_POINT_MS = 30_000;
/** Words that a negation turns round. */
const NEGATED_WORDS = 3;
/** From there on it is told as such. */
const CLEAR = 0.15;
/** So that one word in a long silence is not all. */
const DAMPING = 2;

export const wordsOf = (text: string): readonly string[] => text.toLowerCase().match(/[\p{L}'’]+/gu) ?? [];

interface Mood {
  positive: number;
  negative: number;
}

interface MoodOfLine {
  readonly line: RecordingLine;
  readonly mood: Readonly<Mood>;
}

/** By a small dictionary, negations turned round: a hint, not a measurement. Speakers in the order in which they first speak. */
export async function sentimentOf(
  lines: readonly RecordingLine[],
  durationMs: number,
  breathe: Breath,
): Promise<readonly SpeakerSentiment[]> {
  const moods: MoodOfLine[] = [];
  for (const line of lines) {
    await breathe();
    moods.push({ line, mood: moodOf(wordsOf(line.text)) });
  }
  const speakers = [...new Set(lines.map(({ speaker }) => speaker))];
  return speakers.map((speaker) => ofSpeaker(speaker, moods, durationMs));
}

function ofSpeaker(speaker: Speaker, moods: readonly MoodOfLine[], durationMs: number): SpeakerSentiment {
  const own = moods.filter(({ line }) => line.speaker === speaker);
  const score = scoreOf(own);
  return {
    speaker,
    score,
    label: score > CLEAR ? "positive" : score < -CLEAR ? "negative" : "neutral",
    overTime: pointsOf(own, durationMs),
  };
}

function pointsOf(moods: readonly MoodOfLine[], durationMs: number): readonly SentimentPoint[] {
  const count = Math.max(1, Math.min(MAX_POINTS, Math.floor(durationMs / SHORTEST_POINT_MS)));
  const lengthMs = durationMs / count;
  return Array.from({ length: count }, (_, index) => {
    const [startMs, endMs] = [Math.round(index * lengthMs), Math.round((index + 1) * lengthMs)];
    const isLast = index === count - 1;
    const within = moods.filter(({ line: { startMs: at } }) => at >= startMs && (at < endMs || isLast));
    return { startMs, endMs, score: scoreOf(within) };
  });
}

function scoreOf(moods: readonly MoodOfLine[]): number {
  const positive = moods.reduce((sum, { mood }) => sum + mood.positive, 0);
  const negative = moods.reduce((sum, { mood }) => sum + mood.negative, 0);
  return Math.round(((positive - negative) / (positive + negative + DAMPING)) * 100) / 100;
}

function moodOf(words: readonly string[]): Mood {
  const mood: Mood = { positive: 0, negative: 0 };
  let negatedUntil = -1;
  words.forEach((word, index) => {
    const plain = word.replaceAll("’", "'");
    const isNegated = index <= negatedUntil;
    if (GREETINGS.has(`${plain} ${words[index + 1] ?? ""}`)) return;
    const isGood = POSITIVE.has(plain);
    if (isGood || NEGATIVE.has(plain)) mood[isGood === isNegated ? "negative" : "positive"]++;
    if (NEGATIONS.has(plain)) negatedUntil = index + NEGATED_WORDS;
  });
  return mood;
}
