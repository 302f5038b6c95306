import { setPriority } from "node:os";
import type { ModelQuestion } from "../../detection/index.js";
import { LlamaEngine, type LlamaEngineOptions } from "../adapters/llama/llama-engine.js";
import type { FromChild, ToChild } from "../core/child-service.js";
import { GatewayError } from "../core/errors.js";

/** Calls go first. */
const NICE = 10;

/** Entry of the judge's child process. adapters/llama starts it and talks to it. */
async function run(options: LlamaEngineOptions): Promise<void> {
  // Meant for the gateway, which lets calls end first and then ends us; a terminal and systemd send them to all of its processes.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined);
  // Whoever started us is gone, however that came. Not `exit`: it would wait for the answer that is being made.
  process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
  setPriority(NICE);
  const tell = (message: FromChild): void => void process.send?.(message);
  let engine: LlamaEngine;
  try {
    engine = await LlamaEngine.load(options);
  } catch (error) {
    const code = error instanceof GatewayError ? error.code : "judge.unavailable";
    tell({ kind: "unfit", code, message: error instanceof Error ? error.message : String(error) });
    return;
  }
  const running = new Map<number, AbortController>();
  process.on("message", (message: ToChild) => {
    if (message.kind === "cancel") {
      running.get(message.id)?.abort(new Error("cancelled"));
      return;
    }
    const { id } = message;
    const abort = new AbortController();
    running.set(id, abort);
    engine
      .complete(message.payload as ModelQuestion, abort.signal)
      .then(
        (value) => tell({ kind: "done", id, value }),
        (error: unknown) =>
          tell({
            kind: "failed",
            id,
            code: "judge.unavailable",
            message: error instanceof Error ? error.message : "failed",
          }),
      )
      .finally(() => running.delete(id));
  });
  tell({ kind: "ready", info: { gpu: engine.gpu } });
}

const [json] = process.argv.slice(2);
if (process.send !== undefined && json !== undefined) await run(JSON.parse(json) as LlamaEngineOptions);
