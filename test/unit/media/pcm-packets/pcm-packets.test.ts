import assert from "node:assert/strict";
import { test } from "node:test";
import type { PayloadFormat } from "../../../../gateway/media/audio.js";
import { pureDecoders } from "../../../../gateway/media/decode/create-pure-decoder.js";
import { SpeechDecoders } from "../../../../gateway/media/decode/speech-decoder.js";
import { G711 } from "../../../../gateway/media/g711/g711.js";
import { JitterBuffer } from "../../../../gateway/media/jitter/jitter-buffer.js";
import { CARRIED_FORMATS, carriedFormat } from "../../../../gateway/media/pcm-packets/carried-formats.js";
import { PcmPackets } from "../../../../gateway/media/pcm-packets/pcm-packets.js";
import { designKernel } from "../../../../gateway/media/resample/design-kernel.js";
import { Resampler } from "../../../../gateway/media/resample/resampler.js";
import { decodeTones } from "../../../support/modem/decode-tones.js";
import { encodeText } from "../../../support/modem/encode-tones.js";
import { SeededRandom } from "../../../support/seeded-random.js";

const TEXT = "your account is safe and nobody asked for it";
const format = (name: string): PayloadFormat => {
  const found = carriedFormat(name);
  assert.ok(found !== undefined, name);
  return found;
};

/** The text's tones at that rate, as 16-bit samples, low byte first. */
function linear(rateHz: number): Uint8Array {
  const samples = encodeText(TEXT);
  const kernel = rateHz === 8_000 ? undefined : designKernel(8_000, rateHz);
  const resampler = kernel && new Resampler(kernel);
  const wide = new Float32Array(resampler?.mostFor(samples.length + 800) ?? samples.length);
  const input = new Float32Array(samples.length + 800);
  input.set(samples);
  const count = resampler?.process(input, wide) ?? samples.length;
  const said = resampler === undefined ? samples : wide.subarray(0, count);
  const bytes = Buffer.alloc(2 * said.length);
  said.forEach((sample, i) =>
    bytes.writeInt16LE(Math.max(-32_768, Math.min(32_767, Math.round(sample * 32_767))), 2 * i),
  );
  return bytes;
}

interface Packet {
  readonly bytes: Uint8Array;
  readonly nowMs: number;
}

/** What the listening side would hear: jitter buffer, decoder, 16 kHz. */
function hear(packets: readonly Packet[]): Float32Array {
  const decoder = new SpeechDecoders(pureDecoders()).open();
  const buffer = new JitterBuffer(0, CARRIED_FORMATS);
  const heard: number[] = [];
  const sink = {
    frame: (frame: Parameters<typeof decoder.decode>[0]) => void heard.push(...decoder.decode(frame)),
    gap: (_at: number, durationMs: number, lost: boolean) => {
      assert.ok(!lost, "packets are missing");
      heard.push(...decoder.fill(durationMs, lost));
    },
    restart: () => decoder.restart(),
  };
  for (const { bytes, nowMs } of packets) buffer.onPacket(bytes, nowMs, sink);
  buffer.flush(sink);
  assert.equal(buffer.refused, 0);
  assert.equal(buffer.unknown, 0);
  return Float32Array.from(heard);
}

function collector(): { readonly packets: Packet[]; readonly maker: PcmPackets } {
  const packets: Packet[] = [];
  const maker = new PcmPackets(7, (packet, nowMs) => {
    packets.push({ bytes: packet.slice(), nowMs });
    return true;
  });
  return { packets, maker };
}

