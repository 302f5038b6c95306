import { ownCopy, stableHash } from "../masking/string-hasher.js";
import type { CalledId, CallerId, TrunkId } from "../model/events.js";
import { readDialled, withoutPrefix, type Digits } from "./dialled-number.js";
import { emergencyNumbersOf } from "./emergency-numbers.js";
import { isInternational, lengthsAfter, regionNumbers } from "./number-table.js";
import { isSeparator, readUser } from "./read-user.js";

/** How numbers are written on one trunk. All optional: without any, only international forms are joined. */
export interface NumberPlanOptions {
  /** ISO 3166-1 alpha-2: gives country code, prefixes, lengths and emergency numbers. Unknown regions count as none. */
  readonly region?: string | undefined;
  /** Country code of national numbers, without `+`; wins over the region's. */
  readonly countryCode?: string | undefined;
  /** What is dialled before a country code. Default: the region's; without region `00` and `011`. */
  readonly internationalPrefixes?: readonly string[] | undefined;
  /** What is dialled before a national number. Default: the region's. */
  readonly nationalPrefix?: string | undefined;
  /**
   * Is a number without `+` or prefix, 11 digits or more, that begins with a country code and has a length possible there,
   * an international one (`12025550101` = `+12025550101`)? Default true.
   */
  readonly bareInternational?: boolean | undefined;
  /** Never acted upon. Default: those of the region, else those that every phone knows. */
  readonly emergencyNumbers?: readonly string[] | undefined;
}

/** Longer ids are cut and end in a hash. */
const MAX_ID = 64;
const KEPT_OF_LONG = 40;
/** Longer input is not read at all, only hashed. */
const MAX_RAW = 512;
const MIN_BARE_DIGITS = 11;
/** So many in front of what is sent once the call is up are a number, even where the plan does not know of which country. */
const MIN_LEADING_DIGITS = 7;
const NATIONAL_DIGITS = 10;
/** More stretches of letters between digits are a random name. */
const MOST_WORDS = 3;

/**
 * Makes one id of all the ways in which one number is written: `+1202…`, `001202…`, `1202…`, `tel:+1-202-…`,
 * `sip:+1202…;user=phone`. Ids with letters stay as they are, case kept; so do numbers that no rule can read, without their separators.
 * The same input always gives the same id, on every machine.
 */
export class NumberPlan {
  readonly #countryCode: string;
  readonly #nationalPrefix: string;
  readonly #nationalLengths: number;
  readonly #ordinaryLengths: number;
  readonly #internationalPrefixes: readonly string[];
  readonly #bareInternational: boolean;
  readonly #emergency: ReadonlySet<string>;

  constructor(options: NumberPlanOptions = {}) {
    const region = options.region === undefined ? undefined : regionNumbers(options.region.toUpperCase());
    const ownCode = options.countryCode === undefined || options.countryCode === region?.countryCode;
    this.#countryCode = options.countryCode ?? region?.countryCode ?? "";
    this.#nationalPrefix = options.nationalPrefix ?? (ownCode ? (region?.nationalPrefix ?? "") : "");
    this.#nationalLengths =
      this.#countryCode === "" ? 0 : ownCode && region !== undefined ? region.lengths : lengthsAfter(this.#countryCode);
    this.#ordinaryLengths = ownCode && region !== undefined ? region.ordinaryLengths : this.#nationalLengths;
    const prefixes = options.internationalPrefixes ?? (region ? [region.internationalPrefix] : ["00", "011"]);
    this.#internationalPrefixes = [...prefixes].filter((prefix) => prefix !== "").sort((a, b) => b.length - a.length);
    this.#bareInternational = options.bareInternational ?? true;
    this.#emergency = new Set(options.emergencyNumbers ?? emergencyNumbersOf(region?.region));
  }

  /**
   * @param raw A user part, SIP URI, tel URI or address as received. May be hostile.
   * @returns The canonical number or opaque id, at most 64 characters, without control characters; empty for empty input.
   */
  canonical(raw: string): string {
    return ownCopy(isPlainInternational(raw) ? raw : this.#read(raw));
  }

  #read(raw: string): string {
    if (raw.length > MAX_RAW) return shorten(raw);
    const { user, context } = readUser(raw);
    const dialled = readDigits(user);
    if (dialled === undefined) return printable(context === "" ? user : `${user};phone-context=${context}`);
    return this.#ofDigits(dialled, context);
  }

