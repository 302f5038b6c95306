import assert from "node:assert/strict";
import { test } from "node:test";
import { unixMs, type Alert } from "../../../detection/index.js";
import { noMetrics } from "../../../gateway/core/metrics.js";
import type { StoreRecord } from "../../../gateway/ports/records.js";
import { RecordsWriter } from "../../../gateway/workers/records-writer.js";
import { FakeClock } from "../../support/fake-clock.js";
import { sampleAlert, sampleCallRecord } from "../../support/records.js";

const POSITION = { name: "webex", at: unixMs(1), value: { readTo: 1 } };
const result = (alerts: readonly Alert[] = []) => ({
  ...{ records: [sampleCallRecord(1)], changes: [], findings: [], alerts, ahead: 0 },
});
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function bench() {
  const written: StoreRecord["kind"][] = [];
  const waiting: (() => void)[] = [];
  const clock = new FakeClock();
  const sink = {
    write: ({ kind }: StoreRecord) => void written.push(kind),
    writeTogether: (records: readonly StoreRecord[]): Promise<void> => {
      written.push(...records.map(({ kind }) => kind));
      return new Promise((resolve) => waiting.push(resolve));
    },
  };
  const writer = new RecordsWriter({ sink, onAlert: () => undefined, clock, metrics: noMetrics });
  return { writer, written, waiting, clock };
}

test("what was found comes before the records that it was found in", () => {
  const { writer, written } = bench();
  writer.write(result([sampleAlert(1)]));
  assert.deepEqual(written, ["alert", "call-record"]);
});

test("a feed's position is written when all that it stands for is safe, whichever part is safe first", async () => {
  const { writer, written, waiting } = bench();
  writer.write(result());
  writer.write(result());
  writer.keep(POSITION);
  waiting[1]?.();
  await turn();
  assert.equal(written.includes("intake-position"), false);
  waiting[0]?.();
  await turn();
  assert.equal(written.includes("intake-position"), true);
});

test("the end waits a while for what was written; a position whose records are not safe by then is not kept", async () => {
  const { writer, written, waiting, clock } = bench();
  writer.write(result());
  writer.keep(POSITION);
  let isClosed = false;
  const closed = writer.close().then(() => (isClosed = true));
  await turn();
  assert.equal(isClosed, false);
  clock.advance(2_000);
  await closed;
  waiting[0]?.();
  await turn();
  assert.deepEqual(written, ["call-record"]);
});
