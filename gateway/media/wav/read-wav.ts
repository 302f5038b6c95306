import { fail, ok, type Result } from "../../core/result.js";
import type { PcmAudio } from "../audio.js";
import { sampleReader, type SampleReader, type WavCoding } from "./wav-coding.js";

/** A WAV file whose header has been read; its sound is made into samples as it is asked for. */
export interface WavFile {
  readonly sampleRateHz: number;
  readonly coding: WavCoding;
  readonly channels: number;
  /** Samples of each channel; at least one. */
  readonly frames: number;
  /** The file ends before the length that its header announces. */
  readonly truncated: boolean;
  /** Fills `into` with one channel's samples, −1…1, from frame `from` on. @returns How many there were. */
  read(channel: number, from: number, into: Float32Array): number;
}

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

const IN_WORDS: Readonly<Record<WavError["code"], string>> = {
  "wav.not-wav": "it is no WAV file",
  "wav.truncated": "the file ends within its header",
  "wav.format": "its format chunk is missing or makes no sense",
  "wav.coding": "its coding is not supported (PCM, float, A-law and µ-law are)",
  "wav.empty": "there is no sound in it",
};

/** What is wrong with a file, for people: "the audio cannot be read: …". */
export const wavErrorText = ({ code }: WavError): string => IN_WORDS[code];

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
 * Reads a WAV file's header and where its sound is: PCM of 8, 16, 24, 32 bits, float of 32 and 64, A-law, µ-law, plain or WAVE_FORMAT_EXTENSIBLE, any chunks around.
 *
 * Takes files that writers to a pipe leave behind (lengths of 0 or 0xffffffff: up to the end of the file), files whose writer did not
 * come back to the header (a length before the end of the sound), and files that are cut off.
 *
 * @param bytes The whole file; kept. May be hostile. Costs the same for every length.
 */
export function openWav(bytes: Uint8Array): Result<WavFile, WavError> {
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
      return openData(bytes, body, announced, format);
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

function openData(bytes: Uint8Array, body: number, announced: number, format: Format): Result<WavFile, WavError> {
  const { tag, channels: channelCount, sampleRateHz, bits } = format;
  const reader = sampleReader(tag, bits);
  if (reader === undefined || channelCount > MAX_CHANNELS) return fail({ code: "wav.coding", at: body, tag });
  const have = bytes.byteLength - body;
  const isUnknown = announced === 0 || announced === UNKNOWN_LENGTH || isUnderstated(bytes, body, announced);
  const size = isUnknown ? have : Math.min(have, announced);
  const frames = Math.floor(size / (channelCount * reader.bytes));
  if (frames === 0) return fail({ code: "wav.empty", at: body });
  const view = new DataView(bytes.buffer, bytes.byteOffset + body, size);
  return ok({
    sampleRateHz,
    coding: reader.coding,
    channels: channelCount,
    frames,
    truncated: !isUnknown && have < announced,
    read: (channel, from, into) => readSamples(reader, view, { channel, channels: channelCount, frames }, from, into),
  });
}

/** Notes that some recorders put behind the last chunk are no sound. */
const TEXT_BYTES = 64;
const isText = (bytes: Uint8Array): boolean =>
  bytes.length === TEXT_BYTES && bytes.every((byte) => (byte >= 0x20 && byte < 0x7f) || (byte >= 9 && byte <= 13));

/** Of a writer that died, or that never came back to its header: what follows the announced end is no chunk, so it is sound. */
function isUnderstated(bytes: Uint8Array, body: number, announced: number): boolean {
  const at = nextChunk(bytes, body, announced);
  if (at + 8 > bytes.byteLength || isText(bytes.subarray(at, at + TEXT_BYTES))) return false;
  const isName = [0, 1, 2, 3].every((i) => isNameByte(bytes[at + i] ?? 0));
  const length = new DataView(bytes.buffer, bytes.byteOffset + at + 4, 4).getUint32(0, true);
  return !isName || at + 8 + length > bytes.byteLength + 1;
}

interface Shape {
  readonly channel: number;
  readonly channels: number;
  readonly frames: number;
}

function readSamples(
  reader: SampleReader,
  view: DataView,
  { channel, channels, frames }: Shape,
  from: number,
  into: Float32Array,
): number {
  const count = Math.max(0, Math.min(into.length, frames - from));
  let at = (from * channels + channel) * reader.bytes;
  for (let i = 0; i < count; i++, at += channels * reader.bytes) into[i] = reader.read(view, at);
  return count;
}

/** The whole of a WAV file, as `openWav`. Memory of the result: 4 bytes for each sample, so at most 4 × the file. */
export function readWav(bytes: Uint8Array): Result<WavAudio, WavError> {
  const opened = openWav(bytes);
  if (!opened.ok) return opened;
  const { sampleRateHz, coding, truncated, frames } = opened.value;
  const channels = Array.from({ length: opened.value.channels }, (_, channel) => {
    const samples = new Float32Array(frames);
    opened.value.read(channel, 0, samples);
    return samples;
  });
  return ok({ sampleRateHz, coding, channels, truncated });
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
