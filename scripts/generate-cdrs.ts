// Labelled synthetic call records as CSV with our default columns, streamed: scripts/generate-cdrs --out FILE [--labels FILE] [--changes FILE] …
import { once } from "node:events";
import { createWriteStream, writeFileSync, type WriteStream } from "node:fs";
import type { UnixMs } from "../detection/index.js";
import { CHANGE_HEADER, changeLine } from "../gateway/pipeline/records/change-rows.js";
import { CSV_HEADER, csvLine } from "../gateway/pipeline/records/csv-columns.js";
import { SITES } from "./cdr-traffic/population.js";
import { traffic } from "./cdr-traffic/traffic.js";

const USAGE = `usage: scripts/generate-cdrs --out FILE [options]
  --out FILE             the records; - is standard output
  --labels FILE          id, incident, kind and strength of the records that belong to a fraud
  --changes FILE         changed settings (call forwarding)
  --config FILE          when these people's sites are open, for ringfence cdr import --config
  --users N              200
  --days N               60
  --seed N               1
  --from YYYY-MM-DD      2026-01-05
  --honest-days N        30: days without fraud at the beginning
  --frauds-per-day N     1 (may be a fraction)
  --rows N               stop after so many records; repeats seasons with --days large enough`;

interface Asked {
  readonly out: string;
  readonly labels: string | undefined;
  readonly changes: string | undefined;
  readonly config: string | undefined;
  readonly users: number;
  readonly days: number;
  readonly seed: number;
  readonly from: UnixMs;
  readonly honestDays: number;
  readonly fraudsPerDay: number;
  readonly rows: number;
}

/** @returns What is wrong, or what was asked for. */
function readArguments(args: readonly string[]): Asked | string {
  const given = new Map<string, string>();
  const known = new Set([...USAGE.matchAll(/--([a-z-]+)/g)].map(([, name]) => name));
  for (let i = 0; i < args.length; i += 2) {
    const name = args[i]?.replace(/^--/, "") ?? "";
    const value = args[i + 1];
    if (!known.has(name) || args[i]?.startsWith("--") !== true) return `unknown option ${args[i] ?? ""}`;
    if (value === undefined) return `${args[i] ?? ""} needs a value`;
    given.set(name, value);
  }
  const out = given.get("out");
  if (out === undefined) return "--out is missing";
  const from = Date.parse(`${given.get("from") ?? "2026-01-05"}T00:00:00Z`);
  if (!Number.isFinite(from)) return "--from is no date";
  const numbers = { users: 200, days: 60, seed: 1, "honest-days": 30, "frauds-per-day": 1, rows: Infinity };
  for (const [name, fallback] of Object.entries(numbers)) {
    const value = given.has(name) ? Number(given.get(name)) : fallback;
    if (!(value >= 0)) return `--${name} is no number`;
    numbers[name as keyof typeof numbers] = value;
  }
  const { users, days, seed, rows } = numbers;
  if (users < 1 || users > 100_000) return "--users is 1 to 100,000";
  const rest = { honestDays: numbers["honest-days"], fraudsPerDay: numbers["frauds-per-day"], rows };
  return {
    out,
    labels: given.get("labels"),
    changes: given.get("changes"),
    config: given.get("config"),
    users,
    days,
    seed,
    from: from as UnixMs,
    ...rest,
  };
}

class Lines {
  readonly #stream: WriteStream | NodeJS.WriteStream | undefined;
  #failed: Error | undefined;

  constructor(file: string | undefined) {
    this.#stream = file === undefined ? undefined : file === "-" ? process.stdout : createWriteStream(file);
    this.#stream?.on("error", (error: Error) => {
      this.#failed = error;
    });
  }

  /** @param line With its line end. */
  async write(line: string): Promise<void> {
    if (this.#failed !== undefined) throw this.#failed;
    if (this.#stream?.write(line) === false) await once(this.#stream, "drain");
  }

  async end(): Promise<void> {
    if (this.#stream === undefined || this.#stream === process.stdout) return;
    if (this.#failed !== undefined) throw this.#failed;
    this.#stream.end();
    await once(this.#stream, "finish");
  }
}

/** Where these people work, and when: without it they are judged by the default site's hours. */
function configText(): string {
  const sites = Object.fromEntries(SITES.map(({ name, country, options }) => [name, { region: country, ...options }]));
  // YAML 1.2 takes JSON in.
  return `${JSON.stringify({ records: { sites } }, undefined, 2)}\n`;
}

async function main(asked: Asked): Promise<void> {
  if (asked.config !== undefined) writeFileSync(asked.config, configText());
  const [out, labels, changes] = [new Lines(asked.out), new Lines(asked.labels), new Lines(asked.changes)];
  await out.write(CSV_HEADER);
  await labels.write("id,incident,kind,strength\r\n");
  await changes.write(CHANGE_HEADER);
  let rows = 0;
  let marked = 0;
  for (const item of traffic(asked)) {
    if (rows >= asked.rows) break;
    const id = item.kind === "call" ? item.record.id : item.change.id;
    if (item.kind === "call") {
      rows++;
      await out.write(csvLine(item.record));
    } else await changes.write(changeLine(item.change));
    if (item.label === undefined) continue;
    marked++;
    await labels.write(`${id},${item.label.incident},${item.label.kind},${item.label.strength}\r\n`);
  }
  await Promise.all([out.end(), labels.end(), changes.end()]);
  console.error(`${rows} records, ${marked} of them or of the changed settings belong to a fraud`);
}

if (process.argv.includes("--help")) console.log(USAGE);
else {
  const asked = readArguments(process.argv.slice(2));
  if (typeof asked === "string") {
    console.error(`${asked}\n${USAGE}`);
    process.exit(2);
  }
  process.stdout.on("error", () => process.exit(0));
  await main(asked).catch((error: unknown) => {
    console.error(`generate-cdrs: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  });
}
