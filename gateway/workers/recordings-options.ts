import type { LlamaModelOptions } from "../adapters/llama/llama-model.js";
import type { ChatModelOptions } from "../adapters/openai-compatible/chat-model.js";
import type { RecordingsConfig } from "../config/recordings-schema.js";
import type { SummaryLimits } from "../pipeline/recordings/summary-question.js";

/** What recordings are worked on with: plain data. */
export interface RecordingsOptions {
  readonly config: RecordingsConfig;
  /** Files of jobs. */
  readonly folder: string;
  /** Names this gateway among those that share a database: only it has the files. */
  readonly home: string;
  readonly keyFile: string;
  readonly redactPhones: boolean;
  /** Writes summaries; undefined: sentences of the call. */
  readonly model?: SummaryModel;
}

/** A server, or a model in a child process of its own: the one that judges live calls is not kept waiting by summaries. */
export type SummaryModel = {
  /** Tokens of one question and its answer. */
  readonly contextTokens: number;
  readonly limits?: SummaryLimits;
} & (
  | { readonly engine: "openai"; readonly options: ChatModelOptions }
  | { readonly engine: "llama"; readonly options: LlamaModelOptions }
);

/** How objects are asked for; undefined: not configured. */
export function s3Of({
  endpoint,
  region,
  accessKeyId,
  secretAccessKey,
  sessionToken,
}: RecordingsConfig["download"]["s3"]) {
  if (endpoint === undefined || accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  return { endpoint, region, accessKeyId, secretAccessKey, sessionToken };
}
