import assert from "node:assert/strict";
import { test } from "node:test";
import { demultiplex } from "../../../../gateway/media/rtp/demultiplex.js";
import { RtpHeader, buildRtpPacket, writeRtpHeader } from "../../../../gateway/media/rtp/rtp-header.js";
import { parseRtpPacket } from "../../../support/rtp-packet.js";
import {
  seqDistance,
  timestampDistance,
  widenSequence,
  widenTimestamp,
} from "../../../../gateway/media/rtp/wrapping.js";

const FIELDS = { payloadType: 8, marker: true, sequenceNumber: 65_535, timestamp: 4_294_967_295, ssrc: 0xdeadbeef };
const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));

test("rtp: what is written is read", () => {
  const packet = parseRtpPacket(buildRtpPacket(FIELDS, hex("010203")));
  assert.deepEqual(packet, { ok: true, value: { ...FIELDS, payload: hex("010203") } });
});

test("rtp: widened numbers are written by their low bits", () => {
  const into = new Uint8Array(20);
  assert.equal(writeRtpHeader(into, { ...FIELDS, sequenceNumber: 65_536 + 7, timestamp: 2 ** 32 + 9 }, 4), 16);
  const packet = parseRtpPacket(into.subarray(4, 16));
  assert.ok(packet.ok);
  assert.deepEqual([packet.value.sequenceNumber, packet.value.timestamp], [7, 9]);
});

const HEAD = "0000 0000 0000 0000 0000";
const CASES = [
  { name: "nothing", bytes: "", outcome: "rtp.truncated 12" },
  { name: "eleven bytes", bytes: `8000 ${HEAD}`.slice(0, -2), outcome: "rtp.truncated 12" },
  { name: "version 0 (STUN)", bytes: `0001 ${HEAD}`, outcome: "rtp.version 12" },
  { name: "version 3", bytes: `c000 ${HEAD}`, outcome: "rtp.version 12" },
  { name: "no payload", bytes: `8000 ${HEAD}`, outcome: "" },
  { name: "two CSRCs", bytes: `8200 ${HEAD} 11111111 22222222 aabb`, outcome: "aabb" },
  { name: "a CSRC too many", bytes: `8200 ${HEAD} 11111111`, outcome: "rtp.truncated 20" },
  { name: "an extension of one word", bytes: `9000 ${HEAD} bede0001 12345678 cc`, outcome: "cc" },
  { name: "an extension of no word", bytes: `9000 ${HEAD} bede0000 cc`, outcome: "cc" },
  { name: "an extension without its head", bytes: `9000 ${HEAD} bede`, outcome: "rtp.truncated 16" },
  { name: "an extension that lies", bytes: `9000 ${HEAD} bedeffff`, outcome: "rtp.truncated 262156" },
  { name: "two bytes of padding", bytes: `a000 ${HEAD} aabb 0002`, outcome: "aabb" },
  { name: "padding only", bytes: `a000 ${HEAD} 00000004`, outcome: "" },
  { name: "padding of none", bytes: `a000 ${HEAD} aa00`, outcome: "rtp.padding 12" },
  { name: "padding into the header", bytes: `a000 ${HEAD} aa03`, outcome: "rtp.padding 15" },
  { name: "padding announced, nothing there", bytes: `a000 ${HEAD}`, outcome: "rtp.padding 12" },
];
for (const { name, bytes, outcome } of CASES) {
  test(`rtp: ${name}`, () => {
    const result = parseRtpPacket(hex(bytes));
    if (result.ok) assert.equal(Buffer.from(result.value.payload).toString("hex"), outcome);
    else assert.equal(`${result.error.code} ${result.error.needBytes}`, outcome);
  });
}

test("rtp: the header reader works on a view into shared memory", () => {
  const shared = new Uint8Array(new SharedArrayBuffer(64), 8, 20);
  shared.set(buildRtpPacket(FIELDS, new Uint8Array(8)));
  const header = new RtpHeader();
  assert.equal(header.read(shared), undefined);
  assert.deepEqual([header.payloadStart, header.payloadEnd, header.ssrc], [12, 20, FIELDS.ssrc]);
});

test("wrapping: distances and widened numbers cross the wrap in both directions", () => {
  assert.deepEqual(
    [
      seqDistance(65_535, 0),
      seqDistance(0, 65_535),
      seqDistance(10, 10),
      seqDistance(0, 32_767),
      seqDistance(0, 32_768),
    ],
    [1, -1, 0, 32_767, -32_768],
  );
  assert.equal(timestampDistance(0xffffffff, 159), 160);
  assert.equal(timestampDistance(159, 0xffffffff), -160);
  let near = 65_530;
  for (let i = 0; i < 200_000; i++) {
    const next = widenSequence((near + 3) & 0xffff, near);
    assert.equal(next, near + 3);
    near = next;
  }
  assert.equal(widenSequence(65_530, 65_536 + 2), 65_530, "an older one from before the wrap");
  assert.equal(widenTimestamp(100, 2 ** 32 - 60), 2 ** 32 + 100);
  assert.equal(widenTimestamp(2 ** 32 - 60, 2 ** 32 + 100), 2 ** 32 - 60);
  assert.equal(widenTimestamp(7, 5 * 2 ** 32 - 1), 5 * 2 ** 32 + 7);
});

test("demultiplex: first bytes of RFC 7983, packet types of RFC 5761", () => {
  const kinds = (first: number, second = 0): string => demultiplex(Uint8Array.of(first, second));
  assert.deepEqual([0, 3, 4, 15, 16, 19, 20, 63, 64, 79, 80, 127, 128, 191, 192, 255].map((byte) => kinds(byte)), [
    "stun", "stun", "unknown", "unknown", "zrtp", "zrtp", "dtls", "dtls", "turn-channel", "turn-channel",
    "unknown", "unknown", "rtp", "rtp", "unknown", "unknown",
  ]); // prettier-ignore
  assert.deepEqual(
    [0, 0x80, 191, 192, 200, 207, 223, 224].map((byte) => kinds(128, byte)),
    ["rtp", "rtp", "rtp", "rtcp", "rtcp", "rtcp", "rtcp", "rtp"],
  );
  assert.equal(demultiplex(new Uint8Array()), "unknown");
  assert.equal(demultiplex(Uint8Array.of(128)), "rtp");
});
