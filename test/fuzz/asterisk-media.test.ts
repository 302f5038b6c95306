import assert from "node:assert/strict";
import { test } from "node:test";
import { claimOf } from "../../gateway/adapters/asterisk-websocket/media-claim.js";
import { readMediaEvent } from "../../gateway/adapters/asterisk-websocket/media-events.js";
import { buildFrame, FrameReader } from "../../gateway/adapters/audiosocket/audiosocket-frame.js";
import { JitterBuffer } from "../../gateway/media/jitter/jitter-buffer.js";
import { CARRIED_FORMATS } from "../../gateway/media/pcm-packets/carried-formats.js";
import { PcmPackets } from "../../gateway/media/pcm-packets/pcm-packets.js";
import { SeededRandom } from "../support/seeded-random.js";

const SEED = Number(process.env["FUZZ_SEED"] ?? 9092);
const STREAMS = 3_000;
const TEXTS = 50_000;
const PIECES = 50_000;

test(`${STREAMS} mutated AudioSocket streams in random cuts (seed ${SEED}): the same messages however they are cut`, () => {
  const random = new SeededRandom(SEED);
  const kinds = [0, 1, 2, 3, 0x10, 0x12, 0x18, 0xff];
  for (let i = 0; i < STREAMS; i++) {
    const frames = Array.from({ length: 1 + random.below(8) }, () => {
      const kind = kinds[random.below(kinds.length)] ?? 0;
      const size = kind === 1 ? 16 : kind === 3 ? 1 : random.below(700);
      return buildFrame(
        kind,
        Uint8Array.from({ length: size }, () => random.below(256)),
      );
    });
    const stream = Buffer.concat(frames);
    for (let n = random.below(4); n > 0; n--) stream[random.below(stream.byteLength)] = random.below(256);
    const read = (most: number): string => {
      const reader = new FrameReader();
      const messages: string[] = [];
      for (let at = 0; at < stream.byteLength;) {
        const end = at + 1 + random.below(most);
        const fault = reader.push(stream.subarray(at, end), (kind, payload) => {
          assert.ok(payload.byteLength <= 65_535);
          messages.push(`${kind}:${Buffer.from(payload).toString("base64")}`);
          return true;
        });
        if (fault !== undefined) return `${messages.join(" ")} ${fault}`;
        at = end;
      }
      return messages.join(" ");
    };
    const whole = read(1_000_000);
    assert.equal(read(3), whole);
    assert.equal(read(400), whole);
  }
});

const EVENTS = [
  "MEDIA_START connection_id:a channel:WebSocket/a/0x1 channel_id:1.2 format:slin16 optimal_frame_size:640 ptime:20",
  '{"event":"MEDIA_START","format":"ulaw","optimal_frame_size":160,"channel_variables":{"a":"b"}}',
  "DTMF_END digit:5 channel_id:1.2",
  '{"event":"DTMF_END","digit":"5"}',
  "ERROR channel_id:1 error_text:no",
];
const QUERY = "call=a&speaker=callee&caller=%2B12025550101&called=100&trunk=t&language=en";

test(`${TEXTS} mutated events and URIs (seed ${SEED}): read or not, never thrown over`, () => {
  const random = new SeededRandom(SEED);
  let events = 0;
  let claims = 0;
  const mutate = (text: string): string => {
    const characters = Array.from(text);
    for (let n = 1 + random.below(4); n > 0; n--) {
      const at = random.below(characters.length);
      if (random.below(3) === 0) characters.splice(at, 1 + random.below(5));
      else
        characters.splice(at, random.below(2), String.fromCharCode(random.below(random.below(2) === 0 ? 128 : 65_536)));
    }
    return characters.join("");
  };
  for (let i = 0; i < TEXTS; i++) {
    const told = readMediaEvent(mutate(EVENTS[i % EVENTS.length] ?? ""))?.told;
    if (told !== undefined) events++;
    if (told?.event === "DTMF_END") assert.equal(told.digit.length, 1);
    if (told?.event === "MEDIA_START") assert.ok(told.optimalFrameBytes >= 0 && told.optimalFrameBytes < 1_000_000);
    const claim = claimOf(new URLSearchParams(mutate(QUERY)));
    if (claim === undefined || claim === "bad") continue;
    claims++;
    if (claim.kind === "named") assert.ok(claim.callId.length <= 256 && claim.caller.length <= 256);
  }
  assert.ok(events > 1_000 && claims > 1_000, `${events} events, ${claims} claims`);
});

test(`${PIECES} pieces of sound of any format, length and time (seed ${SEED}): packets that the listening side takes`, () => {
  const random = new SeededRandom(SEED);
  const buffer = new JitterBuffer(0, CARRIED_FORMATS);
  const sink = { frame: () => undefined, gap: () => undefined, restart: () => undefined };
  let nowMs = 0;
  const maker = new PcmPackets(SEED, (packet, at) => {
    assert.ok(packet.byteLength > 12 && packet.byteLength <= 12 + 4_000);
    buffer.onPacket(packet, at, sink);
    return true;
  });
  const sound = Uint8Array.from({ length: 65_535 }, () => random.below(256));
  let format = CARRIED_FORMATS[0]!;
  for (let i = 0; i < PIECES; i++) {
    if (random.below(50) === 0) format = CARRIED_FORMATS[random.below(CARRIED_FORMATS.length)]!;
    nowMs += random.below(20) === 0 ? random.below(5_000) : random.below(40);
    const size = random.below(10) === 0 ? random.below(65_536) : random.below(700);
    maker.put(format, sound.subarray(0, size), nowMs - random.below(100), nowMs);
    if (random.below(30) === 0) maker.flush(nowMs);
  }
  assert.ok(maker.packets > 1_000);
  assert.deepEqual([buffer.refused, buffer.unknown], [0, 0]);
});