  /** As `canonical`; a caller without any number is `anonymous@TRUNK`. */
  callerId(raw: string, trunk: TrunkId): CallerId {
    const id = this.canonical(raw);
    return (id === "" ? `anonymous@${trunk}` : id) as CallerId;
  }

  calledId(raw: string): CalledId {
    return this.called(raw) as CalledId;
  }

  /**
   * As `canonical`, of a number that is dialled. What a switch behind us may strip from it (letters, `#`, blanks and what is escaped,
   * extensions, a prefix that withholds the caller's number) makes no other number of it: else each caller of an attack would reach
   * the same person under another one. Names and service codes stay as they are, with digits in front of them too (`1000123_201`):
   * else all accounts that begin alike would be one victim.
   */
  called(raw: string): string {
    const id = this.canonical(raw);
    if (id === "" || id.charCodeAt(0) === 43 ? isPlainInternational(id) : this.#emergency.has(id)) return id;
    const { user, context } = readUser(raw);
    const rest = withoutPrefix(user, this.#countryCode);
    const bare = rest === undefined ? undefined : this.#dialled(rest, context);
    if (bare !== undefined && (isPlainInternational(bare) || this.#emergency.has(bare))) return ownCopy(bare);
    return ownCopy(readDigits(user) === undefined ? (this.#dialled(user, context) ?? id) : id);
  }

  #dialled(user: string, context: string): string | undefined {
    const { leading, all, hasTail, hasLetters, hasName, hasTones, words, isService } = readDialled(user);
    if (isService) return undefined;
    const [first, whole] = [leading, all].map((read) => this.#ofDigits(read, context)) as [string, string];
    // Without a country a national number is known by its length alone, and accounts (`1234567890_201`) are as long.
    const isNational = this.#countryCode === "" && !hasName && leading.digits.length >= NATIONAL_DIGITS;
    const isWhole = isPlainInternational(first) || isNational;
    const isNumber = isPlainInternational(whole) && (all.plus || words <= MOST_WORDS);
    // With a digit more a national number may be one of another country.
    const isAbroad = this.#isOwn(first) && !this.#isOwn(whole);
    if (isNumber && !(isWhole && (hasTail || isAbroad))) return whole;
    if (isWhole || (hasTones && leading.digits.length >= MIN_LEADING_DIGITS)) return first;
    return hasLetters || all.digits === "" ? undefined : whole;
  }

  #isOwn(number: string): boolean {
    return this.#countryCode !== "" && number.startsWith(`+${this.#countryCode}`);
  }

  #ofDigits({ digits, plus }: Digits, context: string): string {
    if (plus) return this.#international(digits);
    return context === "" ? this.#local(digits) : this.#inContext(digits, context);
  }

  /** @param number Canonical or as dialled; `urn:service:sos` and what is below it count too (RFC 5031). */
  isEmergency(number: string): boolean {
    return this.#emergency.has(number) || isEmergencyService(number);
  }

  /** After a `+`. */
  #international(digits: string): string {
    if (isInternational(digits, 0)) return printable(`+${digits}`);
    // +44 (0)20 … without its parentheses: the national prefix has no place there.
    const code = this.#countryCode;
    const prefix = this.#nationalPrefix === "" ? "0" : this.#nationalPrefix;
    if (code !== "" && digits.startsWith(code + prefix)) {
      const without = code + digits.slice(code.length + prefix.length);
      if (isInternational(without, 0)) return `+${without}`;
    }
    return printable(`+${digits}`);
  }

  #local(digits: string): string {
    if (this.#emergency.has(digits)) return digits;
    for (const prefix of this.#internationalPrefixes) {
      if (!digits.startsWith(prefix) || !isInternational(digits, prefix.length)) continue;
      // Without a region, 011 may as well begin a national number: only a long one is taken for international.
      const unsure = this.#countryCode === "" && prefix === "011" && digits.length - 3 < MIN_BARE_DIGITS - 1;
      if (!unsure) return `+${digits.slice(prefix.length)}`;
    }
    const national = this.#national(digits);
    if (national !== undefined) return national;
    const isBare = this.#bareInternational && digits.length >= MIN_BARE_DIGITS && isInternational(digits, 0);
    return printable(isBare ? `+${digits}` : digits);
  }

  #national(digits: string): string | undefined {
    const code = this.#countryCode;
    const prefix = this.#nationalPrefix;
    if (code === "") return undefined;
    if (prefix !== "" && digits.startsWith(prefix)) {
      const rest = digits.slice(prefix.length);
      return this.#isPossible(rest) ? `+${code}${rest}` : undefined;
    }
    const isWhole = this.#bareInternational && digits.startsWith(code) && this.#isPossible(digits.slice(code.length));
    // Where a national prefix is dialled, or nobody has a number of that length, one that begins with the country code is international.
    const isOrdinary = (this.#ordinaryLengths & (1 << Math.min(31, digits.length))) !== 0;
    if (isWhole && (prefix !== "" || !isOrdinary)) return `+${digits}`;
    return this.#isPossible(digits) ? `+${code}${digits}` : undefined;
  }

  #isPossible(national: string): boolean {
    if (national.length > 17 || (this.#nationalLengths & (1 << national.length)) === 0) return false;
    return this.#countryCode !== "1" || national.charCodeAt(0) >= 50;
  }

  /** A local number whose context is a country is a national number of it; in any other context it is an id of that context. */
  #inContext(digits: string, context: string): string {
    if (this.#emergency.has(digits)) return digits;
    const code = readDigits(context)?.digits ?? "";
    if (context.startsWith("+") && lengthsAfter(code) !== 0) {
      const national = digits.startsWith("0") && code !== "39" ? digits.slice(1) : digits;
      if (isInternational(code + national, 0)) return `+${code}${national}`;
    }
    return printable(`${digits};phone-context=${context}`);
  }
}

/** `+` and digits only, of a possible length: the common case, answered without making a string. */
function isPlainInternational(raw: string): boolean {
  if (raw.length < 8 || raw.length > 18 || raw.charCodeAt(0) !== 43) return false;
  for (let i = 1; i < raw.length; i++) {
    const code = raw.charCodeAt(i);
    if (code < 48 || code > 57) return false;
  }
  return isInternational(raw, 1);
}

/** The digits of a dialled number without separators; undefined when anything else stands in it. */
function readDigits(user: string): Digits | undefined {
  const text = user.startsWith("+") && user.includes("(0)") ? user.replace("(0)", "") : user;
  let digits = "";
  let plus = false;
  let from = -1;
  for (let i = 0; i <= text.length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : 32;
    if (code >= 48 && code <= 57) {
      if (from < 0) from = i;
      continue;
    }
    if (from >= 0) digits += text.slice(from, i);
    from = -1;
    if (code === 43 && digits === "" && !plus) plus = true;
    else if (!isSeparator(code)) return undefined;
  }
  return digits === "" ? undefined : { digits, plus };
}

/** RFC 5031 §4.2: `urn:service:sos`, `urn:service:sos.police` … */
function isEmergencyService(text: string): boolean {
  const service = "urn:service:sos";
  if (text.length < service.length || text.slice(0, service.length).toLowerCase() !== service) return false;
  return text.length === service.length || text.charCodeAt(service.length) === 46;
}

/** Control characters escaped, length limited. */
function printable(id: string): string {
  let clean = true;
  for (let i = 0; i < id.length && clean; i++) clean = id.charCodeAt(i) >= 32 && id.charCodeAt(i) !== 127;
  const text = clean
    ? id
    : Array.from(id, (char) => (char >= " " && char !== "\x7f" ? char : `%${hex(char.charCodeAt(0), 2)}`)).join("");
  return text.length > MAX_ID ? shorten(text) : text;
}

/** The same id for the same text, so that a flood of long ids is neither merged nor kept. */
function shorten(text: string): string {
  const start = Array.from(text.slice(0, KEPT_OF_LONG))
    .filter((char) => char >= " " && char !== "\x7f")
    .join("");
  return `${start}~${hex(stableHash(text), 13)}`;
}

const hex = (value: number, digits: number): string => value.toString(16).toUpperCase().padStart(digits, "0");
