import { G711 } from "../g711/g711.js";

/** How samples stand in a WAV file. */
export type WavCoding = "pcm8" | "pcm16" | "pcm24" | "pcm32" | "float32" | "float64" | "pcma" | "pcmu";

export const WAV_TAG = { pcm: 1, float: 3, aLaw: 6, muLaw: 7 } as const;

export interface SampleReader {
  readonly coding: WavCoding;
  /** Of one sample. */
  readonly bytes: number;
  /** @returns −1…1 */
  read(view: DataView, at: number): number;
}

/** Undefined: not supported. @param bits Of the container; other than a multiple of 8 is rounded up, as the samples are left-justified. */
export function sampleReader(tag: number, bits: number): SampleReader | undefined {
  switch (tag) {
    case WAV_TAG.pcm:
      return PCM[Math.ceil(bits / 8)];
    case WAV_TAG.float:
      return bits === 32 ? FLOAT32 : bits === 64 ? FLOAT64 : undefined;
    case WAV_TAG.aLaw:
    case WAV_TAG.muLaw: {
      const { floats } = new G711(tag === WAV_TAG.aLaw ? "PCMA" : "PCMU");
      const coding = tag === WAV_TAG.aLaw ? "pcma" : "pcmu";
      return { coding, bytes: 1, read: (view, at) => floats[view.getUint8(at)] ?? 0 };
    }
    default:
      return undefined;
  }
}

/** By bytes a sample. */
const PCM: Readonly<Record<number, SampleReader>> = {
  1: { coding: "pcm8", bytes: 1, read: (view, at) => (view.getUint8(at) - 128) / 128 },
  2: { coding: "pcm16", bytes: 2, read: (view, at) => view.getInt16(at, true) / 32_768 },
  3: {
    coding: "pcm24",
    bytes: 3,
    read: (view, at) => (view.getUint16(at, true) | (view.getInt8(at + 2) << 16)) / 8_388_608,
  },
  4: { coding: "pcm32", bytes: 4, read: (view, at) => view.getInt32(at, true) / 2_147_483_648 },
};

const FLOAT32: SampleReader = { coding: "float32", bytes: 4, read: (view, at) => withinOne(view.getFloat32(at, true)) };
const FLOAT64: SampleReader = { coding: "float64", bytes: 8, read: (view, at) => withinOne(view.getFloat64(at, true)) };

const withinOne = (x: number): number => (Number.isNaN(x) ? 0 : Math.max(-1, Math.min(1, x)));
