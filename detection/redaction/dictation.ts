import type { NumberAtom } from "./number-atoms.js";
import type { LineRun, ReadLine } from "./read-line.js";

export interface DictationPiece {
  /** Index of the line. */
  readonly line: number;
  readonly run: LineRun;
}

/** One number as one speaker says it: in one line, or in several with the other's `okay` between them. */
export interface Dictation {
  readonly pieces: readonly DictationPiece[];
  readonly atoms: readonly NumberAtom[];
  readonly digits: string;
}

/** Words that the other may say between two pieces, and lines of theirs. */
const MOST_WORDS_BETWEEN = 10;
const MOST_LINES_BETWEEN = 3;
const LONGEST_PAUSE_MS = 45_000;
/** What other number is asked for now. */
const NEW_TOPICS: ReadonlySet<string> = new Set(["cvv", "expiry", "iban", "id", "phone"]);

/** Joins what was said piece by piece. Linear in the numbers of all lines. */
export function dictationsOf(lines: readonly ReadLine[]): readonly Dictation[] {
  const dictations: Dictation[] = [];
  const open = new Map<string, DictationPiece[]>();
  const close = (speaker: string): void => {
    const pieces = open.get(speaker);
    if (pieces !== undefined) dictations.push(dictationOf(pieces));
    open.delete(speaker);
  };
  lines.forEach((line, index) => {
    const { speaker, runs } = line;
    const before = open.get(speaker)?.at(-1);
    const first = runs[0];
    if (before !== undefined && (first === undefined || !first.fromStart || !follows(lines, before, index))) {
      // `okay` of the speaker's own changes nothing.
      if (first !== undefined || line.otherWords > 0 || !before.run.toEnd) close(speaker);
    }
    for (const run of runs) {
      const pieces = open.get(speaker);
      if (run === first && pieces !== undefined) pieces.push({ line: index, run });
      else {
        close(speaker);
        open.set(speaker, [{ line: index, run }]);
      }
    }
    if (runs.length > 0 && runs.at(-1)?.toEnd !== true) close(speaker);
  });
  for (const speaker of [...open.keys()]) close(speaker);
  return dictations;
}

function follows(lines: readonly ReadLine[], before: DictationPiece, index: number): boolean {
  const [last, next] = [lines[before.line], lines[index]];
  if (!before.run.toEnd || index - before.line - 1 > MOST_LINES_BETWEEN) return false;
  const pauseMs = (next?.atMs ?? 0) - (last?.atMs ?? 0);
  if (last?.atMs !== undefined && pauseMs > LONGEST_PAUSE_MS) return false;
  let words = 0;
  for (let at = before.line + 1; at < index; at++) {
    const between = lines[at];
    words += between?.words ?? 0;
    if (between?.cues.some(({ kind, strong }) => strong && NEW_TOPICS.has(kind)) === true) return false;
  }
  const leads = next?.cues.some(
    ({ kind, strong, from }) => strong && NEW_TOPICS.has(kind) && from < (next.runs[0]?.from ?? 0),
  );
  return words <= MOST_WORDS_BETWEEN && leads !== true;
}

function dictationOf(pieces: readonly DictationPiece[]): Dictation {
  const atoms = pieces.flatMap(({ run }) => run.atoms);
  return { pieces, atoms, digits: atoms.map(({ digits }) => digits).join("") };
}
