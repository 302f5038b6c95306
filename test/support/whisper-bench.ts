import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SystemClock } from "../../gateway/adapters/system/system-clock.js";
import { hashFile } from "../../gateway/adapters/whisper/model-file.js";
import { engineFolder } from "../../gateway/adapters/whisper/whisper-engine.js";
import {
  DEFAULT_WHISPER,
  openWhisper,
  type WhisperOptions,
  type WhisperTranscriber,
} from "../../gateway/adapters/whisper/whisper-transcriber.js";
import { silentLog } from "../../gateway/core/log.js";
import { writeWav } from "../../gateway/media/wav/write-wav.js";

/** whisper.cpp's own command, from the tree and with the flags that our add-on is built from. Built when it is not there. */
export function whisperCli(): string {
  const path = join(engineFolder(), "bin", "whisper-cli");
  if (!existsSync(path)) {
    const script = fileURLToPath(new URL("../../scripts/build-engine-whisper.mjs", import.meta.url));
    execFileSync(process.execPath, [script, "--peers"], { stdio: ["ignore", "ignore", "inherit"] });
  }
  return path;
}

export async function openBenchWhisper(
  options: Partial<WhisperOptions> & { model: string },
): Promise<WhisperTranscriber> {
  const sha256 = await hashFile(options.model);
  const all = {
    ...DEFAULT_WHISPER,
    folder: "",
    sha256,
    timeoutMs: 60_000,
    maxWaiting: 256,
    language: "en",
    ...options,
  };
  return openWhisper(all, { clock: new SystemClock(), log: silentLog });
}

export interface CliRun {
  readonly model: string;
  readonly samples: Float32Array;
  readonly threads: number;
  /** Frames; 0: all. */
  readonly audioContext: number;
}

/**
 * One run of whisper.cpp's command: greedy, one try, no timestamps, as our add-on decodes.
 * @returns Time from spectrogram to text by its own clock, ms; loading the model is not in it.
 */
export function runWhisperCli({ model, samples, threads, audioContext }: CliRun): number {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-cli-"));
  try {
    const wav = join(folder, "speech.wav");
    writeFileSync(wav, writeWav({ sampleRateHz: 16_000, channels: [samples] }));
    const args = ["-m", model, "-f", wav, "-t", String(threads), "-ac", String(audioContext)];
    const how = ["-bs", "1", "-bo", "1", "-nf", "-nt", "-sns", "-l", "en", "-ng"];
    const script = `exec "$0" "$@" 2>&1`;
    const text = execFileSync("sh", ["-c", script, whisperCli(), ...args, ...how], { encoding: "utf8" });
    const ms = (name: string): number => {
      const found = new RegExp(`${name} time\\s*=\\s*([\\d.]+) ms`).exec(text)?.[1];
      if (found === undefined) throw new Error(`whisper-cli told no ${name} time:\n${text.slice(-500)}`);
      return Number(found);
    };
    return ms("total") - ms("load");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
