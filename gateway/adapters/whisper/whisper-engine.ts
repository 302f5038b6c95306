import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { GatewayError } from "../../core/errors.js";

const ADDON = "ringfence_whisper.node";
const HOW_TO_BUILD =
  "run `node scripts/build-engine-whisper.mjs` (needs cmake, make and g++; Debian: apt-get install cmake make g++)";

/** What scripts/build-engine-whisper.mjs wrote beside the add-on. */
export interface EngineStamp {
  readonly version: string;
  readonly arch: string;
  /** What was asked for: `native`, or a value of -march. */
  readonly cpu: string;
  /** CPU flags that the code may need. */
  readonly flags: readonly string[];
}

export interface EngineFile {
  readonly addonPath: string;
  readonly stamp: EngineStamp;
}

/** engines/whisper/build, seen from the sources or from dist/. */
export function engineFolder(): string {
  for (const up of ["../../../", "../../../../"]) {
    const folder = fileURLToPath(new URL(`${up}engines/whisper/`, import.meta.url));
    if (existsSync(join(folder, "CMakeLists.txt"))) return join(folder, "build");
  }
  return fileURLToPath(new URL("../../../engines/whisper/build", import.meta.url));
}

/**
 * Finds the add-on and checks that this CPU can run it: an instruction that it does not know would end the process.
 *
 * @param cpuFlags Of this machine; default: /proc/cpuinfo.
 * @throws GatewayError `model.missing`: not built, or built for another CPU; the message says what to do.
 */
export function findEngine(folder = engineFolder(), cpuFlags = readCpuFlags()): EngineFile {
  const addonPath = join(folder, ADDON);
  const stamp = existsSync(addonPath) ? readStamp(join(folder, "stamp.json")) : undefined;
  if (stamp === undefined) throw new GatewayError("model.missing", `whisper.cpp is not built: ${HOW_TO_BUILD}`);
  const lacking = cpuFlags === undefined ? [] : stamp.flags.filter((flag) => !cpuFlags.has(flag));
  if (stamp.arch !== process.arch || lacking.length > 0) {
    const what = stamp.arch === process.arch ? `without ${lacking.slice(0, 5).join(", ")}` : process.arch;
    throw new GatewayError(
      "model.missing",
      `whisper.cpp was built on another machine (this CPU: ${what}): ${HOW_TO_BUILD}, here or with --cpu x86-64-v3`,
    );
  }
  return { addonPath, stamp };
}

function readStamp(path: string): EngineStamp | undefined {
  try {
    const stamp = JSON.parse(readFileSync(path, "utf8")) as Partial<EngineStamp>;
    const { version = "unknown", arch = "", cpu = "", flags = [] } = stamp;
    return { version, arch, cpu, flags };
  } catch {
    return undefined;
  }
}

/** @returns Undefined where the system does not tell. */
export function readCpuFlags(path = "/proc/cpuinfo"): ReadonlySet<string> | undefined {
  try {
    const line = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(readFileSync(path, "utf8"))?.[1];
    return line === undefined ? undefined : new Set(line.split(/\s+/));
  } catch {
    return undefined;
  }
}

/** Options of one decode, as the add-on takes them. */
export interface NativeDecodeOptions {
  readonly threads: number;
  /** Frames of 20 ms; 0: the whole 30 s. */
  readonly audioContext: number;
  /** Text tokens at most; 0: no limit. */
  readonly maxTokens: number;
  /** Step of the temperatures tried when a decode looks bad; 0: one try. */
  readonly temperatureIncrement: number;
  readonly tokenTimestamps: boolean;
  /** The model says the times itself, in tokens of its own; else they are guessed. */
  readonly timestamps: boolean;
  readonly suppressNonSpeech: boolean;
  /** ISO 639-1; empty: detected. */
  readonly language: string;
  readonly prompt: string;
}

/** What the add-on answers: whisper.cpp's own words and numbers, unchecked. */
export interface NativeDecoding {
  /** UTF-8 of all tokens, one after another. */
  readonly text: Uint8Array;
  /** Where each token ends in `text`. */
  readonly tokenEnds: Uint32Array;
  readonly probabilities: Float32Array;
  readonly startMs: Float32Array;
  readonly endMs: Float32Array;
  readonly language: string;
  /** It ran into `maxTokens`. */
  readonly truncated?: boolean;
  readonly noSpeech: number;
  readonly encodeMs: number;
  readonly decodeMs: number;
}

export interface NativeModel {
  describe(): { readonly multilingual: boolean; readonly audioContext: number };
  /** @returns A number to abort it by. @throws Error when every state is taken. */
  decode(
    samples: Float32Array,
    options: NativeDecodeOptions,
    callback: (problem: string | undefined, result: NativeDecoding | undefined) => void,
  ): number;
  abort(id: number): void;
  close(): void;
}

export interface NativeVoiceDetector {
  describe(): { readonly stepSamples: number; readonly memoryFloats: number };
  /** @param memory Of one speaker; read and written. */
  score(samples: Float32Array, memory: Float32Array): Float32Array;
  close(): void;
}

export interface NativeAddon {
  readonly version: string;
  readonly systemInfo: string;
  readonly Model: new (
    path: string,
    options: { readonly states: number; readonly flashAttention: boolean },
  ) => NativeModel;
  readonly VoiceDetector: new (path: string) => NativeVoiceDetector;
  /** The kernel ends this process when the thread that started it ends, however that came. */
  tieToParent(): void;
}

/** Only in a process of its own: a fault of whisper.cpp ends the process. */
export const loadAddon = (addonPath: string): NativeAddon => createRequire(import.meta.url)(addonPath) as NativeAddon;
