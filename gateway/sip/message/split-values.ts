import { CHAR, skipQuoted, skipSpaces, trimEnd } from "./chars.js";
import type { SipHeaders } from "./sip-headers.js";

/**
 * Splits at commas outside of quotes and angle brackets; blanks around the values go. Empty values are left out.
 * An unclosed quote or bracket takes the rest of the line.
 */
export function splitValues(line: string): string[] {
  if (!line.includes(",")) {
    const only = line.trim();
    return only === "" ? [] : [only];
  }
  const values: string[] = [];
  let from = 0;
  while (from <= line.length) {
    const end = valueEnd(line, from);
    const at = skipSpaces(line, from, end);
    if (at < end) values.push(line.slice(at, trimEnd(line, at, end)));
    from = end + 1;
  }
  return values;
}

/** The first value of a line, without the others being looked at. Empty where there is none. */
export function firstValue(line: string): string {
  if (!line.includes(",")) return line.trim();
  return line.slice(0, valueEnd(line, 0)).trim();
}

/** The line without its first value; empty where it had only one. */
export function afterFirstValue(line: string): string {
  const end = valueEnd(line, 0);
  return end >= line.length ? "" : line.slice(end + 1).trim();
}

/** Every value of every line of that name, in order. */
export function allValues(headers: SipHeaders, key: string): string[] {
  const lines = headers.all(key);
  if (lines.length === 1) return splitValues(lines[0] ?? "");
  return lines.flatMap(splitValues);
}

/** The comma that ends the value at `from`, or the end of the line. */
function valueEnd(line: string, from: number): number {
  let i = from;
  while (i < line.length) {
    const c = line.charCodeAt(i);
    if (c === CHAR.comma) return i;
    if (c === CHAR.quote) {
      i = skipQuoted(line, i);
      if (i < 0) return line.length;
    } else if (c === CHAR.less) {
      i = line.indexOf(">", i);
      if (i < 0) return line.length;
    } else i++;
  }
  return line.length;
}
