import assert from "node:assert/strict";
import { test } from "node:test";
import { buildRtcp } from "../../support/build-rtcp.js";
import { parseRtcp } from "../../support/parse-rtcp.js";
import { compactNtp, ntpOfUnixMs, type ReportBlock, type RtcpPacket } from "../../support/rtcp-packet.js";

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));
const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));

const BLOCK: ReportBlock = {
  ssrc: 0x01020304,
  fractionLost: 255,
  cumulativeLost: -3,
  extendedHighestSequence: 0xfffe0001,
  jitterTicks: 77,
  lastSr: 0x80000001,
  delaySinceLastSr: 65_536,
};
const COMPOUND: readonly RtcpPacket[] = [
  {
    kind: "sr",
    ssrc: 0xcafe,
    ntpSeconds: 0xe0000000,
    ntpFraction: 0x80000000,
    rtpTimestamp: 0xffffffff,
    packetCount: 4_000_000_000,
    octetCount: 1,
    reports: [BLOCK, { ...BLOCK, cumulativeLost: 0x7fffff }],
  },
  { kind: "rr", ssrc: 5, reports: [] },
  {
    kind: "sdes",
    chunks: [
      { ssrc: 0xcafe, items: [{ type: 1, value: latin1("a@b") }, { type: 2, value: latin1("") }] }, // prettier-ignore
      { ssrc: 6, items: [] },
      { ssrc: 7, items: [{ type: 1, value: latin1("ab") }] },
    ],
  },
  { kind: "bye", ssrcs: [1, 2], reason: latin1("teardown") },
  { kind: "bye", ssrcs: [] },
  { kind: "other", packetType: 206, count: 1, body: hex("0000000100000002") },
];

test("rtcp: what is written is read: SR, RR, SDES, BYE and what passes (RFC 3550 §6)", () => {
  assert.deepEqual(parseRtcp(buildRtcp(COMPOUND)), { ok: true, value: COMPOUND });
});

test("rtcp: a sender report of RFC 3550's layout, byte for byte", () => {
  const bytes = hex(
    "81c8000c 0000cafe e0000000 80000000 000000a0 00000001 000000a0 01020304 40000002 00010005 00000007 12345678 00010000",
  );
  const result = parseRtcp(bytes);
  assert.ok(result.ok);
  const [report] = result.value;
  assert.equal(report?.kind, "sr");
  assert.deepEqual(report.reports[0], {
    ssrc: 0x01020304,
    fractionLost: 64,
    cumulativeLost: 2,
    extendedHighestSequence: 65_541,
    jitterTicks: 7,
    lastSr: 0x12345678,
    delaySinceLastSr: 65_536,
  });
  assert.deepEqual(buildRtcp(result.value), bytes);
});

test("rtcp: padding of the last packet is left out", () => {
  const result = parseRtcp(hex("80c90001 00000005 a1cb0002 00000009 00000004"));
  assert.deepEqual(result, {
    ok: true,
    value: [
      { kind: "rr", ssrc: 5, reports: [] },
      { kind: "bye", ssrcs: [9] },
    ],
  });
});

const BAD = [
  { name: "nothing", bytes: "", error: "rtcp.truncated 0" },
  { name: "three bytes", bytes: "80c900", error: "rtcp.truncated 0" },
  { name: "version 1", bytes: "40c90001 00000005", error: "rtcp.version 0" },
  { name: "a length beyond the datagram", bytes: "80c90002 00000005", error: "rtcp.truncated 0" },
  { name: "a report that is announced but not there", bytes: "81c90001 00000005", error: "rtcp.truncated 0" },
  { name: "an SR without sender info", bytes: "80c80001 00000005", error: "rtcp.truncated 0" },
  { name: "three bytes after the last packet", bytes: "80c90001 00000005 80c900", error: "rtcp.truncated 8" },
  { name: "padding in the middle", bytes: "a0c90001 00000004 80c90001 00000005", error: "rtcp.padding 0" },
  { name: "padding of none", bytes: "a0c90001 00000000", error: "rtcp.padding 0" },
  { name: "padding into the header", bytes: "a0c90001 00000008", error: "rtcp.padding 0" },
  { name: "an SDES item beyond its packet", bytes: "81ca0002 00000001 01ff6162", error: "rtcp.truncated 0" },
  { name: "an SDES chunk without end", bytes: "81ca0002 00000001 01026162", error: "rtcp.truncated 0" },
  { name: "an SDES chunk too many", bytes: "82ca0002 00000001 00000000", error: "rtcp.truncated 0" },
  { name: "a BYE reason beyond its packet", bytes: "81cb0002 00000001 04616263", error: "rtcp.truncated 0" },
  { name: "a BYE source too many", bytes: "82cb0001 00000001", error: "rtcp.truncated 0" },
  { name: "65 packets", bytes: "80c90001 00000005".repeat(65), error: "rtcp.too-many 512" },
];
for (const { name, bytes, error } of BAD) {
  test(`rtcp: ${name} is refused`, () => {
    const result = parseRtcp(hex(bytes));
    assert.ok(!result.ok);
    assert.equal(`${result.error.code} ${result.error.at}`, error);
  });
}

test("rtcp: counts and texts that have no room are cut", () => {
  const bye: RtcpPacket = { kind: "bye", ssrcs: Array.from({ length: 40 }, (_, i) => i), reason: new Uint8Array(300) };
  const result = parseRtcp(buildRtcp([bye]));
  assert.ok(result.ok);
  const [read] = result.value;
  assert.equal(read?.kind, "bye");
  assert.deepEqual([read.ssrcs.length, read.reason?.byteLength], [31, 255]);
});

test("rtcp: NTP times (RFC 3550 §4)", () => {
  assert.deepEqual(ntpOfUnixMs(500), { seconds: 2_208_988_800, fraction: 2 ** 31 });
  assert.equal(compactNtp(0xb44db705, 0x20000000), 0xb705_2000);
});
