// node --import tsx scripts/generate-number-classes.ts writes detection/numbers/number-class-data.ts: which leading digits of an
// international number mean which country and class. From the metadata of libphonenumber-js (MIT; derived from Google's
// libphonenumber, Apache-2.0). Only leading digits are kept: a number of a wrong length still costs what its range costs.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { NumberPattern, type States } from "./number-classes/number-pattern.js";

/** In the order of libphonenumber's types; personal numbers and pagers are charged like shared-cost ones. */
const CLASSES = ["f", "m", "t", "p", "s", "f", "f", "s", "f", "s"];
const TYPES = 11;
const MAX_DEPTH = 8;

interface MetadataFile {
  readonly countries: Readonly<Record<string, readonly unknown[]>>;
  readonly country_calling_codes: Readonly<Record<string, readonly string[]>>;
}

interface Entry {
  readonly name: string;
  readonly region: string;
  readonly letter: string;
  readonly pattern: NumberPattern;
}
interface Live {
  readonly entry: Entry;
  readonly states: States;
}
type Node = string | { readonly children: readonly (Node | undefined)[] };

const path = createRequire(import.meta.url).resolve("libphonenumber-js/metadata.max.json");
const file = JSON.parse(readFileSync(path, "utf8")) as MetadataFile;

function entriesOf(region: string): Entry[] {
  const types = (file.countries[region]?.[TYPES] ?? []) as readonly unknown[];
  const sources = types.map((type) => (Array.isArray(type) ? (type[0] as string) : undefined));
  const isMerged = sources[0] !== undefined && sources[0] === sources[1];
  return sources.flatMap((source, i) => {
    if (source === undefined || (isMerged && i === 1)) return [];
    const letter = isMerged && i === 0 ? "x" : (CLASSES[i] ?? "f");
    return [{ name: `${region}${i}`, region, letter, pattern: new NumberPattern(source) }];
  });
}

/** Most prefixes lead to states that others lead to as well. */
const known = new Map<string, Node | undefined>();
function resolve(live: readonly Live[], depth: number): Node | undefined {
  const key = `${depth} ${live.map(({ entry, states }) => `${entry.name}:${states.join(",")}`).join(" ")}`;
  if (!known.has(key)) known.set(key, resolveNew(live, depth));
  return known.get(key);
}

/** Undefined: no number begins so, anything may be said of it. */
function resolveNew(live: readonly Live[], depth: number): Node | undefined {
  const values = [...new Set(live.map(({ entry }) => `${entry.region}.${entry.letter}`))];
  if (values.length <= 1) return values[0];
  if (depth === MAX_DEPTH) return choose(values);
  const children = Array.from({ length: 10 }, (_, digit) =>
    resolve(
      live.flatMap(({ entry, states }) => {
        const next = entry.pattern.step(states, digit);
        return next.length === 0 ? [] : [{ entry, states: next }];
      }),
      depth + 1,
    ),
  );
  const distinct = [...new Set(children.filter((child) => child !== undefined))];
  if (distinct.length === 0) return choose(values);
  return distinct.length === 1 && typeof distinct[0] === "string" ? distinct[0] : { children };
}

/** Of values that no leading digit tells apart: the first region's; what may cost most; fixed and mobile as both. */
function choose(values: readonly string[]): string {
  const region = values[0]?.split(".")[0] ?? "";
  const letters = new Set(values.filter((value) => value.startsWith(`${region}.`)).map((value) => value.split(".")[1]));
  for (const letter of ["p", "s"]) if (letters.has(letter)) return `${region}.${letter}`;
  return letters.size > 1 ? `${region}.x` : `${region}.${[...letters][0] ?? "f"}`;
}

/** Longest prefix wins: what most of a node's children say is said of the node, the rest below it. */
function spell(
  node: Node | undefined,
  prefix: string,
  inherited: string | undefined,
  out: Map<string, string[]>,
): void {
  if (node === undefined) return;
  if (typeof node === "string") {
    if (node !== inherited) out.set(node, [...(out.get(node) ?? []), prefix]);
    return;
  }
  const counts = new Map<string, number>();
  for (const child of node.children) if (typeof child === "string") counts.set(child, (counts.get(child) ?? 0) + 1);
  const usual = [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
  const here = usual ?? inherited;
  if (usual !== undefined && usual !== inherited) out.set(usual, [...(out.get(usual) ?? []), prefix]);
  node.children.forEach((child, digit) => spell(child, `${prefix}${digit}`, here, out));
}

const rows: string[] = [];
for (const [code, regions] of Object.entries(file.country_calling_codes)) {
  if (regions.every((region) => file.countries[region] === undefined)) continue;
  const live = regions.flatMap((region) => entriesOf(region)).map((entry) => ({ entry, states: entry.pattern.start }));
  const out = new Map<string, string[]>();
  const first = resolve(live, 0);
  // The country code alone is the main country, whatever follows.
  spell(first, code, undefined, out);
  const main = `${regions[0] ?? ""}.f`;
  if (![...out.values()].some((prefixes) => prefixes.includes(code))) out.set(main, [code, ...(out.get(main) ?? [])]);
  for (const [value, prefixes] of out) rows.push(`${value}:${prefixes.join(",")}`);
}
const lines = rows
  .sort()
  .reduce<string[]>(
    (all, row) => {
      const last = all.length - 1;
      if ((all[last] ?? "").length + row.length > 100) all.push("");
      all[all.length - 1] = `${all[all.length - 1] ?? ""}${row} `;
      return all;
    },
    [""],
  )
  .map((line) => `  "${line}"`);
writeFileSync(
  new URL("../detection/numbers/number-class-data.ts", import.meta.url),
  `// Generated by scripts/generate-number-classes.ts from libphonenumber-js (MIT; data of libphonenumber, Apache-2.0). Do not edit.

/** \`region.class:prefixes\`: f fixed, m mobile, x both, t toll-free, s shared cost, p premium. The longest prefix of a number counts. */
export const NUMBER_CLASSES =
${lines.join(" +\n")};
`,
);
console.log(`${rows.length} rows, ${lines.join("").length} bytes`);
