import assert from "node:assert/strict";
import { test } from "node:test";
import { estimateMos, mosOfR } from "../../../../gateway/media/rtp/estimate-mos.js";
import { ReceiveStatistics } from "../../../../gateway/media/rtp/receive-statistics.js";

/** 20 ms of PCMU each, at the times at which they are due unless `lateMs` says otherwise. */
function feed(
  stats: ReceiveStatistics,
  sequence: readonly number[],
  ssrc = 1,
  lateMs = (_: number): number => 0,
): boolean[] {
  return sequence.map((n) => stats.onPacket(ssrc, n & 0xffff, (n * 160) >>> 0, 8000, n * 20 + lateMs(n), 172));
}
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

test("statistics: nothing is lost in order, across the wrap", () => {
  const stats = new ReceiveStatistics();
  feed(stats, range(65_500, 65_700));
  assert.deepEqual([stats.packets, stats.bytes, stats.lost, stats.expected, stats.jitterMs], [200, 34_400, 0, 199, 0]);
  assert.deepEqual(stats.takeReport(), {
    fractionLost: 0,
    cumulativeLost: 0,
    extendedHighestSequence: 65_699,
    jitterTicks: 0,
  });
});

test("statistics: a source is on probation until two packets follow each other (RFC 3550 §A.1)", () => {
  const stats = new ReceiveStatistics();
  assert.deepEqual(feed(stats, [10, 500, 501, 502]), [false, false, true, true]);
  assert.equal(stats.lost, 0);
  assert.deepEqual(new ReceiveStatistics().takeReport(), undefined);
});

test("statistics: lost, duplicated, reordered", () => {
  const stats = new ReceiveStatistics();
  feed(stats, [1, 2, 3, 5, 4, 6, 9, 10]);
  assert.deepEqual([stats.expected, stats.lost], [9, 2]);
  feed(stats, [10, 10, 10]);
  assert.equal(stats.lost, 0, "duplicates count as received, the sum stays at 0 or more (§6.4.1)");
});

test("statistics: the fraction counts from report to report", () => {
  const stats = new ReceiveStatistics();
  feed(stats, [0, ...range(1, 101)]);
  assert.equal(stats.takeReport()?.fractionLost, 0);
  feed(
    stats,
    range(101, 201).filter((n) => n % 4 !== 0 || n === 200),
  );
  const report = stats.takeReport();
  assert.deepEqual([report?.fractionLost, report?.cumulativeLost], [Math.floor((24 * 256) / 100), 24]);
  assert.equal(stats.takeReport()?.fractionLost, 0);
});

test("statistics: one wild packet is rejected, two in a row are a restart", () => {
  const stats = new ReceiveStatistics();
  feed(stats, range(0, 50));
  assert.deepEqual(feed(stats, [30_000, 50, 51]), [false, true, true]);
  assert.deepEqual([stats.rejected, stats.lost], [1, 0]);
  assert.deepEqual(feed(stats, [20_000, 20_001, 20_002]), [false, true, true]);
  assert.equal(stats.lost, 0);
  assert.equal(stats.expected, 51 + 2);
});

test("statistics: a new SSRC begins a new source, what the old one lost is kept", () => {
  const stats = new ReceiveStatistics();
  feed(stats, [1, 2, 3, 4, 6]);
  feed(stats, [40_000, 40_001, 40_002], 2);
  assert.deepEqual([stats.sources, stats.ssrc, stats.lost, stats.expected], [2, 2, 1, 5 + 2]);
});

test("statistics: jitter follows RFC 3550 §A.8 and is not disturbed by pauses, wraps or another clock", () => {
  const stats = new ReceiveStatistics();
  // Every other packet is 8 ms late: |D| is 8 each time, so J goes to 8.
  feed(stats, range(0, 400), 1, (n) => (n % 2) * 8);
  assert.ok(Math.abs(stats.jitterMs - 8) < 0.01, `${stats.jitterMs}`);
  assert.equal(stats.takeReport()?.jitterTicks, 63);
  // Ten seconds of silence by suppression: timestamp and arrival go on together.
  stats.onPacket(1, 400, 400 * 160 + 80_000, 8000, 400 * 20 + 10_000, 172);
  // Wideband event of another clock in between.
  stats.onPacket(1, 401, 999, 48_000, 401 * 20 + 10_000, 20);
  stats.onPacket(1, 402, 402 * 160 + 80_000, 8000, 402 * 20 + 10_000, 172);
  assert.ok(stats.jitterMs < 8.01, `${stats.jitterMs}`);
  const wrapping = new ReceiveStatistics();
  for (let i = 0; i < 10; i++) wrapping.onPacket(1, i, (0xffffff00 + i * 160) >>> 0, 8000, i * 20, 172);
  assert.equal(wrapping.jitterMs, 0);
});

test("mos: falls with loss and jitter, is undefined where little was heard", () => {
  const input = { codec: "PCMU", expected: 1000, lost: 0, jitterMs: 0 } as const;
  const perfect = estimateMos(input) ?? 0;
  assert.ok(perfect > 4.38 && perfect <= 4.42, `${perfect}`);
  let last = perfect;
  for (const lost of [10, 30, 100, 300, 1000]) {
    const mos = estimateMos({ ...input, lost }) ?? 0;
    assert.ok(mos < last, `${lost}: ${mos}`);
    last = mos;
  }
  assert.ok(last >= 1);
  assert.ok((estimateMos({ ...input, jitterMs: 150 }) ?? 9) < 4.0);
  assert.equal(estimateMos({ ...input, expected: 10 }), undefined);
});

test("mos: R to MOS as in ITU-T G.107 annex B, table B.1", () => {
  const rounded = (r: number): number => Math.round(mosOfR(r) * 100) / 100;
  assert.deepEqual([90, 80, 70, 60, 50].map(rounded), [4.34, 4.02, 3.6, 3.1, 2.58]);
  assert.deepEqual([rounded(0), rounded(-5), rounded(100)], [1, 1, 4.5]);
});
