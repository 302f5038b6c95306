import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_SOURCE_LIMITS, SourceLimits } from "../../../gateway/call/source-limits.js";
import { monoMs } from "../../../gateway/core/time.js";

const at = monoMs;

test("source limits: no limit on the rate when perSecond is 0", () => {
  const limits = new SourceLimits({ ...DEFAULT_SOURCE_LIMITS, perSecond: 0, burst: 1 }, 1);
  for (let i = 0; i < 1000; i++) assert.equal(limits.take("192.0.2.1", at(0)), true);
});

test("source limits: a source gets its burst and then its rate", () => {
  const limits = new SourceLimits({ ...DEFAULT_SOURCE_LIMITS, perSecond: 5, burst: 10 }, 1);
  let taken = 0;
  for (let ms = 0; ms < 10_000; ms += 10) if (limits.take("192.0.2.1", at(ms))) taken++;
  assert.ok(taken >= 58 && taken <= 60, `10 at once and 5 a second: ${taken}`);
});

test("source limits: strikes count within the window only", () => {
  const limits = new SourceLimits({ ...DEFAULT_SOURCE_LIMITS, strikes: 3, strikeWindowMs: 1000, shutOutMs: 5000 }, 1);
  assert.deepEqual(
    [0, 900, 1950, 2000, 2100].map((ms) => limits.strike("192.0.2.1", at(ms))),
    [false, false, false, false, true],
  );
  assert.equal(limits.isShutOut("192.0.2.1", at(7099)), true);
  assert.equal(limits.isShutOut("192.0.2.1", at(7100)), false);
  assert.equal(limits.isShutOut("192.0.2.2", at(2200)), false);
});

test("source limits: an IPv6 host cannot get around them with other addresses of its /64", () => {
  const limits = new SourceLimits({ ...DEFAULT_SOURCE_LIMITS, perSecond: 1, burst: 1 }, 1);
  assert.equal(limits.take("2001:db8:0:1::1", at(0)), true);
  assert.equal(limits.take("2001:db8:0:1::2", at(0)), false);
  assert.equal(limits.take("2001:db8:0:2::1", at(0)), true);
});

test("source limits: a million forged sources neither grow the tables nor free one that is shut out", () => {
  const limits = new SourceLimits(
    { ...DEFAULT_SOURCE_LIMITS, perSecond: 100, strikes: 1, shutOutMs: 600_000, sources: 1024 },
    7,
  );
  limits.strike("203.0.113.66", at(0));
  for (let i = 0; i < 1_000_000; i++)
    limits.take(`${i % 200}.${(i >> 3) % 256}.${(i >> 7) % 256}.${i % 251}`, at(1 + i / 100));
  assert.equal(limits.isShutOut("203.0.113.66", at(10_001)), true);
});
