import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Command } from "commander";
import { openStore } from "../adapters/store/open-store.js";
import { holdsPglite } from "../adapters/store/pglite-database.js";
import { CDR_CSV_HEADER, cdrCsvLine, cdrJsonLine } from "../core/cdr-format.js";
import { GatewayError } from "../core/errors.js";
import { silentLog } from "../core/log.js";
import { unixMs, type UnixMs } from "../core/time.js";
import type { CdrQuery, Store } from "../ports/records.js";
import { BROKEN_PIPE_STATUS, isBrokenPipe } from "./broken-pipe.js";
import { registerCdrImport } from "./cdr-import.js";
import { readConfig, refuseConfig } from "./read-config.js";
import { outFiles, unfinishedName, writtenOverInput } from "./same-file.js";

/** As commander hands them over. */
export interface CdrExportOptions {
  readonly format: string;
  readonly since?: string;
  readonly until?: string;
  readonly caller?: string;
  readonly called?: string;
  readonly trunk?: string;
  readonly cause?: string;
  readonly out?: string;
  readonly url?: string;
  readonly key?: string;
  readonly config?: string;
  readonly store?: string;
}

type Format = "csv" | "jsonl";
type Filter = Omit<CdrQuery, "limit">;

const FILTERS = ["caller", "called", "trunk", "cause"] as const;
/** Without a byte from the gateway for so long the export is given up. */
const SILENCE_MS = 60_000;

/** `ringfence cdr export`. */
export function registerCdr(program: Command): void {
  const cdr = program.command("cdr").description("call detail records");
  registerCdrImport(cdr);
  cdr
    .command("export")
    .description("write call detail records as CSV or JSON lines, oldest first")
    .option("-f, --format <format>", "csv or jsonl", "csv")
    .option("--since <time>", "calls that began at or after: ISO 8601, or ms since 1970")
    .option("--until <time>", "calls that began before")
    .option("--caller <number>", "only this canonical caller")
    .option("--called <number>", "only this canonical called number")
    .option("--trunk <name>", "only this trunk")
    .option("--cause <cause>", "only this cause: normal, refused, fraud, …")
    .option("-o, --out <file>", "write to a file, which appears when it is complete; default: standard output")
    .option("--url <url>", "a running gateway's HTTP address; env RINGFENCE_URL")
    .option("--key <key>", "API key; env RINGFENCE_KEY")
    .option(
      "-c, --config <file>",
      "without --url: read the store of this configuration; the gateway must not be running",
    )
    .option("--store <folder>", "without --url: read the store in this folder; the gateway must not be running")
    .action(async (options: CdrExportOptions) => {
      const url = options.url ?? process.env["RINGFENCE_URL"];
      const key = options.key ?? process.env["RINGFENCE_KEY"];
      const given = { ...options, ...(url === undefined ? {} : { url }), ...(key === undefined ? {} : { key }) };
      process.exitCode = await exportCdrs(given, process.stdout, (line) => console.error(line));
    });
}

/** @returns The exit status: 0 done, 1 failed, 2 the options are wrong, 141 nobody reads any more. Says why on `complain`. */
export async function exportCdrs(
  options: CdrExportOptions,
  stdout: Writable,
  complain: (line: string) => void,
): Promise<number> {
  const { format } = options;
  const since = readTime(options.since);
  const until = readTime(options.until);
  if (format !== "csv" && format !== "jsonl") return refuse(complain, `--format is csv or jsonl, not ${format}`);
  if (since === "bad") return refuse(complain, `--since is not a time: ${options.since ?? ""}`);
  if (until === "bad") return refuse(complain, `--until is not a time: ${options.until ?? ""}`);
  const over = writtenOverInput(outFiles(options.out), [{ as: "--config", path: options.config }]);
  if (over !== undefined) return refuse(complain, over);
  const filter: Filter = {
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { before: until }),
    ...Object.fromEntries(FILTERS.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]]))),
  };
  try {
    const direct = options.config !== undefined || options.store !== undefined;
    if (!direct && options.url === undefined)
      return refuse(complain, "give --url of a running gateway, or --config or --store");
    if (direct) await fromStore(options, filter, format, stdout);
    else await fromGateway(options, filter, format, stdout);
    return 0;
  } catch (error) {
    if (isBrokenPipe(error)) return BROKEN_PIPE_STATUS;
    complain(`cdr export: ${describe(error)}`);
    return 1;
  }
}

