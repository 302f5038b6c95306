import { z } from "zod";
import { fail, ok, type Result } from "../core/result.js";
import { applyAliases, type Environment } from "./aliases.js";
import { configSchema, type Config } from "./schema.js";

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
  const aliased = applyAliases(env);
  if (!aliased.ok) return aliased;
  const schema = z.toJSONSchema(configSchema, { io: "input", unrepresentable: "any" }) as JsonNode;
  const problems: string[] = [];
  const input = overlay(file ?? undefined, schema, "", aliased.value, { readSecret, problems }) ?? {};
  const parsed = configSchema.safeParse(input);
  if (!parsed.success) problems.push(...parsed.error.issues.flatMap(describeIssue));
  if (problems.length > 0 || !parsed.success) return fail(problems);
  return ok(parsed.data);
}

function describeIssue(issue: z.core.$ZodIssue): string[] {
  const path = issue.path.map(String).join(".");
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => `${path === "" ? key : `${path}.${key}`}: unknown key`);
  return [`${path === "" ? "(root)" : path}: ${issue.message}`];
}

/** What `ringfence config print` shows: every value in force, secrets hidden. */
export function printableConfig(config: Config): unknown {
  return hideSecrets(config, z.toJSONSchema(configSchema, { io: "output", unrepresentable: "any" }) as JsonNode);
}

export interface JsonNode {
  readonly secret?: boolean;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, JsonNode>>;
  readonly additionalProperties?: JsonNode | boolean;
  readonly items?: JsonNode;
  readonly anyOf?: readonly JsonNode[];
  readonly description?: string;
  readonly default?: unknown;
}

function hideSecrets(value: unknown, schema: JsonNode | undefined): unknown {
  if (schema?.secret === true && value !== undefined && value !== "") return "<secret>";
  if (Array.isArray(value)) return value.map((item) => hideSecrets(item, schema?.items));
  if (typeof value === "string") return withoutUserInfo(value);
  if (typeof value !== "object" || value === null) return value;
  const node = schema?.anyOf?.find((option) => option.properties !== undefined) ?? schema;
  const rest = typeof node?.additionalProperties === "object" ? node.additionalProperties : undefined;
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => [key, hideSecrets(child, node?.properties?.[key] ?? rest)]),
  );
}

/** Credentials may also stand in a URL: before its host, or in its query. */
function withoutUserInfo(value: string): string {
  return /^https?:\/\//i.test(value)
    ? value.replace(/^([a-z]+:\/\/)[^/?#]*@/i, "$1<secret>@").replace(/\?[^#]+/, "?<secret>")
    : value;
}

interface OverlayContext {
  readonly readSecret: (path: string) => string;
  readonly problems: string[];
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

function overlay(value: unknown, schema: JsonNode, name: string, env: Environment, context: OverlayContext): unknown {
  if (schema.properties === undefined)
    return leaf(withItemSecrets(value, schema, name, context), schema, name, env, context);
  if (value !== undefined && (typeof value !== "object" || value === null || Array.isArray(value))) return value;
  const out: Record<string, unknown> = { ...value };
  for (const [key, child] of Object.entries(schema.properties)) {
    const childName = [name, environmentName([key])].filter((part) => part !== "").join("_");
    if (child.secret === true) readSecretFile(out, key, childName, env, context);
    const next = overlay(out[key], child, childName, env, context);
    if (next !== undefined) out[key] = next;
  }
  return Object.keys(out).length === 0 && value === undefined ? undefined : out;
}

/** `…File` beside a secret inside a list: `http.apiKeys[].keyFile`. */
function withItemSecrets(value: unknown, schema: JsonNode, name: string, context: OverlayContext): unknown {
  const properties = schema.items?.properties;
  if (!Array.isArray(value) || properties === undefined) return value;
  const secrets = Object.keys(properties).filter((key) => properties[key]?.secret === true);
  return value.map((item: unknown) => {
    if (typeof item !== "object" || item === null || Array.isArray(item)) return item;
    const out: Record<string, unknown> = { ...item };
    for (const key of secrets) readSecretFile(out, key, `${name}_${environmentName([key])}`, {}, context);
    return out;
  });
}

function leaf(value: unknown, schema: JsonNode, name: string, env: Environment, context: OverlayContext): unknown {
  const raw = env[name];
  if (raw === undefined) return value;
  if (schema.type === "integer" || schema.type === "number") {
    const parsed = Number(raw);
    if (raw.trim() !== "" && Number.isFinite(parsed)) return parsed;
    context.problems.push(`${name}: not a number`);
    return value;
  }
  if (schema.type === "boolean") {
    if (raw === "true" || raw === "false") return raw === "true";
    context.problems.push(`${name}: must be true or false`);
    return value;
  }
  if (schema.type === "array") return raw.trim() === "" ? [] : raw.split(",").map((part) => part.trim());
  return raw;
}

function readSecretFile(
  out: Record<string, unknown>,
  key: string,
  name: string,
  env: Environment,
  context: OverlayContext,
): void {
  const path = env[`${name}_FILE`] ?? out[`${key}File`];
  Reflect.deleteProperty(out, `${key}File`);
  if (typeof path !== "string") return;
  try {
    out[key] = context.readSecret(path).trim();
  } catch {
    context.problems.push(`${name}_FILE: cannot be read`);
  }
}
