import type { ActionItem, RecordingLine, RecordingSummary } from "../../ports/recordings.js";
import type { Breath } from "./breath.js";
import { sentimentOf, wordsOf } from "./sentiment.js";
import { ACTIONS, NO_TOPIC, OTHER_TOPIC, STOP_WORDS, TOPICS } from "./words.js";

const SUMMARY_SENTENCES = 4;
const MAX_SENTENCES = 20_000;
const MAX_ACTIONS = 20;
const MAX_SENTENCE_CHARS = 300;
const SHORTEST_SENTENCE_WORDS = 4;
/** Of two sentences with so many words in common the later one says nothing new. */
const SAME_SHARE = 0.6;

interface Sentence {
  readonly line: RecordingLine;
  readonly text: string;
  readonly words: readonly string[];
}

/**
 * Summary, topic, sentiment and action items without a model: sentences of the call that hold its most frequent words, in the order in
 * which they were said, each with its speaker. Nothing is written that was not said.
 * @param breathe Hours of talk are half a second of work.
 */
export async function extractiveSummary(
  lines: readonly RecordingLine[],
  durationMs: number,
  breathe: Breath,
): Promise<RecordingSummary> {
  const sentences = await sentencesOf(lines, breathe);
  return {
    summary: await summaryOf(sentences, breathe),
    topic: await topicOf(sentences, breathe),
    sentiment: await sentimentOf(lines, durationMs, breathe),
    actionItems: await actionsOf(sentences, breathe),
    by: "extractive",
  };
}

async function sentencesOf(lines: readonly RecordingLine[], breathe: Breath): Promise<readonly Sentence[]> {
  const sentences: Sentence[] = [];
  for (const line of lines) {
    await breathe();
    for (const part of line.text.split(/(?<=[.!?])\s+/u)) {
      const text = part.trim();
      if (text === "" || sentences.length >= MAX_SENTENCES) continue;
      sentences.push({ line, text: cut(text), words: wordsOf(text).filter((word) => !STOP_WORDS.has(word)) });
    }
  }
  return sentences;
}

const cut = (text: string): string =>
  text.length <= MAX_SENTENCE_CHARS ? text : `${text.slice(0, MAX_SENTENCE_CHARS - 1)}…`;

interface Ranked {
  readonly sentence: Sentence;
  readonly index: number;
  readonly weight: number;
}

async function rankedOf(sentences: readonly Sentence[], breathe: Breath): Promise<readonly Ranked[]> {
  const counts = new Map<string, number>();
  for (const { words } of sentences) {
    await breathe();
    for (const word of new Set(words)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const weight = ({ words }: Sentence): number =>
    words.reduce((sum, word) => sum + Math.log1p(counts.get(word) ?? 0), 0) / Math.sqrt(words.length + 1);
  const ranked: Ranked[] = [];
  for (const [index, sentence] of sentences.entries()) {
    await breathe();
    if (wordsOf(sentence.text).length < SHORTEST_SENTENCE_WORDS) continue;
    ranked.push({ sentence, index, weight: weight(sentence) * (1 + 0.2 / (1 + index)) });
  }
  return ranked.sort((a, b) => (a.weight === b.weight ? a.index - b.index : b.weight - a.weight));
}

async function summaryOf(sentences: readonly Sentence[], breathe: Breath): Promise<string> {
  const chosen: Ranked[] = [];
  for (const each of await rankedOf(sentences, breathe)) {
    if (chosen.length >= SUMMARY_SENTENCES) break;
    await breathe();
    if (chosen.every(({ sentence }) => !saysTheSame(sentence, each.sentence))) chosen.push(each);
  }
  if (chosen.length === 0)
    return sentences[0] === undefined ? "" : `${sentences[0].line.speaker}: ${sentences[0].text}`;
  chosen.sort((a, b) => a.index - b.index);
  return chosen.map(({ sentence }) => `- ${sentence.line.speaker}: ${sentence.text}`).join("\n");
}

function saysTheSame(a: Sentence, b: Sentence): boolean {
  const [own, other] = [new Set(a.words), new Set(b.words)];
  const common = [...own].filter((word) => other.has(word)).length;
  return common / Math.max(1, Math.min(own.size, other.size)) >= SAME_SHARE;
}

async function topicOf(sentences: readonly Sentence[], breathe: Breath): Promise<string> {
  const counts = new Map<string, number>();
  for (const { words: said } of sentences) {
    await breathe();
    for (const [topic, words] of TOPICS) {
      const count = said.filter((word) => words.has(word)).length;
      if (count > 0) counts.set(topic, (counts.get(topic) ?? 0) + count);
    }
  }
  let best = { topic: sentences.length === 0 ? NO_TOPIC : OTHER_TOPIC, count: 0 };
  for (const [topic] of TOPICS) {
    const count = counts.get(topic) ?? 0;
    if (count > best.count) best = { topic, count };
  }
  return best.topic;
}

async function actionsOf(sentences: readonly Sentence[], breathe: Breath): Promise<readonly ActionItem[]> {
  const seen = new Set<string>();
  const items: ActionItem[] = [];
  for (const { line, text } of sentences) {
    if (items.length >= MAX_ACTIONS) break;
    await breathe();
    const key = text.toLowerCase();
    if (seen.has(key) || !ACTIONS.some((pattern) => pattern.test(key))) continue;
    seen.add(key);
    items.push({ speaker: line.speaker, text, atMs: line.startMs });
  }
  return items;
}
