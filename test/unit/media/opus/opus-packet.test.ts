import assert from "node:assert/strict";
import { test } from "node:test";
import { isOpusPacket, opusDurationMs } from "../../../../gateway/media/opus/opus-packet.js";

const zeros = (n: number): number[] => new Array<number>(n).fill(0);
/** Configuration 1: SILK, 20 ms. */
const TOC = 1 << 3;
const CASES: readonly { name: string; bytes: readonly number[]; good: boolean }[] = [
  { name: "[R1] no byte", bytes: [], good: false },
  { name: "one frame", bytes: [TOC, ...zeros(50)], good: true },
  { name: "one frame of nothing (DTX)", bytes: [TOC], good: true },
  { name: "[R2] one frame of 1,275 bytes", bytes: [TOC, ...zeros(1_275)], good: true },
  { name: "[R2] one frame of 1,276 bytes", bytes: [TOC, ...zeros(1_276)], good: false },
  { name: "[R3] two equal frames", bytes: [TOC | 1, ...zeros(40)], good: true },
  { name: "[R3] two equal frames of half a byte", bytes: [TOC | 1, ...zeros(41)], good: false },
  { name: "[R3] two frames too long", bytes: [TOC | 1, ...zeros(2_552)], good: false },
  { name: "[R4] two frames, lengths 3 and 5", bytes: [TOC | 2, 3, ...zeros(8)], good: true },
  { name: "[R4] two frames, the first longer than the packet", bytes: [TOC | 2, 9, ...zeros(8)], good: false },
  { name: "[R4] two frames, length missing", bytes: [TOC | 2], good: false },
  { name: "[R4] two frames, half a length", bytes: [TOC | 2, 252], good: false },
  { name: "[R4] two frames, length of two bytes", bytes: [TOC | 2, 252, 1, ...zeros(300)], good: true },
  { name: "[R5] count missing", bytes: [TOC | 3], good: false },
  { name: "[R5] no frames", bytes: [TOC | 3, 0], good: false },
  { name: "[R5] six frames of 20 ms", bytes: [TOC | 3, 6, ...zeros(60)], good: true },
  { name: "[R5] seven frames of 20 ms", bytes: [TOC | 3, 7, ...zeros(70)], good: false },
  { name: "[R6] three equal frames that do not divide", bytes: [TOC | 3, 3, ...zeros(10)], good: false },
  { name: "[R6] equal frames with 4 bytes of padding", bytes: [TOC | 3, 0x43, 4, ...zeros(9 + 4)], good: true },
  { name: "[R6] padding longer than the packet", bytes: [TOC | 3, 0x43, 200, ...zeros(9)], good: false },
  { name: "[R6] padding of 254 + 2", bytes: [TOC | 3, 0x41, 255, 2, ...zeros(5 + 256)], good: true },
  { name: "[R6] padding that never ends", bytes: [TOC | 3, 0x41, 255, 255, 255], good: false },
  { name: "[R7] three frames of 1, 2 and the rest", bytes: [TOC | 3, 0x83, 1, 2, ...zeros(8)], good: true },
  { name: "[R7] lengths beyond the packet", bytes: [TOC | 3, 0x83, 1, 200, ...zeros(8)], good: false },
  { name: "[R7] lengths missing", bytes: [TOC | 3, 0x83, 0], good: false },
  { name: "[R7] a last frame too long", bytes: [TOC | 3, 0x82, 0, ...zeros(1_276)], good: false },
];
for (const { name, bytes, good } of CASES) {
  test(`opus packet: ${name}`, () => {
    const within = Uint8Array.from([0xff, ...bytes, 0xff, 0xff]);
    assert.equal(isOpusPacket(within, 1, 1 + bytes.length), good);
  });
}

test("opus packet: how long it sounds, by configuration and count", () => {
  const ms = (...bytes: number[]): number => opusDurationMs(Uint8Array.from(bytes), 0, bytes.length);
  assert.deepEqual([0, 1, 2, 3, 12, 13, 16, 17, 18, 31].map((config) => ms(config << 3)), [10, 20, 40, 60, 10, 20, 2.5, 5, 10, 20]); // prettier-ignore
  assert.deepEqual([ms(), ms(TOC | 1), ms(TOC | 2, 0), ms(TOC | 3, 5), ms((3 << 3) | 3, 3), ms(TOC | 3, 0)], [0, 40, 40, 100, 0, 0]); // prettier-ignore
});
