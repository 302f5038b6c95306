import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { unixMs, type AlertCase, type CalledId, type CallerId, type CallRecord } from "../../../detection/index.js";
import { GatewayError } from "../../../gateway/core/errors.js";
import type { ManagedStore } from "../../../gateway/adapters/store/open-store.js";
import type { PageQuery, StoreRecord, TranscriptRecord } from "../../../gateway/ports/records.js";
import {
  cdrRecord,
  RECORDS_START,
  sampleAlert,
  sampleAudit,
  sampleBlock,
  sampleCallRecord,
  sampleIncident,
  sampleTeardown,
  sampleTranscript,
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
      call_records: 0,
      setting_changes: 0,
      findings: 0,
      intake_positions: 0,
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

  test(`${name}: what a legal hold is on is deleted neither by age nor on request, and is after it is lifted`, async (t) => {
    const store = await make(t);
    const { legalHolds } = store;
    const [held, free] = ["+12025550142", "+12025550143"];
    const now = at(400 * DAY_MS);
    const kept = (index: number, caller: string, called = "+12025550199"): StoreRecord[] => [
      cdrRecord(index, { caller: caller as CallerId, called: called as CalledId }),
      {
        kind: "transcript",
        transcript: sampleTranscript(index, { caller: caller as CallerId, called: called as CalledId }),
      },
    ];
    await store.write([...kept(1, held), ...kept(2, free), ...kept(3, free, held)]);
    const placed = { number: held, placedBy: "oidc:lawyer", placedAt: now, reason: "case 1's order" };
    assert.deepEqual(await legalHolds.place(placed), placed);
    assert.deepEqual(await legalHolds.place({ ...placed, reason: "another" }), placed, "the first stays");
    assert.deepEqual(await legalHolds.hold(held), placed);
    assert.deepEqual(await legalHolds.holds({ limit: 9 }), [placed]);
    assert.deepEqual(
      await store.forgetSubject(free),
      [sampleTranscript(2).callId],
      "not the call with the held number",
    );
    await store.prune(now);
    assert.equal((await store.cdrs({ limit: 9 })).length, 2);
    assert.equal((await store.transcripts({ limit: 9 })).length, 2);
    assert.equal(await legalHolds.lift("' or 1=1 --"), false);
    assert.equal(await legalHolds.lift(held), true);
    assert.equal(await legalHolds.lift(held), false);
    await store.prune(now);
    assert.equal((await store.cdrs({ limit: 9 })).length + (await store.transcripts({ limit: 9 })).length, 0);
  });

  test(`${name}: the text of a later call under a Call-ID is kept beside that of the earlier one, once`, async (t) => {
    const store = await make(t);
    const callId = "chosen@192.0.2.1";
    const of = (index: number, change: Partial<TranscriptRecord> = {}): TranscriptRecord =>
      sampleTranscript(index, { callId, sealed: `text ${index}`, ...change });
    const write = (...transcripts: readonly TranscriptRecord[]) =>
      store.write(transcripts.map((transcript): StoreRecord => ({ kind: "transcript", transcript })));
    const [first, second, third] = [of(1), of(2, { caller: "+12025550177" as CallerId }), of(3)] as const;
    await write(first);
    await write(second);
    await write(third, second);
    await write(first, third);
    const rows = await store.transcripts({ limit: 10 });
    assert.deepEqual(
      rows.map(({ sealed }) => sealed),
      ["text 3", "text 2", "text 1"],
    );
    assert.equal(new Set(rows.map((row) => row.callId)).size, 3);
    assert.deepEqual(await store.transcript(callId), first, "who came first has the Call-ID");
    for (const row of rows.slice(0, 2)) {
      assert.ok(row.callId.startsWith(`${callId}~`) && row.sealedAs === callId, JSON.stringify(row));
      assert.deepEqual(await store.transcript(row.callId), row);
    }
    await store.resealTranscript(rows[1]?.callId ?? "", "anew");
    assert.deepEqual(
      (await store.transcripts({ limit: 10 })).map(({ sealed }) => sealed),
      ["text 3", "anew", "text 1"],
    );
    const together = [of(4, { callId: "both" }), of(5, { callId: "both" })] as const;
    await write(...together);
    await write(...together);
    assert.equal((await store.transcripts({ limit: 10 })).length, 5, "of one batch, and of the same one again");
  });

  test(`${name}: what a deletion will take is told before it, and one of some calls takes those only`, async (t) => {
    const store = await make(t);
    const [held, free] = ["+12025550142", "+12025550143"];
    const of = (index: number, called: string): StoreRecord => ({
      kind: "transcript",
      transcript: sampleTranscript(index, { caller: free as CallerId, called: called as CalledId }),
    });
    await store.write([of(1, "+12025550199"), of(2, "+12025550199"), of(3, held)]);
    await store.legalHolds.place({ number: held, placedBy: "court", placedAt: at(0), reason: "case" });
    const ids = [1, 2, 3].map((index) => sampleTranscript(index).callId);
    assert.deepEqual((await store.subjectCalls(free)).toSorted(), ids.slice(0, 2));
    assert.deepEqual(await store.subjectCalls("' or 1=1 --"), []);
    assert.deepEqual(await store.forgetSubject(free, [ids[1] ?? "", ids[2] ?? ""]), [ids[1]]);
    assert.deepEqual(await store.forgetSubject(free, []), []);
    assert.deepEqual(await store.subjectCalls(free), [ids[0]]);
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

  test(`${name}: cases that were open in a period come, whenever they were opened, a page at a time`, async (t) => {
    const store = await make(t);
    const open = async (id: string, openedAt: number, closedAt?: number) => {
      const alert = sampleAlert(1, { id, rule: "masking", called: id as CalledId, detectedAt: at(openedAt) });
      await store.write([{ kind: "alert", alert }]);
      const of: AlertCase = {
        ...{ id: `case-${id}`, key: id, rule: alert.rule, called: alert.called, state: "open", severity: "high" },
        ...{ openedAt: at(openedAt), updatedAt: at(openedAt), incidentIds: [id], trunks: [], alertCount: 1 },
        ...{ latest: alert, escalated: [], sequence: 1 },
        ...(closedAt === undefined ? {} : { state: "closed", closedAt: at(closedAt), closedWhy: "quiet" }),
      };
      await store.alertCases.takeIn(10, at(openedAt), () => ({ after: of, deliveries: [] }));
    };
    await open("over-before", 1_000, 9_000);
    await open("older", 2_000);
    await open("older-over-in-it", 3_000, 11_000);
    await open("in-it", 12_000, 13_000);
    await open("later", 20_000);
    const found: string[] = [];
    let query: PageQuery = { limit: 1, since: at(10_000), before: at(20_000) };
    for (;;) {
      const [of] = await store.alertCases.casesOpenIn(query);
      if (of === undefined) break;
      found.push(of.called);
      query = { ...query, before: of.openedAt, beforeId: of.id };
    }
    assert.deepEqual(found, ["in-it", "older-over-in-it", "older"]);
  });

  test(`${name}: records of two sources with one id and one time are all read, also at a page's edge`, async (t) => {
    const store = await make(t);
    const twins = (["webex", "asterisk", "csv"] as const).map((source) => ({
      kind: "call-record" as const,
      record: sampleCallRecord(1_999, { id: "z", source, startedAt: at(1_999) }),
    }));
    const before = Array.from({ length: 1_998 }, (_, index) => ({
      kind: "call-record" as const,
      record: sampleCallRecord(index, { id: `a${index}`, source: "webex", startedAt: at(index) }),
    }));
    await store.write([...before, ...twins]);
    const sources: string[] = [];
    let count = 0;
    for await (const page of store.callRecords.recordsFrom(at(0))) {
      count += page.length;
      sources.push(...page.filter(({ id }) => id === "z").map(({ source }) => source));
    }
    assert.equal(count, 2_001);
    assert.deepEqual(sources.sort(), ["asterisk", "csv", "webex"]);
  });

  test(`${name}: records that no detector saw are told apart until it is noted that one did; who comes again changes no mark`, async (t) => {
    const store = await make(t);
    const [seen, first, second, marked] = [0, 1, 2, 3].map((index) =>
      sampleCallRecord(index, { startedAt: at(index), ...(index === 2 ? { source: "webex", id: "r1" } : {}) }),
    ) as [CallRecord, CallRecord, CallRecord, CallRecord];
    const which = async (judged: boolean): Promise<number[]> => {
      const starts: number[] = [];
      for await (const page of store.callRecords.recordsFrom(at(0), { judged }))
        starts.push(...page.map(({ startedAt }) => startedAt - at(0)));
      return starts;
    };
    await store.write([
      { kind: "call-record", record: seen },
      { kind: "call-record", record: first, unjudged: true },
    ]);
    await store.write([
      { kind: "call-record", record: seen, unjudged: true },
      { kind: "call-record", record: second, unjudged: true },
      { kind: "call-record", record: first },
    ]);
    assert.deepEqual([await which(true), await which(false)], [[0], [1, 2]]);
    // In one batch, whatever the order.
    await store.write([
      { kind: "records-judged", judged: [first, marked].map(({ source, id }) => ({ source, id })) },
      { kind: "call-record", record: marked, unjudged: true },
    ]);
    assert.deepEqual([await which(true), await which(false)], [[0, 1, 3], [2]]);
  });

  test(`${name}: of any number of legal holds each keeps its calls' speech, and all can be listed`, async (t) => {
    const store = await make(t);
    const number = (index: number): string => `+1202${5_550_000 + index}`;
    for (let index = 0; index <= 60; index++)
      await store.legalHolds.place({ number: number(index), placedBy: "x", placedAt: at(index), reason: "court" });
    const calls = Array.from({ length: 3 }, (_, index) => sampleTranscript(index)).map((each, index) => ({
      ...each,
      callId: `held-${index}`,
      caller: (index === 0 ? number(0) : "+12025559999") as CallerId,
      called: (index === 1 ? number(60) : "+12025559998") as CalledId,
    }));
    await store.write(calls.map((transcript) => ({ kind: "transcript", transcript })));
    assert.deepEqual(await store.legalHolds.heldCalls({ limit: 1 }), ["held-0"]);
    assert.deepEqual(await store.legalHolds.heldCalls({ limit: 9, after: "held-0" }), ["held-1"]);
    assert.deepEqual(await store.legalHolds.heldCalls({ limit: 9 }), ["held-0", "held-1"]);
    const listed: string[] = [];
    let query: PageQuery = { limit: 25 };
    for (;;) {
      const page = await store.legalHolds.holds(query);
      listed.push(...page.map((each) => each.number));
      const last = page.at(-1);
      if (last === undefined) break;
      query = { limit: 25, before: last.placedAt, beforeId: last.number };
    }
    assert.equal(new Set(listed).size, 61);
    assert.equal(listed.length, 61);
    assert.equal(listed.at(-1), number(0), "the oldest comes last");
  });
}
