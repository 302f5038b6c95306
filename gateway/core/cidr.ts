import { fail, ok, type Result } from "./result.js";

/** An IP address as 32-bit words, big end first: one word for IPv4, four for IPv6. IPv4-mapped IPv6 is IPv4. */
export type AddressWords = readonly number[];

export interface CidrParseError {
  readonly code: "cidr.address" | "cidr.prefix";
  readonly text: string;
}

interface Cidr {
  readonly words: AddressWords;
  readonly prefixBits: number;
}

/**
 * Finds the value of the narrowest network that holds an address. Fixed after it was made; a look-up costs one hash access
 * for each prefix length in use.
 */
export class CidrTable<T> {
  /** By number of words, then by prefix length, longest first. */
  readonly #levels = new Map<number, { bits: number; networks: Map<string, T> }[]>();

  /** Of two entries with the same network the first one counts. @returns The table, or the first entry that is no network. */
  static of<T>(entries: Iterable<readonly [cidr: string, value: T]>): Result<CidrTable<T>, CidrParseError> {
    const table = new CidrTable<T>();
    for (const [text, value] of entries) {
      const cidr = parseCidr(text);
      if (!cidr.ok) return cidr;
      table.#add(cidr.value, value);
    }
    return ok(table);
  }

  /** @param address IPv4 or IPv6 literal, without brackets; a zone (`%eth0`) is ignored. Anything else is in no network. */
  lookup(address: string): T | undefined {
    const words = parseAddress(address);
    if (words === undefined) return undefined;
    for (const level of this.#levels.get(words.length) ?? []) {
      const value = level.networks.get(networkKey(words, level.bits));
      if (value !== undefined) return value;
    }
    return undefined;
  }

  has(address: string): boolean {
    return this.lookup(address) !== undefined;
  }

  #add(cidr: Cidr, value: T): void {
    const levels = this.#levels.get(cidr.words.length) ?? [];
    this.#levels.set(cidr.words.length, levels);
    let level = levels.find((each) => each.bits === cidr.prefixBits);
    if (level === undefined) {
      level = { bits: cidr.prefixBits, networks: new Map() };
      levels.push(level);
      levels.sort((x, y) => y.bits - x.bits);
    }
    const key = networkKey(cidr.words, cidr.prefixBits);
    if (!level.networks.has(key)) level.networks.set(key, value);
  }
}

/** What counts as one sender: an IPv4 address, or an IPv6 /64 (a host may use every address of it). Any other text as it is. */
export function senderKey(address: string): string {
  if (!address.includes(":")) return address;
  const words = parseAddress(address);
  return words === undefined ? address : networkKey(words, words.length === 1 ? 32 : 64);
}

/** The same text for the same network, however it is written. @returns Undefined when it is none. */
export function networkOf(text: string): string | undefined {
  const cidr = parseCidr(text);
  return cidr.ok ? `${networkKey(cidr.value.words, cidr.value.prefixBits)}/${cidr.value.prefixBits}` : undefined;
}

/** `192.0.2.0/24`, `2001:db8::/32`, or one address. Bits after the prefix are ignored. */
function parseCidr(text: string): Result<Cidr, CidrParseError> {
  const slash = text.indexOf("/");
  const words = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (words === undefined) return fail({ code: "cidr.address", text });
  const most = words.length * 32;
  if (slash < 0) return ok({ words, prefixBits: most });
  const digits = text.slice(slash + 1);
  const prefixBits = /^\d{1,3}$/.test(digits) ? Number(digits) : -1;
  return prefixBits < 0 || prefixBits > most ? fail({ code: "cidr.prefix", text }) : ok({ words, prefixBits });
}

function networkKey(words: AddressWords, bits: number): string {
  let key = "";
  for (let i = 0; i < words.length; i++) {
    const kept = Math.min(32, Math.max(0, bits - i * 32));
    const mask = kept === 0 ? 0 : (0xffffffff << (32 - kept)) >>> 0;
    key += `${(((words[i] ?? 0) & mask) >>> 0).toString(36)}.`;
  }
  return key;
}

/** @param text IPv4 or IPv6 literal, without brackets; a zone (`%eth0`) is ignored. @returns Undefined when it is none. */
export function parseAddress(text: string): AddressWords | undefined {
  if (text.length > 64) return undefined;
  if (!text.includes(":")) return parseIpv4(text);
  const zone = text.indexOf("%");
  const words = parseIpv6(zone < 0 ? text : text.slice(0, zone));
  if (words === undefined) return undefined;
  const mapped = words[0] === 0 && words[1] === 0 && words[2] === 0xffff;
  return mapped ? [words[3] ?? 0] : words;
}

function parseIpv4(text: string): AddressWords | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let word = 0;
  for (const part of parts) {
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) return undefined;
    word = word * 256 + Number(part);
  }
  return [word];
}

/** RFC 4291 §2.2 */
function parseIpv6(text: string): AddressWords | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = readGroups(halves[0] ?? "");
  const tail = readGroups(halves[1] ?? "");
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  const words: number[] = [];
  for (let i = 0; i < 8; i += 2) words.push((groups[i] ?? 0) * 65_536 + (groups[i + 1] ?? 0));
  return words;
}

function readGroups(text: string): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    if (index === parts.length - 1 && part.includes(".")) {
      const word = parseIpv4(part)?.[0];
      if (word === undefined) return undefined;
      groups.push(word >>> 16, word & 0xffff);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(parseInt(part, 16));
    else return undefined;
  }
  return groups;
}
