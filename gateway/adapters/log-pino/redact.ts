import { createHmac } from "node:crypto";
import { isIPv6 } from "node:net";
import type { Sensitive } from "../../core/log.js";

/** Longer texts are cut before they are searched, so that one hostile header costs no more than this. */
const MAX_TEXT = 4096;
const HASH_HEX_DIGITS = 12;

/** `sip:`, `sips:`, `tel:` and what follows up to a space, quote, comma or closing bracket. */
const URI = /\b(?:sips?|tel):[^\s"'<>,]+/gi;
/** Candidates; `isIPv6` has the last word (a time of day looks like one). */
const IPV6 = /(?<![0-9a-f:.])[0-9a-f]{0,4}:[0-9a-f:]{1,39}(?:(?:\.\d{1,3}){3})?/gi;
const IPV4 = /(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?!\d|\.\d)/g;
/**
 * Seven digits or more, with the separators people write between them. First come the forms that are not numbers of people and
 * stay as they are: ids of incidents, alerts, blocks and cases, UUIDs, hashes, hexadecimal tokens of 16 digits and more without ten figures in a row, ISO dates with a time.
 */
const NUMBER =
  /(?<keep>\b(?:inc|alert|blk)-[0-9a-f]{16}\b|\bcase-(?=\d*[a-f])[0-9a-f]{16}\b|\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b|\b(?=\d*[a-f]|0{40})[0-9a-f]{40,}\b|\b(?![0-9a-f]*\d{10})(?=\d*[a-f])[0-9a-f]{16,}\b|\b\d{4}-\d\d-\d\dT[\d:.]+Z?)|\+?\(?\d(?:[ \-.()/]{0,2}\d){6,}/gi;
/** Fields whose values are ids that we made ourselves; what a caller or a peer may choose, a Call-ID above all, is none of them. */
const OWN_ID_FIELDS: ReadonlySet<string> = new Set([
  "alert",
  "block",
  "case",
  "delivery",
  "finding",
  "incident",
  "job",
  "recording",
]);
/** With a letter in it, and one digit longer than the longest telephone number (E.164 §6.1: 15) at least. */
const OWN_ID = /^(?:[a-z]{2,12}-)?(?=\d*[a-f])(?:[0-9a-f]{16}|[0-9a-f]{24}|[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$/;
const MAY_HOLD_SOMETHING = /[0-9:]/;

/** Makes values that may identify a person unreadable, the same value always in the same way, so that lines can be joined. */
export class Redactor {
  readonly #key: Uint8Array;
  readonly #show: boolean;

  /** @param key Secret, at least 16 bytes: numbers are few enough to be tried out against an unkeyed hash. @param show Print values as they are. */
  constructor(key: Uint8Array, show: boolean) {
    if (key.byteLength < 16) throw new RangeError("the log key has at least 16 bytes");
    this.#key = key;
    this.#show = show;
  }

  sensitive(value: Sensitive): string {
    return this.#show ? value.value : this.#hash(value.kind, value.value);
  }

  /** A field of a line: as `text`, but ids of our own pass whole, so that they can be looked up as they stand there. */
  field(name: string, value: string): string {
    return OWN_ID_FIELDS.has(name) && OWN_ID.test(value) ? value : this.text(value);
  }

  /** The second net: masks whatever looks like a number, URI or address in a text that nobody marked. */
  text(raw: string): string {
    const text = raw.length > MAX_TEXT ? `${raw.slice(0, MAX_TEXT)}…` : raw;
    if (this.#show || !MAY_HOLD_SOMETHING.test(text)) return text;
    return text
      .replace(URI, (found) => this.#hash("uri", found))
      .replace(IPV6, (found) => (isIPv6(found) && found !== "::" ? this.#hash("address", found) : found))
      .replace(IPV4, (found) => (found === "0.0.0.0" ? found : this.#hash("address", found)))
      .replace(NUMBER, (found: string, keep: string | undefined) => keep ?? this.#hash("number", found));
  }

  /** `<number a1b2…>`: letters only, so that the result is not taken for a number again. */
  #hash(kind: string, value: string): string {
    const hex = createHmac("sha256", this.#key).update(value).digest("hex").slice(0, HASH_HEX_DIGITS);
    return `<${kind} ${toLetters(hex)}>`;
  }
}

/** 0–f become a–p. */
function toLetters(hex: string): string {
  let letters = "";
  for (const digit of hex) letters += String.fromCharCode(97 + Number.parseInt(digit, 16));
  return letters;
}
