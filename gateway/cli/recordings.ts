import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, extname } from "node:path";
import { Readable } from "node:stream";
import type { Command } from "commander";
import { printable } from "../core/printable.js";
import {
  askGateway,
  asksGateway,
  runAtGateway,
  sendToGateway,
  type Connection,
  type ConnectionOptions,
  type Print,
} from "./gateway-http.js";

export interface JobRow {
  readonly id: string;
  readonly call_id: string;
  readonly stage: string;
  readonly progress: number;
  readonly attempts: number;
  readonly updated_at: string;
  readonly error: string | null;
  readonly detail: string | null;
  readonly state: string | null;
  readonly new?: boolean;
}

interface AddOptions extends ConnectionOptions {
  readonly json?: boolean;
  readonly callId?: string;
  readonly caller?: string;
  readonly called?: string;
  readonly language?: string;
  readonly channels?: string;
  readonly priority?: string;
  readonly wait?: boolean;
}
interface StatusOptions extends ConnectionOptions {
  readonly json?: boolean;
  readonly watch?: boolean;
  readonly limit?: string;
  readonly stage?: string;
}
type Wait = (ms: number) => Promise<void>;

const WATCH_MS = 1_000;
const OVER = new Set(["done", "failed"]);
const pause: Wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** `ringfence recordings add|status|show|retry|delete`, over the HTTP API of a running gateway. */
export function registerRecordings(program: Command): void {
  const recordings = program.command("recordings").description("recordings of other systems: text, summary, CRM");
  asksGateway(
    recordings.command("add").description("work on a recording: a file of this machine, or https://… or s3://…"),
  )
    .argument("<file-or-url>")
    .option("--call-id <id>", "default: the file's name without its ending")
    .option("--caller <number>", "who called, so that deletion by subject finds it")
    .option("--called <number>", "who was called")
    .option("--language <code>", "ISO 639-1; default: found out")
    .option("--channels <names>", "who speaks on which channel, as caller,callee")
    .option("--priority <0-9>", "9 is first", "5")
    .option("--wait", "until it is done or has failed")
    .action((source: string, options: AddOptions) =>
      runAtGateway("recordings", options, (gateway, print) => addRecording(gateway, source, options, print)),
    );
  asksGateway(recordings.command("status").description("jobs and how far they are"))
    .argument("[id]", "of one job")
    .option("--watch", "again every second, until nothing is left to do")
    .option("--limit <rows>", "how many", "20")
    .option("--stage <stage>", "only those")
    .action((id: string | undefined, options: StatusOptions) =>
      runAtGateway("recordings", options, (gateway, print) => showStatus(gateway, id, options, print)),
    );
  asksGateway(recordings.command("show").description("text and summary; the reading is written into the audit log"))
    .argument("<id>")
    .action((id: string, options: ConnectionOptions & { json?: boolean }) =>
      runAtGateway("recordings", options, async (gateway, print) => {
        const result = await askGateway(gateway, "GET", `/api/v1/recordings/${encodeURIComponent(id)}/result`);
        print(options.json === true ? JSON.stringify(result, undefined, 2) : resultText(result as ResultAnswer));
      }),
    );
  asksGateway(recordings.command("retry").description("try a failed one again, from where it failed"))
    .argument("<id>")
    .action((id: string, options: ConnectionOptions & { json?: boolean }) =>
      runAtGateway("recordings", options, async (gateway, print) => {
        const job = await askGateway(gateway, "POST", `/api/v1/recordings/${encodeURIComponent(id)}/retry`);
        print(options.json === true ? JSON.stringify(job) : jobLine(job as JobRow));
      }),
    );
  asksGateway(recordings.command("delete").description("stop a job and delete all that is kept of it"))
    .argument("<id>")
    .action((id: string, options: ConnectionOptions & { json?: boolean }) =>
      runAtGateway("recordings", options, async (gateway, print) => {
        const gone = await askGateway(gateway, "DELETE", `/api/v1/recordings/${encodeURIComponent(id)}`);
        print(options.json === true ? JSON.stringify(gone) : `${id}: deleted`);
      }),
    );
}

export async function addRecording(
  gateway: Connection,
  source: string,
  options: AddOptions,
  print: Print,
  wait: Wait = pause,
): Promise<void> {
  const isUrl = /^(?:https?|s3):\/\//i.test(source);
  const job = isUrl ? await addUrl(gateway, source, options) : await addFile(gateway, source, options);
  if (options.wait !== true) {
    print(options.json === true ? JSON.stringify(job) : `${job.new === true ? "added" : "was there"}  ${jobLine(job)}`);
    return;
  }
  for (;;) {
    const last = (await askGateway(gateway, "GET", `/api/v1/recordings/${job.id}`)) as JobRow;
    if (!OVER.has(last.stage)) {
      await wait(WATCH_MS);
      continue;
    }
    print(options.json === true ? JSON.stringify(last) : jobLine(last));
    if (last.stage === "failed") throw new Error(`${last.error ?? "failed"}: ${last.detail ?? ""}`);
    return;
  }
}

