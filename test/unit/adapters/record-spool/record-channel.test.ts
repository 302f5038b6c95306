import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { RecordBatch } from "../../../../gateway/adapters/record-spool/record-batch.js";
import { RecordChannel, type RecordChannelOptions } from "../../../../gateway/adapters/record-spool/record-channel.js";
import { silentLog } from "../../../../gateway/core/log.js";
import type { StoreRecord } from "../../../../gateway/ports/records.js";
import { CountingMetrics } from "../../../support/counting-metrics.js";
import { FakeClock } from "../../../support/fake-clock.js";
import { cdrRecord, sampleAlert } from "../../../support/records.js";

/** The other thread: notes what it got and acknowledges when told. */
class Receiver {
  readonly batches: RecordBatch[] = [];
  readonly post = (batch: RecordBatch): void => void this.batches.push(batch);

  get numbers(): number[] {
    return this.batches.flatMap(({ json }) =>
      (JSON.parse(json) as StoreRecord[]).map((record) =>
        record.kind === "cdr" ? Number(record.cdr.id.slice(-8)) : -1,
      ),
    );
  }
}

const range = (count: number) => Array.from({ length: count }, (_, index) => index);

function bench(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-channel-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const clock = new FakeClock();
  const metrics = new CountingMetrics();
  return {
    folder,
    clock,
    metrics,
    open: (options: Partial<RecordChannelOptions> = {}) =>
      RecordChannel.open({ clock, metrics, log: silentLog }, { folder, batchSize: 10, credit: 3, ...options }),
    until: async (when: () => boolean): Promise<void> => {
      const giveUpAt = Date.now() + 20_000;
      while (!when()) {
        assert.ok(Date.now() < giveUpAt, "it did not happen");
        clock.advance(20);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

test("record channel: one message carries what came within batchDelayMs, or batchSize records", async (t) => {
  const b = bench(t);
  const receiver = new Receiver();
  const channel = await b.open();
  channel.attach(receiver.post);
  for (const index of range(12)) channel.write(cdrRecord(index));
  assert.equal(receiver.batches.length, 1);
  b.clock.advance(49);
  assert.equal(receiver.batches.length, 1);
  b.clock.advance(1);
  assert.equal(receiver.batches.length, 2);
  assert.deepEqual(receiver.numbers, range(12));
  channel.write(cdrRecord(12));
  channel.flush();
  assert.deepEqual(receiver.numbers, range(13));
});

test("record channel: without acknowledgement at most `credit` messages are under way; each acknowledgement lets one go", async (t) => {
  const b = bench(t);
  const receiver = new Receiver();
  const channel = await b.open();
  channel.attach(receiver.post);
  for (const index of range(60)) channel.write(cdrRecord(index));
  assert.equal(receiver.batches.length, 3);
  assert.equal(b.metrics.value("ringfence_records_unacknowledged"), 3);
  assert.equal(channel.pending, 30);
  channel.acknowledge(receiver.batches[1]!.seq);
  channel.acknowledge(receiver.batches[1]!.seq);
  channel.acknowledge(999);
  assert.equal(receiver.batches.length, 4);
  for (let i = 0; i < receiver.batches.length; i++) channel.acknowledge(receiver.batches[i]!.seq);
  assert.deepEqual(receiver.numbers, range(60));
});

test("record channel: a stuck receiver cannot make memory grow: records go to disk and are posted when credit is back", async (t) => {
  const b = bench(t);
  const receiver = new Receiver();
  const channel = await b.open({ queueLimit: 200 });
  channel.attach(receiver.post);
  let sent = 0;
  for (let round = 0; round < 30; round++) {
    for (const end = sent + 20; sent < end; sent++) channel.write(cdrRecord(sent));
    await b.until(() => channel.pending <= 100);
  }
  assert.equal(receiver.batches.length, 3);
  assert.ok(b.metrics.value("ringfence_records_spilled_total") >= 400);
  assert.equal(b.metrics.value("ringfence_records_lost_total", "cdr"), 0);

  let acknowledged = 0;
  await b.until(() => {
    while (acknowledged < receiver.batches.length) channel.acknowledge(receiver.batches[acknowledged++]!.seq);
    return receiver.numbers.length >= sent;
  });
  assert.deepEqual(
    [...receiver.numbers].sort((x, y) => x - y),
    range(sent),
    "each once",
  );
  await b.until(() => readdirSync(b.folder).length === 0);
});

test("record channel: what a dead receiver had not acknowledged is posted to the next one", async (t) => {
  const b = bench(t);
  const first = new Receiver();
  const channel = await b.open();
  channel.attach(first.post);
  for (const index of range(20)) channel.write(cdrRecord(index));
  channel.acknowledge(first.batches[0]!.seq);
  channel.detach();
  for (const index of range(5)) channel.write(cdrRecord(20 + index));

  const second = new Receiver();
  channel.attach(second.post);
  b.clock.advance(50);
  assert.deepEqual(second.numbers, range(25).slice(10));
  assert.equal(second.batches[0]!.seq, first.batches[1]!.seq);
});

test("record channel: while nobody is attached records go to disk, where kill -9 leaves them for the next process", async (t) => {
  const b = bench(t);
  const channel = await b.open();
  for (const index of range(25)) channel.write(cdrRecord(index));
  await b.until(() => b.metrics.value("ringfence_records_spilled_total") === 25);
  assert.equal(channel.pending, 0);
  // No close: killed.
  const receiver = new Receiver();
  const next = await b.open();
  next.attach(receiver.post);
  let acknowledged = 0;
  await b.until(() => {
    while (acknowledged < receiver.batches.length) next.acknowledge(receiver.batches[acknowledged++]!.seq);
    return receiver.numbers.length === 25;
  });
  assert.deepEqual(receiver.numbers, range(25));
  await b.until(() => readdirSync(b.folder).length === 0);
});

test("record channel: a replayed batch stays on disk until it is acknowledged", async (t) => {
  const b = bench(t);
  const channel = await b.open();
  for (const index of range(5)) channel.write(cdrRecord(index));
  await b.until(() => b.metrics.value("ringfence_records_spilled_total") === 5);
  const receiver = new Receiver();
  channel.attach(receiver.post);
  await b.until(() => receiver.batches.length === 1);
  assert.equal(readdirSync(b.folder).length, 1);
  channel.acknowledge(receiver.batches[0]!.seq);
  await b.until(() => readdirSync(b.folder).length === 0);
});

test("record channel: a receiver that throws is treated as not having answered", async (t) => {
  const b = bench(t);
  const channel = await b.open();
  channel.attach(() => {
    throw new Error("port closed");
  });
  for (const index of range(10)) channel.write(cdrRecord(index));
  const receiver = new Receiver();
  channel.attach(receiver.post);
  assert.deepEqual(receiver.numbers, range(10));
});

test("record channel: with receiver and disk both failing memory is bounded, call records go first, losses are counted", async (t) => {
  const b = bench(t);
  const channel = await b.open({ queueLimit: 100, spillLimitBytes: 0 });
  for (const index of range(300)) channel.write(cdrRecord(index));
  for (const index of range(30)) channel.write({ kind: "alert", alert: sampleAlert(index) });
  assert.equal(channel.pending, 100);
  assert.equal(b.metrics.value("ringfence_records_lost_total", "cdr"), 210);
  assert.equal(b.metrics.value("ringfence_records_lost_total", "alert"), 20);
});

test("record channel: close waits for acknowledgements and puts the rest on disk", async (t) => {
  const b = bench(t);
  const receiver = new Receiver();
  const channel = await b.open();
  channel.attach(receiver.post);
  for (const index of range(45)) channel.write(cdrRecord(index));
  let closed = false;
  void channel.close(500).then(() => (closed = true));
  channel.acknowledge(receiver.batches[0]!.seq);
  await b.until(() => closed);

  const later = new Receiver();
  const next = await b.open();
  next.attach(later.post);
  let acknowledged = 0;
  await b.until(() => {
    while (acknowledged < later.batches.length) next.acknowledge(later.batches[acknowledged++]!.seq);
    return later.numbers.length >= 35;
  });
  assert.deepEqual(
    [...later.numbers].sort((x, y) => x - y),
    range(45).slice(10),
  );
  assert.equal(b.metrics.value("ringfence_records_lost_total", "cdr"), 0);
});

test("record channel: it says whether all has been handed over: none gathers, waits for credit, lies on disk, or was a dead receiver's", async (t) => {
  const b = bench(t);
  const receiver = new Receiver();
  const channel = await b.open();
  assert.equal(channel.handOver(), true, "there was nothing");
  channel.attach(receiver.post);
  channel.write(cdrRecord(0));
  assert.equal(channel.handOver(), true);
  assert.deepEqual(receiver.numbers, [0]);
  for (const index of range(21)) channel.write(cdrRecord(1 + index));
  assert.equal(channel.handOver(), false, "the last one waits for credit");
  channel.acknowledge(receiver.batches[0]!.seq);
  assert.equal(channel.handOver(), true, "unacknowledged, but there");
  channel.detach();
  assert.equal(channel.handOver(), false, "it may have died with them");
  channel.attach(receiver.post);
  assert.equal(channel.handOver(), true);
  for (const { seq } of receiver.batches) channel.acknowledge(seq);
  channel.detach();
  channel.write(cdrRecord(30));
  await b.until(() => channel.pending === 0);
  assert.equal(channel.handOver(), false, "on disk");
  const next = new Receiver();
  channel.attach(next.post);
  await b.until(() => next.batches.length === 1);
  assert.equal(channel.handOver(), false, "on disk until it is acknowledged");
  channel.acknowledge(next.batches[0]!.seq);
  await b.until(() => channel.handOver());
});

test("record channel: a file that cannot be read is tried again later, by who asks, too", async (t) => {
  const b = bench(t);
  const channel = await b.open();
  channel.write(cdrRecord(1));
  await b.until(() => channel.pending === 0);
  const path = join(b.folder, readdirSync(b.folder)[0]!);
  renameSync(path, `${path}.away`);
  mkdirSync(path);
  const receiver = new Receiver();
  channel.attach(receiver.post);
  for (let i = 0; i < 200; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(channel.handOver(), false);
  }
  rmdirSync(path);
  renameSync(`${path}.away`, path);
  await b.until(() => {
    channel.handOver();
    return receiver.batches.length === 1;
  });
  assert.deepEqual(receiver.numbers, [1]);
});
