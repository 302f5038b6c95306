import type { CueKind } from "./cue-words.js";
import type { Dictation } from "./dictation.js";
import type { Cue, ReadLine } from "./read-line.js";

/** A cue, and how far from the number it stands. */
export interface NearCue {
  readonly kind: CueKind;
  readonly strong: boolean;
  /** Words between them, in the same line. */
  readonly words: number;
  /** Lines between cue and number; 0: the same one. */
  readonly linesAgo: number;
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
  const { cues = [] } = lines[first.line] ?? {};
  const before = [...cuesBefore(cues, first.run.from)];
  const after: NearCue[] = [];
  const { cues: lastCues = [] } = lines[last.line] ?? {};
  for (let at = indexFrom(lastCues, last.run.to); at < lastCues.length; at++) {
    const cue = lastCues[at];
    if (cue === undefined || cue.from - last.run.to > MOST_WORDS_AFTER) break;
    after.push({ kind: cue.kind, strong: cue.strong, words: cue.from - last.run.to, linesAgo: 0 });
  }
  return { before, after, earlier: earlierCues(lines, first.line, last.line) };
}

function* cuesBefore(cues: readonly Cue[], from: number): Generator<NearCue> {
  for (let at = indexFrom(cues, from) - 1; at >= 0; at--) {
    const cue = cues[at];
    if (cue === undefined || from - cue.to > MOST_WORDS_BEFORE) return;
    yield { kind: cue.kind, strong: cue.strong, words: from - cue.to, linesAgo: 0 };
  }
}

/** Of the lines before the number and, where it has several pieces, between them. */
function earlierCues(lines: readonly ReadLine[], first: number, last: number): readonly NearCue[] {
  const found: NearCue[] = [];
  for (let at = last - 1; at >= Math.max(0, first - MOST_LINES); at--) {
    const { cues = [] } = lines[at] ?? {};
    for (const { kind, strong } of cues.slice(-MOST_CUES).reverse()) {
      found.push({ kind, strong, words: 0, linesAgo: Math.max(1, first - at) });
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
