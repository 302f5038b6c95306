import type { Command } from "commander";
import { printable } from "../core/printable.js";
import {
  askGateway,
  asksGateway,
  runAtGateway,
  type Connection,
  type ConnectionOptions,
  type Print,
} from "./gateway-http.js";

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
  asksGateway(transcripts.command("list").description("calls whose text is kept, newest first"))
    .option("--limit <rows>", "how many", "20")
    .action((options: Options) =>
      runAtGateway("transcripts", options, (gateway, print) => listTranscripts(gateway, options, print)),
    );
  asksGateway(
    transcripts.command("show").description("the text of one call; the reading is written into the audit log"),
  )
    .argument("<call-id>")
    .action((callId: string, options: Options) =>
      runAtGateway("transcripts", options, (gateway, print) =>
        showTranscript(gateway, callId, options.json === true, print),
      ),
    );
  asksGateway(transcripts.command("forget").description("delete text and audio of every call from or to a number"))
    .argument("<number>")
    .action((number: string, options: Options) =>
      runAtGateway("transcripts", options, (gateway, print) =>
        forgetNumber(gateway, number, options.json === true, print),
      ),
    );
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
  const gone = (await askGateway(gateway, "DELETE", path)) as Forgotten;
  if (json) {
    print(JSON.stringify(gone, undefined, 2));
    return;
  }
  const { transcripts, audio, recordings = 0, kept } = gone;
  print(`${gone.number}: ${transcripts} transcripts, the audio of ${audio} calls and ${recordings} recordings deleted`);
  const [texts, others] = [kept.transcripts_held, kept.recordings_held ?? 0];
  if (texts + others > 0)
    print(`kept for a legal hold on the other party: ${texts} transcripts and ${others} recordings`);
}

interface Forgotten {
  readonly number: string;
  readonly transcripts: number;
  readonly audio: number;
  readonly recordings?: number;
  readonly kept: { readonly transcripts_held: number; readonly recordings_held?: number };
}

const head = (row: TranscriptRow): string =>
  printable(
    `${row.ended_at}  ${row.a_number} → ${row.b_number}  ${row.state} ${row.score.toFixed(2)} ${row.kind}  ${row.call_id}`,
  );
