import { dictationsOf, type Dictation } from "./dictation.js";
import { judgeDisguised } from "./judge-disguised.js";
import { judgeNumber } from "./judge-number.js";
import { readLine, type ReadLine } from "./read-line.js";
import {
  joinSpans,
  withoutSpans,
  type RedactedLine,
  type Redaction,
  type RedactionKind,
  type RedactionOptions,
  type RedactionSpan,
  type Revision,
  type SaidLine,
} from "./redaction.js";
import { structuredIds } from "./structured-ids.js";
import type { Token } from "./tokens.js";

interface KeptLine {
  readonly read: ReadLine;
  readonly key: number;
  readonly order: number;
  spans: readonly RedactionSpan[];
}

/** What is kept to judge what comes: the last lines of both speakers. */
const MOST_LINES = 14;
const MOST_CHARS = 6_000;
/** Letters that belong to a number they touch: `AB1234567`. */
const MOST_GLUED_LETTERS = 4;
const ASKED_LINES = 4;
const NEW_LINES = 3;

/**
 * Redacts one call's lines as they come: numbers of cards, accounts and persons, codes, PINs; said digit by digit, in groups, over several lines with the
 * other speaker's `okay` between them. What a line means may turn out later: then it comes back as a revision. In doubt a number goes rather than stays.
 *
 * Memory: the last 14 lines, at most 6,000 characters and the newest line. Time of one line: linear in that.
 */
export class Redactor {
  readonly #options: RedactionOptions;
  readonly #lines: KeptLine[] = [];
  #count = 0;

  constructor(options: Partial<RedactionOptions> = {}) {
    this.#options = { phones: options.phones ?? false };
  }

  /** Takes a line that is final. @returns It, and earlier lines of which more has to go now. */
  add(line: SaidLine): RedactedLine {
    const key = line.key ?? this.#count;
    const kept: KeptLine = { read: readLine(line), key, order: line.atMs ?? Infinity, spans: [] };
    this.#count++;
    const place = this.#lines.findLastIndex(({ order }) => order <= kept.order);
    this.#lines.splice(place + 1, 0, kept);
    const lines = this.#lines.map(({ read }) => read);
    const numbers = this.#numbers(lines, false);
    const revised: Revision[] = [];
    this.#lines.forEach((each, index) => {
      // Those before have theirs already; nothing that comes later changes them.
      const ids = index <= place ? [] : this.#ids(lines, index);
      const spans = joinSpans(joinSpans(each.spans, numbers[index] ?? []), ids);
      if (sameSpans(each.spans, spans)) return;
      each.spans = spans;
      if (each !== kept) revised.push({ key: each.key, text: withoutSpans(each.read.text, spans), spans });
    });
    this.#forget(kept);
    const { text } = line;
    return { text: withoutSpans(text, kept.spans), spans: kept.spans, revised, open: this.isOpen(key) };
  }

  /** Takes a line that is not over. Nothing of it is kept; more of it goes than will in the end. */
  preview(line: SaidLine): Redaction {
    const lines = [...this.#lines.map(({ read }) => read), readLine(line)];
    const spans = joinSpans(this.#numbers(lines, true).at(-1) ?? [], this.#ids(lines, lines.length - 1));
    return { text: withoutSpans(line.text, spans), spans };
  }

  /** A line may be revised still. */
  isOpen(key: number): boolean {
    const index = this.#lines.findIndex((each) => each.key === key);
    const kept = this.#lines[index];
    if (kept === undefined) return false;
    const { runs, tokens } = kept.read.disguised ?? kept.read;
    // What stands at its end may be the beginning of something; what was said a moment ago, part of what comes late.
    const isNew = index >= this.#lines.length - NEW_LINES;
    return runs.some(({ from, toEnd }) => (toEnd || isNew) && !covers(kept.spans, tokens[from]?.start ?? 0));
  }

  /** What judging the numbers of all lines together finds, by line. */
  #numbers(lines: readonly ReadLine[], unfinished: boolean): readonly (readonly RedactionSpan[])[] {
    const plain = lines.map((): RedactionSpan[] => []);
    for (const dictation of dictationsOf(lines)) {
      if (this.#isGone(lines, dictation)) continue;
      const kind = judgeNumber(lines, dictation, unfinished);
      if (kind !== undefined && this.#goes(kind)) addSpans(plain, lines, dictation, kind);
    }
    for (const each of plain) each.sort((a, b) => a.start - b.start);
    const disguised = this.#disguised(lines);
    return plain.map((spans, index) => joinSpans(disguised[index] ?? [], spans));
  }

  /** Secrets in the form of amounts, dates and times. */
  #disguised(lines: readonly ReadLine[]): readonly (readonly RedactionSpan[])[] {
    if (lines.every(({ disguised }) => disguised === undefined)) return [];
    const seen = lines.map((line) => line.disguised ?? line);
    const spans = lines.map((): RedactionSpan[] => []);
    for (const dictation of dictationsOf(seen)) {
      if (!dictation.pieces.some(({ run }) => run.disguised) || this.#isGone(lines, dictation)) continue;
      const kind = judgeDisguised(seen, dictation);
      if (kind !== undefined && this.#goes(kind)) addSpans(spans, lines, dictation, kind);
    }
    for (const each of spans) each.sort((a, b) => a.start - b.start);
    return spans;
  }

  /** All of it has been redacted before. */
  #isGone(lines: readonly ReadLine[], { pieces }: Dictation): boolean {
    return pieces.every(({ line, run }) => {
      const { tokens = [] } = lines[line] ?? {};
      const [start, end] = [tokens[run.from]?.start ?? 0, tokens[run.to - 1]?.end ?? 0];
      return this.#lines[line]?.spans.some((span) => span.start <= start && span.end >= end) === true;
    });
  }

  /** What a line's own form gives away. */
  #ids(lines: readonly ReadLine[], index: number): readonly RedactionSpan[] {
    const line = lines[index];
    if (line === undefined) return [];
    return structuredIds(line, isAsked(lines, index))
      .filter(({ kind }) => this.#goes(kind))
      .map(({ from, to, kind }) => spanOf(line.tokens, from, to, kind));
  }

  #goes(kind: RedactionKind): boolean {
    return kind !== "phone" || this.#options.phones;
  }

  #forget(newest: KeptLine): void {
    let chars = this.#lines.reduce((sum, { read }) => sum + read.text.length, 0);
    while (this.#lines.length > 1 && (this.#lines.length > MOST_LINES || chars > MOST_CHARS)) {
      // One that came late may be the first: it is the next one's turn to go.
      const index = this.#lines[0] === newest ? 1 : 0;
      const [gone] = this.#lines.splice(index, 1);
      chars -= gone?.read.text.length ?? 0;
    }
  }
}

