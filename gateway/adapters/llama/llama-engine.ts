import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import type { ModelQuestion } from "../../../detection/index.js";
import { GatewayError } from "../../core/errors.js";

export interface LlamaEngineOptions {
  /** node-llama-cpp's entry file: engines/llama/node_modules/node-llama-cpp/dist/index.js. */
  readonly enginePath: string;
  /** GGUF file. */
  readonly modelPath: string;
  /** Hex; absent: only the file's head is looked at. */
  readonly modelSha256?: string;
  /** Tokens of one question and its answer. */
  readonly contextTokens: number;
  readonly threads: number;
  /** `auto` takes a GPU where a binary for it is installed. */
  readonly gpu: "off" | "auto";
}

/** The part of node-llama-cpp that is used. The package is installed apart, so its own types are not at hand. */
interface LlamaModule {
  getLlama(options: object): Promise<Llama>;
  readonly LlamaChat: new (options: { contextSequence: Sequence }) => LlamaChat;
}
interface Llama {
  readonly gpu: string | false;
  loadModel(options: { modelPath: string; gpuLayers?: number }): Promise<LlamaModel>;
  createGrammarForJsonSchema(schema: object): Promise<object>;
  dispose(): Promise<void>;
}
interface LlamaModel {
  readonly trainContextSize: number;
  createContext(options: { contextSize: number; sequences: number; threads: number }): Promise<Context>;
}
interface Context {
  getSequence(): Sequence;
}
interface Sequence {
  clearHistory(): Promise<void>;
}
type History = readonly (
  | { readonly type: "system" | "user"; readonly text: string }
  | { readonly type: "model"; readonly response: readonly string[] }
)[];
interface LlamaChat {
  generateResponse(
    history: History,
    options: {
      grammar: object;
      maxTokens: number;
      temperature: number;
      signal: AbortSignal;
      stopOnAbortSignal: boolean;
    },
  ): Promise<{ readonly response: string }>;
}

/** Grammars that are kept: one for each schema, and there are two. */
const MAX_GRAMMARS = 8;

/**
 * node-llama-cpp in this process: one model, one sequence, one question at a time. Runs in the judge's child process only: it
 * blocks, and a crash of it must not touch calls.
 *
 * System and user texts go through the model's chat wrapper, which makes control tokens of its own template only: in our texts
 * `<|im_start|>` and the like are ordinary characters (test/contract/judge holds that).
 */
export class LlamaEngine {
  readonly #llama: Llama;
  readonly #chat: LlamaChat;
  readonly #sequence: Sequence;
  readonly #grammars = new Map<string, object>();

  private constructor(llama: Llama, chat: LlamaChat, sequence: Sequence) {
    this.#llama = llama;
    this.#chat = chat;
    this.#sequence = sequence;
  }

  /** @throws GatewayError `model.missing` (file or engine), `model.invalid`. */
  static async load(options: LlamaEngineOptions): Promise<LlamaEngine> {
    await checkModel(options);
    const module = await importEngine(options.enginePath);
    try {
      const gpu = options.gpu === "auto" ? "auto" : false;
      const llama = await module.getLlama({
        build: "never",
        skipDownload: true,
        progressLogs: false,
        logLevel: "error",
        gpu,
      });
      const model = await llama.loadModel({ modelPath: options.modelPath });
      const contextSize = Math.min(options.contextTokens, model.trainContextSize);
      const context = await model.createContext({ contextSize, sequences: 1, threads: options.threads });
      const sequence = context.getSequence();
      return new LlamaEngine(llama, new module.LlamaChat({ contextSequence: sequence }), sequence);
    } catch (cause) {
      throw new GatewayError("model.invalid", `${options.modelPath} does not load: ${textOf(cause)}`, { cause });
    }
  }

  get gpu(): string {
    return this.#llama.gpu === false ? "none" : this.#llama.gpu;
  }

  /** @throws What node-llama-cpp throws; the signal's reason. */
  async complete(question: ModelQuestion, signal: AbortSignal): Promise<string> {
    const history: History = [
      { type: "system", text: question.system },
      { type: "user", text: question.user },
      { type: "model", response: [] },
    ];
    const grammar = await this.#grammarOf(question);
    try {
      const { maxTokens } = question;
      const options = { grammar, maxTokens, temperature: 0, signal, stopOnAbortSignal: false };
      return (await this.#chat.generateResponse(history, options)).response;
    } catch (error) {
      signal.throwIfAborted();
      // A question that did not fit may leave half of itself behind.
      await this.#sequence.clearHistory();
      throw error;
    }
  }

  async dispose(): Promise<void> {
    await this.#llama.dispose();
  }

  async #grammarOf({ schema }: ModelQuestion): Promise<object> {
    const key = JSON.stringify(schema);
    const known = this.#grammars.get(key);
    if (known !== undefined) return known;
    const grammar = await this.#llama.createGrammarForJsonSchema(schema);
    if (this.#grammars.size >= MAX_GRAMMARS) this.#grammars.clear();
    this.#grammars.set(key, grammar);
    return grammar;
  }
}

async function importEngine(enginePath: string): Promise<LlamaModule> {
  try {
    return (await import(pathToFileURL(enginePath).href)) as LlamaModule;
  } catch (cause) {
    throw new GatewayError(
      "model.missing",
      "the language model engine is not installed: run `node scripts/engine-llama.mjs`, or use threat.judge.engine: openai",
      { cause },
    );
  }
}

async function checkModel({ modelPath, modelSha256 }: LlamaEngineOptions): Promise<void> {
  const size = await stat(modelPath).then(
    (found) => found.size,
    (cause: unknown) => {
      throw new GatewayError("model.missing", `${modelPath} cannot be read: ${textOf(cause)}`, { cause });
    },
  );
  const file = await open(modelPath, "r");
  try {
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
    if (size < 24 || buffer.toString("latin1") !== "GGUF") {
      throw new GatewayError("model.invalid", `${modelPath} is no GGUF file`);
    }
  } finally {
    await file.close();
  }
  if (modelSha256 === undefined) return;
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(modelPath)) hash.update(chunk as Buffer);
  const found = hash.digest("hex");
  if (found !== modelSha256.toLowerCase()) {
    throw new GatewayError("model.invalid", `${modelPath} has SHA-256 ${found}, not the one that is configured`);
  }
}

const textOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
