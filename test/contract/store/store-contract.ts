import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { unixMs, type CalledId, type CallerId, type Cdr, type TrunkId } from "../../../detection/index.js";
import { GatewayError } from "../../../gateway/core/errors.js";
import type { Store, StoreRecord } from "../../../gateway/ports/records.js";
import {
  cdrRecord,
  heardAlert,
  RECORDS_START,
  sampleAlert,
  sampleAudit,
  sampleBlock,
  SAMPLE_IDENTITY,
  SAMPLE_MEDIA,
  sampleCdr,
  sampleIncident,
  sampleTeardown,
  sampleTranscript,
} from "../../support/records.js";

/** Makes an empty store for one test. */
export type MakeStore = (t: TestContext) => Promise<Store>;

const at = (ms: number) => unixMs(RECORDS_START + ms);
const range = (count: number) => Array.from({ length: count }, (_, index) => index);

async function exported(store: Store, query: Parameters<Store["exportCdrs"]>[0] = {}): Promise<Cdr[]> {
  const cdrs: Cdr[] = [];
  for await (const page of store.exportCdrs(query)) cdrs.push(...page);
  return cdrs;
}

/** What every Store has to do. */
export function storeContract(name: string, make: MakeStore): void {
  test(`${name}: every kind of record is read back as it was written`, async (t) => {
    const store = await make(t);
    const { id, callId, caller, called, trunk, startedAt, endedAt, endedBy, emergency } = sampleCdr(2);
    const asked = { id, callId, caller, called, trunk, startedAt, endedAt, endedBy, emergency };
    const minimal: Cdr = { ...asked, durationMs: 0, status: 503, cause: "no-hop" };
    const records: StoreRecord[] = [
      cdrRecord(1, { incidentId: "incident-1", blockId: "block-1" }),
      { kind: "cdr", cdr: minimal },
      { kind: "alert", alert: sampleAlert(1) },
      { kind: "incident", incident: sampleIncident(1, { state: "closed", closedAt: at(9) }) },
      {
        kind: "block",
        change: "added",
        block: sampleBlock(1, { caller: "+12025550102" as CallerId, callerPrefix: "+1202" }),
      },
      { kind: "teardown", teardown: sampleTeardown(1) },
      { kind: "audit", entry: sampleAudit(1) },
    ];
    await store.write(records);

    assert.deepEqual(await store.cdrs({ limit: 10 }), [
      minimal,
      sampleCdr(1, { incidentId: "incident-1", blockId: "block-1" }),
    ]);
    const media: readonly NonNullable<Cdr["media"]>[] = [SAMPLE_MEDIA, { anchor: "rtpengine" }, { notHeard: "dtls" }];
    await store.write(media.map((each, i) => cdrRecord(3 + i, { media: each })));
    assert.deepEqual(
      (await store.cdrs({ limit: 3 })).map((cdr) => cdr.media),
      media.toReversed(),
    );
    const failed = { verdict: "failed", reason: "signature" } as const;
    await store.write([cdrRecord(6, { identity: SAMPLE_IDENTITY }), cdrRecord(7, { identity: failed })]);
    assert.deepEqual(
      (await store.cdrs({ limit: 3 })).map((cdr) => cdr.identity),
      [failed, SAMPLE_IDENTITY, undefined],
    );
    assert.deepEqual(await store.alerts({ limit: 10 }), [sampleAlert(1)]);
    await store.write([{ kind: "alert", alert: heardAlert(2) }]);
    assert.deepEqual(await store.alert(heardAlert(2).id), heardAlert(2));
    assert.deepEqual(await store.alert(sampleAlert(1).id), sampleAlert(1));
    assert.deepEqual(await store.incidents({ limit: 10 }), [sampleIncident(1, { state: "closed", closedAt: at(9) })]);
    assert.deepEqual(
      await store.incident(sampleIncident(1).id),
      sampleIncident(1, { state: "closed", closedAt: at(9) }),
    );
    assert.deepEqual(await store.activeBlocks(at(0)), [
      sampleBlock(1, { caller: "+12025550102" as CallerId, callerPrefix: "+1202" }),
    ]);
    assert.deepEqual(await store.teardowns({ limit: 10 }), [sampleTeardown(1)]);
    assert.deepEqual(await store.audit({ limit: 10 }), [sampleAudit(1)]);
  });

  test(`${name}: several incidents are read by their ids, whatever stands in these`, async (t) => {
    const store = await make(t);
    await store.write([1, 2, 3].map((n) => ({ kind: "incident", incident: sampleIncident(n) })));
    const ids = [sampleIncident(3).id, "none", "with\0NUL", "' or ''='", sampleIncident(1).id];
    const found = (await store.incidentsOf(ids)).map(({ id }) => id).sort();
    assert.deepEqual(found, [sampleIncident(1).id, sampleIncident(3).id].sort());
    assert.deepEqual(await store.incidentsOf([]), []);
  });

  test(`${name}: what is not there is undefined or empty`, async (t) => {
    const store = await make(t);
    await store.write([]);
    assert.equal(await store.alert("none"), undefined);
    assert.equal(await store.incident("none"), undefined);
    assert.deepEqual(await store.incidentsOf(["none"]), []);
    assert.deepEqual(await store.cdrs({ limit: 10 }), []);
    assert.deepEqual(await exported(store), []);
    assert.deepEqual(await store.activeBlocks(at(0)), []);
  });

  test(`${name}: repeating a batch, whole or in parts, changes nothing`, async (t) => {
    const store = await make(t);
    const batch: StoreRecord[] = [
      ...range(20).map((index) => cdrRecord(index)),
      { kind: "alert", alert: sampleAlert(1) },
      { kind: "incident", incident: sampleIncident(1) },
      { kind: "block", change: "added", block: sampleBlock(1) },
      { kind: "teardown", teardown: sampleTeardown(1) },
      { kind: "audit", entry: sampleAudit(1) },
    ];
    await store.write(batch);
    await store.write([...batch, ...batch]);
    await store.write(batch.slice(10));
    assert.equal((await store.cdrs({ limit: 1000 })).length, 20);
    for (const rows of [store.alerts({ limit: 9 }), store.teardowns({ limit: 9 }), store.audit({ limit: 9 })]) {
      assert.equal((await rows).length, 1);
    }
    assert.equal((await store.incidents({ limit: 9 })).length, 1);
    assert.equal((await store.activeBlocks(at(0))).length, 1);
  });

  test(`${name}: the newest state of an incident wins in whichever order it comes`, async (t) => {
    const store = await make(t);
    const opened = sampleIncident(1);
    const extended = sampleIncident(1, { updatedAt: at(50), callCount: 7, severity: "critical" });
    const closed = sampleIncident(1, { updatedAt: at(90), closedAt: at(90), state: "closed", callCount: 9 });
    await store.write([{ kind: "incident", incident: extended }]);
    await store.write([{ kind: "incident", incident: opened }]);
    assert.deepEqual(await store.incident(opened.id), extended);
    await store.write([
      { kind: "incident", incident: closed },
      { kind: "incident", incident: opened },
      { kind: "incident", incident: extended },
    ]);
    assert.deepEqual(await store.incident(opened.id), closed);
    await store.write([{ kind: "incident", incident: { ...extended, updatedAt: at(90) } }]);
    assert.equal((await store.incident(opened.id))?.state, "closed", "at the same millisecond closed is later");
    assert.deepEqual(await store.incidents({ limit: 9, state: "open" }), []);
    assert.equal((await store.incidents({ limit: 9, state: "closed" })).length, 1);
  });

  test(`${name}: a block is in force until it expires or is removed, also when "added" is replayed later`, async (t) => {
    const store = await make(t);
    const block = (index: number, change: "added" | "expired" | "removed"): StoreRecord => ({
      kind: "block",
      change,
      block: sampleBlock(index, { expiresAt: at(1000 * index) }),
    });
    await store.write([block(1, "added"), block(2, "added"), block(3, "added")]);
    await store.write([block(3, "removed"), block(3, "added")]);
    await store.write([block(3, "added")]);
    const ids = async (now: number) => (await store.activeBlocks(at(now))).map(({ id }) => id);
    assert.deepEqual(await ids(0), [sampleBlock(1).id, sampleBlock(2).id]);
    assert.deepEqual(await ids(999), [sampleBlock(1).id, sampleBlock(2).id]);
    assert.deepEqual(await ids(1000), [sampleBlock(2).id], "at expiresAt it is over");
    assert.deepEqual(await ids(2000), []);
  });

  test(`${name}: pages run newest first; since is inclusive, before exclusive, beforeId splits a millisecond`, async (t) => {
    const store = await make(t);
    await store.write(range(10).map((index) => cdrRecord(index, { startedAt: at(index >> 1) })));
    const ids = (cdrs: readonly Cdr[]) => cdrs.map(({ id }) => Number(id.slice(-8)));
    assert.deepEqual(ids(await store.cdrs({ limit: 3 })), [9, 8, 7]);
    assert.deepEqual(ids(await store.cdrs({ limit: 99, since: at(4) })), [9, 8]);
    assert.deepEqual(ids(await store.cdrs({ limit: 99, before: at(1) })), [1, 0]);
    assert.deepEqual(ids(await store.cdrs({ limit: 2, before: at(3), beforeId: sampleCdr(7).id })), [6, 5]);
    assert.deepEqual(ids(await store.cdrs({ limit: 99, since: at(1), before: at(3) })), [5, 4, 3, 2]);
  });

  test(`${name}: CDRs are found by caller, called number, trunk and cause`, async (t) => {
    const store = await make(t);
    const other = "+12025550199" as CalledId;
    await store.write([cdrRecord(1), cdrRecord(2, { called: other }), cdrRecord(3, { called: other, cause: "fraud" })]);
    const count = async (query: Partial<Parameters<Store["cdrs"]>[0]>) =>
      (await store.cdrs({ limit: 99, ...query })).length;
    assert.equal(await count({ caller: sampleCdr(2).caller }), 1);
    assert.equal(await count({ called: other }), 2);
    assert.equal(await count({ called: other, cause: "fraud" }), 1);
    assert.equal(await count({ trunk: "default" }), 3);
    assert.equal(await count({ trunk: "elsewhere" }), 0);
  });

  test(`${name}: teardowns are found by incident, audit entries by actor and action`, async (t) => {
    const store = await make(t);
    await store.write([
      { kind: "teardown", teardown: sampleTeardown(1) },
      { kind: "teardown", teardown: sampleTeardown(2, { incidentId: "incident-2" }) },
      { kind: "audit", entry: sampleAudit(1) },
      {
        kind: "audit",
        entry: sampleAudit(2, { actor: "analyst", action: "auth.refused", outcome: "refused", detail: {} }),
      },
    ]);
    assert.deepEqual(await store.teardowns({ limit: 9, incidentId: "incident-2" }), [
      sampleTeardown(2, { incidentId: "incident-2" }),
    ]);
    assert.equal((await store.audit({ limit: 9, actor: "analyst" })).length, 1);
    assert.equal((await store.audit({ limit: 9, action: "auth.refused", actor: "ops" })).length, 0);
  });

  test(`${name}: an export has every matching CDR once, oldest first, across pages that end inside one millisecond`, async (t) => {
    const store = await make(t);
    await store.write(range(2_500).map((index) => cdrRecord(index, { startedAt: at(Math.floor(index / 900)) })));
    const all = await exported(store);
    assert.deepEqual(
      all.map(({ id }) => id),
      range(2_500).map((index) => sampleCdr(index).id),
    );
    assert.equal((await exported(store, { since: at(1), before: at(2) })).length, 900);
    assert.equal((await exported(store, { caller: sampleCdr(7).caller })).length, 1);
  });

  test(`${name}: text is data: SQL, quotes, JSON and Unicode come back unchanged (R5)`, async (t) => {
    const store = await make(t);
    const nasty = [
      "'); drop table cdrs; --",
      `"},{"id":"x`,
      "\\'; select pg_sleep(9); \\",
      "\\u0000 $1 ${x} %s",
      "a\r\nVia: x\tb\u2028c",
      "مرحبا 📞 ０",
    ];
    await store.write(
      nasty.map((text, index) => cdrRecord(index, { callId: text, caller: text as CallerId, nextHop: text })),
    );
    for (const text of nasty) {
      const found = await store.cdrs({ limit: 99, caller: text });
      assert.deepEqual(
        found.map(({ callId, nextHop }) => [callId, nextHop]),
        [[text, text]],
      );
    }
    await store.write([
      { kind: "audit", entry: sampleAudit(1, { target: nasty[0]!, detail: { [nasty[1]!]: nasty[2]! } }) },
    ]);
    assert.deepEqual((await store.audit({ limit: 1 }))[0]?.detail, { [nasty[1]!]: nasty[2]! });
    assert.equal((await store.cdrs({ limit: 1, caller: "x' or '1'='1" })).length, 0);
  });

  test(`${name}: ping answers`, async (t) => {
    const store = await make(t);
    await store.ping(5_000);
  });

  test(`${name}: after close every call fails with store.unavailable, and closing again is safe`, async (t) => {
    const store = await make(t);
    await store.close();
    await store.close();
    await assert.rejects(
      store.write([cdrRecord(1)]),
      (error) => error instanceof GatewayError && error.code === "store.unavailable",
    );
    await assert.rejects(store.cdrs({ limit: 1 }), GatewayError);
  });

  test(`${name}: rows of some trunks only, and of none; an alert is of its attack's trunks`, async (t) => {
    const store = await make(t);
    const [one, two] = ["t-one" as TrunkId, "t'two" as TrunkId];
    await store.write([
      cdrRecord(1, { trunk: one }),
      cdrRecord(2, { trunk: two }),
      { kind: "transcript", transcript: sampleTranscript(1, { trunk: one }) },
      { kind: "transcript", transcript: sampleTranscript(2, { trunk: two }) },
      { kind: "incident", incident: sampleIncident(1, { trunks: [one] }) },
      { kind: "incident", incident: sampleIncident(2, { trunks: [one, two] }) },
      { kind: "alert", alert: sampleAlert(1, { incidentId: sampleIncident(1).id }) },
      { kind: "alert", alert: sampleAlert(2, { incidentId: sampleIncident(2).id }) },
      { kind: "alert", alert: sampleAlert(3, { incidentId: "nowhere" }) },
    ]);
    const counts = async (trunks?: readonly string[]): Promise<number[]> => {
      const scope = { teams: [], trunks: trunks ?? [], sites: [], departments: [] };
      const query = { limit: 10, ...(trunks === undefined ? {} : { trunks, scope }) };
      const exported: unknown[] = [];
      for await (const page of store.exportCdrs(query)) exported.push(...page);
      const lists = [await store.cdrs(query), exported, await store.transcripts(query)];
      return [...lists, await store.incidents(query), await store.alerts(query)].map((rows) => rows.length);
    };
    assert.deepEqual(await counts(), [2, 2, 2, 2, 3]);
    assert.deepEqual(await counts([one]), [1, 1, 1, 2, 2]);
    assert.deepEqual(await counts([two]), [1, 1, 1, 1, 1]);
    assert.deepEqual(await counts([one, two, "other"]), [2, 2, 2, 2, 2]);
    assert.deepEqual(await counts(["') or true --"]), [0, 0, 0, 0, 0]);
    assert.deepEqual(await counts([]), [0, 0, 0, 0, 0]);
  });

  test(`${name}: transcripts are paged, filtered, read by call, and forgotten by number, from either side`, async (t) => {
    const store = await make(t);
    const called = "+12025550199" as CalledId;
    const all = [
      sampleTranscript(1),
      sampleTranscript(2, { state: "scam", sealed: "x".repeat(200_000) }),
      sampleTranscript(3, { called }),
      sampleTranscript(4, { caller: called as string as CallerId }),
    ];
    const records = all.map((transcript): StoreRecord => ({ kind: "transcript", transcript }));
    await store.write(records);
    await store.write([...records, ...records]);
    assert.deepEqual(await store.transcripts({ limit: 10 }), all.toReversed());
    assert.deepEqual(await store.transcripts({ limit: 10, state: "scam" }), [all[1]]);
    assert.deepEqual(await store.transcripts({ limit: 10, called }), [all[2]]);
    assert.deepEqual(await store.transcript("call-2@192.0.2.1"), all[1]);
    assert.equal(await store.transcript("none"), undefined);
    assert.deepEqual((await store.forgetSubject(called)).toSorted(), ["call-3@192.0.2.1", "call-4@192.0.2.1"]);
    assert.deepEqual(await store.forgetSubject("' or 1=1 --"), []);
    assert.equal((await store.transcripts({ limit: 10 })).length, 2);
  });
}
