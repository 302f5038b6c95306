import type { RowError } from "./raw-call.js";

const WORDS: Readonly<Record<string, string>> = {
  "csv.open": "a quote that nobody closes",
  "csv.quote": "text behind a closing quote",
  "csv.long": "longer than a row can be",
  "csv.coding": "not UTF-8; where an older program wrote the file: --encoding latin1",
  "csv.zero": "it has NUL characters in it",
};

/** Why a row of a file is none, in words: code first, for programs. */
export function fileReason(code: string): string {
  const words = WORDS[code];
  return words === undefined ? code : `${code}: ${words}`;
}

/** Why a row is no record, in words: code, field and what stood there first. */
export function rowReason({ code, field, found }: RowError): string {
  switch (code) {
    case "record.columns":
      return `${code}: ${found} as the header has`;
    case "record.missing":
      return `${code} ${field}: nothing there`;
    case "record.date":
      return `${code} ${field}: ${found}: which is the day, which the month? Say it in a mapping: format: "DD/MM/YYYY HH:mm:ss"`;
    case "record.decimal":
      return `${code} ${field}: ${found}: where a comma stands before decimals: --decimal ,`;
    case "record.times":
      return `${code} ${field}: ${found}: before the start, or more than a month after it`;
    case "record.future":
      return `${code} ${field}: ${found}: more than a day after now`;
    case "record.field":
      return `${code} ${field}: ${found}: cannot be read`;
  }
}
