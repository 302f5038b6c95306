import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { unixMs, type CallerId } from "../../../detection/index.js";
import { GatewayError } from "../../../gateway/core/errors.js";
import type { ManagedStore } from "../../../gateway/adapters/store/open-store.js";
import type { StoreRecord } from "../../../gateway/ports/records.js";
import {
  cdrRecord,
  RECORDS_START,
  sampleAlert,
  sampleAudit,
  sampleBlock,
  sampleIncident,
  sampleTeardown,
} from "../../support/records.js";

const DAY_MS = 86_400_000;
const at = (ms: number) => unixMs(RECORDS_START + ms);

/** What SQL stores do beyond the port. Retention of the store under test: CDRs 1 day, incidents 2, audit for ever. */
export function sqlContract(name: string, make: (t: TestContext) => Promise<ManagedStore>): void {
  test(`${name}: NUL and lone surrogates become U+FFFD, the record is kept`, async (t) => {
    const store = await make(t);
    await store.write([
      cdrRecord(1, { caller: "a\0b\uD800c" as CallerId }),
      { kind: "audit", entry: sampleAudit(1, { target: "\0", detail: { "k\0": "\uDC00v" } }) },
    ]);
    assert.equal((await store.cdrs({ limit: 1 }))[0]?.caller, "a\uFFFDb\uFFFDc");
    assert.deepEqual((await store.audit({ limit: 1 }))[0]?.detail, { "k\uFFFD": "\uFFFDv" });
    assert.deepEqual(await store.cdrs({ limit: 1, caller: "\0" }), []);
  });

  test(`${name}: huge text is stored; keys are cut so that two stay two`, async (t) => {
    const store = await make(t);
    // Incompressible, or PostgreSQL would squeeze it under the index's limit.
    let seed = 7;
    const noise = Array.from({ length: 100_000 }, () => {
      seed = (seed * 48271) % 2147483647;
      return String.fromCharCode(0x4e00 + (seed % 20_000));
    }).join("");
    await store.write([
      cdrRecord(1, { id: `${noise}1`, caller: noise as CallerId, callId: noise }),
      cdrRecord(2, { id: `${noise}2`, caller: noise as CallerId }),
      { kind: "alert", alert: sampleAlert(1, { message: noise }) },
      { kind: "teardown", teardown: sampleTeardown(1, { callId: noise, aOutcome: noise }) },
    ]);
    assert.equal((await store.cdrs({ limit: 9 })).length, 2);
    assert.equal((await store.alerts({ limit: 1 }))[0]?.message, noise.slice(0, 65_536));
  });

  test(`${name}: a batch with one refused record is refused whole, with store.rejected`, async (t) => {
    const store = await make(t);
    const poison = [cdrRecord(2, { durationMs: Number.NaN }), cdrRecord(2, { status: 1e12 })];
    for (const bad of poison) {
      await assert.rejects(
        store.write([cdrRecord(1), bad, { kind: "audit", entry: sampleAudit(1) }]),
        (error) => error instanceof GatewayError && error.code === "store.rejected",
      );
    }
    const broken = { kind: "cdr" } as unknown as StoreRecord;
    await assert.rejects(
      store.write([cdrRecord(1), broken]),
      (error) => error instanceof GatewayError && error.code === "store.rejected",
    );
    assert.deepEqual(await store.cdrs({ limit: 9 }), []);
    assert.deepEqual(await store.audit({ limit: 9 }), []);
  });

  test(`${name}: concurrent writers and readers do not get into each other's transactions`, async (t) => {
    const store = await make(t);
    const work: Promise<unknown>[] = [];
    for (let batch = 0; batch < 20; batch++) {
      const records = [cdrRecord(batch), { kind: "audit" as const, entry: sampleAudit(batch) }];
      const bad = { kind: "audit" as const, entry: sampleAudit(batch, { at: unixMs(Number.NaN) }) };
      work.push(store.write(records), store.cdrs({ limit: 5 }));
      work.push(assert.rejects(store.write([cdrRecord(1000 + batch), bad]), GatewayError));
    }
    await Promise.all(work);
    assert.equal((await store.cdrs({ limit: 100 })).length, 20);
    assert.equal((await store.audit({ limit: 100 })).length, 20);
  });

  test(`${name}: pruning deletes by age and kind, never an open incident or a block in force`, async (t) => {
    const store = await make(t);
    const now = at(10 * DAY_MS);
    const old = 7 * DAY_MS;
    await store.write([
      ...Array.from({ length: 2_500 }, (_, index) => cdrRecord(index)),
      cdrRecord(9_999, { startedAt: at(10 * DAY_MS - 1000) }),
      { kind: "alert", alert: sampleAlert(1) },
      { kind: "incident", incident: sampleIncident(1) },
      { kind: "incident", incident: sampleIncident(2, { state: "closed", updatedAt: at(old), closedAt: at(old) }) },
      { kind: "block", change: "added", block: sampleBlock(1, { expiresAt: at(11 * DAY_MS) }) },
      { kind: "block", change: "added", block: sampleBlock(2, { expiresAt: at(old) }) },
      { kind: "teardown", teardown: sampleTeardown(1) },
      { kind: "audit", entry: sampleAudit(1) },
    ]);
    const { deleted, more } = await store.prune(now);
    assert.deepEqual(deleted, {
      cdrs: 2_500,
      alerts: 1,
      incidents: 1,
      blocks: 1,
      teardowns: 1,
      audit: 0,
      transcripts: 0,
    });
    assert.equal(more, false);
    assert.equal((await store.cdrs({ limit: 9 })).length, 1);
    assert.deepEqual(
      (await store.incidents({ limit: 9 })).map(({ state }) => state),
      ["open"],
    );
    assert.equal((await store.activeBlocks(now)).length, 1);
    assert.equal((await store.audit({ limit: 9 })).length, 1);
  });

  test(`${name}: 100,000 CDRs in batches are all there`, async (t) => {
    const store = await make(t);
    for (let from = 0; from < 100_000; from += 5_000) {
      await store.write(Array.from({ length: 5_000 }, (_, index) => cdrRecord(from + index)));
    }
    let count = 0;
    let last = -1;
    for await (const page of store.exportCdrs({})) {
      for (const { startedAt } of page) {
        assert.ok(startedAt > last);
        last = startedAt;
        count++;
      }
    }
    assert.equal(count, 100_000);
  });
}
