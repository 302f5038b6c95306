import { findEngine } from "../../gateway/adapters/whisper/whisper-engine.js";

/** Why whisper.cpp cannot be tested here; undefined where it can. Give it to `test` as `skip`. */
export function missingWhisperEngine(): string | undefined {
  try {
    findEngine();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : "whisper.cpp is not built";
  }
}
