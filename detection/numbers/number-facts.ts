import type { NumberClass } from "../cdr/call-record.js";
import { NUMBER_CLASSES } from "./number-class-data.js";

export interface NumberFacts {
  /** ISO 3166-1 alpha-2; absent: no number of a country. */
  readonly country?: string;
  readonly numberClass: NumberClass;
}

const UNKNOWN: NumberFacts = { numberClass: "unknown" };
const LETTERS: Readonly<Record<string, NumberClass>> = {
  f: "fixed",
  m: "mobile",
  x: "fixed-or-mobile",
  t: "toll-free",
  s: "shared-cost",
  p: "premium",
};

/** Codes that belong to no country. ITU-T E.164.1; +88216 is Thuraya, +8819 Globalstar, +870 Inmarsat. */
const WITHOUT_COUNTRY: readonly (readonly [prefix: string, numberClass: NumberClass])[] = [
  ["800", "toll-free"],
  ["808", "shared-cost"],
  ["870", "satellite"],
  ["878", "international-network"],
  ["881", "satellite"],
  ["882", "international-network"],
  ["88213", "satellite"],
  ["88216", "satellite"],
  ["883", "international-network"],
  ["888", "international-network"],
  ["979", "premium"],
];

/** Ten places a node: the next node, 0 none. */
interface Trie {
  readonly next: Int32Array;
  readonly facts: readonly (NumberFacts | undefined)[];
}

const TRIE: Trie = buildTrie();

function buildTrie(): Trie {
  const next: number[] = new Array<number>(10).fill(0);
  const facts: (NumberFacts | undefined)[] = [undefined];
  const put = (prefix: string, fact: NumberFacts): void => {
    let node = 0;
    for (let i = 0; i < prefix.length; i++) {
      const place = node * 10 + prefix.charCodeAt(i) - 48;
      let child = next[place] ?? 0;
      if (child === 0) {
        child = facts.push(undefined) - 1;
        next[place] = child;
        for (let digit = 0; digit < 10; digit++) next.push(0);
      }
      node = child;
    }
    facts[node] = fact;
  };
  for (const row of NUMBER_CLASSES.trim().split(" ")) {
    const [value = "", prefixes = ""] = row.split(":");
    const [country = "", letter = ""] = value.split(".");
    const fact: NumberFacts = { country, numberClass: LETTERS[letter] ?? "unknown" };
    for (const prefix of prefixes.split(",")) put(prefix, fact);
  }
  for (const [prefix, numberClass] of WITHOUT_COUNTRY) put(prefix, { numberClass });
  return { next: Int32Array.from(next), facts };
}

/**
 * Country and class of an international number by its leading digits, whatever its length.
 *
 * @param number `+` and digits, as `NumberPlan.canonical` gives them; anything else is unknown.
 */
export function numberFacts(number: string): NumberFacts {
  if (number.charCodeAt(0) !== 43) return UNKNOWN;
  let found = UNKNOWN;
  let node = 0;
  for (let i = 1; i < number.length; i++) {
    const digit = number.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return UNKNOWN;
    node = TRIE.next[node * 10 + digit] ?? 0;
    if (node === 0) break;
    found = TRIE.facts[node] ?? found;
  }
  return found;
}
