import assert from "node:assert/strict";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { PacketRing } from "../../../../gateway/media/fork/packet-ring.js";

const bytes = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);

test("packet ring: what is written is read in order, with stream and time", () => {
  const ring = PacketRing.allocate(1);
  assert.ok(ring.write(7, 1.5, bytes(172, 1)));
  assert.ok(ring.write(8, 2.25, bytes(0, 0)));
  const seen: unknown[] = [];
  assert.equal(
    ring.read(10, (stream, at, packet) => seen.push([stream, at, packet.byteLength, packet[0]])),
    2,
  );
  assert.deepEqual(seen, [
    [7, 1.5, 172, 1],
    [8, 2.25, 0, undefined],
  ]);
  assert.equal(ring.waitingBytes, 0);
});

test("packet ring: a full ring refuses and counts, and takes packets again once there is room", () => {
  const ring = PacketRing.allocate(65_536);
  let written = 0;
  while (ring.write(1, written, bytes(1_000, written & 255))) written++;
  assert.equal(ring.dropped, 1);
  assert.equal(
    ring.read(1, () => undefined),
    1,
  );
  assert.ok(ring.write(1, written, bytes(1_000, 9)));
  let last = -1;
  ring.read(1_000, (_stream, at) => {
    assert.ok(at > last);
    last = at;
  });
  assert.equal(last, written);
});

test("packet ring: a reader that throws does not see that packet again", () => {
  const ring = PacketRing.allocate(1);
  ring.write(1, 1, bytes(4, 1));
  ring.write(2, 2, bytes(4, 2));
  assert.throws(() =>
    ring.read(2, () => {
      throw new Error("reader's bug");
    }),
  );
  const seen: number[] = [];
  ring.read(2, (stream) => seen.push(stream));
  assert.deepEqual(seen, [2]);
});

test("packet ring: 200,000 packets of mixed sizes cross to another thread unharmed, over many turns of the ring", async () => {
  const ring = PacketRing.allocate(1 << 18);
  const packets = 200_000;
  const module = new URL("../../../../gateway/media/fork/packet-ring.ts", import.meta.url).href;
  const code = `
    const { workerData } = require("node:worker_threads");
    import("tsx/esm/api").then(({ register }) => { register(); return import(${JSON.stringify(module)}); }).then(({ PacketRing }) => {
      const ring = new PacketRing(workerData);
      for (let i = 0; i < ${packets}; ) if (ring.write(i % 300, i, new Uint8Array(1 + (i * 7919) % 1400).fill(i & 255))) i++;
    });`;
  const worker = new Worker(code, { eval: true, workerData: ring.buffer });
  let next = 0;
  const done = new Promise<void>((resolve, reject) => {
    worker.on("error", reject);
    const poll = (): void => {
      ring.read(10_000, (stream, at, packet) => {
        if (at !== next || stream !== next % 300 || packet.byteLength !== 1 + ((next * 7919) % 1400))
          reject(new Error(`at ${next}`));
        if (packet[0] !== (next & 255) || packet[packet.byteLength - 1] !== (next & 255))
          reject(new Error(`bytes of ${next}`));
        next++;
      });
      if (next === packets) resolve();
      else setImmediate(poll);
    };
    poll();
  });
  await done;
  await worker.terminate();
  assert.equal(next, packets);
});
