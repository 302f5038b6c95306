import { fail, ok, type Result } from "../../core/result.js";
import type { PcmAudio } from "../audio.js";
import { sampleReader, type WavCoding } from "./wav-coding.js";

export interface WavAudio {
  readonly sampleRateHz: number;
  readonly coding: WavCoding;
  /** One for each channel, all of the same length; samples in −1…1. */
  readonly channels: readonly Float32Array[];
  /** The file ends before the length that its header announces: what is there was read. */
  readonly truncated: boolean;
}

export interface WavError {
  readonly code:
    /** Does not begin with RIFF … WAVE. */
    | "wav.not-wav"
    /** Ends before a whole `fmt ` chunk was there. */
    | "wav.truncated"
    /** No `fmt ` chunk before the data, or one that makes no sense: no channel, a rate of 0. */
    | "wav.format"
    /** A coding or a number of channels that is not supported. */
    | "wav.coding"
    /** No `data` chunk, or not one sample in it. */
    | "wav.empty";
  /** Where in the file. */
  readonly at: number;
  /** Of `wav.coding`: the format tag. */
  readonly tag?: number;
}

const MIN_FORMAT_BYTES = 16;
const EXTENSIBLE_BYTES = 40;
const TAG_EXTENSIBLE = 0xfffe;
/** The rest of KSDATAFORMAT_SUBTYPE_…: the first two bytes are a format tag. */
const SUBTYPE_TAIL = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];
const MAX_CHANNELS = 16;
const MAX_RATE_HZ = 384_000;
/** Chunks before the data; more is no audio file. */
const MAX_CHUNKS = 1_000;
const UNKNOWN_LENGTH = 0xffffffff;

interface Format {
  readonly tag: number;
  readonly channels: number;
  readonly sampleRateHz: number;
  readonly bits: number;
}

/**
 * Reads a WAV file: PCM of 8, 16, 24, 32 bits, float of 32 and 64, A-law, µ-law, plain or WAVE_FORMAT_EXTENSIBLE, any chunks around.
 *
 * Takes files that writers to a pipe leave behind (lengths of 0 or 0xffffffff: up to the end of the file) and files that are cut off.
 *
 * @param bytes The whole file. May be hostile. Memory of the result: 4 bytes for each sample, so at most 4 × the file.
 */
export function readWav(bytes: Uint8Array): Result<WavAudio, WavError> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const id = (at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4));
  const isRiff = id(0) === "RIFF" || id(0) === "RF64";
  if (!isRiff || id(8) !== "WAVE") return fail({ code: "wav.not-wav", at: 0 });
  let format: Format | undefined;
  let at = 12;
  for (let n = 0; n < MAX_CHUNKS && at + 8 <= bytes.byteLength; n++) {
    const name = id(at);
    const announced = view.getUint32(at + 4, true);
    const body = at + 8;
    if (name === "data") {
      if (format === undefined) return fail({ code: "wav.format", at });
      return readData(bytes, body, announced, format);
    }
    if (name === "fmt ") {
      if (announced < MIN_FORMAT_BYTES) return fail({ code: "wav.format", at });
      if (body + MIN_FORMAT_BYTES > bytes.byteLength) return fail({ code: "wav.truncated", at });
      format ??= readFormat(view, body, Math.min(announced, bytes.byteLength - body));
      if (format === undefined) return fail({ code: "wav.format", at });
    }
    at = nextChunk(bytes, body, announced);
  }
  if (format === undefined && at > bytes.byteLength - 8) return fail({ code: "wav.truncated", at: bytes.byteLength });
  return fail({ code: "wav.empty", at });
}

/** Chunks are padded to even lengths, but by writers that forget it. */
function nextChunk(bytes: Uint8Array, body: number, announced: number): number {
  const end = body + announced;
  if (announced % 2 === 0) return end;
  const looksLikeName = (at: number): boolean => [0, 1, 2, 3].every((i) => isNameByte(bytes[at + i] ?? 0));
  return looksLikeName(end) && !looksLikeName(end + 1) ? end : end + 1;
}
const isNameByte = (byte: number): boolean => byte >= 0x20 && byte < 0x7f;

function readFormat(view: DataView, at: number, size: number): Format | undefined {
  let tag = view.getUint16(at, true);
  const channels = view.getUint16(at + 2, true);
  const sampleRateHz = view.getUint32(at + 4, true);
  const bits = view.getUint16(at + 14, true);
  if (channels === 0 || sampleRateHz === 0 || sampleRateHz > MAX_RATE_HZ) return undefined;
  if (tag === TAG_EXTENSIBLE) {
    if (size < EXTENSIBLE_BYTES) return undefined;
    if (SUBTYPE_TAIL.every((byte, i) => view.getUint8(at + 26 + i) === byte)) tag = view.getUint16(at + 24, true);
  }
  return { tag, channels, sampleRateHz, bits };
}

function readData(bytes: Uint8Array, body: number, announced: number, format: Format): Result<WavAudio, WavError> {
  const { tag, channels: channelCount, sampleRateHz, bits } = format;
  const reader = sampleReader(tag, bits);
  if (reader === undefined || channelCount > MAX_CHANNELS) return fail({ code: "wav.coding", at: body, tag });
  const have = bytes.byteLength - body;
  const isUnknown = announced === 0 || announced === UNKNOWN_LENGTH;
  const size = isUnknown ? have : Math.min(have, announced);
  const frames = Math.floor(size / (channelCount * reader.bytes));
  if (frames === 0) return fail({ code: "wav.empty", at: body });
  const view = new DataView(bytes.buffer, bytes.byteOffset + body, size);
  const channels = Array.from({ length: channelCount }, () => new Float32Array(frames));
  for (const [n, channel] of channels.entries()) {
    for (let i = 0, at = n * reader.bytes; i < frames; i++, at += channelCount * reader.bytes) {
      channel[i] = reader.read(view, at);
    }
  }
  return ok({ sampleRateHz, coding: reader.coding, channels, truncated: !isUnknown && have < announced });
}

/** All channels as one: their mean. */
export function mixedDown(audio: WavAudio): PcmAudio {
  const [first = new Float32Array(0), ...others] = audio.channels;
  if (others.length === 0) return { sampleRateHz: audio.sampleRateHz, samples: first };
  const samples = Float32Array.from(first);
  for (const channel of others)
    for (let i = 0; i < samples.length; i++) samples[i] = (samples[i] ?? 0) + (channel[i] ?? 0);
  for (let i = 0; i < samples.length; i++) samples[i] = (samples[i] ?? 0) / audio.channels.length;
  return { sampleRateHz: audio.sampleRateHz, samples };
}
