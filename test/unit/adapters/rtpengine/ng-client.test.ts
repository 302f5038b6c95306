import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { InstancePool } from "../../../../gateway/adapters/rtpengine/instance-pool.js";
import { NgClient } from "../../../../gateway/adapters/rtpengine/ng-client.js";
import { DEFAULT_RTPENGINE_OPTIONS } from "../../../../gateway/adapters/rtpengine/rtpengine-options.js";
import { CryptoRandom } from "../../../../gateway/adapters/system/crypto-random.js";
import { silentLog } from "../../../../gateway/core/log.js";
import { noMetrics } from "../../../../gateway/core/metrics.js";
import { FakeClock } from "../../../support/fake-clock.js";
import { FakeRtpengine } from "../../../support/fake-rtpengine.js";

/** The kernel refuses to connect a socket to it: EACCES, or ENETUNREACH where there is no network at all. */
const UNREACHABLE = { host: "255.255.255.255", port: 2223 };
const TIMEOUT_MS = 1_000;
const PING = { command: "ping" };
const UNAVAILABLE = { name: "GatewayError", code: "media.unavailable" };

function clientOf(t: TestContext, place: { readonly host: string; readonly port: number }) {
  const clock = new FakeClock();
  const client = new NgClient(place, 10, { clock, random: new CryptoRandom() });
  t.after(() => client.close());
  return { clock, client };
}

async function fakeOf(t: TestContext): Promise<FakeRtpengine> {
  const fake = await FakeRtpengine.start();
  // Neither end's socket keeps the process alive.
  const alive = setInterval(() => undefined, 1_000);
  t.after(async () => {
    clearInterval(alive);
    await fake.close();
  });
  return fake;
}

test("no socket can be had to an rtpengine: each command fails at once as one without an answer, and nothing throws later", async (t) => {
  const { clock, client } = clientOf(t, UNREACHABLE);
  for (let i = 0; i < 2; i++) {
    await assert.rejects(client.ask(PING, TIMEOUT_MS), UNAVAILABLE);
    clock.advance(TIMEOUT_MS); // repeats throw from here, where they are still armed
  }
});

test("a client that looks its rtpengine up anew while a command waits for the socket: that one fails, the next goes out", async (t) => {
  const { clock, client } = clientOf(t, await fakeOf(t));
  const waiting = client.ask(PING, TIMEOUT_MS);
  client.reconnect();
  await assert.rejects(waiting, UNAVAILABLE);
  clock.advance(TIMEOUT_MS);
  assert.equal((await client.ask(PING, TIMEOUT_MS)).kind, "ok");
});

test("a client that is closed while a command waits for the socket: the command fails, and nothing throws later", async (t) => {
  const { clock, client } = clientOf(t, await fakeOf(t));
  const waiting = client.ask(PING, TIMEOUT_MS);
  client.close();
  await assert.rejects(waiting, UNAVAILABLE);
  clock.advance(TIMEOUT_MS);
});

test("an instance without a route gets no calls, and is asked again and again without a fault", async () => {
  const clock = new FakeClock();
  const pool = new InstancePool(
    { ...DEFAULT_RTPENGINE_OPTIONS, idleMs: 0, instances: [{ ...UNREACHABLE, weight: 1 }] },
    { clock, random: new CryptoRandom(), log: silentLog, metrics: noMetrics },
  );
  await pool.start();
  for (let i = 0; i < 3; i++) {
    clock.advance(DEFAULT_RTPENGINE_OPTIONS.pingMs);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual([pool.up, pool.choose()], [0, undefined]);
  pool.close();
});
