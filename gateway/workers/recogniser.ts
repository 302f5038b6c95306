import { writeFileSync } from "node:fs";
import { setPriority } from "node:os";
import { DecodeService } from "../adapters/whisper/decode-service.js";
import type { RecogniserInfo, RecogniserStart } from "../adapters/whisper/recogniser-work.js";
import { ScoreService } from "../adapters/whisper/score-service.js";
import { loadAddon, type NativeAddon } from "../adapters/whisper/whisper-engine.js";
import type { FromChild, ToChild } from "../core/child-service.js";

/** Calls go first; the voice detector's little work before the decoder's much. */
const NICE = { decode: 10, score: 5 } as const;
/** Where memory runs out, the kernel takes us before the gateway. −1000 to 1000. */
const OOM_SCORE = "500";

/** Entry of the recogniser's child process (also the voice detector's). adapters/whisper starts it and talks to it. */
function run(start: RecogniserStart): void {
  // Before the add-on makes its threads: they inherit it.
  setPriority(NICE[start.role]);
  try {
    writeFileSync("/proc/self/oom_score_adj", OOM_SCORE);
  } catch {
    // Not Linux, or not allowed.
  }
  const tell = (message: FromChild): void => void process.send?.(message, () => undefined);
  let addon: NativeAddon;
  let service: DecodeService | ScoreService;
  try {
    addon = loadAddon(start.addonPath);
    addon.tieToParent();
    service =
      start.role === "decode" ? new DecodeService(addon, start, tell) : new ScoreService(addon, start.modelPath, tell);
  } catch (error) {
    // Verified before we were started: what does not load now will not load later.
    tell({ kind: "unfit", code: "model.invalid", message: error instanceof Error ? error.message : String(error) });
    return;
  }
  process.on("message", (message: ToChild) => service.accept(message));
  const info: RecogniserInfo = {
    version: addon.version,
    systemInfo: addon.systemInfo,
    multilingual: service instanceof DecodeService && service.describe().multilingual,
    rssBytes: process.memoryUsage.rss(),
  };
  tell({ kind: "ready", info });
}

// Meant for the gateway, which lets calls end first and then ends us; a terminal and systemd send them to all of its processes.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined);
// Whoever started us is gone, however that came. Not `exit`: it would wait for the pass that runs.
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
const [json] = process.argv.slice(2);
if (process.send !== undefined && json !== undefined) run(JSON.parse(json) as RecogniserStart);
