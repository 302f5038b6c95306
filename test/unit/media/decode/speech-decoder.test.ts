import assert from "node:assert/strict";
import { test } from "node:test";
import type { PayloadFormat } from "../../../../gateway/media/audio.js";
import type { AudioDecoder } from "../../../../gateway/media/decode/audio-decoder.js";
import { CodedLevel } from "../../../../gateway/media/decode/coded-level.js";
import { pureDecoders } from "../../../../gateway/media/decode/create-pure-decoder.js";
import { SpeechDecoders, type SpeechDecoder } from "../../../../gateway/media/decode/speech-decoder.js";
import { G711 } from "../../../../gateway/media/g711/g711.js";
import { G722Encoder } from "../../../../gateway/media/g722/g722-encoder.js";
import { JitterBuffer, type CodedFrame } from "../../../../gateway/media/jitter/jitter-buffer.js";
import { missingCapture, readCapture } from "../../../support/pcap.js";
import { CN, EVENT, G722, OPUS, PCMA, PCMU, rtp } from "../../../support/rtp-stream.js";

const frameOf = (format: PayloadFormat, payload: Uint8Array): CodedFrame => ({
  format,
  timestamp: 0,
  atMs: 0,
  durationMs: 20,
  bytes: payload,
  from: 0,
  to: payload.byteLength,
});
const level = new CodedLevel();

/** 20 ms of a sine of 500 Hz as PCMU, number `n` of a stream. */
function pcmu(n: number): Uint8Array {
  const coded = new Uint8Array(160);
  const samples = Float32Array.from({ length: 160 }, (_, i) => 0.4 * Math.sin((2 * Math.PI * (n * 160 + i)) / 16));
  new G711("PCMU").encode(samples, coded);
  return coded;
}
function open(): SpeechDecoder {
  return new SpeechDecoders(pureDecoders()).open();
}

/** Packets through the jitter buffer and the decoder, as one piece. */
function hear(formats: readonly PayloadFormat[], packets: readonly Uint8Array[], stepMs = 20): Float32Array {
  const decoder = open();
  const buffer = new JitterBuffer(0, formats);
  const heard: number[] = [];
  const sink = {
    frame: (frame: CodedFrame) => void heard.push(...decoder.decode(frame)),
    gap: (_: number, ms: number, lost: boolean) => void heard.push(...decoder.fill(ms, lost)),
    restart: () => decoder.restart(),
  };
  for (const [i, packet] of packets.entries()) buffer.onPacket(packet, i * stepMs, sink);
  buffer.flush(sink);
  decoder.close();
  decoder.close();
  return Float32Array.from(heard);
}

test("speech decoder: 8 kHz comes out at 16 kHz, piece by piece without seams", () => {
  const heard = hear(
    [PCMU],
    Array.from({ length: 50 }, (_, n) => rtp({ n, payload: pcmu(n) })),
  );
  assert.equal(heard.length, 16_000);
  let worst = 0;
  for (let i = 400; i < 16_000; i++) {
    // A sine goes on as the one before says: x(n) = 2 cos(w) x(n−1) − x(n−2).
    const predicted = 2 * Math.cos((2 * Math.PI * 500) / 16_000) * heard[i - 1]! - heard[i - 2]!;
    worst = Math.max(worst, Math.abs(heard[i]! - predicted));
  }
  assert.ok(worst < 0.03, `${worst}`);
});

test("speech decoder: a lost packet is made up, the length stays", () => {
  const packets = Array.from({ length: 50 }, (_, n) => rtp({ n, payload: pcmu(n) }));
  const heard = hear(
    [PCMU],
    packets.filter((_, n) => n !== 20),
  );
  assert.equal(heard.length, 16_000);
  assert.ok(level.ofSamples(heard.subarray(6_420, 6_560)) > -12, "not silent where it was lost");
});

test("speech decoder: the codec changes in mid-stream, and back", () => {
  const wide = new Uint8Array(160);
  new G722Encoder().encode(
    Float32Array.from({ length: 320 }, (_, i) => 0.4 * Math.sin(i / 5)),
    wide,
  );
  const heard = hear([PCMU, G722], [
    rtp({ n: 0, payload: pcmu(0) }),
    rtp({ n: 1, payloadType: 9, payload: wide }),
    rtp({ n: 2, payload: pcmu(2) }),
  ]); // prettier-ignore
  assert.equal(heard.length, 960);
  for (const at of [100, 420, 740]) assert.ok(level.ofSamples(heard.subarray(at, at + 200)) > -20, `${at}`);
});

test("speech decoder: pauses are silence; comfort noise where the sender asked for it, until somebody speaks", () => {
  const decoder = open();
  decoder.decode(frameOf(PCMU, pcmu(0)));
  assert.equal(level.ofSamples(decoder.fill(100, false)), -127);
  assert.equal(decoder.decode(frameOf(CN, Uint8Array.of(50, 127, 140))).length, 0);
  for (let i = 0; i < 3; i++) {
    const noise = decoder.fill(200, false);
    assert.equal(noise.length, 3_200);
    assert.ok(Math.abs(level.ofSamples(noise) + 50) < 3.5, `${level.ofSamples(noise)}`);
  }
  decoder.decode(frameOf(PCMU, pcmu(1)));
  assert.equal(level.ofSamples(decoder.fill(100, false)), -127);
});

