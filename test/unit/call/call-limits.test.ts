import assert from "node:assert/strict";
import { test } from "node:test";
import { CallLimits, DEFAULT_CALL_LIMITS } from "../../../gateway/call/call-limits.js";
import type { TrunkPolicy } from "../../../gateway/call/contracts.js";
import { unixMs } from "../../../gateway/core/time.js";
import { LiveCallDouble, LogDouble, MetricsDouble, settle } from "../../support/call-doubles.js";
import { FakeClock } from "../../support/fake-clock.js";

function setUp(options: Partial<typeof DEFAULT_CALL_LIMITS> = {}) {
  const clock = new FakeClock();
  const metrics = new MetricsDouble();
  const limits = new CallLimits({ ...DEFAULT_CALL_LIMITS, ...options }, { clock, log: new LogDouble(), metrics });
  limits.start();
  const call = (id: string, policy: Partial<TrunkPolicy>, emergency = false) => {
    const made = new LiveCallDouble(id, { policy, emergency });
    made.answeredAt = clock.unix();
    limits.onAnswered(made);
    return made;
  };
  /** Time with room for promises, so that answers to keep-alives arrive in between. */
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 200) {
      clock.advance(200);
      await settle();
    }
  };
  return { clock, metrics, limits, call, pass };
}

test("limits: a call is ended once when it reaches its maximum duration, to within a sweep", () => {
  const { clock, call, metrics } = setUp();
  const long = call("long", { maxCallDurationMs: 60_000 });
  clock.advance(59_800);
  assert.equal(long.ended.length, 0);
  clock.advance(DEFAULT_CALL_LIMITS.sweepMs + 200);
  assert.deepEqual(
    long.ended.map((reason) => [reason.cause, reason.q850]),
    [["max-duration", 102]],
  );
  clock.advance(60_000);
  assert.equal(long.ended.length, 1);
  assert.equal(metrics.get("ringfence_calls_limited_total{max-duration}"), 1);
});

test("limits: what a call lasted before a restart counts", () => {
  const { clock, limits } = setUp();
  const call = new LiveCallDouble("resumed", { policy: { maxCallDurationMs: 60_000 } });
  call.answeredAt = unixMs(clock.unix() - 50_000);
  limits.onStarted(call);
  clock.advance(13_000);
  assert.deepEqual(
    call.ended.map((reason) => reason.cause),
    ["max-duration"],
  );
});

test("limits: 0 is no limit, and an emergency call has none", () => {
  const { clock, call } = setUp();
  const [free, emergency] = [call("free", {}), call("sos", { maxCallDurationMs: 1_000 }, true)];
  clock.advance(3_600_000);
  assert.deepEqual([free.ended, emergency.ended], [[], []]);
});

test("limits: every one of a thousand calls is looked at within a sweep", () => {
  const { clock, call } = setUp();
  const calls = Array.from({ length: 1_000 }, (_, i) => call(String(i), { maxCallDurationMs: 10_000 }));
  clock.advance(10_000 + DEFAULT_CALL_LIMITS.sweepMs + 200);
  assert.equal(calls.filter((each) => each.ended.length === 1).length, 1_000);
});

test("limits: an ended call is forgotten, the others are still looked at", () => {
  const { clock, call, limits } = setUp();
  const calls = Array.from({ length: 10 }, (_, i) => call(String(i), { maxCallDurationMs: 10_000 }));
  for (const each of calls.slice(0, 9)) limits.onEnded(each);
  clock.advance(30_000);
  assert.deepEqual(
    calls.map((each) => each.ended.length),
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
  );
});

test("keep-alive: OPTIONS in both dialogs at the trunk's interval; answers of any kind keep the call up", async () => {
  const { call, pass } = setUp();
  const live = call("live", { keepAliveMs: 30_000 });
  live.pingAnswer = (leg) => (leg === "a" ? 200 : 405);
  await pass(100_000);
  assert.deepEqual(live.ended, []);
  assert.ok(live.pings.length === 6, `three rounds of both legs: ${live.pings.length}`);
});

for (const status of [408, 481]) {
  test(`keep-alive: two ${status} in a row on one leg end the call as dead`, async () => {
    const { call, pass } = setUp();
    const dead = call("dead", { keepAliveMs: 30_000 });
    dead.pingAnswer = (leg) => (leg === "b" ? status : 200);
    await pass(40_000);
    assert.equal(dead.ended.length, 0);
    await pass(40_000);
    assert.deepEqual(
      dead.ended.map((reason) => reason.cause),
      ["dead"],
    );
  });
}

test("keep-alive: one miss of each leg in turn is no death", async () => {
  const { call, pass } = setUp();
  const flaky = call("flaky", { keepAliveMs: 10_000 });
  let asked = 0;
  flaky.pingAnswer = (leg) => {
    const round = Math.floor(asked++ / 2);
    return leg === (round % 2 === 0 ? "a" : "b") ? 408 : 200;
  };
  await pass(100_000);
  assert.deepEqual(flaky.ended, []);
});

test("limits: nothing happens after close", () => {
  const { clock, call, limits } = setUp();
  const long = call("long", { maxCallDurationMs: 1_000 });
  limits.close();
  limits.close();
  clock.advance(60_000);
  assert.deepEqual(long.ended, []);
});

test("keep-alive: an emergency call that was taken up after a restart is asked for life every 30 s where its trunk asks nobody", async () => {
  const { limits, call, pass } = setUp();
  const fresh = call("fresh", {}, true);
  const [dead, other] = [new LiveCallDouble("sos", { emergency: true }), new LiveCallDouble("other")];
  for (const resumed of [dead, other]) limits.onStarted(resumed);
  dead.pingAnswer = () => 481;
  await pass(40_000);
  assert.deepEqual([dead.pings.length, dead.ended.length], [2, 0]);
  await pass(40_000);
  assert.deepEqual(
    dead.ended.map((reason) => reason.cause),
    ["dead"],
  );
  assert.deepEqual([fresh.pings, other.pings], [[], []]);
});
