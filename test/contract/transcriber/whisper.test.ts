import { SystemClock } from "../../../gateway/adapters/system/system-clock.js";
import { hashFile } from "../../../gateway/adapters/whisper/model-file.js";
import { DEFAULT_WHISPER, openWhisper } from "../../../gateway/adapters/whisper/whisper-transcriber.js";
import { silentLog } from "../../../gateway/core/log.js";
import { randomWhisper } from "../../support/models/random-whisper.js";
import { missingWhisperEngine } from "../../support/whisper-engine.js";
import { transcriberContract } from "./transcriber-contract.js";

// Random weights: the compute is whisper.cpp's own, the words mean nothing.
for (const audioContext of ["full", "cut"] as const) {
  transcriberContract(
    `whisper, ${audioContext} context`,
    async () => {
      const model = randomWhisper({ size: "mini", tokens: 12 });
      const transcriber = await openWhisper(
        {
          ...DEFAULT_WHISPER,
          ...{ model, folder: "", sha256: await hashFile(model), audioContext, concurrency: 2, maxWaiting: 5 },
          timeoutMs: 60_000,
        },
        { clock: new SystemClock(), log: silentLog },
      );
      return { transcriber, say: undefined, mostAtOnce: 7, close: () => transcriber.close() };
    },
    missingWhisperEngine(),
  );
}
