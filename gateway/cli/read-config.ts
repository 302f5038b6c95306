import { readFileSync } from "node:fs";
import { loadConfig, valuesFromEnvironment, type ConfigProblems } from "../config/load.js";
import type { Config } from "../config/schema.js";
import { fail, ok, type Result } from "../core/result.js";
import { configProblems, problemsBesideFiles } from "../wiring/check-config.js";
import { readYaml } from "./read-yaml.js";

export interface ReadOptions {
  /** YAML or JSON; none: defaults and environment only. */
  readonly file?: string | undefined;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Certificates and keys that the gateway needs are there and can be read. */
  readonly withFiles?: boolean;
}

/**
 * Reads file and environment, and refuses what could not be served, whatever the command needs of it: who imports or reports under
 * a file must not find out later that the gateway never ran with it. Every problem is one line with the path of the key; nothing is thrown.
 */
export function readConfig(options: ReadOptions): Result<Config, ConfigProblems> {
  const read = readUncheckedConfig(options);
  if (!read.ok) return read;
  const problems = options.withFiles === true ? configProblems(read.value) : problemsBesideFiles(read.value);
  return problems.length > 0 ? fail(problems) : read;
}

/** As `readConfig`, but whether its values fit each other has not been asked yet. */
export function readUncheckedConfig({ file, env = process.env }: ReadOptions): Result<Config, ConfigProblems> {
  const content = readFile(file);
  return content.ok ? loadConfig(content.value, env, (path) => readFileSync(path, "utf8")) : content;
}

/** What comes from the environment, one text: `http.listenPort from HTTP_PORT (the file says otherwise)`. Undefined: nothing. */
export function environmentNote({ file, env = process.env }: ReadOptions): string | undefined {
  const content = readFile(file);
  const found = content.ok ? valuesFromEnvironment(content.value, env) : [];
  if (found.length === 0) return undefined;
  return found
    .map(({ key, variable, overFile }) => `${key} from ${variable}${overFile ? " (the file says otherwise)" : ""}`)
    .join(", ");
}

function readFile(file: string | undefined): Result<unknown, ConfigProblems> {
  if (file === undefined) return ok(undefined);
  const read = readYaml(file);
  return read.ok ? read : fail([read.error]);
}

/** Prints the problems and ends with status 1. */
export function refuseConfig(problems: ConfigProblems): never {
  console.error("config.invalid:");
  for (const line of problems) console.error(`  ${line}`);
  process.exit(1);
}
