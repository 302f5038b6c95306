import assert from "node:assert/strict";
import { test } from "node:test";
import { carriedFormat } from "../../../../gateway/media/pcm-packets/carried-formats.js";
import { LateSound } from "../../../../gateway/media/pcm-packets/late-sound.js";
import { PcmPackets } from "../../../../gateway/media/pcm-packets/pcm-packets.js";

const SLIN = carriedFormat("slin") ?? assert.fail();
const FRAME = new Uint8Array(320);

function scene() {
  const timestamps: number[] = [];
  const packets = new PcmPackets(1, (packet) => {
    timestamps.push(new DataView(packet.buffer, packet.byteOffset).getUint32(4));
    return true;
  });
  const late = new LateSound();
  const put = (count: number, nowMs: number): void => {
    for (let i = 0; i < count; i++) late.put(SLIN, FRAME, packets, nowMs);
  };
  const gaps = (): number[] => timestamps.slice(1).map((at, i) => at - (timestamps[i] ?? 0));
  return { late, packets, put, gaps, timestamps };
}

test("sound that was stalled and comes at once has no hole where the stall was", () => {
  const { late, packets, put, gaps } = scene();
  put(1, 0);
  assert.ok(late.hand(packets, 0));
  // 400 ms later all that was spoken meanwhile.
  put(20, 400);
  late.hand(packets, 400);
  assert.deepEqual(gaps(), Array(20).fill(160));
});

test("a pause stays one: what comes after it is no more than a frame", () => {
  const { late, packets, put, gaps } = scene();
  put(1, 0);
  late.hand(packets, 0);
  put(1, 400);
  late.hand(packets, 400);
  assert.deepEqual(gaps(), [8 * 400]);
});

test("nothing is nothing; a flood is handed on before it fills the memory", () => {
  const { late, packets, put, timestamps } = scene();
  assert.equal(late.hand(packets, 0), false);
  put(1_000, 0);
  assert.ok(timestamps.length > 0);
});
