import type { Command } from "commander";
import type { Print } from "./blocks.js";
import { askGateway, connectionOf, type Connection, type ConnectionOptions } from "./gateway-http.js";

interface TranscriptRow {
  readonly call_id: string;
  readonly a_number: string;
  readonly b_number: string;
  readonly ended_at: string;
  readonly state: string;
  readonly score: number;
  readonly kind: string;
}
interface TranscriptText extends TranscriptRow {
  readonly lines: readonly { readonly speaker: string; readonly text: string; readonly start_ms: number }[];
}
interface Options extends ConnectionOptions {
  readonly json?: boolean;
  readonly limit?: string;
}

/** `ringfence transcripts list|show|forget`, over the HTTP API of a running gateway. */
export function registerTranscripts(program: Command): void {
  const transcripts = program.command("transcripts").description("kept text of calls that were listened to");
  common(transcripts.command("list").description("calls whose text is kept, newest first"))
    .option("--limit <rows>", "how many", "20")
    .action((options: Options) => run(options, (gateway, print) => listTranscripts(gateway, options, print)));
  common(transcripts.command("show").description("the text of one call; the reading is written into the audit log"))
    .argument("<call-id>")
    .action((callId: string, options: Options) =>
      run(options, (gateway, print) => showTranscript(gateway, callId, options.json === true, print)),
    );
  common(transcripts.command("forget").description("delete text and audio of every call from or to a number"))
    .argument("<number>")
    .action((number: string, options: Options) =>
      run(options, (gateway, print) => forgetNumber(gateway, number, options.json === true, print)),
    );
}

const common = (command: Command): Command =>
  command
    .option("--url <url>", "the gateway's HTTP address; env RINGFENCE_URL; default http://127.0.0.1:5000")
    .option("--key <key>", "API key; env RINGFENCE_KEY")
    .option("--json", "print JSON");

async function run(
  options: ConnectionOptions,
  act: (gateway: Connection, print: Print) => Promise<void>,
): Promise<void> {
  try {
    await act(connectionOf(options, process.env), (line) => console.log(line));
  } catch (error) {
    console.error(`transcripts: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}

export async function listTranscripts(gateway: Connection, options: Options, print: Print): Promise<void> {
  const limit = Number(options.limit ?? "20");
  if (!Number.isInteger(limit) || limit < 1 || limit > 1_000) throw new Error("--limit is a number from 1 to 1000");
  const rows = (await askGateway(gateway, "GET", `/api/v1/transcripts?limit=${limit}`)) as readonly TranscriptRow[];
  if (options.json === true) print(JSON.stringify(rows, undefined, 2));
  else if (rows.length === 0) print("no transcripts are kept (privacy.keepTranscripts)");
  else for (const row of rows) print(head(row));
}

export async function showTranscript(gateway: Connection, callId: string, json: boolean, print: Print): Promise<void> {
  const path = `/api/v1/transcripts/${encodeURIComponent(callId)}`;
  const text = (await askGateway(gateway, "GET", path)) as TranscriptText;
  if (json) {
    print(JSON.stringify(text, undefined, 2));
    return;
  }
  print(head(text));
  for (const line of text.lines) {
    print(`${(line.start_ms / 1_000).toFixed(1).padStart(7)} s  ${line.speaker.padEnd(7)} ${printable(line.text)}`);
  }
}

export async function forgetNumber(gateway: Connection, number: string, json: boolean, print: Print): Promise<void> {
  const path = `/api/v1/subjects/${encodeURIComponent(number)}`;
  const gone = (await askGateway(gateway, "DELETE", path)) as { number: string; transcripts: number; audio: number };
  if (json) print(JSON.stringify(gone, undefined, 2));
  else print(`${gone.number}: ${gone.transcripts} transcripts and the audio of ${gone.audio} calls deleted`);
}

const head = (row: TranscriptRow): string =>
  printable(
    `${row.ended_at}  ${row.a_number} → ${row.b_number}  ${row.state} ${row.score.toFixed(2)} ${row.kind}  ${row.call_id}`,
  );

/** What a recogniser or a peer wrote must not steer the terminal. */
const printable = (text: string): string =>
  text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, "�");
