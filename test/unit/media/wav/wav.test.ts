import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { mixedDown, openWav, readWav, type WavAudio } from "../../../../gateway/media/wav/read-wav.js";
import { writeWav } from "../../../../gateway/media/wav/write-wav.js";

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const join = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const u32 = (n: number): Uint8Array => Uint8Array.of(n & 255, (n >> 8) & 255, (n >> 16) & 255, n >>> 24);
const u16 = (n: number): Uint8Array => Uint8Array.of(n & 255, n >> 8);
const chunk = (name: string, body: Uint8Array, announced = body.byteLength): Uint8Array =>
  join(ascii(name), u32(announced), body, new Uint8Array(announced % 2 === 1 && announced === body.byteLength ? 1 : 0));
const riff = (...chunks: Uint8Array[]): Uint8Array => {
  const body = join(...chunks);
  return join(ascii("RIFF"), u32(4 + body.byteLength), ascii("WAVE"), body);
};
const fmt = (tag: number, channels: number, rate: number, bits: number, ...more: Uint8Array[]): Uint8Array =>
  chunk("fmt ", join(u16(tag), u16(channels), u32(rate), u32((rate * channels * bits) >> 3), u16((channels * bits) >> 3), u16(bits), ...more)); // prettier-ignore
const GUID_TAIL = Uint8Array.of(0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71);
const extensible = (tag: number, bits: number, tail = GUID_TAIL): Uint8Array =>
  fmt(0xfffe, 1, 16_000, bits, u16(22), u16(bits), u32(4), u16(tag), tail);
const PCM16 = fmt(1, 1, 8_000, 16);
const TWO_SAMPLES = Uint8Array.of(0, 64, 0, 192);

function read(bytes: Uint8Array): WavAudio {
  const result = readWav(bytes);
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
}
const rounded = (audio: WavAudio): number[][] => audio.channels.map((c) => [...c].map((x) => Math.round(x * 1e4) / 1e4)); // prettier-ignore

const READABLE: readonly { name: string; file: Uint8Array; channels: readonly (readonly number[])[]; coding?: string; truncated?: boolean }[] = [
  { name: "PCM 8", file: riff(fmt(1, 1, 8_000, 8), chunk("data", Uint8Array.of(128, 192, 0))), channels: [[0, 0.5, -1]], coding: "pcm8" },
  { name: "PCM 16", file: riff(PCM16, chunk("data", TWO_SAMPLES)), channels: [[0.5, -0.5]], coding: "pcm16" },
  { name: "PCM 24", file: riff(fmt(1, 1, 8_000, 24), chunk("data", Uint8Array.of(0, 0, 64, 0, 0, 192))), channels: [[0.5, -0.5]], coding: "pcm24" },
  { name: "PCM 32", file: riff(fmt(1, 1, 8_000, 32), chunk("data", Uint8Array.of(0, 0, 0, 64, 0, 0, 0, 192))), channels: [[0.5, -0.5]], coding: "pcm32" },
  { name: "12 bits in 16", file: riff(fmt(1, 1, 8_000, 12), chunk("data", TWO_SAMPLES)), channels: [[0.5, -0.5]] },
  { name: "float 32, with NaN and too loud", file: riff(fmt(3, 1, 8_000, 32), chunk("data", new Uint8Array(Float32Array.of(0.25, Number.NaN, 7, -Infinity).buffer))), channels: [[0.25, 0, 1, -1]], coding: "float32" },
  { name: "float 64", file: riff(fmt(3, 1, 8_000, 64), chunk("data", new Uint8Array(Float64Array.of(0.25, -0.25).buffer))), channels: [[0.25, -0.25]], coding: "float64" },
  { name: "A-law", file: riff(fmt(6, 1, 8_000, 8), chunk("data", Uint8Array.of(0xd5, 0xaa))), channels: [[0.0002, 0.9844]], coding: "pcma" },
  { name: "µ-law with a fact chunk", file: riff(fmt(7, 1, 8_000, 8, u16(0)), chunk("fact", u32(2)), chunk("data", Uint8Array.of(0xff, 0x80))), channels: [[0, 0.9803]], coding: "pcmu" },
  { name: "µ-law whose header says 0 bits", file: riff(fmt(7, 1, 8_000, 0), chunk("data", Uint8Array.of(0xff))), channels: [[0]] },
  { name: "extensible PCM", file: riff(extensible(1, 16), chunk("data", TWO_SAMPLES)), channels: [[0.5, -0.5]] },
  { name: "extensible µ-law", file: riff(extensible(7, 8), chunk("data", Uint8Array.of(0x80))), channels: [[0.9803]] },
  { name: "stereo", file: riff(fmt(1, 2, 8_000, 16), chunk("data", join(TWO_SAMPLES, TWO_SAMPLES))), channels: [[0.5, 0.5], [-0.5, -0.5]] },
  { name: "an odd chunk before the data", file: riff(chunk("LIST", ascii("abc")), PCM16, chunk("JUNK", ascii("x")), chunk("data", TWO_SAMPLES)), channels: [[0.5, -0.5]] },
  { name: "an odd chunk that was not padded", file: riff(PCM16, join(ascii("note"), u32(3), ascii("abc")), chunk("data", TWO_SAMPLES)), channels: [[0.5, -0.5]] },
  { name: "chunks after the data", file: riff(PCM16, chunk("data", TWO_SAMPLES), chunk("LIST", ascii("abcd"))), channels: [[0.5, -0.5]] },
  { name: "a writer to a pipe: 0xffffffff", file: join(ascii("RIFF"), u32(0xffffffff), ascii("WAVE"), PCM16, chunk("data", TWO_SAMPLES, 0xffffffff)), channels: [[0.5, -0.5]] },
  { name: "a writer to a pipe: 0", file: join(ascii("RIFF"), u32(0), ascii("WAVE"), PCM16, chunk("data", TWO_SAMPLES, 0)), channels: [[0.5, -0.5]] },
  { name: "data cut off", file: riff(PCM16, chunk("data", TWO_SAMPLES, 1_000_000)), channels: [[0.5, -0.5]], truncated: true },
  { name: "a data length that its writer never brought up to date", file: riff(PCM16, chunk("data", join(TWO_SAMPLES, TWO_SAMPLES, TWO_SAMPLES), 4)), channels: [[0.5, -0.5, 0.5, -0.5, 0.5, -0.5]] },
  { name: "text behind the last chunk", file: join(riff(PCM16, chunk("data", TWO_SAMPLES)), ascii("<?xml version='1.0'?><recording><agent>7</agent></recording>".padEnd(200))), channels: [[0.5, -0.5]] },
  { name: "a RIFF length that lies", file: join(ascii("RIFF"), u32(7), ascii("WAVE"), PCM16, chunk("data", TWO_SAMPLES)), channels: [[0.5, -0.5]] },
  { name: "a block length that lies", file: riff(chunk("fmt ", join(u16(1), u16(1), u32(8_000), u32(1), u16(99), u16(16))), chunk("data", TWO_SAMPLES)), channels: [[0.5, -0.5]] },
  { name: "half a sample at the end", file: riff(PCM16, chunk("data", Uint8Array.of(0, 64, 7))), channels: [[0.5]] },
  { name: "RF64", file: join(ascii("RF64"), u32(0xffffffff), ascii("WAVE"), chunk("ds64", new Uint8Array(28)), PCM16, chunk("data", TWO_SAMPLES, 0xffffffff)), channels: [[0.5, -0.5]] },
]; // prettier-ignore
for (const { name, file, channels, coding, truncated } of READABLE) {
  test(`wav: ${name}`, () => {
    const audio = read(join(Uint8Array.of(9), file).subarray(1));
    assert.deepEqual(rounded(audio), channels);
    if (coding !== undefined) assert.equal(audio.coding, coding);
    assert.equal(audio.truncated, truncated ?? false);
  });
}

