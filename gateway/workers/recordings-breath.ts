import { performance } from "node:perf_hooks";
import { setImmediate } from "node:timers/promises";
import type { Breath } from "../pipeline/recordings/breath.js";

/** Long work gives way so often, ms: HTTP is served on the same thread. */
const TURN_MS = 5;

/** @returns For one piece of work. */
export function breathOf(signal: AbortSignal): Breath {
  let since = performance.now();
  return () => {
    if (performance.now() - since < TURN_MS) return undefined;
    return setImmediate().then(() => {
      signal.throwIfAborted();
      since = performance.now();
    });
  };
}