function refuse(complain: (line: string) => void, reason: string): number {
  complain(`cdr export: ${reason}`);
  return 2;
}

function describe(error: unknown): string {
  if (error instanceof GatewayError && error.code === "store.locked") {
    return `${error.code}: ${error.message}. The gateway is running: export from it with --url and --key.`;
  }
  if (error instanceof GatewayError) return `${error.code}: ${error.message}`;
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

/** ISO 8601 (a date alone is midnight UTC), or milliseconds since 1970. */
function readTime(text: string | undefined): UnixMs | "bad" | undefined {
  if (text === undefined) return undefined;
  const ms = /^\d{9,15}$/.test(text) ? Number(text) : /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? "bad" : unixMs(ms);
}

async function fromStore(options: CdrExportOptions, filter: Filter, format: Format, stdout: Writable): Promise<void> {
  const which = whichStore(options);
  // Opening makes what is not there; an export only reads.
  if (which.folder !== undefined && !(await holdsPglite(which.folder))) {
    throw new Error(`there is no store in ${which.folder}; nothing was made there`);
  }
  const store = await openStore({ ...which, log: silentLog });
  try {
    await deliver(Readable.from(lines(store, filter, format)), options.out, stdout);
  } finally {
    await store.close();
  }
}

function whichStore(options: CdrExportOptions): { readonly folder: string | undefined; readonly databaseUrl?: string } {
  if (options.store !== undefined) return { folder: options.store };
  const read = readConfig({ file: options.config });
  if (!read.ok) refuseConfig(read.error);
  const { folder, databaseUrl } = read.value.store;
  // PostgreSQL serves readers beside the gateway: no folder, no lock.
  return databaseUrl === undefined ? { folder } : { folder: undefined, databaseUrl };
}

async function* lines(store: Store, filter: Filter, format: Format): AsyncIterable<string> {
  if (format === "csv") yield CDR_CSV_HEADER;
  const line = format === "csv" ? cdrCsvLine : cdrJsonLine;
  for await (const page of store.exportCdrs(filter)) yield page.map(line).join("");
}

async function fromGateway(options: CdrExportOptions, filter: Filter, format: Format, stdout: Writable): Promise<void> {
  const url = new URL("/api/v1/cdrs/export", options.url);
  url.searchParams.set("format", format);
  for (const name of FILTERS) {
    const value = filter[name];
    if (value !== undefined) url.searchParams.set(name, value);
  }
  if (filter.since !== undefined) url.searchParams.set("since", new Date(filter.since).toISOString());
  if (filter.before !== undefined) url.searchParams.set("before", new Date(filter.before).toISOString());

  const silence = new AbortController();
  const watch = setTimeout(() => silence.abort(new Error(`no answer in ${SILENCE_MS / 1000} s`)), SILENCE_MS);
  try {
    const headers: Record<string, string> = options.key === undefined ? {} : { authorization: `Bearer ${options.key}` };
    const reply = await fetch(url, { headers, redirect: "error", signal: silence.signal });
    if (!reply.ok || reply.body === null) {
      throw new Error(`the gateway answered ${reply.status}: ${(await reply.text()).slice(0, 500)}`);
    }
    const body = Readable.from(reply.body as AsyncIterable<Uint8Array>);
    body.on("data", () => watch.refresh());
    body.pause();
    await deliver(body, options.out, stdout);
  } finally {
    clearTimeout(watch);
  }
}

/** To standard output, or to a file that has its name only once it is whole. */
async function deliver(source: Readable, out: string | undefined, stdout: Writable): Promise<void> {
  if (out === undefined) {
    await pipeline(source, stdout, { end: false });
    return;
  }
  const part = unfinishedName(out);
  try {
    await pipeline(source, createWriteStream(part, { mode: 0o600 }));
    await rename(part, out);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}
