/** What of a JSON schema is read here: of a value, of its parts, and whether it is a secret. */
export interface JsonNode {
  readonly secret?: boolean;
  readonly type?: string;
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, JsonNode>>;
  readonly additionalProperties?: JsonNode | boolean;
  readonly items?: JsonNode;
  readonly anyOf?: readonly JsonNode[];
  readonly oneOf?: readonly JsonNode[];
  readonly description?: string;
  readonly default?: unknown;
}

type Row = Readonly<Record<string, unknown>>;

const isRow = (value: unknown): value is Row => typeof value === "object" && value !== null && !Array.isArray(value);

/** The node and, of its alternatives, those that the value can be of: `kind: slack` rules the others out. */
function candidates(node: JsonNode, value: unknown): readonly JsonNode[] {
  const options = [...(node.anyOf ?? []), ...(node.oneOf ?? [])];
  if (options.length === 0) return [node];
  const fitting = options.filter((option) => mayBe(option, value));
  return [node, ...(fitting.length === 0 ? options : fitting).flatMap((option) => candidates(option, value))];
}

const mayBe = ({ properties }: JsonNode, value: unknown): boolean =>
  !isRow(value) ||
  Object.entries(properties ?? {}).every(([key, child]) => child.const === undefined || child.const === value[key]);

/** Of several nodes: what they say of one part of the value. */
function partsOf(nodes: readonly JsonNode[], key: string): readonly JsonNode[] {
  return nodes.flatMap(({ properties, additionalProperties }) => {
    const found = properties?.[key];
    if (found !== undefined) return [found];
    return typeof additionalProperties === "object" ? [additionalProperties] : [];
  });
}

/** The value with `<secret>` for every secret. What may be one by any of its alternatives counts as one. */
export const hideSecrets = (value: unknown, node: JsonNode): unknown => hidden(value, [node]);

function hidden(value: unknown, given: readonly JsonNode[]): unknown {
  const nodes = given.flatMap((node) => candidates(node, value));
  if (nodes.some(({ secret }) => secret === true) && value !== undefined && value !== "") return "<secret>";
  if (typeof value === "string") return withoutUserInfo(value);
  if (Array.isArray(value)) {
    const items = nodes.flatMap(({ items: each }) => each ?? []);
    return value.map((item: unknown) => hidden(item, items));
  }
  if (!isRow(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, hidden(child, partsOf(nodes, key))]));
}

/** Credentials may also stand in a URL: before its host, or in its query. */
function withoutUserInfo(value: string): string {
  return /^https?:\/\//i.test(value)
    ? value.replace(/^([a-z]+:\/\/)[^/?#]*@/i, "$1<secret>@").replace(/\?[^#]+/, "?<secret>")
    : value;
}

export interface SecretFiles {
  /** @throws Error when the file cannot be read. */
  readonly read: (path: string) => string;
  /** Whether something else than the file decides about the secret of this path. */
  readonly decidedElsewhere: (path: readonly string[]) => boolean;
  readonly problems: string[];
}

/** The configuration file with every `…File` beside a secret replaced by what is in that file, in lists too. */
export const withSecretFiles = (value: unknown, node: JsonNode, files: SecretFiles): unknown =>
  filled(value, [node], [], files);

function filled(value: unknown, given: readonly JsonNode[], path: readonly string[], files: SecretFiles): unknown {
  const nodes = given.flatMap((node) => candidates(node, value));
  if (Array.isArray(value)) {
    const items = nodes.flatMap(({ items: each }) => each ?? []);
    return value.map((item: unknown, i) => filled(item, items, [...path, String(i)], files));
  }
  if (!isRow(value)) return value;
  const out: Record<string, unknown> = {};
  for (const [key, child] of Object.entries(value)) {
    const base = key.endsWith("File") ? key.slice(0, -"File".length) : undefined;
    const isOfSecret = base !== undefined && partsOf(nodes, base).some(({ secret }) => secret === true);
    if (!isOfSecret || nodes.some(({ properties }) => properties?.[key] !== undefined)) {
      out[key] = filled(child, partsOf(nodes, key), [...path, key], files);
    } else if (!files.decidedElsewhere([...path, base])) {
      const read = readSecretFile([...path, key].join("."), child, files);
      if (read !== undefined) out[base] = read;
    }
  }
  return out;
}

/** @param name What asked for it, as the operator wrote it: a path of the configuration or a variable. */
export function readSecretFile(name: string, file: unknown, { read, problems }: Omit<SecretFiles, "decidedElsewhere">) {
  if (typeof file !== "string" || file === "") {
    problems.push(`${name}: must be the path of a file`);
    return undefined;
  }
  try {
    return read(file).trim();
  } catch (error) {
    problems.push(`${name}: ${JSON.stringify(file)} cannot be read (${reasonOf(error)})`);
    return undefined;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "no permission",
  EISDIR: "it is a folder",
};

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
  return REASONS[code] ?? code;
}
