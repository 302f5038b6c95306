import type { NativeDecodeOptions } from "./whisper-engine.js";

/** What a recogniser's process is started with: plain data, no secret. */
export type RecogniserStart =
  | {
      readonly role: "decode";
      readonly addonPath: string;
      readonly modelPath: string;
      /** Decodes at a time; each has memory of its own. */
      readonly states: number;
      readonly flashAttention: boolean;
    }
  | { readonly role: "score"; readonly addonPath: string; readonly modelPath: string };

/** What it says when it is ready. */
export interface RecogniserInfo {
  readonly version: string;
  readonly systemInfo: string;
  readonly multilingual: boolean;
  /** Of the process with everything loaded. */
  readonly rssBytes: number;
}

/** One stretch of audio, as 16-bit samples: half of the bytes between the processes. */
export interface DecodeWork {
  readonly samples: Int16Array;
  readonly options: NativeDecodeOptions;
}

/** Steps of several speakers at a time. */
export interface ScoreWork {
  readonly streamIds: Float64Array;
  /** Samples of each speaker, in the order of `streamIds`. */
  readonly counts: Uint32Array;
  readonly samples: Int16Array;
  /** Speakers that are gone. */
  readonly forget: Float64Array;
}

/** −1…1 → 16 bits; what is louder is cut off. */
export function toInt16(samples: Float32Array, out = new Int16Array(samples.length), at = 0): Int16Array {
  for (let i = 0; i < samples.length; i++) {
    const x = (samples[i] as number) * 32_768;
    out[at + i] = x > 32_767 ? 32_767 : x < -32_768 ? -32_768 : Math.round(x);
  }
  return out;
}

export function fromInt16(samples: Int16Array): Float32Array {
  const out = new Float32Array(samples.length);
  for (let i = 0; i < samples.length; i++) out[i] = (samples[i] as number) / 32_768;
  return out;
}
