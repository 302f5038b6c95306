import assert from "node:assert/strict";
import { test } from "node:test";
import {
  buildFrame,
  FrameReader,
  soundFormat,
  uuidText,
} from "../../../../gateway/adapters/audiosocket/audiosocket-frame.js";
import { SeededRandom } from "../../../support/seeded-random.js";

const UUID = Uint8Array.from({ length: 16 }, (_, i) => i * 16 + i);

/** All messages, and why the stream ended. */
function readAll(chunks: readonly Uint8Array[]): { readonly messages: string[]; readonly fault: string | undefined } {
  const reader = new FrameReader();
  const messages: string[] = [];
  for (const chunk of chunks) {
    const fault = reader.push(chunk, (kind, payload) => {
      messages.push(`${kind.toString(16)}:${payload.byteLength}:${payload.reduce((sum, byte) => sum + byte, 0)}`);
      return true;
    });
    if (fault !== undefined) return { messages, fault };
  }
  return { messages, fault: undefined };
}

const STREAM = Buffer.concat([
  buildFrame(0x01, UUID),
  buildFrame(0x10, new Uint8Array(320).fill(1)),
  buildFrame(0x03, Buffer.from("5")),
  buildFrame(0x12, new Uint8Array(640).fill(2)),
  buildFrame(0x10, new Uint8Array(0)),
  buildFrame(0x02, new Uint8Array(0)),
  buildFrame(0xff, Uint8Array.of(2)),
  buildFrame(0x10, new Uint8Array(65_535).fill(3)),
  buildFrame(0x00, new Uint8Array(0)),
]);
const MESSAGES = [
  `1:16:${UUID.reduce((sum, byte) => sum + byte, 0)}`,
  "10:320:320",
  "3:1:53",
  "12:640:1280",
  "10:0:0",
  "2:0:0",
  "ff:1:2",
  "10:65535:196605",
  "0:0:0",
];

test("a stream reads the same whole, byte by byte and in 200 random cuts", () => {
  assert.deepEqual(readAll([STREAM]), { messages: MESSAGES, fault: undefined });
  assert.deepEqual(readAll(Array.from(STREAM, (byte) => Uint8Array.of(byte))).messages, MESSAGES);
  const random = new SeededRandom(3);
  for (let round = 0; round < 200; round++) {
    const chunks: Uint8Array[] = [];
    const most = 1 + random.below(random.below(2) === 0 ? 8 : 70_000);
    for (let at = 0; at < STREAM.byteLength;) {
      const end = at + 1 + random.below(most);
      chunks.push(STREAM.subarray(at, end));
      at = end;
    }
    assert.deepEqual(readAll(chunks).messages, MESSAGES);
  }
});

for (const { name, bytes, fault } of [
  { name: "HTTP", bytes: Buffer.from("GET / HTTP/1.1\r\n\r\n"), fault: "unknown-kind" },
  { name: "a UUID of 15 bytes", bytes: Uint8Array.of(1, 0, 15), fault: "bad-length" },
  { name: "a UUID of 4,096 bytes: its low length byte first", bytes: Uint8Array.of(1, 16, 0), fault: "bad-length" },
  { name: "two digits at once", bytes: Uint8Array.of(3, 0, 2), fault: "bad-length" },
  { name: "half a head", bytes: Uint8Array.of(0x10, 0), fault: undefined },
  { name: "sound that never comes", bytes: Uint8Array.of(0x10, 255, 255), fault: undefined },
]) {
  test(`no messages are in ${name}: ${fault ?? "it is waited for"}`, () => {
    assert.deepEqual(readAll([bytes]), { messages: [], fault });
  });
}

test("a message that is not wanted any more ends the reading", () => {
  let told = 0;
  const fault = new FrameReader().push(STREAM, () => ++told < 2);
  assert.deepEqual([told, fault], [2, undefined]);
});

test("kinds of sound have the rates of res_audiosocket.h", () => {
  const rates = Array.from({ length: 10 }, (_, i) => soundFormat(0x10 + i)?.clockRateHz);
  const expected = [8_000, 12_000, 16_000, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000, undefined];
  assert.deepEqual(rates, expected);
});

test("a UUID is written as RFC 9562 §4 has it", () => {
  assert.equal(uuidText(UUID), "00112233-4455-6677-8899-aabbccddeeff");
});
