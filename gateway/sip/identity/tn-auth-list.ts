import { ascii, contextTag, DER, derNumber, onlyElement, type DerReader } from "./der-reader.js";

/** Whose numbers a certificate may sign for. RFC 8226 §9 */
export interface TnAuthList {
  /** Service provider codes: which numbers these own is not in the certificate. */
  readonly spcs: readonly string[];
  readonly ranges: readonly TnRange[];
  readonly tns: readonly string[];
}

/** `count` numbers of the same length from `start` on. */
export interface TnRange {
  readonly start: string;
  readonly count: number;
}

/** Entries of one certificate. */
const MOST_ENTRIES = 1_000;
const SPC = /^[\x21-\x7e]{1,32}$/;
/** RFC 8226 §9: TelephoneNumber, 1–15 of these. */
const TELEPHONE_NUMBER = /^[0-9*#]{1,15}$/;

/**
 * @param value The extension's value: TNAuthorizationList. Hostile.
 * @returns Undefined where it is malformed, empty or too long.
 */
export function readTnAuthList(value: Uint8Array): TnAuthList | undefined {
  const entries = onlyElement(value, DER.sequence);
  if (entries === undefined) return undefined;
  const spcs: string[] = [];
  const ranges: TnRange[] = [];
  const tns: string[] = [];
  let count = 0;
  while (!entries.isAtEnd) {
    const entry = entries.next();
    if (entry === undefined || ++count > MOST_ENTRIES) return undefined;
    if (entry.tag === contextTag(0)) {
      const spc = onlyText(entry.content, SPC);
      if (spc === undefined) return undefined;
      spcs.push(spc);
    } else if (entry.tag === contextTag(1)) {
      const range = rangeOf(onlyElement(entry.content, DER.sequence));
      if (range === undefined) return undefined;
      ranges.push(range);
    } else if (entry.tag === contextTag(2)) {
      const tn = onlyText(entry.content, TELEPHONE_NUMBER);
      if (tn === undefined) return undefined;
      tns.push(tn);
    } else return undefined;
  }
  if (count === 0) return undefined;
  return { spcs, ranges, tns };
}

function onlyText(content: Uint8Array, pattern: RegExp): string | undefined {
  const reader = onlyElementText(content);
  return reader !== undefined && pattern.test(reader) ? reader : undefined;
}

function onlyElementText(content: Uint8Array): string | undefined {
  // A primitive: its length has to fill the wrapper.
  if (content[0] !== DER.ia5String || content[1] !== content.length - 2) return undefined;
  return ascii(content.subarray(2));
}

function rangeOf(reader: DerReader | undefined): TnRange | undefined {
  const start = reader?.take(DER.ia5String);
  const count = reader?.take(DER.integer);
  if (reader?.isAtEnd !== true || start === undefined || count === undefined) return undefined;
  const text = ascii(start.content);
  const many = derNumber(count.content);
  // A range of numbers with `*` or `#` in them means nothing.
  if (!/^[0-9]{1,15}$/.test(text) || many === undefined || many < 2) return undefined;
  return { start: text, count: many };
}

/**
 * Whether a certificate with that list may sign for a number. RFC 8226 §9: a service provider code says nothing of single numbers,
 * so one is enough where numbers are not listed as well.
 * @param tn As `tnOf` gives it.
 */
export function coversTn({ spcs, ranges, tns }: TnAuthList, tn: string): boolean {
  if (spcs.length > 0 || tns.includes(tn)) return true;
  if (!/^[0-9]{1,15}$/.test(tn)) return false;
  const value = Number(tn);
  return ranges.some(({ start, count }) => {
    const offset = value - Number(start);
    return tn.length === start.length && offset >= 0 && offset < count;
  });
}
