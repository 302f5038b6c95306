// docs/reference/http.md from the OpenAPI document that the gateway itself serves at /docs/json.
import { DEFAULT_API_LIMITS, DEFAULT_SWITCH_SOURCES, type ApiDeps } from "../gateway/api/api-options.js";
import { buildApi } from "../gateway/api/build-api.js";
import { silentLog } from "../gateway/core/log.js";
import { noMetrics } from "../gateway/core/metrics.js";
import { monoMs, unixMs } from "../gateway/core/time.js";
import type { AlertOffice } from "../gateway/ports/alert-office.js";
import type { RecordingDesk } from "../gateway/ports/recordings.js";

interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}
interface Content {
  readonly content?: { readonly "application/json"?: { readonly schema?: Schema } };
}
interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly schema: Schema;
    readonly description?: string;
  }[];
  readonly requestBody?: Content;
  readonly responses?: Readonly<Record<string, Content>>;
}
interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** The routes are only described, never called: what they would act through does not exist here. */
async function openApi(): Promise<OpenApi> {
  const absent = {} as ApiDeps["control"] & ApiDeps["store"];
  const api = await buildApi({
    options: { keys: [], switchSources: DEFAULT_SWITCH_SOURCES, limits: DEFAULT_API_LIMITS, version: "" },
    control: absent,
    store: absent,
    alerts: {} as AlertOffice,
    recordings: {} as RecordingDesk,
    recentAlerts: () => [],
    settle: () => Promise.resolve(),
    audit: () => undefined,
    localHealth: () => Promise.resolve([]),
    clock: { mono: () => monoMs(0), unix: () => unixMs(0), callAt: () => () => undefined },
    random: { token: () => "", next: () => 0 },
    sha256Hex: () => "",
    log: silentLog,
    metrics: noMetrics,
  });
  await api.ready();
  const document = api.swagger() as unknown as OpenApi;
  await api.close();
  return document;
}

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
const row = (...cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;

function kindOf(schema: Schema): string {
  if (schema.enum !== undefined) return schema.enum.map(String).join(", ");
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(kindOf))].join(" or ");
  if (schema.type === "array") return `list of ${kindOf(schema.items ?? {})}`;
  return typeof schema.type === "string" ? schema.type : (schema.type?.join(" or ") ?? "anything");
}

/** One row a field; fields of objects inside follow with their path. */
function fieldRows(schema: Schema, path: string): string[] {
  if (schema.type === "array") return fieldRows(schema.items ?? {}, `${path}[]`);
  const shape =
    schema.properties === undefined ? schema.anyOf?.find(({ properties }) => properties !== undefined) : schema;
  return Object.entries(shape?.properties ?? {}).flatMap(([name, field]) => {
    const full = path === "" || path === "[]" ? name : `${path}.${name}`;
    const must = shape?.required?.includes(name) === true ? "yes" : "";
    const fallback = field.default === undefined ? "" : ` Default ${JSON.stringify(field.default)}.`;
    return [
      row(`\`${full}\``, kindOf(field), must, `${field.description ?? ""}${fallback}`),
      ...fieldRows(field, full),
    ];
  });
}

function table(title: string, rows: readonly string[]): string[] {
  if (rows.length === 0) return [];
  return [
    "",
    `${title}:`,
    "",
    row("name", "type or values", "always", "meaning"),
    "| --- | --- | --- | --- |",
    ...rows,
  ];
}

function operationLines(method: string, path: string, operation: Operation): string[] {
  const json = (content: Content | undefined): Schema => content?.content?.["application/json"]?.schema ?? {};
  const good = Object.entries(operation.responses ?? {}).filter(([status]) => status === "200" || status === "201");
  const [status = "200", answer] = good.at(-1) ?? [];
  const query = (operation.parameters ?? []).map((parameter) =>
    row(
      `\`${parameter.name}\``,
      kindOf(parameter.schema),
      parameter.required === true ? "yes" : "",
      parameter.description ?? parameter.schema.description ?? "",
    ),
  );
  return [
    "",
    `## ${method.toUpperCase()} ${path}`,
    "",
    `${operation.summary ?? ""}. ${operation.description ?? ""}`,
    ...table("Parameters", query),
    ...table("Body", fieldRows(json(operation.requestBody), "")),
    ...table(
      `Answer (${status}${json(answer).type === "array" ? ", a bare list of" : ""})`,
      fieldRows(json(answer), ""),
    ),
  ];
}

export async function httpPage(note: string): Promise<string> {
  const { paths } = await openApi();
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  return [
    "# HTTP API",
    note,
    "",
    "Served at `http.listenAddress:http.listenPort`; as OpenAPI at `/docs/json`, to read and try at `/docs` (a browser asks for a name",
    "and a password: any name, the key as password). Keys are sent as `Authorization: Bearer KEY` or `X-API-Key: KEY`.",
    "Errors have one shape, `{error: {code, message, path?}}`: 400 not valid, 401 no or unknown key, 403 the role may not, 404 no such",
    "route or thing, 405 wrong method (`Allow` says which), 413 too large, 415 not JSON, 422 asked in good form but refused,",
    "429 too many requests (`Retry-After`), 503 for the moment not possible (`Retry-After`).",
    ...operations.flatMap(({ path, method, operation }) => operationLines(method, path, operation)),
    "",
  ].join("\n");
}
