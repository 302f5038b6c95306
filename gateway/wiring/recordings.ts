import { createHash } from "node:crypto";
import { join } from "node:path";
import { DEFAULT_LLAMA } from "../adapters/llama/llama-model.js";
import type { Config } from "../config/schema.js";
import { LLAMA_ENTRY } from "./threat.js";
import type { BackOfficeOptions } from "../workers/back-office-options.js";
import type { RecordingsOptions } from "../workers/recordings-options.js";

const FOLDER = "recordings";
const HOME_DIGITS = 16;
/** What a server's model has room for is not known: most have this much. */
const SERVER_CONTEXT_TOKENS = 8_192;

/** What the back office needs for recordings; nothing where they are not enabled. @param logKey The installation's: names it. */
export function recordingsOptions(
  { recordings, privacy, store, threat }: Config,
  keyFile: string,
  logKey: Uint8Array,
): Pick<BackOfficeOptions, "recordings"> {
  if (!recordings.enabled) return {};
  const home = createHash("sha256").update("recordings").update(logKey).digest("hex").slice(0, HOME_DIGITS);
  const options: RecordingsOptions = {
    config: recordings,
    folder: join(store.folder, FOLDER),
    home,
    keyFile,
    redactPhones: privacy.redactPhones,
    ...modelOf(recordings, threat.judge),
  };
  return { recordings: options };
}

/** A model of its own, on as many threads; the weights are the same file, which the system has in memory once. */
function modelOf(
  { summary, summaryTimeoutMs: timeoutMs }: Config["recordings"],
  judge: Config["threat"]["judge"],
): Pick<RecordingsOptions, "model"> {
  const { engine, url, model, apiKey, modelPath, modelSha256, contextTokens, threads, gpu } = judge;
  if (summary !== "judge") return {};
  if (engine === "openai" && url !== undefined) {
    const options = { url, model, timeoutMs, ...(apiKey === undefined ? {} : { apiKey }) };
    return { model: { engine, contextTokens: SERVER_CONTEXT_TOKENS, options } };
  }
  if (engine === "llama" && modelPath !== undefined) {
    const hash = modelSha256 === undefined ? {} : { modelSha256 };
    const own = { enginePath: LLAMA_ENTRY, modelPath, contextTokens, threads, gpu, timeoutMs, ...hash };
    return { model: { engine, contextTokens, options: { ...DEFAULT_LLAMA, ...own } } };
  }
  return {};
}

/** What the schema cannot see. @returns One line each. */
export function recordingsProblems({ recordings, speech, threat }: Config): string[] {
  if (!recordings.enabled) return [];
  const { pieceSeconds, summary, download, poll } = recordings;
  const { endpoint, accessKeyId, secretAccessKey } = download.s3;
  return [
    ...(speech.engine === "none" ? ["recordings.enabled: speech.engine is none: nobody would listen"] : []),
    ...(pieceSeconds > speech.analysis.maxSeconds
      ? ["recordings.pieceSeconds: not more than speech.analysis.maxSeconds"]
      : []),
    ...(summary === "judge" && threat.judge.engine === "none"
      ? ["recordings.summary: judge needs threat.judge.engine llama or openai"]
      : []),
    ...(endpoint !== undefined && (accessKeyId === undefined || secretAccessKey === undefined)
      ? ["recordings.download.s3: endpoint needs accessKeyId and secretAccessKey"]
      : []),
    ...(poll.url !== undefined && download.hosts.length === 0
      ? ["recordings.poll.url: its host has to be in recordings.download.hosts"]
      : []),
  ];
}
