import type { ModelQuestion } from "../../../detection/index.js";
import { GatewayError } from "../../core/errors.js";
import { TimeLimit } from "../../core/time-limit.js";
import type { LanguageModel } from "../../ports/language-model.js";
import { readAtMost } from "./read-at-most.js";

export interface ChatModelOptions {
  /** Base with version: `http://127.0.0.1:8080/v1`. `/chat/completions` is added. */
  readonly url: string;
  readonly model: string;
  readonly apiKey?: string;
  readonly timeoutMs: number;
}

/** An answer is a few hundred bytes; what is longer is not read to its end. */
const MAX_ANSWER_BYTES = 65_536;

/**
 * Any server with OpenAI's chat completions (llama.cpp, vLLM, Ollama and others), asked for an answer in our JSON schema
 * (`response_format: json_schema`). Redirects are not followed: the dialogue goes to the host that was configured.
 * Source: platform.openai.com/docs/api-reference/chat
 */
export class ChatModel implements LanguageModel {
  readonly #options: ChatModelOptions;
  #lastFailure: string | undefined;

  constructor(options: ChatModelOptions) {
    this.#options = options;
  }

  get name(): string {
    return `openai ${this.#options.model}`;
  }
  get ok(): boolean {
    return this.#lastFailure === undefined;
  }
  get detail(): string {
    return this.#lastFailure ?? "ok";
  }

  async complete(question: ModelQuestion, signal: AbortSignal): Promise<string> {
    const limit = new TimeLimit(this.#options.timeoutMs, signal);
    try {
      const text = await this.#ask(question, limit.signal);
      this.#lastFailure = undefined;
      return text;
    } catch (cause) {
      signal.throwIfAborted();
      const error = limit.reached
        ? new GatewayError("judge.timeout", `no answer in ${this.#options.timeoutMs} ms`, { cause })
        : cause instanceof GatewayError
          ? cause
          : new GatewayError("judge.unavailable", "the language model's server does not answer", { cause });
      this.#lastFailure = error.message;
      throw error;
    } finally {
      limit.end();
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #ask({ system, user, schema, maxTokens }: ModelQuestion, signal: AbortSignal): Promise<string> {
    const { url, model, apiKey } = this.#options;
    const response = await fetch(`${url.replace(/\/+$/, "")}/chat/completions`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
      },
      body: JSON.stringify({
        model,
        messages: [
          { role: "system", content: system },
          { role: "user", content: user },
        ],
        temperature: 0,
        max_tokens: maxTokens,
        stream: false,
        response_format: { type: "json_schema", json_schema: { name: "answer", strict: true, schema } },
      }),
      redirect: "error",
      signal,
    });
    const text = await readAtMost(
      response,
      MAX_ANSWER_BYTES,
      new GatewayError("judge.unavailable", "the language model's answer is too long"),
    );
    if (!response.ok)
      throw new GatewayError("judge.unavailable", `the language model's server answered ${response.status}`);
    return contentOf(text);
  }
}

function contentOf(text: string): string {
  try {
    const answer = JSON.parse(text) as { choices?: readonly { message?: { content?: unknown } }[] };
    const content = answer.choices?.[0]?.message?.content;
    if (typeof content === "string") return content;
  } catch {
    // Told below.
  }
  throw new GatewayError(
    "judge.unavailable",
    "the language model's server answered something that is no chat completion",
  );
}