for (const name of ["slin", "slin12", "slin16", "slin24", "slin32", "slin44", "slin48", "slin96", "slin192"]) {
  test(`${name} in pieces of any length is heard word by word by the listening side`, () => {
    const { packets, maker } = collector();
    const bytes = linear(format(name).clockRateHz);
    const bytesPerMs = format(name).clockRateHz / 500;
    const random = new SeededRandom(11);
    for (let at = 0; at < bytes.byteLength;) {
      const end = Math.min(bytes.byteLength, at + 1 + random.below(Math.round(60 * bytesPerMs)));
      maker.put(format(name), bytes.subarray(at, end), end / bytesPerMs, end / bytesPerMs);
      at = end;
    }
    maker.flush(bytes.byteLength / bytesPerMs);
    assert.equal(maker.droppedMs, 0);
    assert.equal(
      decodeTones(hear(packets), 16_000)
        .map(({ text }) => text)
        .join(" "),
      TEXT,
    );
  });
}

for (const [name, law] of [
  ["ulaw", "PCMU"],
  ["alaw", "PCMA"],
] as const) {
  test(`${name} passes as it is`, () => {
    const { packets, maker } = collector();
    const samples = encodeText(TEXT);
    const bytes = new Uint8Array(samples.length);
    new G711(law).encode(samples, bytes);
    for (let at = 0; at < bytes.length; at += 160) {
      maker.put(format(name), bytes.subarray(at, at + 160), (at + 160) / 8, (at + 160) / 8);
    }
    maker.flush(bytes.length / 8);
    assert.equal(decodeTones(hear(packets), 16_000).map(({ text }) => text).join(" "), TEXT); // prettier-ignore
  });
}

test("a pause moves the timestamps on, a burst after a stall does not", () => {
  const { packets, maker } = collector();
  const frame = new Uint8Array(320);
  const stampOf = (i: number): number => new DataView(packets[i]?.bytes.buffer ?? new ArrayBuffer(16)).getUint32(4);
  const markerOf = (i: number): boolean => ((packets[i]?.bytes[1] ?? 0) & 0x80) !== 0;
  maker.put(format("slin"), frame, 20, 20);
  maker.put(format("slin"), frame, 40, 40);
  maker.put(format("slin"), frame, 1_040, 1_040);
  // Ten frames in one piece: the first was spoken 200 ms before the last.
  for (let i = 1; i <= 10; i++) maker.put(format("slin"), frame, 1_040 + 20 * i, 1_240);
  assert.deepEqual([0, 1, 2, 3, 12].map(stampOf), [0, 160, 8_160, 8_320, 9_760]);
  assert.deepEqual([0, 1, 2, 3].map(markerOf), [true, false, true, false]);
});

test("who sends more than real time loses what is more than two seconds ahead, and nothing else", () => {
  const { packets, maker } = collector();
  for (let i = 0; i < 500; i++) maker.put(format("slin"), new Uint8Array(320), 20, 20);
  assert.equal(packets.length, 100);
  assert.equal(Math.round(maker.droppedMs), 500 * 20 - packets.length * 20);
});

test("what was stalled for five seconds and comes at once, in several pieces, is all there", () => {
  const { packets, maker } = collector();
  maker.put(format("slin"), new Uint8Array(320), 20, 20);
  for (let i = 0; i < 10; i++) maker.put(format("slin"), new Uint8Array(8_000), 5_020, 5_020);
  assert.deepEqual([packets.length, maker.droppedMs], [251, 0]);
});

test("a full ring is counted as sound that was not heard", () => {
  const maker = new PcmPackets(1, () => false);
  maker.put(format("slin"), new Uint8Array(640), 40, 40);
  assert.deepEqual([maker.packets, maker.droppedMs], [0, 40]);
});

test("half a sample at the end is left out, opus packets stay whole, none are skipped", () => {
  const { packets, maker } = collector();
  maker.put(format("slin"), new Uint8Array(7), 1, 1);
  maker.flush(1);
  assert.equal(packets.at(-1)?.bytes.byteLength, 12 + 6);
  const opus = Uint8Array.of(0x08, 1, 2, 3);
  maker.put(format("opus"), opus, 40, 40);
  assert.deepEqual(packets.at(-1)?.bytes.slice(12), opus);
  maker.put(format("opus"), new Uint8Array(0), 60, 60);
  assert.equal(packets.length, 2);
});
