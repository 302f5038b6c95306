import { readFileSync } from "node:fs";
import { parse as parseYaml } from "yaml";
import { fail, ok, type Result } from "../core/result.js";

/** How often a value may be there by aliases, those within aliases multiplied: a file of some lines must not fill the memory. */
const MOST_ALIASES = 100;

/** Words of the YAML library that say nothing to who wrote the file. */
const CLEARER: readonly (readonly [said: RegExp, meant: string])[] = [
  [
    /^Excessive alias count/,
    `YAML aliases would put one value into more than ${MOST_ALIASES} places; write it out, or use fewer aliases`,
  ],
  [/^Maximum call stack size exceeded/, "values are nested too deeply"],
];

/** A YAML or JSON file. @returns What is in it, or one line that begins with its path. Nothing is thrown. */
export function readYaml(file: string): Result<unknown, string> {
  try {
    return ok(parseYaml(readFileSync(file, "utf8"), { maxAliasCount: MOST_ALIASES }));
  } catch (error) {
    const [said = ""] = error instanceof Error ? error.message.split("\n") : [];
    const meant = CLEARER.find(([words]) => words.test(said))?.[1];
    return fail(`${file}: ${meant ?? (said === "" ? "cannot be read" : said)}`);
  }
}
