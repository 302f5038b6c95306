import assert from "node:assert/strict";
import { test } from "node:test";
import { unixMs, type CallerId } from "../../../detection/index.js";
import type { CallRecordStore } from "../../../gateway/ports/call-records.js";
import { apiHarness } from "../../support/api-harness.js";
import { MemoryHolds } from "../../support/memory-holds.js";
import { sampleCallRecord, sampleCdr, sampleTranscript } from "../../support/records.js";

const NUMBER = "+12025550142";
const PATH = `/api/v1/subjects/${encodeURIComponent(NUMBER)}`;
const REASON = "case 2026-114, district court";

/** Imported ones: of each side of the number one. */
const callRecords: Partial<CallRecordStore> = {
  records: ({ caller, called }) => Promise.resolve(caller === NUMBER || called === NUMBER ? [sampleCallRecord(1)] : []),
};

async function scene() {
  const holds = new MemoryHolds();
  const destroyed: string[] = [];
  const subjects = { nameOf: () => "subject:abc", destroy: (number: string) => destroyed.push(number) > 0 };
  const harness = await apiHarness(
    {},
    { holds, subjects, cdrDays: 2_555, callRecords: callRecords as CallRecordStore, recordDays: 400 },
  );
  const caller = NUMBER as CallerId;
  await harness.store.write([
    { kind: "transcript", transcript: sampleTranscript(1, { caller }) },
    { kind: "cdr", cdr: sampleCdr(1, { caller }) },
  ]);
  return { ...harness, holds, destroyed };
}

test("a deletion is refused while a hold is on the number, with who and why; after it is lifted, it is done", async () => {
  const { ask, audit, store, destroyed } = await scene();
  const placed = await ask("PUT", `${PATH}/hold`, { as: "admin", body: { reason: REASON } });
  assert.equal(placed.statusCode, 200);
  const refused = await ask("DELETE", PATH, { as: "admin" });
  assert.equal(refused.statusCode, 409);
  const { error } = refused.json<{ error: { code: string; message: string } }>();
  assert.equal(error.code, "subject.held");
  assert.match(error.message, /placed by the-admin at .*: case 2026-114, district court/);
  assert.equal((await store.transcripts({ limit: 9, caller: NUMBER })).length, 1, "nothing was deleted");
  assert.deepEqual(destroyed, []);
  assert.equal((await ask("DELETE", `${PATH}/hold`, { as: "admin" })).statusCode, 200);
  assert.equal((await ask("DELETE", PATH, { as: "admin" })).statusCode, 200);
  assert.deepEqual(
    audit.map(({ action, outcome, target }) => [action, outcome, target]),
    [
      ["hold.place", "done", "subject:abc"],
      ["subject.forget", "refused", "subject:abc"],
      ["hold.lift", "done", "subject:abc"],
      ["subject.forget", "done", "subject:abc"],
    ],
  );
  assert.ok(!JSON.stringify(audit).includes("2025550142"), "no number in what can never be deleted");
});

test("a deletion says what it did, and what it has left", async () => {
  const { ask, destroyed } = await scene();
  const answer = (await ask("DELETE", PATH, { as: "admin" })).json<Record<string, unknown>>();
  assert.equal(answer["transcripts"], 1);
  assert.equal(answer["key_destroyed"], true);
  assert.deepEqual(answer["kept"], {
    ...{ cdrs: 1, cdr_days: 2_555, call_records: 2, call_record_days: 400 },
    transcripts_held: 0,
  });
  assert.deepEqual(destroyed, [NUMBER]);
});

test("a second hold does not hide who placed the first; holds are listed; lifting none is told", async () => {
  const { ask, holds } = await scene();
  await holds.place({ number: NUMBER, placedBy: "court", placedAt: 1 as never, reason: "first" });
  const second = await ask("PUT", `${PATH}/hold`, { as: "admin", body: { reason: "second" } });
  assert.equal(second.json<{ reason: string }>().reason, "first");
  assert.equal((await ask("GET", "/api/v1/holds", { as: "admin" })).json<unknown[]>().length, 1);
  assert.equal((await ask("DELETE", "/api/v1/subjects/%2B12025550100/hold", { as: "admin" })).statusCode, 404);
  assert.equal((await ask("PUT", `${PATH}/hold`, { as: "admin", body: {} })).statusCode, 400, "a hold has a reason");
  assert.equal((await ask("PUT", `${PATH}/hold`, { as: "analyst", body: { reason: "x" } })).statusCode, 403);
});

test("holds are listed a page at a time, newest first", async () => {
  const { ask, holds } = await scene();
  const numbers = ["+12025550101", "+12025550102", "+12025550103"];
  for (const number of numbers)
    await holds.place({ number, placedBy: "court", placedAt: unixMs(1_000), reason: REASON });
  const list = async (query: string): Promise<readonly string[]> =>
    (await ask("GET", `/api/v1/holds${query}`, { as: "admin" }))
      .json<{ number: string }[]>()
      .map(({ number }) => number);
  assert.deepEqual(await list(""), [...numbers].reverse());
  assert.deepEqual(await list("?limit=2"), ["+12025550103", "+12025550102"]);
  assert.deepEqual(await list("?limit=2&before=1000&before_id=%2B12025550102"), ["+12025550101"]);
  assert.equal((await ask("GET", "/api/v1/holds?limit=0", { as: "admin" })).statusCode, 400);
});
