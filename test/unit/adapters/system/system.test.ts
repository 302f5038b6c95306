import assert from "node:assert/strict";
import { test } from "node:test";
import { CryptoRandom } from "../../../../gateway/adapters/system/crypto-random.js";
import { SystemClock } from "../../../../gateway/adapters/system/system-clock.js";
import { monoMs } from "../../../../gateway/core/time.js";

/** Timers are unref'd: something has to keep the test's process up meanwhile. */
async function waitFor(arm: (done: () => void) => void): Promise<void> {
  const keepAlive = setInterval(() => undefined, 1000);
  await new Promise<void>(arm);
  clearInterval(keepAlive);
}

test("callAt never runs before its time, and time never goes back", async () => {
  const clock = new SystemClock();
  for (let i = 0; i < 20; i++) {
    const at = monoMs(clock.mono() + i / 7);
    await waitFor((done) => clock.callAt(at, done));
    assert.ok(clock.mono() >= at);
  }
});

test("callAt: what was cancelled does not run", async () => {
  const clock = new SystemClock();
  const now = clock.mono();
  let ran = false;
  const cancel = clock.callAt(monoMs(now + 1), () => (ran = true));
  cancel();
  cancel();
  await waitFor((done) => clock.callAt(monoMs(now + 3), done));
  assert.equal(ran, false);
});

test("callAt: a wait longer than setTimeout can take does not fire at once", async () => {
  const clock = new SystemClock();
  const now = clock.mono();
  let ran = false;
  const cancel = clock.callAt(monoMs(now + 2 ** 40), () => (ran = true));
  await waitFor((done) => clock.callAt(monoMs(now + 5), done));
  cancel();
  assert.equal(ran, false);
});

test("tokens: of the asked length, lower-case hex, all different across many pools", () => {
  const random = new CryptoRandom();
  const seen = new Set<string>();
  for (let i = 0; i < 20_000; i++) seen.add(random.token(8));
  assert.equal(seen.size, 20_000);
  for (const token of seen) assert.match(token, /^[0-9a-f]{16}$/);
  assert.equal(random.token(1).length, 2);
  assert.throws(() => random.token(10_000), RangeError);
});

test("next: in [0, 1), spread evenly", () => {
  const random = new CryptoRandom();
  const buckets = new Array<number>(10).fill(0);
  for (let i = 0; i < 100_000; i++) {
    const value = random.next();
    assert.ok(value >= 0 && value < 1);
    const bucket = Math.floor(value * 10);
    buckets[bucket] = (buckets[bucket] ?? 0) + 1;
  }
  // 10,000 ± 95 is one standard deviation; ten of them never happen by chance.
  for (const count of buckets) assert.ok(Math.abs(count - 10_000) < 950, String(buckets));
});