const fieldsOf = ({ caller, called, language, priority }: AddOptions): Record<string, string> => ({
  ...(caller === undefined ? {} : { caller }),
  ...(called === undefined ? {} : { called }),
  ...(language === undefined ? {} : { language }),
  ...(priority === undefined ? {} : { priority }),
});

function addUrl(gateway: Connection, source: string, options: AddOptions): Promise<JobRow> {
  const { callId = nameOf(new URL(source).pathname), channels, priority } = options;
  const body = {
    ...fieldsOf(options),
    ...{ call_id: callId, recording_url: source, priority: Number(priority ?? "5") },
    ...(channels === undefined ? {} : { speakers: channels.split(",").map((name) => name.trim()) }),
  };
  return askGateway(gateway, "POST", "/api/v1/recordings", body) as Promise<JobRow>;
}

async function addFile(gateway: Connection, path: string, options: AddOptions): Promise<JobRow> {
  const found = await stat(path).catch((error: unknown) => {
    throw new Error(`${path}: ${(error as NodeJS.ErrnoException).code ?? "cannot be read"}`);
  });
  if (!found.isFile()) throw new Error(`${path}: no file`);
  const { callId = nameOf(path), channels } = options;
  const query = new URLSearchParams({ ...fieldsOf(options), call_id: callId });
  if (channels !== undefined) query.set("speakers", channels);
  const body = Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>;
  return (await sendToGateway(gateway, `/api/v1/recordings/upload?${query.toString()}`, body)) as JobRow;
}

const nameOf = (path: string): string => {
  const name = basename(path);
  const ending = extname(name).length;
  return ending < name.length ? name.slice(0, name.length - ending) : name;
};

export async function showStatus(
  gateway: Connection,
  id: string | undefined,
  { json, watch, limit = "20", stage }: StatusOptions,
  print: Print,
  wait: Wait = pause,
): Promise<void> {
  const rows = Number(limit);
  if (!Number.isInteger(rows) || rows < 1 || rows > 1_000) throw new Error("--limit is a number from 1 to 1000");
  for (let first = true; ; first = false) {
    if (!first) await wait(WATCH_MS);
    const filter = stage === undefined ? "" : `&stage=${encodeURIComponent(stage)}`;
    const path =
      id === undefined ? `/api/v1/recordings?limit=${rows}${filter}` : `/api/v1/recordings/${encodeURIComponent(id)}`;
    const answer = await askGateway(gateway, "GET", path);
    const jobs = (Array.isArray(answer) ? answer : [answer]) as readonly JobRow[];
    const queue = (await askGateway(gateway, "GET", "/api/v1/recordings/queue")) as Readonly<Record<string, number>>;
    if (json === true) print(JSON.stringify({ queue, jobs }));
    else {
      for (const job of jobs) print(jobLine(job));
      print(queueLine(queue));
    }
    const waiting =
      id === undefined ? Object.keys(queue).some((name) => !OVER.has(name)) : !OVER.has(jobs[0]?.stage ?? "");
    if (watch !== true || !waiting) return;
  }
}

const queueLine = (queue: Readonly<Record<string, number>>): string => {
  const parts = Object.entries(queue).map(([stage, jobs]) => `${stage} ${jobs}`);
  return parts.length === 0 ? "no recordings" : parts.join("  ");
};

const jobLine = (job: JobRow): string => {
  const percent = `${Math.round(job.progress * 100)} %`.padStart(5);
  const trouble = job.error === null ? "" : `  ${job.error} (${job.attempts}): ${job.detail ?? ""}`;
  return printable(
    `${job.id}  ${job.stage.padEnd(10)} ${percent}  ${job.call_id}${job.state === null ? "" : `  ${job.state}`}${trouble}`,
  );
};

interface ResultAnswer {
  readonly call_id: string;
  readonly duration: string;
  readonly topic: string;
  readonly summary: string;
  readonly transcript: string;
}

const resultText = ({ call_id: callId, duration, topic, summary, transcript }: ResultAnswer): string =>
  [`${callId}  ${duration}  ${topic}`, "", summary, "", transcript].join("\n").split("\n").map(printable).join("\n");
