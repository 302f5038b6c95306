import type { ListeningOptions } from "../pipeline/listening-options.js";
import type { EngineOptions } from "./speech-engine.js";
import { workerFile } from "./worker-file.js";

/** What the listening worker is started with: plain data. */
export interface ListeningWorkerOptions {
  readonly engine: EngineOptions;
  readonly listening: ListeningOptions;
  /** Telephone numbers go, too. */
  readonly redactPhones?: boolean;
  /** Send what was said to the main thread, for whoever keeps it. */
  readonly keepSpeech?: boolean;
  readonly capacity: {
    /** Measure at start how much speech the recogniser keeps up with. */
    readonly measure: boolean;
    /** Share of it that is not counted on, 0–1. */
    readonly reserve: number;
  };
  readonly analysis: {
    /** Longer recordings are refused, s. */
    readonly maxSeconds: number;
    /** Recordings at a time; one more is refused. */
    readonly maxJobs: number;
    readonly timeoutMs: number;
  };
  readonly logs: {
    readonly level: "debug" | "info" | "warn" | "error" | "silent";
    readonly showNumbers: boolean;
    /** The installation's key for hashes in logs, so that all threads' lines can be joined. */
    readonly key: Uint8Array;
  };
}

/** The entry of the listening thread's thread. */
export const listeningEntry = (): URL => workerFile("listening");
