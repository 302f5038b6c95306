import { readFileSync } from "node:fs";
import { parse as parseYaml } from "yaml";
import { loadConfig, type ConfigProblems } from "../config/load.js";
import type { Config } from "../config/schema.js";
import { fail, type Result } from "../core/result.js";

export interface ReadOptions {
  /** YAML or JSON; none: defaults and environment only. */
  readonly file?: string | undefined;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Reads file and environment. Every problem is one line with the path of the key; nothing is thrown. */
export function readConfig({ file, env = process.env }: ReadOptions): Result<Config, ConfigProblems> {
  let content: unknown;
  if (file !== undefined) {
    try {
      content = parseYaml(readFileSync(file, "utf8"), { maxAliasCount: 100 });
    } catch (error) {
      return fail([`${file}: ${error instanceof Error ? error.message.split("\n")[0] : "cannot be read"}`]);
    }
  }
  return loadConfig(content, env, (path) => readFileSync(path, "utf8"));
}

/** Prints the problems and ends with status 1. */
export function refuseConfig(problems: ConfigProblems): never {
  console.error("config.invalid:");
  for (const line of problems) console.error(`  ${line}`);
  process.exit(1);
}
