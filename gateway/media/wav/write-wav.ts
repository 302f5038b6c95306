import assert from "node:assert";
import { G711 } from "../g711/g711.js";
import { WAV_TAG } from "./wav-coding.js";

export interface WavContent {
  readonly sampleRateHz: number;
  /** One for each channel, of the same length; beyond −1…1 is clipped. */
  readonly channels: readonly Float32Array[];
  /** Default: pcm16. */
  readonly coding?: "pcm16" | "pcmu" | "pcma" | "float32";
}

const HEADER_BYTES = 44;

/** A WAV file, newly allocated. Not for more than 4 GiB. */
export function writeWav(content: WavContent): Uint8Array {
  const { sampleRateHz, channels, coding = "pcm16" } = content;
  const frames = channels[0]?.length ?? 0;
  assert(channels.length > 0 && channels.every((channel) => channel.length === frames), "channels of one length");
  const { tag, bytes, write } = writer(coding);
  const frameBytes = channels.length * bytes;
  const dataBytes = frames * frameBytes;
  const file = new Uint8Array(HEADER_BYTES + dataBytes + (dataBytes % 2));
  const view = new DataView(file.buffer);
  const name = (at: number, text: string): void => {
    for (let i = 0; i < text.length; i++) file[at + i] = text.charCodeAt(i);
  };
  name(0, "RIFF");
  view.setUint32(4, file.byteLength - 8, true);
  name(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, tag, true);
  view.setUint16(22, channels.length, true);
  view.setUint32(24, sampleRateHz, true);
  view.setUint32(28, sampleRateHz * frameBytes, true);
  view.setUint16(32, frameBytes, true);
  view.setUint16(34, bytes * 8, true);
  name(36, "data");
  view.setUint32(40, dataBytes, true);
  for (const [n, channel] of channels.entries()) {
    for (let i = 0, at = HEADER_BYTES + n * bytes; i < frames; i++, at += frameBytes) write(view, at, channel[i] ?? 0);
  }
  return file;
}

interface Writer {
  readonly tag: number;
  readonly bytes: number;
  readonly write: (view: DataView, at: number, sample: number) => void;
}

function writer(coding: NonNullable<WavContent["coding"]>): Writer {
  switch (coding) {
    case "pcm16":
      return { tag: WAV_TAG.pcm, bytes: 2, write: (view, at, sample) => view.setInt16(at, linear16(sample), true) };
    case "float32":
      return { tag: WAV_TAG.float, bytes: 4, write: (view, at, sample) => view.setFloat32(at, sample, true) };
    case "pcmu":
    case "pcma": {
      const law = new G711(coding === "pcmu" ? "PCMU" : "PCMA");
      const tag = coding === "pcmu" ? WAV_TAG.muLaw : WAV_TAG.aLaw;
      return { tag, bytes: 1, write: (view, at, sample) => view.setUint8(at, law.encodeSample(linear16(sample))) };
    }
  }
}

const linear16 = (sample: number): number => Math.max(-32_768, Math.min(32_767, Math.round(sample * 32_768)));
