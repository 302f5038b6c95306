import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { RecordSpool, type RecordSpoolOptions } from "../../../../gateway/adapters/record-spool/record-spool.js";
import { GatewayError } from "../../../../gateway/core/errors.js";
import { silentLog } from "../../../../gateway/core/log.js";
import type { StoreRecord } from "../../../../gateway/ports/records.js";
import { CountingMetrics } from "../../../support/counting-metrics.js";
import { FakeClock } from "../../../support/fake-clock.js";
import { cdrRecord, sampleAudit } from "../../../support/records.js";
import { SeededRandom } from "../../../support/seeded-random.js";

/** A store that can be down, hang, or refuse records. */
class UnreliableStore {
  readonly written: string[] = [];
  batches = 0;
  state: "up" | "down" | "hanging" = "up";
  poison = (_record: StoreRecord): boolean => false;

  write(records: readonly StoreRecord[]): Promise<void> {
    this.batches++;
    if (this.state === "hanging") return new Promise(() => undefined);
    if (this.state === "down") return Promise.reject(new GatewayError("store.unavailable", "down"));
    if (records.some(this.poison)) return Promise.reject(new GatewayError("store.rejected", "poison"));
    this.written.push(...records.map(idOf));
    return Promise.resolve();
  }
}

const idOf = (record: StoreRecord): string =>
  record.kind === "cdr" ? record.cdr.id : record.kind === "audit" ? record.entry.id : "?";
const numbers = (ids: readonly string[]) => ids.map((id) => Number(id.slice(-8)));
const range = (count: number) => Array.from({ length: count }, (_, index) => index);

interface Bench {
  readonly folder: string;
  readonly store: UnreliableStore;
  readonly clock: FakeClock;
  readonly metrics: CountingMetrics;
  open(options?: Partial<RecordSpoolOptions>, store?: UnreliableStore): Promise<RecordSpool>;
  /** Lets time and the disk work until `when` holds. */
  until(when: () => boolean, stepMs?: number): Promise<void>;
}

function bench(t: TestContext): Bench {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-spool-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const store = new UnreliableStore();
  const clock = new FakeClock();
  const metrics = new CountingMetrics();
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return {
    folder,
    store,
    clock,
    metrics,
    open: (options, other) =>
      RecordSpool.open(
        { store: other ?? store, clock, metrics, random: new SeededRandom(1), log: silentLog },
        { folder, batchSize: 10, ...options },
      ),
    until: async (when, stepMs = 20) => {
      const giveUpAt = Date.now() + 20_000;
      while (!when()) {
        assert.ok(Date.now() < giveUpAt, "it did not happen");
        clock.advance(stepMs);
        await turn();
      }
    },
  };
}

test("record spool: records reach the store in order and in batches; the last, short one after batchDelayMs", async (t) => {
  const b = bench(t);
  const spool = await b.open();
  for (const index of range(25)) spool.write(cdrRecord(index));
  await b.until(() => b.store.written.length === 25);
  assert.deepEqual(numbers(b.store.written), range(25));
  assert.ok(b.store.batches <= 3);
  spool.write(cdrRecord(25));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(b.store.written.length, 25, "one record waits for others");
  b.clock.advance(100);
  await b.until(() => b.store.written.length === 26);
  await b.until(() => b.metrics.value("ringfence_store_written_total") === 26);
  assert.equal(b.metrics.value("ringfence_store_queue_length"), 0);
  await spool.close();
});

test("record spool: while the store is down records go to disk, and from there to the store when it is back", async (t) => {
  const b = bench(t);
  const spool = await b.open();
  b.store.state = "down";
  for (const index of range(60)) spool.write(cdrRecord(index));
  await b.until(() => b.metrics.value("ringfence_store_spilled_total") === 60);
  assert.equal(spool.size, 0);
  assert.equal(b.metrics.value("ringfence_store_up"), 0);
  assert.ok(b.metrics.value("ringfence_store_spill_bytes") > 0);

  b.store.state = "up";
  await b.until(() => b.store.written.length === 60);
  assert.deepEqual(numbers(b.store.written), range(60));
  await b.until(() => b.metrics.value("ringfence_store_replayed_total") === 60);
  assert.equal(b.metrics.value("ringfence_store_up"), 1);
  assert.equal(b.metrics.value("ringfence_store_lost_total", "cdr"), 0);
  assert.equal(b.metrics.value("ringfence_store_spill_bytes"), 0);
  await spool.close();
});

