import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openStore, type ManagedStore } from "../../../gateway/adapters/store/open-store.js";
import { silentLog } from "../../../gateway/core/log.js";
import { unixMs } from "../../../gateway/core/time.js";
import type { KeptRecordingJob, RecordingLane, RecordingStage } from "../../../gateway/ports/recordings.js";
import type { CallRecord } from "../../../detection/index.js";
import type { StoreRecord } from "../../../gateway/ports/records.js";
import { postgresAbsent, startPostgres } from "../../support/postgres.js";
import { temporaryFolder } from "../../support/processes.js";
import { cdrRecord, sampleCallRecord, sampleCdr } from "../../support/records.js";
import { storeTemplate } from "../../support/store-template.js";

const NOW = unixMs(1_700_000_000_000);
const idOf = (name: string): string => Buffer.from(name.padEnd(16, "-")).toString("hex").slice(0, 32);

const jobOf = (name: string, more: Partial<KeptRecordingJob> = {}): KeptRecordingJob => ({
  ...{ id: idOf(name), home: "here", callId: name, origin: "api", priority: 5, stage: "download" },
  ...{
    createdAt: NOW,
    updatedAt: NOW,
    stageSince: NOW,
    failingSince: undefined,
    dueAt: NOW,
    attempts: 0,
    pieces: 0,
    piecesDone: 0,
    durationMs: 0,
  },
  ...{ caller: undefined, called: undefined, error: undefined, detail: undefined, state: undefined, score: undefined },
  ...{ kind: undefined, sealedOrder: "sealed", sealedResult: undefined },
  ...more,
});