const UNREADABLE: readonly { name: string; file: Uint8Array; code: string }[] = [
  { name: "nothing", file: new Uint8Array(), code: "wav.not-wav" },
  { name: "an Ogg file", file: ascii("OggS".padEnd(100, "\0")), code: "wav.not-wav" },
  { name: "big-endian RIFX", file: join(ascii("RIFX"), u32(4), ascii("WAVE")), code: "wav.not-wav" },
  { name: "another RIFF file", file: join(ascii("RIFF"), u32(4), ascii("AVI ")), code: "wav.not-wav" },
  { name: "the head alone", file: riff(), code: "wav.truncated" },
  { name: "a format cut off", file: riff(PCM16).subarray(0, 30), code: "wav.truncated" },
  { name: "a format of 4 bytes", file: riff(chunk("fmt ", u32(1)), chunk("data", TWO_SAMPLES)), code: "wav.format" },
  { name: "data before the format", file: riff(chunk("data", TWO_SAMPLES), PCM16), code: "wav.format" },
  { name: "no channel", file: riff(fmt(1, 0, 8_000, 16), chunk("data", TWO_SAMPLES)), code: "wav.format" },
  { name: "a rate of 0", file: riff(fmt(1, 1, 0, 16), chunk("data", TWO_SAMPLES)), code: "wav.format" },
  { name: "a rate beyond belief", file: riff(fmt(1, 1, 4_000_000_000, 16), chunk("data", TWO_SAMPLES)), code: "wav.format" },
  { name: "extensible, but short", file: riff(fmt(0xfffe, 1, 8_000, 16), chunk("data", TWO_SAMPLES)), code: "wav.format" },
  { name: "65,535 channels", file: riff(fmt(1, 65_535, 8_000, 16), chunk("data", TWO_SAMPLES)), code: "wav.coding" },
  { name: "ADPCM", file: riff(fmt(2, 1, 8_000, 4), chunk("data", TWO_SAMPLES)), code: "wav.coding" },
  { name: "MP3", file: riff(fmt(0x55, 1, 8_000, 0), chunk("data", TWO_SAMPLES)), code: "wav.coding" },
  { name: "PCM of 0 bits", file: riff(fmt(1, 1, 8_000, 0), chunk("data", TWO_SAMPLES)), code: "wav.coding" },
  { name: "PCM of 64 bits", file: riff(fmt(1, 1, 8_000, 64), chunk("data", TWO_SAMPLES)), code: "wav.coding" },
  { name: "an extensible subtype of somebody", file: riff(extensible(1, 16, new Uint8Array(14)), chunk("data", TWO_SAMPLES)), code: "wav.coding" },
  { name: "no data chunk", file: riff(PCM16, chunk("LIST", ascii("abcd"))), code: "wav.empty" },
  { name: "data of zero length", file: riff(PCM16, chunk("data", new Uint8Array())), code: "wav.empty" },
  { name: "less than one sample", file: riff(PCM16, chunk("data", Uint8Array.of(1))), code: "wav.empty" },
  { name: "a chunk length that leads out of the file", file: riff(PCM16, chunk("LIST", ascii("ab"), 0xfffffff0), chunk("data", TWO_SAMPLES)), code: "wav.empty" },
]; // prettier-ignore
for (const { name, file, code } of UNREADABLE) {
  test(`wav: ${name} is refused`, () => {
    const result = readWav(file);
    assert.equal(result.ok ? "read" : result.error.code, code);
  });
}

