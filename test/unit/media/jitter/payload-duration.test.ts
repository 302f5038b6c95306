import assert from "node:assert/strict";
import { test } from "node:test";
import { payloadDurationMs } from "../../../../gateway/media/jitter/payload-duration.js";
import { CN, EVENT, G722, OPUS, PCMA, PCMU } from "../../../support/rtp-stream.js";

const L16 = { payloadType: 10, codec: "L16", clockRateHz: 44_100, channels: 2 } as const;
const CASES = [
  { name: "20 ms of PCMU", format: PCMU, payload: new Uint8Array(160), ms: 20 },
  { name: "30 ms of PCMA", format: PCMA, payload: new Uint8Array(240), ms: 30 },
  { name: "20 ms of G.722, whose clock is half its rate", format: G722, payload: new Uint8Array(160), ms: 20 },
  { name: "10 ms of L16 in stereo", format: L16, payload: new Uint8Array(441 * 4), ms: 10 },
  { name: "L16 with half a sample more", format: L16, payload: new Uint8Array(441 * 4 + 3), ms: 10 },
  { name: "comfort noise", format: CN, payload: Uint8Array.of(60), ms: 0 },
  { name: "an event", format: EVENT, payload: Uint8Array.of(1, 0, 0, 160), ms: 0 },
  { name: "opus, SILK 60 ms", format: OPUS, payload: Uint8Array.of(3 << 3), ms: 60 },
  { name: "opus, CELT 2.5 ms", format: OPUS, payload: Uint8Array.of(16 << 3), ms: 2.5 },
  { name: "opus, two frames of 20 ms", format: OPUS, payload: Uint8Array.of((31 << 3) | 1), ms: 40 },
  { name: "opus, six frames of 20 ms", format: OPUS, payload: Uint8Array.of((31 << 3) | 3, 6), ms: 120 },
  { name: "opus, seven of them are too many", format: OPUS, payload: Uint8Array.of((31 << 3) | 3, 7), ms: 0 },
  { name: "opus, count missing", format: OPUS, payload: Uint8Array.of((31 << 3) | 3), ms: 0 },
  { name: "nothing", format: OPUS, payload: new Uint8Array(), ms: 0 },
];
for (const { name, format, payload, ms } of CASES) {
  test(`duration: ${name}`, () => {
    const within = new Uint8Array(payload.byteLength + 7);
    within.set(payload, 3);
    assert.equal(payloadDurationMs(format, within, 3, 3 + payload.byteLength), ms);
  });
}
