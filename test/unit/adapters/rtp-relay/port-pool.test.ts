import assert from "node:assert/strict";
import { test } from "node:test";
import { PortPool, type PortPair } from "../../../../gateway/adapters/rtp-relay/port-pool.js";
import { FakeDatagramIo } from "../../../support/fake-datagram-io.js";
import { SeededRandom } from "../../../support/seeded-random.js";

const ADDRESS = "192.0.2.1";
const make = (from: number, to: number, io = new FakeDatagramIo(), quarantineMs = 1_000) => {
  const random = new SeededRandom(1);
  return { io, pool: new PortPool(io, ADDRESS, { from, to, quarantineMs, random: () => random.next() }) };
};

async function take(pool: PortPool, nowMs: number): Promise<PortPair> {
  const pair = await pool.take(nowMs);
  assert.ok(pair.ok, JSON.stringify(pair));
  return pair.value;
}
const codeOf = async (pool: PortPool, nowMs: number): Promise<string> => {
  const pair = await pool.take(nowMs);
  return pair.ok ? "ok" : pair.error.code;
};

const ranges = [
  { name: "even to odd", from: 10_000, to: 10_007, rtp: [10_000, 10_002, 10_004, 10_006] },
  { name: "from an odd port", from: 10_001, to: 10_005, rtp: [10_002, 10_004] },
  { name: "to an even port", from: 10_000, to: 10_004, rtp: [10_000, 10_002] },
  { name: "of one pair", from: 10_000, to: 10_001, rtp: [10_000] },
  { name: "of no pair", from: 10_001, to: 10_002, rtp: [] },
  { name: "to the last port", from: 65_534, to: 65_535, rtp: [65_534] },
];
for (const { name, from, to, rtp } of ranges) {
  test(`port pool: a range ${name}`, async () => {
    const { pool, io } = make(from, to);
    assert.equal(pool.free, rtp.length);
    const pairs: PortPair[] = [];
    for (let i = 0; i < rtp.length; i++) pairs.push(await take(pool, 0));
    assert.deepEqual(
      pairs.map((pair) => pair.rtp.port).sort((a, b) => a - b),
      rtp,
    );
    for (const pair of pairs) assert.equal(pair.rtcp.port, pair.rtp.port + 1);
    assert.equal(await codeOf(pool, 0), "full");
    assert.equal(io.ports.length, rtp.length * 2);
  });
}

test("port pool: a pair that was given back rests, the longest rested goes out first", async () => {
  const { pool, io } = make(10_000, 10_003);
  const first = await take(pool, 0);
  const second = await take(pool, 0);
  pool.give(first, 100);
  pool.give(second, 600);
  assert.equal(io.ports.length, 0);
  assert.equal(await codeOf(pool, 1_099), "full");
  assert.equal((await take(pool, 1_100)).rtp.port, first.rtp.port);
  assert.equal(await codeOf(pool, 1_100), "full");
  assert.equal((await take(pool, 1_600)).rtp.port, second.rtp.port);
});

test("port pool: what others hold is skipped, and asked for again later", async () => {
  const { pool, io } = make(10_000, 10_005);
  io.taken.set(10_000, "EADDRINUSE");
  io.taken.set(10_003, "EADDRINUSE");
  assert.equal((await take(pool, 0)).rtp.port, 10_004);
  assert.equal(await codeOf(pool, 0), "full");
  assert.deepEqual(io.ports.sort(), [10_004, 10_005]);
  assert.equal(pool.free, 2);
  io.taken.clear();
  const rest = [await take(pool, 1), await take(pool, 1)].map((pair) => pair.rtp.port);
  assert.deepEqual(rest.sort(), [10_000, 10_002]);
});

test("port pool: no more files is full, an address that is not ours is not", async () => {
  for (const [reason, code] of [
    ["EMFILE", "full"],
    ["EADDRNOTAVAIL", "address"],
  ] as const) {
    const { pool, io } = make(10_000, 10_001);
    io.taken.set(10_001, reason);
    assert.equal(await codeOf(pool, 0), code);
    assert.deepEqual([io.ports, pool.free], [[], 1]);
  }
});

test("port pool: chosen by the system: even and side by side, and not what was closed a moment ago", async () => {
  const { pool, io } = make(0, 0);
  assert.equal(pool.free, undefined);
  const pairs = [await take(pool, 0), await take(pool, 0)];
  for (const { rtp, rtcp } of pairs) assert.deepEqual([rtp.port % 2, rtcp.port], [0, rtp.port + 1]);
  assert.equal(io.ports.length, 4);
  for (const pair of pairs) pool.give(pair, 0);
  assert.equal(io.ports.length, 0);
  const closed = new Set(pairs.map((pair) => pair.rtp.port));
  // The system begins where it began.
  io.nextPort = 50_000;
  assert.ok(!closed.has((await take(pool, 999)).rtp.port));
  io.nextPort = 50_000;
  assert.ok(closed.has((await take(pool, 1_000)).rtp.port));
});

test("port pool: the pair of an earlier worker comes again, and is out of the queue", async () => {
  const { pool, io } = make(10_000, 10_007);
  const again = await pool.takeAgain(10_004);
  assert.ok(again.ok);
  assert.deepEqual([again.value.rtp.port, again.value.rtcp.port], [10_004, 10_005]);
  const rest = [await take(pool, 0), await take(pool, 0), await take(pool, 0)];
  assert.ok(!rest.some((pair) => pair.rtp.port === 10_004));
  assert.equal(await codeOf(pool, 0), "full");
  pool.give(again.value, 0);
  io.taken.set(10_005, "EADDRINUSE");
  assert.equal((await pool.takeAgain(10_004)).ok, false);
  io.taken.clear();
  assert.equal((await take(pool, 2_000)).rtp.port, 10_004);
});
