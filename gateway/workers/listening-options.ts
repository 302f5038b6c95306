import type { ListeningOptions } from "../pipeline/listening-options.js";
import type { EngineOptions } from "./speech-engine.js";

/** What the listening worker is started with: plain data. */
export interface ListeningWorkerOptions {
  readonly engine: EngineOptions;
  readonly listening: ListeningOptions;
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

/**
 * The worker's entry: the compiled file, or, when this runs from source, a line that teaches the new thread TypeScript first
 * (tsx does not reach into threads by itself).
 */
export function listeningEntry(): URL {
  if (!import.meta.url.endsWith(".ts")) return new URL("./listening.js", import.meta.url);
  const tsx = JSON.stringify(import.meta.resolve("tsx/esm/api"));
  const entry = JSON.stringify(new URL("./listening.ts", import.meta.url).href);
  const code = `const { register } = await import(${tsx}); register(); await import(${entry});`;
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`);
}
