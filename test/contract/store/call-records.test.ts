import assert from "node:assert/strict";
import { test } from "node:test";
import { unixMs, type CallRecord, type CdrFinding, type SettingChange } from "../../../detection/index.js";
import type { SettingChangeQuery } from "../../../gateway/ports/call-records.js";
import type { StoreRecord } from "../../../gateway/ports/records.js";
import { StoreReportData } from "../../../gateway/wiring/store-report-data.js";
import { alertOfFinding } from "../../../gateway/pipeline/records/finding-alert.js";
import { openFreshStore } from "../../support/fresh-store.js";
import { sampleCallRecord } from "../../support/records.js";

const START = Date.UTC(2026, 2, 2, 10);

const record = (i: number, change: Partial<CallRecord> = {}): CallRecord =>
  sampleCallRecord(i, {
    user: i % 2 === 0 ? "even" : "odd",
    country: "US",
    startedAt: unixMs(START + i * 1_000),
    endedAt: unixMs(START + i * 1_000),
    forwarded: { kind: "always" },
    ...change,
  });

const FINDING: CdrFinding = {
  id: "number-scan|odd|1",
  change: "opened",
  rule: "number-scan",
  mode: "enforce",
  severity: "medium",
  score: 0.7,
  subject: "odd",
  user: "odd",
  firstAt: unixMs(START),
  at: unixMs(START),
  evidence: { run: 8 },
  detail: { range: "+1202555" },
  records: ["r1"],
  recordCount: 1,
};

test("call records are read back whole, by page and filter; one that comes again changes nothing", async (t) => {
  const store = await openFreshStore(t);
  const all = Array.from({ length: 6 }, (_, i) => record(i));
  await store.write(all.map((each) => ({ kind: "call-record" as const, record: each })));
  await store.write([{ kind: "call-record", record: record(3, { user: "changed" }) }]);
  await store.write([{ kind: "call-record", record: record(3, { source: "webex", user: "odd" }) }]);
  const { callRecords } = store;
  const newest = await callRecords.records({ limit: 2 });
  assert.deepEqual(newest, [all[5], all[4]]);
  const next = await callRecords.records({ limit: 10, before: newest[1]?.startedAt ?? unixMs(0), source: "csv" });
  assert.deepEqual(
    next.map(({ id }) => id),
    ["r3", "r2", "r1", "r0"],
  );
  assert.deepEqual(
    (await callRecords.records({ limit: 10, user: "even" })).map(({ id }) => id),
    ["r4", "r2", "r0"],
  );
  assert.deepEqual(await callRecords.records({ limit: 10, country: "CU" }), []);
  const pages: CallRecord[] = [];
  for await (const page of callRecords.recordsFrom(unixMs(START + 4_000))) pages.push(...page);
  assert.deepEqual(
    pages.map(({ id }) => id),
    ["r4", "r5"],
  );
});

test("a finding is kept as it stands: growth and end win, in whichever order they arrive", async (t) => {
  const store = await openFreshStore(t);
  const grown: CdrFinding = {
    ...FINDING,
    change: "updated",
    severity: "high",
    recordCount: 4,
    at: unixMs(START + 9_000),
  };
  const closed: CdrFinding = { ...grown, change: "closed" };
  await store.write([{ kind: "finding", finding: closed }]);
  await store.write([
    { kind: "finding", finding: FINDING },
    { kind: "finding", finding: grown },
  ]);
  assert.deepEqual(await store.callRecords.finding(FINDING.id), closed);
  assert.deepEqual(await store.callRecords.findings({ limit: 10, state: "open" }), []);
  assert.equal((await store.callRecords.findings({ limit: 10, rule: "number-scan", severity: "high" })).length, 1);
});

test("the alert of a finding says what was compared", async (t) => {
  const store = await openFreshStore(t);
  const alert = alertOfFinding(FINDING);
  await store.write([{ kind: "alert", alert }]);
  assert.deepEqual(await store.alert(FINDING.id), alert);
});

test("a position is the latest, and goes with the records of its batch", async (t) => {
  const store = await openFreshStore(t);
  const position = (at: number) => ({ name: "webex", at: unixMs(START + at), value: { readTo: at } });
  await store.write([
    { kind: "call-record", record: record(1) },
    { kind: "intake-position", position: position(2) },
  ]);
  await store.write([{ kind: "intake-position", position: position(1) }]);
  assert.deepEqual(await store.callRecords.position("webex"), position(2));
  assert.equal(await store.callRecords.position("other"), undefined);
});

