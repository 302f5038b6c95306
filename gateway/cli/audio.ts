import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { open, rm, type FileHandle } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { leaveForAudit } from "../adapters/audit-file/audit-inbox.js";
import { SPEECH_FOLDER, SpeechFolder } from "../adapters/speech-files/speech-folder.js";
import { AesVault } from "../adapters/vault/aes-vault.js";
import { readKeyFile } from "../adapters/vault/key-file.js";
import { SUBJECT_KEYS, SubjectKeys } from "../adapters/vault/subject-keys.js";
import { SubjectVault } from "../adapters/vault/subject-vault.js";
import { GatewayError } from "../core/errors.js";
import { unixMs } from "../core/time.js";
import type { AuditEntry } from "../ports/records.js";
import type { SpeechPiece } from "../ports/speech-keeper.js";
import type { Print } from "./gateway-http.js";

export interface ExportOptions {
  readonly out: string;
  /** The store's. */
  readonly folder: string;
  /** Default: keys.json in `folder`. */
  readonly keys?: string;
}

const HEADER_BYTES = 44;
const CHANNELS = 2;
const FRAME_BYTES = 2 * CHANNELS;
/** A WAV file tells its length in 32 bits. */
const MOST_DATA_BYTES = 0xffff_ffff - HEADER_BYTES;

/** `ringfence audio export CALL-ID`: kept speech of a call as a WAV file. */
export function registerAudio(program: Command): void {
  program
    .command("audio")
    .description("kept speech of calls that were listened to")
    .command("export")
    .description(
      "write a call's speech into a WAV file (the gateway's audit log will say so): the caller left, the called side right, silence where nothing was said or it was redacted",
    )
    .argument("<call-id>")
    .requiredOption("--out <file>", "the WAV file; one that is there is not overwritten")
    .requiredOption("--folder <path>", "store.folder of the gateway")
    .option("--keys <file>", "privacy.keyFile; default: keys.json in the folder")
    .action(async (callId: string, options: ExportOptions) => {
      process.exitCode = await exportAudio(callId, options, (line) => console.log(line), console.error);
    });
}

/** @returns The exit status: 0 written; 1: the audit entry cannot be left, the keys are not there or not those, none is kept, or a file cannot be read or written. */
export async function exportAudio(
  callId: string,
  options: ExportOptions,
  print: Print,
  complain: Print,
): Promise<number> {
  const { out, folder, keys = join(folder, "keys.json") } = options;
  try {
    const nameKey = nameKeyOf(folder);
    const installation = new AesVault(readKeyFile(keys, false));
    const subjects = new SubjectKeys(join(folder, SUBJECT_KEYS), nameKey, () => installation);
    const vault = new SubjectVault(subjects, () => installation);
    const pieces = new SpeechFolder(join(folder, SPEECH_FOLDER), nameKey).read(callId, vault);
    leaveForAudit(folder, entryOf(callId, "done", {}));
    const { count, seconds } = await writeStereo(out, pieces).catch((error: unknown) => {
      leaveForAudit(
        folder,
        entryOf(callId, "failed", { code: error instanceof GatewayError ? error.code : "internal" }),
      );
      throw error;
    });
    print(`${out}: ${count} pieces, ${seconds.toFixed(1)} s`);
    return 0;
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    complain(`${error.code}: ${error.message}`);
    return 1;
  }
}

/** Said before anything can be heard; a second entry follows where it came to nothing. */
function entryOf(callId: string, outcome: AuditEntry["outcome"], detail: AuditEntry["detail"]): AuditEntry {
  const actor = `cli:${userInfo().username}`;
  const at = unixMs(Date.now());
  return { id: randomUUID(), at, actor, role: "operator", action: "audio.export", target: callId, outcome, detail };
}

/** Files are named under the installation's key: without it nothing can be found. */
function nameKeyOf(folder: string): Uint8Array {
  try {
    return readFileSync(join(folder, "log.key"));
  } catch (cause) {
    throw new GatewayError("crypto.key", `${folder} has no log.key: it is no gateway's store folder`, { cause });
  }
}

async function writeStereo(path: string, pieces: AsyncIterable<SpeechPiece>) {
  const file = await open(path, "wx+", 0o600).catch((cause: unknown) => {
    throw new GatewayError("store.unavailable", `${path} cannot be made, or is there already`, { cause });
  });
  try {
    return await fill(file, pieces);
  } catch (error) {
    await rm(path, { force: true });
    if (error instanceof GatewayError) throw error;
    throw new GatewayError("store.unavailable", `${path} cannot be written`, { cause: error });
  } finally {
    await file.close();
  }
}

/** Each piece goes to its place; what nobody writes to is silence. */
async function fill(file: FileHandle, pieces: AsyncIterable<SpeechPiece>) {
  let rateHz: number | undefined;
  let dataBytes = 0;
  let count = 0;
  for await (const { speaker, startMs, sampleRateHz, samples } of pieces) {
    rateHz ??= sampleRateHz;
    const at = FRAME_BYTES * Math.max(0, Math.round((startMs * rateHz) / 1_000));
    const end = at + FRAME_BYTES * samples.length;
    if (sampleRateHz !== rateHz || !(end <= MOST_DATA_BYTES)) {
      throw new GatewayError("audio.invalid", "a piece is at another rate, or beyond what a WAV file can hold");
    }
    const frames = Buffer.alloc(end - at);
    await file.read(frames, 0, frames.byteLength, HEADER_BYTES + at);
    const channel = speaker === "caller" ? 0 : 1;
    for (let i = 0; i < samples.length; i++) frames.writeInt16LE(samples[i] ?? 0, FRAME_BYTES * i + 2 * channel);
    await file.write(frames, 0, frames.byteLength, HEADER_BYTES + at);
    dataBytes = Math.max(dataBytes, end);
    count++;
  }
  if (rateHz === undefined) throw new GatewayError("audio.invalid", "no speech of that call is kept");
  await file.write(headerOf(rateHz, dataBytes), 0, HEADER_BYTES, 0);
  return { count, seconds: dataBytes / FRAME_BYTES / rateHz };
}

function headerOf(rateHz: number, dataBytes: number): Uint8Array {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write("RIFF", 0, "latin1");
  header.writeUInt32LE(HEADER_BYTES - 8 + dataBytes, 4);
  header.write("WAVEfmt ", 8, "latin1");
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(CHANNELS, 22);
  header.writeUInt32LE(rateHz, 24);
  header.writeUInt32LE(rateHz * FRAME_BYTES, 28);
  header.writeUInt16LE(FRAME_BYTES, 32);
  header.writeUInt16LE(16, 34);
  header.write("data", 36, "latin1");
  header.writeUInt32LE(dataBytes, 40);
  return header;
}
