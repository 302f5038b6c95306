import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { ModelQuestion } from "../../../detection/index.js";
import { ChildService, type Child, type ChildEvents, type FromChild } from "../../core/child-service.js";
import type { Clock } from "../../core/clock.js";
import { GatewayError } from "../../core/errors.js";
import type { Log } from "../../core/log.js";
import type { LanguageModel } from "../../ports/language-model.js";
import type { LlamaEngineOptions } from "./llama-engine.js";

export interface LlamaModelOptions extends LlamaEngineOptions {
  /** One answer takes at most this long; then the child is killed, ms. */
  readonly timeoutMs: number;
  /** Questions that wait; one more is refused. */
  readonly maxWaiting: number;
  /** Loading a large model from a cold disk takes minutes, ms. */
  readonly startTimeoutMs: number;
}

export const DEFAULT_LLAMA = {
  contextTokens: 4_096,
  threads: 2,
  gpu: "off",
  timeoutMs: 20_000,
  maxWaiting: 16,
  startTimeoutMs: 180_000,
} as const satisfies Partial<LlamaModelOptions>;

/** Under tsx the entry is TypeScript, in dist/ JavaScript. */
const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
const ENTRY = fileURLToPath(new URL(`../../workers/judge.${extension}`, import.meta.url));

/** llama.cpp as language model, in a child process of its own. */
export class LlamaModel implements LanguageModel {
  readonly #options: LlamaModelOptions;
  readonly #service: ChildService;

  constructor(options: LlamaModelOptions, deps: { readonly clock: Clock; readonly log: Log }) {
    this.#options = options;
    this.#service = new ChildService(
      {
        name: "judge",
        concurrency: 1,
        maxWaiting: options.maxWaiting,
        startTimeoutMs: options.startTimeoutMs,
        restarts: 5,
        restartWindowMs: 600_000,
        backOffMs: 500,
        codes: { unavailable: "judge.unavailable", busy: "judge.unavailable", timeout: "judge.timeout" },
      },
      { ...deps, start: (events) => startChild(options, events) },
    );
  }

  get name(): string {
    return `llama ${this.#options.modelPath.replace(/^.*[/\\]/, "")}`;
  }
  get ok(): boolean {
    return this.#service.ready;
  }
  get detail(): string {
    return this.#service.detail;
  }

  async complete(question: ModelQuestion, signal: AbortSignal): Promise<string> {
    const answer = await this.#service.request(question, this.#options.timeoutMs, signal);
    if (typeof answer !== "string") throw new GatewayError("judge.unavailable", "the judge answered no text");
    return answer;
  }

  close(): Promise<void> {
    this.#service.close();
    return Promise.resolve();
  }
}

/** The child gets the model's options and nothing of our environment that could be a secret. */
function startChild(options: LlamaEngineOptions, events: ChildEvents): Child {
  const { PATH, HOME, LD_LIBRARY_PATH, CUDA_VISIBLE_DEVICES } = process.env;
  const env = Object.fromEntries(
    Object.entries({ PATH, HOME, LD_LIBRARY_PATH, CUDA_VISIBLE_DEVICES }).filter(([, value]) => value !== undefined),
  );
  const child = fork(ENTRY, [JSON.stringify(options)], {
    env,
    // Not our own: after `node -e SCRIPT` they hold the script, and the child would run it, child after child.
    execArgv: ENTRY.endsWith(".ts") ? ["--import=tsx"] : [],
    serialization: "advanced",
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  child.on("message", (message) => events.message(message as unknown as FromChild));
  child.on("error", (error) => events.gone(error.message));
  child.on("exit", (code, signal) => events.gone(signal ?? `exit ${code ?? "?"}`));
  return {
    // Without a callback an error of the channel would be an event: the child would be taken for gone while it lives.
    send: (message) => child.connected && child.send(message, () => undefined),
    kill: () => void child.kill("SIGKILL"),
  };
}
