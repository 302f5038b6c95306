import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import OpusScript from "opusscript";
import { DECODERS_PER_INSTANCE } from "../../../../gateway/adapters/opus/libopus.js";
import { OpusDecoders } from "../../../../gateway/adapters/opus/opus-decoders.js";
import type { AudioDecoder } from "../../../../gateway/media/decode/audio-decoder.js";
import { CodedLevel } from "../../../../gateway/media/decode/coded-level.js";
import { pureDecoders } from "../../../../gateway/media/decode/create-pure-decoder.js";
import { SpeechDecoders } from "../../../../gateway/media/decode/speech-decoder.js";
import { JitterBuffer } from "../../../../gateway/media/jitter/jitter-buffer.js";
import { OPUS, PCMU, rtp } from "../../../support/rtp-stream.js";
import { SeededRandom } from "../../../support/seeded-random.js";

let decoders: OpusDecoders;
const opened: OpusScript[] = [];
before(async () => {
  decoders = await OpusDecoders.start({ most: 1_024, onFailed: assert.ifError });
});
after(() => {
  decoders.close();
  decoders.close();
  for (const encoder of opened) encoder.delete();
});

/** A sine of `hz` as opus packets. */
function encode(
  hz: number,
  packets: number,
  rateHz: 8_000 | 16_000 | 48_000 = 48_000,
  channels = 1,
  frameMs = 20,
): Uint8Array[] {
  const encoder = new OpusScript(rateHz, channels, OpusScript.Application.VOIP);
  opened.push(encoder);
  const frames = (rateHz * frameMs) / 1_000;
  return Array.from({ length: packets }, (_, n) => {
    const pcm = Buffer.alloc(frames * channels * 2);
    for (let i = 0; i < frames; i++) {
      const sample = Math.round(10_000 * Math.sin((2 * Math.PI * hz * (n * frames + i)) / rateHz));
      for (let c = 0; c < channels; c++) pcm.writeInt16LE(sample, (i * channels + c) * 2);
    }
    return new Uint8Array(encoder.encode(pcm, frames));
  });
}
function open(from = decoders): AudioDecoder {
  const decoder = from.creator(pureDecoders())(OPUS);
  assert.ok(decoder);
  return decoder;
}
const decodeAll = (decoder: AudioDecoder, packets: readonly Uint8Array[]): number[] =>
  packets.flatMap((packet) => [...decoder.decode(packet, 0, packet.byteLength)]);
/** Share of the power that is in a sine of `hz`. */
function share(hz: number, samples: readonly number[]): number {
  let [re, im, power] = [0, 0, 0];
  for (const [i, x] of samples.entries()) {
    re += x * Math.cos((2 * Math.PI * hz * i) / 16_000);
    im += x * Math.sin((2 * Math.PI * hz * i) / 16_000);
    power += x * x;
  }
  return (2 * (re * re + im * im)) / samples.length / power;
}

for (const { name, rateHz, channels, frameMs } of [
  { name: "narrow band, 20 ms", rateHz: 8_000, channels: 1, frameMs: 20 },
  { name: "wide band, 60 ms", rateHz: 16_000, channels: 1, frameMs: 60 },
  { name: "full band stereo, 20 ms", rateHz: 48_000, channels: 2, frameMs: 20 },
  { name: "full band, 10 ms", rateHz: 48_000, channels: 1, frameMs: 10 },
] as const) {
  test(`opus: ${name} comes out as 16 kHz mono`, () => {
    const packets = encode(440, 40, rateHz, channels, frameMs);
    const decoder = open();
    assert.equal(decoder.sampleRateHz, 16_000);
    const samples = decodeAll(decoder, packets);
    assert.equal(samples.length, 40 * frameMs * 16);
    const middle = samples.slice(samples.length >> 1);
    assert.ok(share(440, middle) > 0.95, `${share(440, middle)}`);
    const peak = middle.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    assert.ok(peak > 0.2 && peak < 0.5, `${peak}`);
    decoder.close();
  });
}

test("opus: streams that share an instance do not disturb each other", () => {
  const [a, b] = [encode(440, 30), encode(1_300, 30)];
  const alone = decodeAll(open(), a);
  const [one, two] = [open(), open()];
  const mixed = a.flatMap((packet, i) => {
    decodeAll(two, [b[i]!]);
    return decodeAll(one, [packet]);
  });
  assert.deepEqual(mixed, alone);
  one.reset();
  assert.deepEqual(decodeAll(one, a), alone, "a reset decoder is as new");
});

test("opus: 30,000 random packets and 10,000 mutated ones do no harm, to this stream or to another", () => {
  const random = new SeededRandom(6716);
  const good = encode(440, 40);
  const victim = open();
  const decoder = open();
  let decoded = 0;
  for (let i = 0; i < 40_000; i++) {
    const packet =
      i < 30_000
        ? Uint8Array.from({ length: random.below(300) }, () => random.below(256))
        : Uint8Array.from(good[i % 40]!.subarray(0, 1 + random.below(200)), (x) => (random.below(20) === 0 ? random.below(256) : x)); // prettier-ignore
    const samples = decoder.decode(packet, 0, packet.byteLength);
    assert.ok(samples.length <= 1_920);
    if (samples.length > 0) decoded++;
    if (i % 100 === 0) assert.ok(samples.every((x) => Number.isFinite(x)));
  }
  assert.ok(decoded > 10_000, `${decoded}: it must reach libopus to prove anything`);
  assert.deepEqual(decodeAll(victim, good), decodeAll(open(), good));
  decoder.reset();
  assert.ok(share(440, decodeAll(decoder, good).slice(6_400)) > 0.95);
});

