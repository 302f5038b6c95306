import { LlamaModel } from "../adapters/llama/llama-model.js";
import { ChatModel } from "../adapters/openai-compatible/chat-model.js";
import type { Clock } from "../core/clock.js";
import type { Log } from "../core/log.js";
import type { LanguageModel } from "../ports/language-model.js";
import type { SummaryModel } from "./recordings-options.js";

/** @returns Undefined: summaries are made without one. Close it. */
export function openSummaryModel(
  model: SummaryModel | undefined,
  deps: { readonly clock: Clock; readonly log: Log },
): LanguageModel | undefined {
  if (model === undefined) return undefined;
  return model.engine === "llama" ? new LlamaModel(model.options, deps) : new ChatModel(model.options);
}