function contract(open: () => Promise<{ store: ManagedStore; close: () => Promise<void> }>): void {
  let store: ManagedStore;
  let close: () => Promise<void>;
  before(async () => {
    ({ store, close } = await open());
  });
  after(() => close());
  const emptied = async () => {
    const { recordings } = store;
    await recordings.remove(
      (await recordings.list({ limit: 1_000 })).map(({ id }) => id),
      NOW,
    );
    return recordings;
  };

  test("a job is added once, comes back as it was, and changes by parts", async () => {
    const jobs = await emptied();
    const job = jobOf("a", { caller: "+1", detail: "with \0 in it", score: 0.25 });
    assert.equal(await jobs.add(job), true);
    assert.equal(await jobs.add(jobOf("a", { priority: 9 })), false);
    assert.deepEqual(await jobs.get(job.id), { ...job, detail: "with \uFFFD in it" });
    const change = { stage: "transcribe", failingSince: NOW, score: 0.75, detail: undefined, pieces: 3 } as const;
    assert.equal(await jobs.change(job.id, change), true);
    assert.deepEqual(await jobs.get(job.id), { ...job, ...change });
    assert.equal(await jobs.change(idOf("nobody"), change), false);
  });

  test("what is due comes by priority, then by age, of its lane and home only", async () => {
    const jobs = await emptied();
    const put = (name: string, more: Partial<KeptRecordingJob>) => jobs.add(jobOf(name, more));
    await put("old", { createdAt: unixMs(NOW - 10) });
    await put("new", {});
    await put("urgent", { priority: 9 });
    await put("later", { priority: 9, dueAt: unixMs(NOW + 50) });
    await put("elsewhere", { home: "there", priority: 9 });
    await put("crm", { stage: "deliver", dueAt: unixMs(NOW + 7) });
    for (const stage of ["done", "failed"] as const) await put(stage, { stage });
    await put("handed over", { origin: "upload", priority: 1 });
    await put("decoded", { stage: "transcribe", priority: 1 });
    await put("failing", { stage: "decode", priority: 0, failingSince: NOW });
    const due = async (lane: RecordingLane, now: number, except: readonly string[] = []) =>
      (await jobs.due("here", lane, unixMs(now), 10, except)).map(({ callId }) => callId);
    assert.deepEqual(await due("fetch", NOW), ["urgent", "old", "new", "handed over"]);
    assert.deepEqual(await due("fetch", NOW + 50, [idOf("old")]), ["later", "urgent", "new", "handed over"]);
    assert.deepEqual(await due("arrived", NOW), ["handed over"]);
    assert.deepEqual(await due("work", NOW), ["decoded", "failing"]);
    assert.equal(await jobs.begun("here", []), 1);
    assert.equal(await jobs.begun("here", [idOf("decoded")]), 0);
    assert.deepEqual(await due("deliver", NOW), []);
    assert.deepEqual(await due("deliver", NOW + 7), ["crm"]);
    assert.equal(await jobs.nextDue("here", "deliver", []), NOW + 7);
    assert.equal(await jobs.nextDue("here", "deliver", [idOf("crm")]), undefined);
    assert.deepEqual(await jobs.count(), {
      ...{ download: 6, decode: 1, transcribe: 1 },
      ...{ deliver: 1, done: 1, failed: 1 },
    });
  });

  test("what a clock that was ahead has put off is due, what is only waiting is not, and what is over stays", async () => {
    const jobs = await emptied();
    const put = (name: string, more: Partial<KeptRecordingJob>) => jobs.add(jobOf(name, more));
    await put("ahead", { dueAt: unixMs(NOW + 1_000) });
    await put("waits", { dueAt: unixMs(NOW + 10) });
    await put("over", { stage: "done", dueAt: unixMs(NOW + 1_000) });
    await put("elsewhere", { home: "there", dueAt: unixMs(NOW + 1_000) });
    await jobs.pullIn("here", unixMs(NOW + 10), NOW);
    const dueAt = async (name: string) => (await jobs.get(idOf(name)))?.dueAt;
    assert.deepEqual(await Promise.all(["ahead", "waits", "over", "elsewhere"].map(dueAt)), [
      ...[NOW, NOW + 10],
      ...[NOW + 1_000, NOW + 1_000],
    ]);
  });

  test("what was deleted is remembered, for as long as somebody asks for it", async () => {
    const jobs = await emptied();
    const [day, id] = [86_400_000, idOf("gone")];
    await jobs.add(jobOf("gone"));
    assert.equal(await jobs.wasRemoved(id, NOW), false);
    await jobs.remove([id, idOf("never there")], NOW);
    assert.equal(await jobs.wasRemoved(id, NOW), true);
    assert.equal(await jobs.wasRemoved(idOf("never there"), NOW), false);
    assert.equal(await jobs.wasRemoved(id, unixMs(NOW + 2 * day)), true);
    await jobs.dropRemoved(unixMs(NOW + day));
    assert.equal(await jobs.wasRemoved(id, unixMs(NOW + 2 * day)), true, "it was asked for since");
    await jobs.dropRemoved(unixMs(NOW + 3 * day));
    assert.equal(await jobs.wasRemoved(id, unixMs(NOW + 3 * day)), false);
    // A person has it worked on again; deleted again, it is noted again.
    for (const at of [NOW, unixMs(NOW + 1)]) {
      await jobs.add(jobOf("gone"));
      await jobs.remove([id], at);
    }
    assert.equal(await jobs.wasRemoved(id, NOW), true);
  });

  test("jobs of a number are found by it, and by the call record of their call", async () => {
    const jobs = await emptied();
    const cdr = sampleCdr(77);
    await store.write([cdrRecord(77)]);
    await jobs.add(jobOf("mine", { called: "+34600111222" }));
    await jobs.add(jobOf("other", { called: "+34600111223" }));
    await jobs.add(jobOf("ours", { callId: cdr.callId }));
    assert.deepEqual(await jobs.ofNumber("+34600111222", false), [idOf("mine")]);
    assert.deepEqual(await jobs.ofNumber(cdr.caller, false), [idOf("ours")]);
    assert.deepEqual(await jobs.partiesOf(cdr.callId), { caller: cdr.caller, called: cdr.called });
    assert.equal(await jobs.partiesOf("unknown"), undefined);
  });

  test("a legal hold keeps jobs, by their own numbers and by their call's record: from deletion by the other party, and by age", async () => {
    const jobs = await emptied();
    const cdr = sampleCdr(78);
    await store.write([cdrRecord(78)]);
    const [deleted, held] = ["+34600111333", "+34600111444"];
    const old = { stage: "done", updatedAt: unixMs(NOW - 1_000) } as const;
    await jobs.add(jobOf("a-free", { caller: deleted, called: "+34600111555", ...old }));
    await jobs.add(jobOf("b-held", { caller: deleted, called: held, ...old }));
    await jobs.add(jobOf("c-held", { caller: held, called: deleted, ...old }));
    await jobs.add(jobOf("d-ours", { callId: cdr.callId, ...old }));
    for (const number of [held, cdr.called])
      await store.legalHolds.place({ number, placedBy: "test", placedAt: NOW, reason: "case" });
    assert.deepEqual(await jobs.ofNumber(deleted, false), [idOf("a-free")]);
    assert.deepEqual(await jobs.ofNumber(deleted, true), [idOf("b-held"), idOf("c-held")]);
    assert.deepEqual(await jobs.ofNumber(deleted, true, idOf("b-held")), [idOf("c-held")]);
    assert.deepEqual(await jobs.ofNumber(cdr.caller, false), []);
    assert.deepEqual(await jobs.ofNumber(cdr.caller, true), [idOf("d-ours")]);
    assert.deepEqual(await jobs.endedBefore(NOW), [idOf("a-free")]);
    // Whoever names them by their ids, as a person by the API or pruning that read them before the hold.
    const all = ["a-free", "b-held", "c-held", "d-ours"].map(idOf);
    assert.deepEqual(await jobs.remove(all, NOW), [idOf("a-free")]);
    assert.equal(await jobs.wasRemoved(idOf("b-held"), NOW), false);
    assert.equal((await jobs.get(idOf("b-held")))?.callId, "b-held");
    for (const number of [held, cdr.called]) await store.legalHolds.lift(number);
    assert.equal((await jobs.endedBefore(NOW)).length, 3);
    assert.deepEqual([...(await jobs.remove(all, NOW))].sort(), all.slice(1).sort());
  });

  test("a call that is known by another system's record only: its recording is found, sealed for, and held by the record's parties", async () => {
    const jobs = await emptied();
    const [caller, called] = ["+34600111666", "+34600111777"];
    const old = { stage: "done", updatedAt: unixMs(NOW - 1_000) } as const;
    // As long as a Call-ID may be: longer than what the index has of it.
    const callId = `webex-${"x".repeat(250)}`;
    const record = (id: string, more: Partial<CallRecord>): StoreRecord => ({
      kind: "call-record",
      record: sampleCallRecord(0, { id, source: "webex", callId, caller, called, ...more }),
    });
    const later = unixMs(NOW + 5_000);
    await store.write([
      record("recorded-2", { startedAt: later, endedAt: later, caller: "+34600111888" }),
      record("recorded-1", { startedAt: NOW, endedAt: NOW }),
      record("recorded-3", { callId: `${callId}y`, caller: "+34600111999" }),
      record("recorded-4", { callId: "withheld", caller: "" }),
    ]);
    await jobs.add(jobOf("recorded", { callId, ...old }));
    await jobs.add(jobOf("stranger", { ...old }));
    assert.deepEqual(await jobs.partiesOf(callId), { caller, called });
    assert.deepEqual(await jobs.partiesOf("withheld"), { caller: undefined, called });
    for (const number of [caller, called, "+34600111888"])
      assert.deepEqual(await jobs.ofNumber(number, false), [idOf("recorded")], number);
    assert.deepEqual(await jobs.ofNumber("+34600111999", false), []);
    await store.legalHolds.place({ number: called, placedBy: "test", placedAt: NOW, reason: "case" });
    assert.deepEqual(await jobs.ofNumber(caller, false), []);
    assert.deepEqual(await jobs.ofNumber(caller, true), [idOf("recorded")]);
    assert.deepEqual(await jobs.endedBefore(NOW), [idOf("stranger")]);
    assert.deepEqual(await jobs.remove([idOf("recorded")], NOW), []);
    await store.legalHolds.lift(called);
    assert.equal((await jobs.endedBefore(NOW)).length, 2);
  });

  test("what a gateway that is gone has left fails; what one that is busy with others has waiting does not", async () => {
    const jobs = await emptied();
    const [old, later] = [unixMs(NOW - 1_000), unixMs(NOW + 1)];
    await jobs.add(jobOf("ours", { updatedAt: old }));
    await jobs.add(jobOf("gone", { home: "gone", updatedAt: old }));
    await jobs.add(jobOf("gone-done", { home: "gone", stage: "done", updatedAt: old }));
    await jobs.add(jobOf("busy-waits", { home: "busy", updatedAt: old }));
    await jobs.add(jobOf("busy-works", { home: "busy", stage: "transcribe" }));
    assert.equal(await jobs.giveUpOrphans("here", NOW, later, "why"), 1);
    const { stage, error, detail, updatedAt } = (await jobs.get(idOf("gone")))!;
    assert.deepEqual([stage, error, detail, updatedAt], ["failed", "recording.invalid", "why", later]);
    assert.deepEqual(await jobs.count(), { download: 2, transcribe: 1, done: 1, failed: 1 });
    assert.equal(await jobs.giveUpOrphans("here", NOW, later, "why"), 0);
  });

  test("what ended long ago is found; what waits is not, however old it is", async () => {
    const jobs = await emptied();
    const old = unixMs(NOW - 1_000);
    const stages: readonly RecordingStage[] = ["done", "failed", "deliver"];
    for (const stage of stages) await jobs.add(jobOf(stage, { stage, updatedAt: old }));
    await jobs.add(jobOf("fresh", { stage: "done" }));
    assert.deepEqual([...(await jobs.endedBefore(NOW))].sort(), [idOf("done"), idOf("failed")].sort());
  });
}

describe("recording jobs on PGlite", () =>
  contract(async () => {
    const folder = temporaryFolder("jobs");
    const store = await openStore({ folder: folder.path, template: await storeTemplate(), log: silentLog });
    return {
      store,
      close: async () => {
        await store.close();
        folder.remove();
      },
    };
  }));

describe("recording jobs on PostgreSQL", { skip: postgresAbsent() ?? false }, () =>
  contract(async () => {
    const postgres = await startPostgres();
    const store = await openStore({ folder: undefined, databaseUrl: postgres.url, log: silentLog });
    return {
      store,
      close: async () => {
        await store.close();
        await postgres.remove();
      },
    };
  }),
);
