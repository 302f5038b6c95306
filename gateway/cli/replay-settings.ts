import { existsSync, readFileSync } from "node:fs";
import { parse as parseYaml } from "yaml";
import { NumberPlan, type DetectionOptions } from "../../detection/index.js";
import type { Environment } from "../config/aliases.js";
import { loadConfig, type ConfigProblems } from "../config/load.js";
import { fail, ok, type Result } from "../core/result.js";
import { problemsBesideFiles } from "../wiring/check-config.js";
import { readYaml } from "./read-yaml.js";

/** What a replay runs under. */
export interface ReplaySettings {
  readonly options: DetectionOptions;
  readonly planOf: (trunk: string) => NumberPlan;
}

/**
 * Settings of a configuration file with some keys changed. `key` is a path below `detection`, with or without that word:
 * `masking.threshold=8`; the value is YAML.
 * @param env Changes no setting; the file is held to what `ringfence config check` would say of it here.
 */
export function replaySettings(
  file: string | undefined,
  changes: readonly string[],
  env: Environment = process.env,
): Result<ReplaySettings, ConfigProblems> {
  const read = file === undefined ? ok({}) : readYaml(file);
  if (!read.ok) return fail([read.error]);
  let content: unknown = read.value ?? {};
  for (const change of changes) {
    const equals = change.indexOf("=");
    if (equals < 1) return fail([`${change}: expected key=value`]);
    const key = change.slice(0, equals).replace(/^detection\./, "");
    const changed = withValue(content, ["detection", ...key.split(".")], change.slice(equals + 1));
    if (changed === undefined) return fail([`${key}: cannot be set`]);
    content = changed;
  }
  const readSecret = (path: string): string => readFileSync(path, "utf8");
  const config = loadConfig(content, {}, readSecret);
  if (!config.ok) return config;
  // As the gateway would have it: what the file lacks may come from the environment.
  const served = file === undefined ? config : loadConfig(content, env, readSecret);
  const problems = served.ok ? problemsBesideFiles(served.value) : served.error;
  if (problems.length > 0) return fail(problems);
  const { detection, trunks, defaultTrunk } = config.value;
  const plans = new Map(trunks.map((trunk) => [trunk.id, new NumberPlan(trunk.numberPlan)]));
  const fallback = new NumberPlan(defaultTrunk.numberPlan);
  return ok({ options: detection, planOf: (trunk) => plans.get(trunk) ?? fallback });
}

/** `FILE` or `key=value`: other settings to compare with. */
export function otherSettings(
  file: string | undefined,
  changes: readonly string[],
  diff: string,
): Result<ReplaySettings, ConfigProblems> {
  return diff.includes("=") && !existsSync(diff)
    ? replaySettings(file, [...changes, diff])
    : replaySettings(diff, changes);
}

/** A copy of `content` with one value set; undefined where the path runs through something that holds no keys. */
function withValue(content: unknown, path: readonly string[], value: string): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return parseScalar(value);
  if (key === "" || key === "__proto__") return undefined;
  if (content !== undefined && content !== null && (typeof content !== "object" || Array.isArray(content)))
    return undefined;
  const map = (content ?? {}) as Readonly<Record<string, unknown>>;
  const inner = withValue(map[key], rest, value);
  return inner === undefined ? undefined : { ...map, [key]: inner };
}

function parseScalar(value: string): unknown {
  try {
    return (parseYaml(value) as unknown) ?? value;
  } catch {
    return value;
  }
}