/** Redacts one text, as one speaker's. */
export function redactText(text: string, options: Partial<RedactionOptions> = {}): Redaction {
  const { text: redacted, spans } = new Redactor(options).add({ speaker: "caller", text });
  return { text: redacted, spans };
}

function addSpans(
  spans: readonly RedactionSpan[][],
  lines: readonly ReadLine[],
  { pieces }: Dictation,
  kind: RedactionKind,
): void {
  for (const { line, run } of pieces) {
    const { tokens = [] } = lines[line] ?? {};
    let { from, to } = run;
    for (let n = 0; n < MOST_GLUED_LETTERS && isGluedWord(tokens[from - 1], tokens[from]); n++) from--;
    for (let n = 0; n < MOST_GLUED_LETTERS && isGluedWord(tokens[to], tokens[to]); n++) to++;
    spans[line]?.push(spanOf(tokens, from, to, kind));
  }
}

const isGluedWord = (token: Token | undefined, behind: Token | undefined): boolean =>
  token?.kind === "word" && behind?.glued === true && token.text.length <= MOST_GLUED_LETTERS;

const spanOf = (tokens: readonly Token[], from: number, to: number, kind: RedactionKind): RedactionSpan => ({
  start: tokens[from]?.start ?? 0,
  end: tokens[to - 1]?.end ?? 0,
  kind,
});

/** Somebody has just asked for a code. */
const isAsked = (lines: readonly ReadLine[], index: number): boolean =>
  lines
    .slice(Math.max(0, index - ASKED_LINES), index)
    .some(({ cues }) => cues.some(({ kind, strong }) => strong && (kind === "code" || kind === "id")));

const covers = (spans: readonly RedactionSpan[], at: number): boolean =>
  spans.some(({ start, end }) => start <= at && at < end);

const sameSpans = (a: readonly RedactionSpan[], b: readonly RedactionSpan[]): boolean =>
  a.length === b.length && a.every(({ start, end }, index) => start === b[index]?.start && end === b[index].end);