test("opus: what is no packet, or too long, is nothing", () => {
  const decoder = open();
  assert.equal(decoder.decode(new Uint8Array(), 0, 0).length, 0);
  assert.equal(decoder.decode(new Uint8Array(5_000), 0, 5_000).length, 0);
  const twoLongFrames = new Uint8Array(1 + 2 * 1_275).fill(0x55);
  twoLongFrames[0] = (31 << 3) | 1;
  assert.equal(decoder.decode(twoLongFrames, 0, twoLongFrames.byteLength).length, 640, "the longest that may be");
});

test("opus: 600 streams fit, more are refused beyond the limit; closed ones make room", async () => {
  const own = await OpusDecoders.start({ most: 600, onFailed: assert.ifError });
  const streams: AudioDecoder[] = [];
  const create = own.creator(pureDecoders());
  const deadline = Date.now() + 20_000;
  while (streams.length < 1_024 && Date.now() < deadline) {
    const decoder = create(OPUS);
    if (decoder !== undefined) streams.push(decoder);
    // The second instance is started beside.
    else await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(streams.length, 1_024, "600, rounded up to whole instances");
  assert.equal(create(OPUS), undefined);
  const [packet] = encode(440, 1);
  assert.ok(packet);
  for (const stream of streams) assert.equal(stream.decode(packet, 0, packet.byteLength).length, 320);
  streams[7]!.close();
  streams[7]!.close();
  assert.equal(streams[7]!.decode(packet, 0, packet.byteLength).length, 0);
  assert.ok(create(OPUS));
  own.close();
  assert.equal(streams[8]!.decode(packet, 0, packet.byteLength).length, 0);
  streams[8]!.reset();
  streams[8]!.close();
  assert.equal(create(OPUS), undefined);
});

test("opus: other codecs are left to others, more than two channels to nobody", () => {
  const create = decoders.creator(pureDecoders());
  assert.equal(create(PCMU)?.sampleRateHz, 8_000);
  assert.equal(create({ ...OPUS, channels: 6 }), undefined);
});

test("opus: through jitter buffer and speech decoder, with a lost packet", () => {
  const packets = encode(440, 50);
  const decoder = new SpeechDecoders(decoders.creator(pureDecoders())).open();
  const buffer = new JitterBuffer(0, [OPUS]);
  const heard: number[] = [];
  const sink = {
    frame: (frame: Parameters<typeof decoder.decode>[0]) => void heard.push(...decoder.decode(frame)),
    gap: (_: number, ms: number, lost: boolean) => void heard.push(...decoder.fill(ms, lost)),
    restart: () => decoder.restart(),
  };
  for (const [n, payload] of packets.entries()) {
    if (n !== 30) buffer.onPacket(rtp({ n, payloadType: 111, timestamp: n * 960, payload }), n * 20, sink);
  }
  buffer.flush(sink);
  assert.equal(heard.length, 16_000);
  assert.ok(new CodedLevel().ofSamples(Float32Array.from(heard.slice(9_620, 9_760))) > -25);
  assert.equal(decoder.undecodable, 0);
  decoder.close();
});

// Freed decoders spoiled the heap of WebAssembly: after some hundred calls, opening another one never came back.
test("opus: decoders are opened, reset and closed in any order, thousands of times, between packets of every kind", async () => {
  const random = new SeededRandom(7);
  const own = await OpusDecoders.start({ most: 512, onFailed: assert.ifError });
  const used: AudioDecoder[] = [];
  const any = (): AudioDecoder | undefined => used[random.below(used.length)];
  for (let n = 0; n < 30_000; n++) {
    const what = random.below(10);
    if (what < 2 && used.length < 100) used.push(open(own));
    else if (what === 2) used.splice(random.below(used.length), 1)[0]?.close();
    else if (what === 3) any()?.reset();
    else {
      const packet = Uint8Array.from({ length: 3 + random.below(60) }, () => random.below(256));
      packet[0] = random.below(32) << 3;
      const samples = any()?.decode(packet, 0, packet.byteLength);
      assert.ok(samples === undefined || samples.length > 0, `nothing after ${n} steps: the instance broke`);
    }
  }
  own.close();
});

test("opus: a decoder that is used again remembers nothing of who used it before", async () => {
  const own = await OpusDecoders.start({ most: 512, onFailed: assert.ifError });
  const loud = encode(400, 20, 16_000);
  // As many as there is memory for; then those that were closed come again.
  const all = Array.from({ length: DECODERS_PER_INSTANCE }, () => open(own));
  for (const decoder of all.slice(0, 2)) decodeAll(decoder, loud);
  for (const decoder of all) decoder.close();
  const second = open(own);
  const silent = encode(0, 3, 16_000);
  assert.ok(Math.max(...decodeAll(second, silent).map(Math.abs)) < 0.002);
  own.close();
});
