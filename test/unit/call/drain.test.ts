import assert from "node:assert/strict";
import { test } from "node:test";
import { CallRegistry } from "../../../gateway/call/call-registry.js";
import { Drain } from "../../../gateway/call/drain.js";
import type { TeardownOrder } from "../../../gateway/call/teardown-service.js";
import { monoMs } from "../../../gateway/core/time.js";
import { LiveCallDouble, LogDouble, MetricsDouble, settle } from "../../support/call-doubles.js";
import { FakeClock } from "../../support/fake-clock.js";

/** @param leavesAfterMs From a call's end until its figures are there, and with them its CDR. */
function setUp({ answers = true, leavesAfterMs = 0 } = {}) {
  const clock = new FakeClock();
  const registry = new CallRegistry(new MetricsDouble());
  const orders: TeardownOrder[] = [];
  let drained = 0;
  const teardown = {
    endCalls: async (order: TeardownOrder) => {
      orders.push(order);
      if (!answers) return new Promise<never>(() => undefined);
      for (const callId of order.callIds) {
        const call = registry.get(callId);
        if (!(call instanceof LiveCallDouble) || call.identity.emergency) continue;
        call.phase = "ended";
        if (leavesAfterMs === 0) registry.onEnded(call);
        else clock.callAt(monoMs(clock.mono() + leavesAfterMs), () => registry.onEnded(call));
      }
      await settle();
      return [];
    },
  };
  const drain = new Drain(
    { drainMs: 10_000, endMs: 3_000 },
    { endpoint: { drain: () => (drained += 1) }, registry, teardown, clock, log: new LogDouble() },
  );
  return { clock, registry, drain, orders, drained: () => drained };
}

async function pass(clock: FakeClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 100) {
    clock.advance(100);
    await settle();
  }
}

test("drain: new calls are refused at once, and it is over when the last call has ended by itself", async () => {
  const { clock, registry, drain, orders, drained } = setUp();
  const call = new LiveCallDouble("1");
  registry.onStarted(call);
  const report = drain.start();
  assert.deepEqual([drained(), drain.draining], [1, true]);
  await pass(clock, 5_000);
  registry.onEnded(call);
  await pass(clock, 200);
  assert.deepEqual(await report, { calls: 1, ended: 0, left: 0 });
  assert.deepEqual(orders, []);
});

test("drain: at the deadline the rest is ended with cause drain; emergency calls stay", async () => {
  const { clock, registry, drain, orders } = setUp();
  for (const call of [new LiveCallDouble("1"), new LiveCallDouble("2"), new LiveCallDouble("sos", { emergency: true })])
    registry.onStarted(call);
  const report = drain.start();
  await pass(clock, 10_100);
  assert.deepEqual(await report, { calls: 3, ended: 2, left: 1 });
  assert.deepEqual(
    orders.map((order) => [order.actor, order.reason.cause]),
    [["system", "drain"]],
  );
});

test("drain: peers that never answer do not hold it up", async () => {
  const { clock, registry, drain } = setUp({ answers: false });
  registry.onStarted(new LiveCallDouble("1"));
  const report = drain.start();
  await pass(clock, 13_200);
  assert.deepEqual(await report, { calls: 1, ended: 0, left: 1 });
});

for (const [what, leavesAfterMs, ended] of [
  ["calls whose figures are still on their way are waited for", 200, 1],
  ["figures that do not come do not hold it up", 60_000, 0],
] as const)
  test(`drain: ${what}`, async () => {
    const { clock, registry, drain } = setUp({ leavesAfterMs });
    registry.onStarted(new LiveCallDouble("1"));
    registry.onStarted(new LiveCallDouble("sos", { emergency: true }));
    const report = drain.start();
    drain.hurry();
    await pass(clock, 3_300);
    assert.deepEqual(await report, { calls: 2, ended, left: 2 - ended });
    assert.equal(registry.size, 2 - ended);
  });

test("drain: a second signal does not wait for the deadline", async () => {
  const { clock, registry, drain } = setUp();
  registry.onStarted(new LiveCallDouble("1"));
  const report = drain.start();
  drain.hurry();
  await pass(clock, 200);
  assert.deepEqual(await report, { calls: 1, ended: 1, left: 0 });
});

test("drain: asked twice it drains once", async () => {
  const { drain, drained } = setUp();
  assert.equal(drain.start(), drain.start());
  assert.deepEqual([await drain.start(), drained()], [{ calls: 0, ended: 0, left: 0 }, 1]);
});