test("wav: a thousand chunks without data end the search", () => {
  const result = readWav(riff(PCM16, ...Array.from({ length: 5_000 }, () => chunk("junk", new Uint8Array()))));
  assert.equal(result.ok ? "read" : result.error.code, "wav.empty");
});

test("wav: a file that is opened gives its sound piece by piece, the same as at once", () => {
  const left = Float32Array.from({ length: 1_000 }, (_, i) => Math.sin(i / 9) * 0.7);
  const file = writeWav({ sampleRateHz: 8_000, channels: [left, left.map((x) => -x)], coding: "pcm16" });
  const opened = openWav(file);
  assert.ok(opened.ok);
  const whole = readWav(file);
  assert.ok(whole.ok);
  const { channels, frames } = opened.value;
  assert.deepEqual([channels, frames], [2, 1_000]);
  for (const [channel, samples] of whole.value.channels.entries()) {
    const pieces: number[] = [];
    const piece = new Float32Array(300);
    for (let at = 0, count = -1; count !== 0; at += count) {
      count = opened.value.read(channel, at, piece);
      pieces.push(...piece.subarray(0, count));
    }
    assert.deepEqual(Float32Array.from(pieces), samples);
  }
});

test("wav: what is written is read, in every coding", () => {
  const left = Float32Array.from({ length: 501 }, (_, i) => Math.sin(i / 9) * 0.7);
  const right = left.map((x) => -x / 2);
  for (const [coding, tolerance] of [
    ["pcm16", 1 / 32_768],
    ["pcmu", 0.02],
    ["pcma", 0.02],
    ["float32", 1e-7],
  ] as const) {
    const audio = read(writeWav({ sampleRateHz: 16_000, channels: [left, right], coding }));
    assert.deepEqual([audio.coding, audio.sampleRateHz, audio.truncated], [coding, 16_000, false]);
    for (const [n, written] of [left, right].entries()) {
      assert.equal(audio.channels[n]?.length, 501);
      for (const [i, x] of written.entries()) {
        assert.ok(Math.abs((audio.channels[n][i] ?? 9) - x) <= tolerance, `${coding} ${i}`);
      }
    }
  }
  const loud = read(writeWav({ sampleRateHz: 8_000, channels: [Float32Array.of(2, -2)] }));
  assert.deepEqual(rounded(loud), [[1, -1]]);
});

test("wav: channels mixed down are their mean", () => {
  const audio = read(
    writeWav({ sampleRateHz: 8_000, channels: [Float32Array.of(0.5, 0.5), Float32Array.of(0.5, -0.5)] }),
  );
  assert.deepEqual(mixedDown(audio), { sampleRateHz: 8_000, samples: Float32Array.of(0.5, 0) });
  const mono = read(writeWav({ sampleRateHz: 8_000, channels: [Float32Array.of(0.5)] }));
  assert.equal(mixedDown(mono).samples, mono.channels[0]);
});

const RECORDINGS = fileURLToPath(new URL("../../../../../shared/cases/audio/", import.meta.url));
test(
  "wav: recordings that others made are read",
  {
    skip: existsSync(RECORDINGS) ? false : "the optional recordings are not on this machine",
  },
  () => {
    const files = readdirSync(RECORDINGS, { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".wav"),
    );
    assert.ok(files.length > 10);
    for (const name of files) {
      const audio = read(readFileSync(`${RECORDINGS}${name}`));
      const peak = audio.channels[0]?.reduce((most, x) => Math.max(most, Math.abs(x)), 0) ?? 0;
      assert.ok(peak > 0.01 && peak <= 1, name);
      assert.ok([8_000, 16_000, 44_100, 48_000].includes(audio.sampleRateHz), `${name}: ${audio.sampleRateHz}`);
    }
  },
);
