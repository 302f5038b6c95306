// Whatever comes under a stream's number: the listening side neither throws nor grows, and goes on hearing others.
import assert from "node:assert/strict";
import { test } from "node:test";
import { OpusDecoders } from "../../gateway/adapters/opus/opus-decoders.js";
import { pureDecoders } from "../../gateway/media/decode/create-pure-decoder.js";
import { SpeechDecoders } from "../../gateway/media/decode/speech-decoder.js";
import { buildRtpPacket } from "../../gateway/media/rtp/rtp-header.js";
import { CN, EVENT, G722, OPUS, PCMA, PCMU } from "../support/rtp-stream.js";
import { SeededRandom } from "../support/seeded-random.js";
import { TalkingScene } from "../support/talking.js";

const SEED = Number(process.env["FUZZ_SEED"] ?? 20_261_129);
const SECONDS = Number(process.env["FUZZ_SECONDS"] ?? 5);
const FORMATS = [
  PCMU,
  PCMA,
  G722,
  CN,
  EVENT,
  OPUS,
  { payloadType: 96, codec: "L16", clockRateHz: 16_000, channels: 2 } as const,
];

test(`hostile packets of every format, seed ${SEED}`, async () => {
  const random = new SeededRandom(SEED);
  const opus = await OpusDecoders.start({ most: 512, onFailed: (error) => assert.fail(String(error)) });
  const decoders = new SpeechDecoders(opus.creator(pureDecoders()));
  const scene = new TalkingScene({
    makeDecoder: () => decoders.open(),
    options: { limits: { calls: 50, streams: 100, heldSeconds: 120 } },
  });
  scene.transcriber.auto = () => "x";
  const bytes = (most: number): Uint8Array => Uint8Array.from({ length: random.below(most) }, () => random.below(256));
  const sequence = new Map<number, number>();
  const deadline = performance.now() + SECONDS * 1_000;
  let rounds = 0;
  while (performance.now() < deadline) {
    rounds++;
    const call = random.below(60);
    const callId = `call-${call}`;
    const streamId = 1 + random.below(120);
    switch (random.below(12)) {
      case 0:
        scene.core.openCall({ callId, risk: random.next(), calledSide: random.next() < 0.5 ? "agent" : "callee" });
        break;
      case 1:
        scene.core.openStream(streamId, { callId, speaker: "caller", formats: FORMATS.slice(random.below(7)) });
        break;
      case 2:
        scene.core.changeStream(streamId, FORMATS.slice(0, random.below(8)));
        break;
      case 3:
        if (random.next() < 0.1) scene.core.closeCall(callId);
        else if (random.next() < 0.2) scene.core.closeStream(streamId);
        else scene.core.risk(callId, random.next());
        break;
      default: {
        const format = FORMATS[random.below(FORMATS.length)] ?? PCMU;
        const next = (sequence.get(streamId) ?? 0) + (random.next() < 0.9 ? 1 : random.below(70_000) - 35_000);
        sequence.set(streamId, next);
        const fields = {
          payloadType: random.next() < 0.95 ? format.payloadType : random.below(128),
          marker: random.next() < 0.1,
          sequenceNumber: next & 0xffff,
          timestamp: random.next() < 0.95 ? (next * 160) >>> 0 : Math.floor(random.next() * 2 ** 32),
          ssrc: random.next() < 0.97 ? 7 : random.below(1_000),
        };
        const packet = random.next() < 0.9 ? buildRtpPacket(fields, bytes(400)) : bytes(1_500);
        scene.core.packet(streamId, scene.clock.mono(), packet);
      }
    }
    if (rounds % 20 === 0) await scene.step();
  }
  assert.equal(scene.metrics.value("ringfence_listening_faults_total"), 0);
  assert.ok(scene.core.heardCalls <= 50);
  scene.core.close();
  opus.close();
  console.log(`listening: ${rounds} rounds, ${scene.told.lines.length} lines`);
});
