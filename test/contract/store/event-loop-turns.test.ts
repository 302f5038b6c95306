import assert from "node:assert/strict";
import { test } from "node:test";
import { unixMs } from "../../../detection/index.js";
import type { StoreRecord } from "../../../gateway/ports/records.js";
import { turnsOf } from "../../support/event-loop.js";
import { openFreshStore } from "../../support/fresh-store.js";
import { sampleCdr } from "../../support/records.js";

/** The embedded database answers in microtasks; the same thread answers HTTP, which has to come in between. */
const STEPS = 6;
const STEP_ROWS = 2_000;

const oldAudit = (index: number): StoreRecord => ({
  kind: "audit",
  entry: {
    ...{ id: `a${index}`, at: unixMs(1_700_000_000_000 + index), actor: "ana", role: "admin" },
    ...{ action: "reload", target: "configuration", outcome: "done", detail: {} },
  },
});

/** A store with so many steps' rows. */
async function filled(row: (index: number) => StoreRecord) {
  const store = await openFreshStore(undefined, { auditDays: 1 });
  for (let step = 0; step < STEPS; step++)
    await store.write(Array.from({ length: STEP_ROWS }, (_, i) => row(step * STEP_ROWS + i)));
  return store;
}

test("many old rows are deleted step by step, with a turn of the event loop after each", async () => {
  const store = await filled(oldAudit);
  let deleted = 0;
  const turns = await turnsOf(async () => {
    deleted = (await store.prune(unixMs(1_800_000_000_000))).deleted.audit;
  });
  assert.equal(deleted, STEPS * STEP_ROWS);
  assert.ok(turns >= STEPS, `${turns} turns for ${STEPS} steps`);
});

test("CDRs are exported page by page, with a turn of the event loop between them, however fast the reader is", async () => {
  const store = await filled((index) => ({ kind: "cdr", cdr: sampleCdr(index) }));
  let rows = 0;
  let pages = 0;
  const turns = await turnsOf(async () => {
    for await (const page of store.exportCdrs({})) {
      rows += page.length;
      pages++;
    }
  });
  assert.equal(rows, STEPS * STEP_ROWS);
  assert.ok(pages > 1 && turns >= pages - 1, `${turns} turns for ${pages} pages`);
});