const CHANGE: SettingChange = {
  id: "s1",
  user: "odd",
  site: "madrid",
  at: unixMs(START),
  setting: "call-forwarding",
  kind: "always",
  enabled: true,
  target: "+5351234567",
  country: "CU",
  numberClass: "mobile",
  international: true,
  external: true,
  by: "admin",
};

test("changed settings are kept once, newest first, and are found by their user; reports read them", async (t) => {
  const store = await openFreshStore(t);
  const change = (i: number, user: string): StoreRecord => ({
    kind: "setting-change",
    change: { ...CHANGE, id: `s${i}`, user, at: unixMs(START + i) },
  });
  await store.write([change(1, "odd"), change(2, "even"), change(2, "even")]);
  await store.write([change(1, "somebody else"), change(3, "odd")]);
  const idsOf = async (query: Omit<SettingChangeQuery, "limit">): Promise<readonly string[]> =>
    (await store.callRecords.settingChanges({ limit: 10, ...query })).map(({ id }) => id);
  assert.deepEqual(await idsOf({}), ["s3", "s2", "s1"]);
  assert.deepEqual(await idsOf({ user: "odd" }), ["s3", "s1"]);
  assert.deepEqual(await idsOf({ since: unixMs(START + 2), before: unixMs(START + 3) }), ["s2"]);
  const [first] = await store.callRecords.settingChanges({ limit: 1, user: "odd", before: unixMs(START + 2) });
  assert.deepEqual(first, { ...CHANGE, at: unixMs(START + 1) });
  const data = new StoreReportData({
    store,
    records: store.callRecords,
    cases: store.alertCases,
    proveAudit: () => Promise.reject(new Error("nobody asked")),
  });
  const read: string[] = [];
  for await (const page of data.changes({ from: unixMs(START + 2), to: unixMs(START + 9) }))
    read.push(...page.map(({ id }) => id));
  assert.deepEqual(read, ["s3", "s2"]);
});

test("records and findings go when their time is over", async (t) => {
  const store = await openFreshStore(t);
  await store.write([
    { kind: "call-record", record: record(1) },
    { kind: "finding", finding: FINDING },
    { kind: "setting-change", change: CHANGE },
    { kind: "setting-change", change: { ...CHANGE, id: "s2", target: "+12025550177" } },
  ]);
  await store.legalHolds.place({ number: "+12025550177", placedBy: "x", placedAt: unixMs(START), reason: "r" });
  const { deleted } = await store.prune(unixMs(START + 401 * 86_400_000));
  assert.equal(deleted.call_records, 1);
  assert.equal(deleted.findings, 1);
  assert.equal(deleted.setting_changes, 1, "the one whose target is held stays");
});

test("legs are found by what links them, in either direction; a Call-ID that no index takes is found too", async (t) => {
  const store = await openFreshStore(t);
  let seed = 7;
  const long = Array.from({ length: 20_000 }, () => {
    seed = (seed * 48271) % 2147483647;
    return String.fromCharCode(0x4e00 + (seed % 20_000));
  }).join("");
  const all = [
    record(0),
    record(1, { trunk: "t", links: { related: "c0" } }),
    record(2, { trunk: "u", links: { transfer: "c0", correlation: "k" } }),
    record(3, { links: { correlation: "k" } }),
    record(4, { callId: `${long}a` }),
    record(5, { callId: `${long}b`, links: { related: long } }),
  ];
  await store.write(all.map((each) => ({ kind: "call-record", record: each })));
  const linked = async (ids: readonly string[], correlations: readonly string[] = []): Promise<readonly string[]> =>
    (await store.callRecords.linked({ ids, correlations })).map(({ id }) => id).sort();
  assert.deepEqual(await linked(["c0"]), ["r0", "r1", "r2"]);
  assert.deepEqual(await linked(["r3"]), ["r3"], "by the record's own id");
  assert.deepEqual(await linked([], ["k"]), ["r2", "r3"]);
  assert.deepEqual(await linked([`${long}a`]), ["r4"]);
  assert.deepEqual(await linked([long]), ["r5"]);
  assert.deepEqual(await linked([]), []);
  const scope = { teams: ["t"], trunks: ["t"], sites: [], departments: [] };
  const ofTeam = await store.callRecords.linked({ ids: ["c0"], correlations: [], scope });
  assert.deepEqual(
    ofTeam.map(({ id }) => id),
    ["r1"],
  );
  assert.deepEqual(await linked(["') or true --", "\0"]), []);
});
