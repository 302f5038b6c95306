import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Child, ChildEvents, FromChild } from "../../core/child-service.js";
import type { RecogniserStart } from "./recogniser-work.js";

/** Under tsx the entry is TypeScript, in dist/ JavaScript. */
const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
const ENTRY = fileURLToPath(new URL(`../../workers/recogniser.${extension}`, import.meta.url));
/** The models lie outside of JavaScript's heap, which holds audio in passing. */
const HEAP_MIB = 192;

/** The child gets what it is started with, and nothing of our environment. */
export function startRecogniser(start: RecogniserStart, events: ChildEvents, entry = ENTRY): Child {
  const { PATH, LD_LIBRARY_PATH } = process.env;
  const env = Object.fromEntries(Object.entries({ PATH, LD_LIBRARY_PATH }).filter(([, value]) => value !== undefined));
  const typeScript = entry.endsWith(".ts") ? [`--import=${import.meta.resolve("tsx")}`] : [];
  const child = fork(entry, [JSON.stringify(start)], {
    env,
    // Not our own ones: after `node -e SCRIPT` they hold the script, and the child would run it, child after child.
    execArgv: [...typeScript, `--max-old-space-size=${HEAP_MIB}`],
    serialization: "advanced",
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  let isGone = false;
  const gone = (why: string): void => {
    if (isGone) return;
    isGone = true;
    events.gone(why);
  };
  child.on("message", (message) => events.message(message as unknown as FromChild));
  child.on("error", (error) => gone(error.message));
  child.on("exit", (code, signal) => gone(signal ?? `exit ${code ?? "?"}`));
  return {
    // Without a callback an error of the channel would be an event.
    send: (message) => child.connected && child.send(message, () => undefined),
    kill: () => void child.kill("SIGKILL"),
  };
}
