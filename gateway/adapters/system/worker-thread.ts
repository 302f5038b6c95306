import { Worker } from "node:worker_threads";
import type { StartWorker } from "../../core/worker-link.js";

/** @param entry The worker's entry file. @param name For debuggers. */
export const workerAt =
  (entry: URL, name: string): StartWorker =>
  (workerData, events) => {
    const worker = new Worker(entry, { workerData, name });
    worker.on("message", (message) => events.message(message));
    worker.on("messageerror", (error) => events.crashed(error));
    worker.on("error", (error) => events.crashed(error));
    worker.on("exit", (code) => events.ended(code));
    return {
      post: (message, transfer) => worker.postMessage(message, transfer),
      terminate: () => void worker.terminate(),
    };
  };
