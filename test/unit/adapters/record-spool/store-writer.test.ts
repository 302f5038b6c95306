import assert from "node:assert/strict";
import { test } from "node:test";
import { RejectFile } from "../../../../gateway/adapters/record-spool/reject-file.js";
import { spoolMetrics } from "../../../../gateway/adapters/record-spool/spool-metrics.js";
import { StoreWriter } from "../../../../gateway/adapters/record-spool/store-writer.js";
import { GatewayError } from "../../../../gateway/core/errors.js";
import { silentLog } from "../../../../gateway/core/log.js";
import { noMetrics } from "../../../../gateway/core/metrics.js";
import type { StoreRecord } from "../../../../gateway/ports/records.js";
import { FakeClock } from "../../../support/fake-clock.js";
import { cdrRecord } from "../../../support/records.js";
import { SeededRandom } from "../../../support/seeded-random.js";

function writerOn(write: (records: readonly StoreRecord[]) => Promise<void>) {
  const clock = new FakeClock();
  const lost: StoreRecord[] = [];
  const writer = new StoreWriter(
    {
      store: { write },
      clock,
      random: new SeededRandom(3),
      log: silentLog,
      metrics: spoolMetrics(noMetrics),
      rejects: new RejectFile("/dev/null/not-a-folder/rejected.jsonl", 1_000),
      onLost: (record) => lost.push(record),
    },
    { writeTimeoutMs: 1_000, retryMinMs: 200, retryMaxMs: 10_000 },
  );
  return { writer, clock, lost };
}

test("store writer: the pause after a failure doubles to its limit, with jitter of half; success ends it", async () => {
  let up = false;
  const { writer, clock } = writerOn(() => (up ? Promise.resolve() : Promise.reject(new Error("down"))));
  for (const most of [200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]) {
    assert.equal(await writer.write([cdrRecord(1)]), false);
    const pause = writer.retryAt - clock.mono();
    assert.ok(pause >= most / 2 && pause <= most, `${pause} of ${most}`);
    clock.advance(pause);
  }
  assert.equal(writer.down, true);
  up = true;
  assert.equal(await writer.write([cdrRecord(1)]), true);
  assert.equal(writer.down, false);
  assert.ok(writer.retryAt <= clock.mono());
});

test("store writer: a write without answer fails after writeTimeoutMs; its late failure harms nobody", async () => {
  let failLate: (error: Error) => void = () => undefined;
  const { writer, clock } = writerOn(() => new Promise((_resolve, reject) => (failLate = reject)));
  const written = writer.write([cdrRecord(1)]);
  clock.advance(1_000);
  assert.equal(await written, false);
  failLate(new Error("too late"));
  await new Promise((resolve) => setImmediate(resolve));
});

test("store writer: a refused record that cannot even be set aside is told as lost, the others are written", async () => {
  const written: StoreRecord[] = [];
  const { writer, lost } = writerOn((records) => {
    if (records.some((record) => record.kind === "cdr" && record.cdr.id === "cdr-00000002")) {
      return Promise.reject(new GatewayError("store.rejected", "no"));
    }
    written.push(...records);
    return Promise.resolve();
  });
  assert.equal(await writer.write([1, 2, 3].map((index) => cdrRecord(index))), true);
  assert.deepEqual(written, [cdrRecord(1), cdrRecord(3)]);
  assert.deepEqual(lost, [cdrRecord(2)]);
});