test("speech decoder: comfort noise of 16 kHz, of an odd clock, and an empty one", () => {
  for (const clockRateHz of [16_000, 48_000, 12_345]) {
    const decoder = open();
    decoder.decode(frameOf({ ...CN, clockRateHz }, Uint8Array.of(40)));
    decoder.decode(frameOf({ ...CN, clockRateHz }, new Uint8Array()));
    decoder.fill(20, false);
    assert.ok(Math.abs(level.ofSamples(decoder.fill(100, false)) + 40) < 6, `${clockRateHz}`);
  }
});

test("speech decoder: no more than a second is filled at a time", () => {
  const decoder = open();
  for (const lost of [true, false]) assert.equal(decoder.fill(3_600_000, lost).length, 16_000);
  assert.equal(decoder.fill(0, true).length, 0);
});

test("speech decoder: events make no sound, what nobody decodes is counted", () => {
  const decoder = open();
  assert.equal(decoder.decode(frameOf(EVENT, new Uint8Array(4))).length, 0);
  assert.equal(decoder.undecodable, 0);
  assert.equal(decoder.decode(frameOf(OPUS, new Uint8Array(20))).length, 0);
  assert.equal(decoder.decode(frameOf({ ...PCMU, clockRateHz: 44_099 }, pcmu(0))).length, 0);
  assert.equal(decoder.undecodable, 2);
});

test("speech decoder: formats that are told again keep their decoder, at most four are open, all are closed", () => {
  const log: string[] = [];
  const create = (format: PayloadFormat): AudioDecoder => {
    log.push(`open ${format.payloadType}`);
    return {
      sampleRateHz: 16_000,
      decode: () => new Float32Array(4),
      reset: () => log.push(`reset ${format.payloadType}`),
      close: () => log.push(`close ${format.payloadType}`),
    };
  };
  const decoder = new SpeechDecoders(create).open();
  const say = (format: PayloadFormat): unknown => decoder.decode(frameOf(format, new Uint8Array(1)));
  say(PCMU);
  say({ ...PCMU });
  assert.deepEqual(log, ["open 0"]);
  say(PCMA);
  say(PCMU);
  assert.deepEqual(log.splice(0), ["open 0", "open 8", "reset 0"]);
  say({ ...PCMU, channels: 2 });
  assert.deepEqual(log.splice(0), ["open 0", "close 0"]);
  for (const payloadType of [96, 97, 98]) say({ ...G722, payloadType });
  assert.deepEqual(log.splice(0), ["open 96", "open 97", "open 98", "close 8"]);
  decoder.restart();
  assert.equal(log.splice(0).filter((line) => line.startsWith("reset")).length, 4);
  decoder.close();
  decoder.close();
  assert.deepEqual(log.sort(), ["close 0", "close 96", "close 97", "close 98"]);
});

test("speech decoder: filters are made once for a rate", () => {
  const decoders = new SpeechDecoders(pureDecoders());
  const L16: PayloadFormat = { payloadType: 11, codec: "L16", clockRateHz: 44_100, channels: 1 };
  decoders.open().decode(frameOf(L16, new Uint8Array(1_764)));
  const begin = process.cpuUsage().user;
  for (let i = 0; i < 200; i++) decoders.open().decode(frameOf(L16, new Uint8Array(4)));
  assert.ok(process.cpuUsage().user - begin < 1_000_000);
});

const CAPTURES: readonly { file: string; formats: readonly PayloadFormat[]; seconds: number; loudest: number }[] = [
  { file: "sipnab/sip-rtp-g711.pcap", formats: [PCMU, PCMA], seconds: 4, loudest: -40 },
  { file: "sipnab/sip-rtp-g722.pcap", formats: [G722], seconds: 3, loudest: -40 },
  { file: "freeswitch/milliwatt.pcmu.rtp.pcap", formats: [PCMU], seconds: 3, loudest: -14 },
  { file: "sipp/g711a.pcap", formats: [PCMA], seconds: 5, loudest: -40 },
];
for (const { file, formats, seconds, loudest } of CAPTURES) {
  test(`speech decoder: ${file}`, { skip: missingCapture(file) ?? false }, () => {
    const streams = new Map<string, { buffer: JitterBuffer; decoder: SpeechDecoder; heard: Float32Array[] }>();
    const zero = readCapture(file)[0]?.atMs ?? 0;
    for (const { payload, from, atMs } of readCapture(file)) {
      const stream = streams.get(from) ?? { buffer: new JitterBuffer(zero, formats), decoder: open(), heard: [] };
      streams.set(from, stream);
      stream.buffer.onPacket(payload, atMs, {
        frame: (frame) => void stream.heard.push(stream.decoder.decode(frame).slice()),
        gap: () => undefined,
        restart: () => assert.fail("no restart"),
      });
    }
    const audible = [...streams.values()].filter(({ buffer }) => buffer.received > 20);
    assert.ok(audible.length >= 1);
    for (const { buffer, heard } of audible) {
      const samples = heard.reduce((sum, piece) => sum + piece.length, 0);
      assert.ok(samples > seconds * 16_000, `${samples / 16_000} s`);
      assert.ok(buffer.lost <= buffer.received / 50, `${buffer.lost} lost`);
      const most = Math.max(...heard.map((piece) => level.ofSamples(piece)));
      assert.ok(most > loudest && most < 0, `${most} dBov`);
    }
  });
}
