import { z } from "zod";
import { fail, ok, type Result } from "../core/result.js";
import { aliasOf, applyAliases, type Environment } from "./aliases.js";
import { configSchema, type Config } from "./schema.js";
import { hideSecrets, readSecretFile, withSecretFiles, type JsonNode } from "./secrets.js";
import { shapeProblems } from "./shape.js";

/** One thing that is wrong, with the path of the key: `detection.masking.treshold: unknown key`. */
export type ConfigProblems = readonly string[];

/**
 * File first, then environment (`SIP_LISTEN_PORT` = `sip.listenPort`; the source's names are aliases, see aliases.ts).
 * Pure: the caller reads both, `readSecret` reads `…File` paths.
 */
export function loadConfig(
  file: unknown,
  env: Environment,
  readSecret: (path: string) => string,
): Result<Config, ConfigProblems> {
  if (file !== undefined && file !== null && (typeof file !== "object" || Array.isArray(file))) {
    return fail(["(root): the configuration must be a mapping of sections"]);
  }
  const misshapen = shapeProblems(file);
  if (misshapen.length > 0) return fail(misshapen);
  const aliased = applyAliases(env);
  if (!aliased.ok) return aliased;
  const problems: string[] = [];
  const input = inputOf(file, aliased.value, { readSecret, problems, found: [] }) ?? {};
  const parsed = configSchema.safeParse(input);
  if (!parsed.success) problems.push(...parsed.error.issues.flatMap(describeIssue));
  if (problems.length > 0 || !parsed.success) return fail(problems);
  return ok(parsed.data);
}

function describeIssue(issue: z.core.$ZodIssue): string[] {
  const path = issue.path.map(String).join(".");
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => `${path === "" ? key : `${path}.${key}`}: unknown key`);
  const isMissing = issue.code === "invalid_type" && issue.message.endsWith("received undefined");
  return [`${path === "" ? "(root)" : path}: ${isMissing ? "is missing" : issue.message}`];
}

/** What `ringfence config print` shows: every value in force, secrets hidden. */
export function printableConfig(config: Config): unknown {
  return hideSecrets(config, z.toJSONSchema(configSchema, { io: "output", unrepresentable: "any" }) as JsonNode);
}

/** A value that the environment gives. */
export interface FromEnvironment {
  /** `http.listenPort` */
  readonly key: string;
  /** As it was set: `HTTP_PORT`. */
  readonly variable: string;
  /** The file says something else, which does not count. */
  readonly overFile: boolean;
}

/** Which values come from the environment: somebody who reads only the file is surprised by them. No value is shown. */
export function valuesFromEnvironment(file: unknown, env: Environment): readonly FromEnvironment[] {
  const aliased = applyAliases(env);
  if (!aliased.ok || shapeProblems(file).length > 0) return [];
  const found: FromEnvironment[] = [];
  inputOf(file, aliased.value, { readSecret: () => "", problems: [], found });
  return found.map((each) => ({ ...each, variable: aliasOf(each.variable, env) }));
}

interface OverlayContext {
  readonly readSecret: (path: string) => string;
  readonly problems: string[];
  readonly found: FromEnvironment[];
}

/** File and environment together, not yet checked. */
function inputOf(file: unknown, env: Environment, context: OverlayContext): unknown {
  const schema = z.toJSONSchema(configSchema, { io: "input", unrepresentable: "any" }) as JsonNode;
  const { readSecret: read, problems } = context;
  const decidedElsewhere = (path: readonly string[]): boolean => {
    const name = environmentName(path);
    return env[name] !== undefined || env[`${name}_FILE`] !== undefined;
  };
  const filled = withSecretFiles(file ?? undefined, schema, { read, problems, decidedElsewhere });
  return overlay(filled, schema, [], env, context);
}

/** The environment's name of a key: the path, words split at capitals, upper-cased, joined by underscores. */
export function environmentName(path: readonly string[]): string {
  return path
    .map((key) =>
      key
        .replace("MiB", "Mib")
        .replace(/[A-Z]/g, (letter) => `_${letter}`)
        .toUpperCase(),
    )
    .join("_");
}

function overlay(
  value: unknown,
  schema: JsonNode,
  path: readonly string[],
  env: Environment,
  context: OverlayContext,
): unknown {
  if (schema.properties === undefined) return leaf(value, schema, path, env, context);
  if (value !== undefined && (typeof value !== "object" || value === null || Array.isArray(value))) return value;
  const out: Record<string, unknown> = { ...value };
  for (const [key, child] of Object.entries(schema.properties)) {
    const next = overlay(out[key], child, [...path, key], env, context);
    if (next !== undefined) out[key] = next;
  }
  return Object.keys(out).length === 0 && value === undefined ? undefined : out;
}

function leaf(
  value: unknown,
  schema: JsonNode,
  path: readonly string[],
  env: Environment,
  context: OverlayContext,
): unknown {
  const name = environmentName(path);
  const variable = env[name] === undefined && schema.secret === true ? `${name}_FILE` : name;
  const raw = env[variable];
  if (raw === undefined) return value;
  const given = variable === name ? parsed(raw, schema, name, context) : readSecret(variable, raw, context);
  if (given === undefined) return value;
  const overFile = value !== undefined && JSON.stringify(value) !== JSON.stringify(given);
  context.found.push({ key: path.join("."), variable, overFile });
  return given;
}

const readSecret = (variable: string, file: string, { readSecret: read, problems }: OverlayContext) =>
  readSecretFile(variable, file, { read, problems });

/** @returns Undefined: it is none, which was noted. */
function parsed(raw: string, { type }: JsonNode, name: string, { problems }: OverlayContext): unknown {
  switch (type) {
    case "integer":
    case "number": {
      const number = Number(raw);
      if (raw.trim() !== "" && Number.isFinite(number)) return number;
      problems.push(`${name}: not a number`);
      return undefined;
    }
    case "boolean":
      if (raw === "true" || raw === "false") return raw === "true";
      problems.push(`${name}: must be true or false`);
      return undefined;
    case "array":
      return raw.trim() === "" ? [] : raw.split(",").map((part) => part.trim());
    default:
      return raw;
  }
}
