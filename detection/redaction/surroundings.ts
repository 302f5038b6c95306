import { COPULAS, LINK_PREPOSITIONS, LINK_WORDS, type CueKind } from "./cue-words.js";
import type { Dictation } from "./dictation.js";
import type { Cue, ReadLine } from "./read-line.js";
import type { Token } from "./tokens.js";

/** A cue, and how far from the number it stands. */
export interface NearCue {
  readonly kind: CueKind;
  readonly strong: boolean;
  /** Words between them, in the same line. */
  readonly words: number;
  /** Lines between cue and number; 0: the same one. */
  readonly linesAgo: number;
  /** Nothing but `is`, `it's`, `number` and the like is between: it is said of this number. */
  readonly direct: boolean;
  /** Its line asks for something. */
  readonly asked: boolean;
}

/** Cues around a number, each list from the nearest on. */
export interface Surroundings {
  readonly before: readonly NearCue[];
  readonly after: readonly NearCue[];
  readonly earlier: readonly NearCue[];
}

const MOST_WORDS_BEFORE = 10;
const MOST_WORDS_AFTER = 5;
const MOST_LINES = 6;
/** Cues of one line that are looked at, from its end: a line may be long. */
const MOST_CUES = 12;

export const SENSITIVE: ReadonlySet<CueKind> = new Set<CueKind>(["card", "code", "cvv", "expiry", "iban", "id"]);

/** What the lines up to a number, and the rest of its own line, say about it. */
export function surroundingsOf(lines: readonly ReadLine[], { pieces }: Dictation): Surroundings {
  const [first, last] = [pieces[0], pieces.at(-1)];
  if (first === undefined || last === undefined) return { before: [], after: [], earlier: [] };
  const line = lines[first.line];
  const before = line === undefined ? [] : [...cuesBefore(line, first.run.from, last.run.toEnd)];
  const after: NearCue[] = [];
  const { cues = [], tokens = [] } = lines[last.line] ?? {};
  for (let at = indexFrom(cues, last.run.to); at < cues.length; at++) {
    const cue = cues[at];
    const words = (cue?.from ?? 0) - last.run.to;
    if (cue === undefined || words > MOST_WORDS_AFTER) break;
    const between = tokens.slice(last.run.to, cue.from);
    const direct = isLink(between, false) && between.some(({ norm }) => COPULAS.has(norm));
    after.push({ kind: cue.kind, strong: cue.strong, words, linesAgo: 0, direct, asked: false });
  }
  return { before, after, earlier: earlierCues(lines, first.line, last.line) };
}

function* cuesBefore({ cues, tokens, asks }: ReadLine, from: number, toEnd: boolean): Generator<NearCue> {
  for (let at = indexFrom(cues, from) - 1; at >= 0; at--) {
    const cue = cues[at];
    if (cue === undefined || from - cue.to > MOST_WORDS_BEFORE) return;
    const direct = isLink(tokens.slice(cue.to, from), toEnd);
    yield { kind: cue.kind, strong: cue.strong, words: from - cue.to, linesAgo: 0, direct, asked: asks };
  }
}

/** @param acrossSentences A full stop may be among them. */
function isLink(between: readonly Token[], acrossSentences: boolean): boolean {
  const isSaid = COPULAS.has(between.findLast(({ kind }) => kind !== "mark")?.norm ?? "");
  return between.every(({ kind, norm }) => {
    if (kind === "mark") return acrossSentences || (norm !== "." && norm !== "!");
    return LINK_WORDS.has(norm) || (isSaid && LINK_PREPOSITIONS.has(norm));
  });
}

/** Of the lines before the number and, where it has several pieces, between them. */
function earlierCues(lines: readonly ReadLine[], first: number, last: number): readonly NearCue[] {
  const found: NearCue[] = [];
  for (let at = last - 1; at >= Math.max(0, first - MOST_LINES); at--) {
    const { cues = [], asks = false } = lines[at] ?? {};
    for (const { kind, strong } of cues.slice(-MOST_CUES).reverse()) {
      found.push({ kind, strong, words: 0, linesAgo: Math.max(1, first - at), direct: false, asked: asks });
    }
  }
  return found;
}

/** The first cue that begins at or behind a token. Cues are in order. */
function indexFrom(cues: readonly Cue[], token: number): number {
  let [low, high] = [0, cues.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((cues[middle]?.from ?? 0) < token) low = middle + 1;
    else high = middle;
  }
  return low;
}
