import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordSpool } from "../../../../gateway/adapters/record-spool/record-spool.js";
import { GatewayError } from "../../../../gateway/core/errors.js";
import { silentLog } from "../../../../gateway/core/log.js";
import { noMetrics } from "../../../../gateway/core/metrics.js";
import type { StoreRecord } from "../../../../gateway/ports/records.js";
import { FakeClock } from "../../../support/fake-clock.js";
import { temporaryFolder, until } from "../../../support/processes.js";
import { sampleAlert, sampleCallRecord } from "../../../support/records.js";
import { SeededRandom } from "../../../support/seeded-random.js";

const page = (count: number): StoreRecord[] => [
  { kind: "alert", alert: sampleAlert(1) },
  ...Array.from({ length: count }, (_, i) => ({ kind: "call-record", record: sampleCallRecord(i) }) as const),
];

async function bench(
  t: { after: (fn: () => void) => void },
  write: (records: readonly StoreRecord[]) => Promise<void>,
) {
  const folder = temporaryFolder("spool-together");
  t.after(() => folder.remove());
  const clock = new FakeClock();
  const deps = { clock, random: new SeededRandom(1), metrics: noMetrics, log: silentLog };
  const open = (store: { write: typeof write }) => RecordSpool.open({ ...deps, store }, { folder: folder.path });
  return { clock, spool: await open({ write }), open };
}

test("what belongs together is one write to the store, though it is more than a batch; it is told when it is there", async (t) => {
  const writes: (readonly StoreRecord[])[] = [];
  let isDone = (): void => undefined;
  const { spool } = await bench(t, (records) => {
    writes.push(records);
    return new Promise((resolve) => (isDone = resolve));
  });
  spool.write({ kind: "call-record", record: sampleCallRecord(9_999) });
  let isKept = false;
  const kept = spool.writeTogether(page(1_200)).then(() => (isKept = true));
  const kinds = (writes.find((records) => records.length >= 1_201) ?? []).map(({ kind }) => kind);
  assert.ok(kinds.includes("alert"));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isKept, false);
  isDone();
  await kept;
  await spool.close();
});

test("what belongs together is kept on disk in its order while the store is down, so what was found comes before its records", async (t) => {
  const down = (): Promise<void> => Promise.reject(new GatewayError("store.unavailable", "down"));
  const { clock, spool, open } = await bench(t, down);
  let isKept = false;
  void spool.writeTogether(page(1_200)).then(() => (isKept = true));
  await until("it to be on disk", () => {
    clock.advance(100);
    return isKept;
  });
  // The process was killed; the next one finds it on disk.
  const replayed: StoreRecord[] = [];
  const second = await open({
    write: (records) => {
      replayed.push(...records);
      return Promise.resolve();
    },
  });
  await until("all to be in the store", () => {
    clock.advance(100);
    return replayed.length >= 1_201;
  });
  assert.equal(replayed[0]?.kind, "alert");
  await second.close();
});
