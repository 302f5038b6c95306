import { fail, ok, type Result } from "../../core/result.js";

export interface CsvRowError {
  /** `csv.open`: ends inside of quotes, more may follow on the next line. `csv.quote`: text behind a closing quote. */
  readonly code: "csv.open" | "csv.quote";
}

const QUOTE = '"';

/**
 * The cells of one row without its line end. RFC 4180 §2; quotes inside of a cell that does not begin with one are plain text,
 * as spreadsheets read them.
 */
export function parseCsvRow(row: string, delimiter: string): Result<string[], CsvRowError> {
  if (!row.includes(QUOTE)) return ok(row.split(delimiter));
  const cells: string[] = [];
  let at = 0;
  for (;;) {
    if (row.charAt(at) !== QUOTE) {
      const end = row.indexOf(delimiter, at);
      cells.push(end < 0 ? row.slice(at) : row.slice(at, end));
      if (end < 0) return ok(cells);
      at = end + 1;
      continue;
    }
    const close = closingQuote(row, at + 1);
    if (close < 0) return fail({ code: "csv.open" });
    const inner = row.slice(at + 1, close);
    cells.push(inner.includes(QUOTE) ? inner.replaceAll('""', QUOTE) : inner);
    if (close + 1 === row.length) return ok(cells);
    if (row.charAt(close + 1) !== delimiter) return fail({ code: "csv.quote" });
    at = close + 2;
  }
}

/** Is it a row, or does the next line belong to it (`open`), or is it none whatever follows (`broken`)? */
export function rowState(row: string, delimiter: string): "whole" | "open" | "broken" {
  if (!row.includes(QUOTE)) return "whole";
  const cells = parseCsvRow(row, delimiter);
  if (cells.ok) return "whole";
  return cells.error.code === "csv.open" ? "open" : "broken";
}

function closingQuote(row: string, from: number): number {
  for (let at = row.indexOf(QUOTE, from); at >= 0; at = row.indexOf(QUOTE, at + 2)) {
    if (row.charAt(at + 1) !== QUOTE) return at;
  }
  return -1;
}

const DELIMITERS = [",", ";", "\t", "|"] as const;

/** The delimiter that cuts the first row into most cells; a comma where none does. */
export function guessDelimiter(firstRow: string): string {
  let best = ",";
  let most = 1;
  for (const delimiter of DELIMITERS) {
    const cells = parseCsvRow(firstRow, delimiter);
    if (!cells.ok || cells.value.length <= most) continue;
    most = cells.value.length;
    best = delimiter;
  }
  return best;
}
