import type { Speaker } from "../model/speech.js";

/** What a redacted piece was: a payment card's number or expiry; a PIN, password digits, CVV or one-time code; an IBAN; any other number of an account or a person; a telephone number. */
export const REDACTION_KINDS = ["card", "code", "iban", "id", "phone"] as const;
export type RedactionKind = (typeof REDACTION_KINDS)[number];

export interface RedactionSpan {
  /** UTF-16 offsets in the text as it was said, end exclusive. */
  readonly start: number;
  readonly end: number;
  readonly kind: RedactionKind;
}

/** A text in which each span has become `[card]`, `[code]`, `[iban]`, `[id]` or `[phone]`. */
export interface Redaction {
  readonly text: string;
  /** In order, without overlap. */
  readonly spans: readonly RedactionSpan[];
}

export interface SaidLine {
  readonly speaker: Speaker;
  readonly text: string;
  /** The caller's name for the line, in revisions; default: how many lines came before it. */
  readonly key?: number;
  /** When it was said, ms: a line that comes late goes to its place; default: after all others. */
  readonly atMs?: number;
}

/** An earlier line of which more has to go than was known when it was said. */
export interface Revision extends Redaction {
  readonly key: number;
}

export interface RedactedLine extends Redaction {
  readonly revised: readonly Revision[];
  /** It may be revised still: it has a number that was left standing, and is one of the last lines. */
  readonly open: boolean;
}

export interface RedactionOptions {
  /** Telephone numbers too. Default false. */
  readonly phones: boolean;
}

/** Puts `[kind]` in the place of each span. @param spans In order, without overlap, within the text. */
export function withoutSpans(text: string, spans: readonly RedactionSpan[]): string {
  let redacted = "";
  let at = 0;
  for (const { start, end, kind } of spans) {
    redacted += `${text.slice(at, start)}[${kind}]`;
    at = end;
  }
  return redacted + text.slice(at);
}

/** Where an offset of the text as it was said is in the redacted one. Within a span: its `[kind]`'s beginning, or for an `end` its end. */
export function redactedOffset(offset: number, spans: readonly RedactionSpan[], isEnd: boolean): number {
  let shift = 0;
  for (const { start, end, kind } of spans) {
    const length = kind.length + 2;
    if (offset < start || (isEnd && offset === start)) break;
    if (offset < end) return start + shift + (isEnd ? length : 0);
    shift += length - (end - start);
  }
  return offset + shift;
}

/** Both lists as one, in order; where spans overlap or touch, one with the later list's kind takes their place. */
export function joinSpans(
  earlier: readonly RedactionSpan[],
  later: readonly RedactionSpan[],
): readonly RedactionSpan[] {
  if (earlier.length === 0 && later.length <= 1) return later;
  const all = [...earlier.map((span) => ({ span, rank: 0 })), ...later.map((span) => ({ span, rank: 1 }))];
  all.sort((a, b) => (a.span.start === b.span.start ? a.span.end - b.span.end : a.span.start - b.span.start));
  const joined: { span: RedactionSpan; rank: number }[] = [];
  for (const each of all) {
    const last = joined.at(-1);
    if (last === undefined || each.span.start >= last.span.end) {
      joined.push({ ...each });
      continue;
    }
    const kind = each.rank >= last.rank ? each.span.kind : last.span.kind;
    last.span = { start: last.span.start, end: Math.max(last.span.end, each.span.end), kind };
    last.rank = Math.max(last.rank, each.rank);
  }
  return joined.map(({ span }) => span);
}
