import type { ModelQuestion } from "../../detection/index.js";

/** Runs a language model. Adapters: llama (node-llama-cpp in a child process), openai-compatible. */
export interface LanguageModel {
  /** For metrics and health; no secret. */
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  /**
   * @returns What it wrote, held to the question's schema as far as the engine can; the reader checks it all the same. The
   *   question's texts are data to the model: nothing in them becomes a control token.
   * @throws GatewayError `judge.unavailable`, `judge.timeout`, `model.*`.
   * @throws The signal's reason.
   */
  complete(question: ModelQuestion, signal: AbortSignal): Promise<string>;
  close(): Promise<void>;
}