test("record spool: what the last process left on disk is written by the next", async (t) => {
  const b = bench(t);
  const unreachable = new UnreliableStore();
  unreachable.state = "down";
  const first = await b.open({}, unreachable);
  for (const index of range(30)) first.write(cdrRecord(index));
  await b.until(() => b.metrics.value("ringfence_store_spilled_total") === 30);
  // No close: the process was killed.
  const second = await b.open();
  await b.until(() => b.store.written.length === 30);
  assert.deepEqual(numbers(b.store.written), range(30));
  await second.close();
});

test("record spool: a store that hangs is given up after writeTimeoutMs and the records go to disk", async (t) => {
  const b = bench(t);
  const spool = await b.open({ writeTimeoutMs: 1_000 });
  b.store.state = "hanging";
  for (const index of range(5)) spool.write(cdrRecord(index));
  await b.until(() => b.metrics.value("ringfence_store_spilled_total") === 5);
  b.store.state = "up";
  await b.until(() => b.store.written.length === 5);
  await spool.close();
});

test("record spool: while a write hangs, the queue over its high mark goes to disk", async (t) => {
  const b = bench(t);
  const spool = await b.open({ highMark: 50, writeTimeoutMs: 1_000_000 });
  b.store.state = "hanging";
  for (const index of range(10)) spool.write(cdrRecord(index));
  await b.until(() => b.store.batches === 1);
  for (const index of range(100)) spool.write(cdrRecord(100 + index));
  await b.until(() => b.metrics.value("ringfence_store_spilled_total") === 100);
  assert.equal(spool.size, 10, "only the write under way is in memory");
});

test("record spool: poison is halved out into rejected.jsonl, its neighbours are stored once each", async (t) => {
  const b = bench(t);
  const spool = await b.open({ batchSize: 64 });
  b.store.poison = (record) => [13, 14, 40].includes(numbers([idOf(record)])[0]!);
  for (const index of range(64)) spool.write(cdrRecord(index));
  await b.until(() => b.store.written.length === 61);
  assert.deepEqual(
    numbers(b.store.written),
    range(64).filter((index) => ![13, 14, 40].includes(index)),
  );
  await b.until(() => b.metrics.value("ringfence_store_rejected_total") === 3);
  const lines = readFileSync(join(b.folder, "rejected.jsonl"), "utf8").trim().split("\n");
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { reason: string; record: StoreRecord }).record),
    [13, 14, 40].map((index) => cdrRecord(index)),
  );
  assert.ok(b.store.batches < 30, "halving, not one by one");
  assert.equal(b.metrics.value("ringfence_store_up"), 1);
  await spool.close();
});

test("record spool: with store and disk both failing memory is bounded, call records go first, losses are counted", async (t) => {
  const b = bench(t);
  const errors: string[] = [];
  const log = { ...silentLog, error: (event: string) => void errors.push(event) };
  const { store, clock, metrics } = b;
  const spool = await RecordSpool.open(
    { store, clock, metrics, random: new SeededRandom(1), log },
    { folder: b.folder, batchSize: 10, queueLimit: 100, highMark: 20, spillLimitBytes: 0 },
  );
  store.state = "down";
  for (const index of range(500)) spool.write(cdrRecord(index));
  assert.equal(spool.size, 90);
  for (const index of range(50)) spool.write({ kind: "audit", entry: sampleAudit(index) });
  assert.equal(spool.size, 100);
  assert.equal(metrics.value("ringfence_store_lost_total", "cdr"), 410);
  assert.equal(metrics.value("ringfence_store_lost_total", "audit"), 40);
  await b.until(() => errors.includes("store.spill-failed"));
  assert.deepEqual(errors.filter((event) => event === "store.records-lost").length, 1, "said once");

  store.state = "up";
  await b.until(() => store.written.length === 100);
  assert.equal(metrics.value("ringfence_store_spilled_total"), 0);
  spool.write(cdrRecord(1000));
  await b.until(() => store.written.length === 101);
  await spool.close();
});

test("record spool: a batch from another thread is acknowledged when it is stored or on disk, not before", async (t) => {
  const b = bench(t);
  const spool = await b.open();
  b.store.state = "hanging";
  let safe = 0;
  const json = JSON.stringify(range(3).map((index) => cdrRecord(index)));
  void spool.accept({ seq: 1, json }).then(() => safe++);
  await b.until(() => b.store.batches === 1);
  assert.equal(safe, 0);
  await b.until(() => safe === 1, 1_000);
  assert.equal(b.metrics.value("ringfence_store_spilled_total"), 3);

  b.store.state = "up";
  void spool.accept({ seq: 2, json: JSON.stringify([cdrRecord(7)]) }).then(() => safe++);
  await b.until(() => safe === 2);
  assert.ok(b.store.written.includes(idOf(cdrRecord(7))));
  await spool.close();
});

test("record spool: rubbish from another thread is counted and acknowledged", async (t) => {
  const b = bench(t);
  const spool = await b.open();
  await spool.accept({ seq: 1, json: "{" });
  await spool.accept({ seq: 2, json: "[]" });
  await spool.accept({ seq: 3, json: '[{"kind":"cdr"},7]' });
  assert.equal(b.metrics.value("ringfence_store_broken_lines_total"), 3);
  await spool.close();
});

test("record spool: close puts what the store did not take on disk, and later records are counted as lost", async (t) => {
  const b = bench(t);
  const spool = await b.open();
  b.store.state = "down";
  for (const index of range(5)) spool.write(cdrRecord(index));
  let closed = false;
  void spool.close(200).then(() => (closed = true));
  await b.until(() => closed);
  assert.equal(b.metrics.value("ringfence_store_spilled_total"), 5);
  spool.write(cdrRecord(9));
  assert.equal(b.metrics.value("ringfence_store_lost_total", "cdr"), 1);
  await spool.close();

  b.store.state = "up";
  const next = await b.open();
  await b.until(() => b.store.written.length === 5);
  await next.close();
});

test("record spool: close during a write that hangs leaves that batch on disk", async (t) => {
  const b = bench(t);
  const spool = await b.open();
  b.store.state = "hanging";
  for (const index of range(10)) spool.write(cdrRecord(index));
  await b.until(() => b.store.batches === 1);
  let closed = false;
  void spool.close(200).then(() => (closed = true));
  await b.until(() => closed);
  b.store.state = "up";
  const next = await b.open();
  await b.until(() => b.store.written.length === 10);
  await next.close();
});

test("record spool: flush resolves when what was written before is in the store", async (t) => {
  const b = bench(t);
  const spool = await b.open();
  for (const index of range(3)) spool.write(cdrRecord(index));
  await spool.flush();
  assert.deepEqual(numbers(b.store.written), range(3));
  await spool.close();
});

test("record spool: it tells of trouble from the first failed write until one succeeds", async (t) => {
  const b = bench(t);
  const spool = await b.open();
  const trouble = () => spool.trouble ?? "none";
  assert.equal(trouble(), "none");
  b.store.state = "down";
  spool.write(cdrRecord(1));
  await b.until(() => b.metrics.value("ringfence_store_spilled_total") === 1);
  assert.match(trouble(), /last write .* failed/);
  b.store.state = "up";
  await b.until(() => b.store.written.length === 1);
  await b.until(() => b.metrics.value("ringfence_store_up") === 1);
  assert.equal(trouble(), "none");
  await spool.close();
});

test("record spool: it tells when neither database nor disk takes records, and when they are lost", async (t) => {
  const b = bench(t);
  const spool = await b.open({ queueLimit: 20, spillLimitBytes: 1 });
  b.store.state = "down";
  for (const index of range(5)) spool.write(cdrRecord(index));
  await b.until(() => /neither/.test(spool.trouble ?? ""));
  for (const index of range(30)) spool.write(cdrRecord(index + 5));
  assert.match(spool.trouble ?? "", /lost/);
  b.store.state = "up";
  await b.until(() => spool.size === 0 && spool.trouble === undefined);
  await spool.close();
});

test("record spool: it says that all is stored only when nothing waits on disk any more", async (t) => {
  const b = bench(t);
  const spool = await b.open();
  const asked = async (): Promise<boolean> => {
    let answer: boolean | undefined;
    void spool.stored().then((stored) => (answer = stored));
    await b.until(() => answer !== undefined);
    return answer === true;
  };
  assert.equal(await asked(), true, "there is nothing");
  for (const index of range(5)) spool.write(cdrRecord(index));
  assert.equal(await asked(), true);
  assert.equal(b.store.written.length, 5);
  b.store.state = "down";
  for (const index of range(25)) spool.write(cdrRecord(index + 5));
  assert.equal(await asked(), false);
  await b.until(() => b.metrics.value("ringfence_store_spilled_total") === 25);
  assert.equal(await asked(), false, "they are on disk");
  b.store.state = "up";
  await b.until(() => b.store.written.length === 30);
  assert.equal(await asked(), true);
  await spool.close();
});
