import assert from "node:assert/strict";
import { test } from "node:test";
import { unixMs, type CallRecord } from "../../../detection/index.js";
import { GatewayError } from "../../../gateway/core/errors.js";
import type { CallRecordQuery, CallRecordStore } from "../../../gateway/ports/call-records.js";
import { apiHarness } from "../../support/api-harness.js";
import { sampleCallRecord, sampleCdr } from "../../support/records.js";

const TEAMS = [{ id: "north", trunks: ["north"] }];
const KEYS = [
  { key: "north-key-0123456789", role: "viewer", id: "north-desk", teams: ["north"] },
  { key: "house-key-0123456789", role: "admin", id: "house" },
] as const;
const as = (id: "north" | "house") => ({ headers: { authorization: `Bearer ${id}-key-0123456789` } });

async function scene(rows: readonly CallRecord[] = []) {
  const queries: CallRecordQuery[] = [];
  const callRecords: Partial<CallRecordStore> = {
    records: (query) => {
      queries.push(query);
      return Promise.resolve(rows);
    },
    findings: () => Promise.resolve([]),
    finding: () => Promise.resolve(undefined),
  };
  const harness = await apiHarness({ keys: KEYS, teams: TEAMS }, { callRecords: callRecords as CallRecordStore });
  const entries = () =>
    harness.audit.map(({ actor, action, target, outcome, detail }) => [actor, action, target, outcome, detail]);
  return { ...harness, queries, entries };
}

test("who lists call records is in the audit log: one entry a request, with what was asked for and how much was shown", async () => {
  const { ask, entries } = await scene([sampleCallRecord(1), sampleCallRecord(2)]);
  const query = "caller=%2B12025550101&since=2026-03-01T00:00:00Z&limit=50";
  assert.equal((await ask("GET", `/api/v1/records?${query}`, as("house"))).json<unknown[]>().length, 2);
  assert.deepEqual(entries(), [
    [
      "house",
      "record.list",
      "record",
      "done",
      { caller: "+12025550101", since: "2026-03-01T00:00:00.000Z", limit: 50, rows: 2 },
    ],
  ]);
});

const NOTATIONS: readonly (readonly [written: string, kept: string])[] = [
  ["%2B12025550101", "+12025550101"],
  ["+12025550101", "+12025550101"],
  ["tel:%2B1-202-555-0101", "+12025550101"],
  ["%2B1%20(202)%20555%200101", "+12025550101"],
  ["202-555-0101", "2025550101"],
  ["alice", "alice"],
  ["4711", "4711"],
];
for (const [written, kept] of NOTATIONS) {
  test(`a number that is asked for as ${written} is kept as the plan writes it, so that it is sealed`, async () => {
    const { ask, entries } = await scene();
    assert.equal((await ask("GET", `/api/v1/records?caller=${written}`, as("house"))).statusCode, 200);
    assert.deepEqual(entries()[0]?.[4], { caller: kept, limit: 100, rows: 0 });
  });
}

test("what is no number stays as it was asked for, however much it looks like one", async () => {
  const { ask, entries } = await scene();
  assert.equal((await ask("GET", "/api/v1/audit?actor=1767225600.12", as("house"))).statusCode, 200);
  assert.deepEqual(entries()[0]?.[4], { actor: "1767225600.12", limit: 100, rows: 0 });
});

const LISTS: readonly (readonly [url: string, what: string])[] = [
  ["/api/v1/findings?severity=high", "finding"],
  ["/api/v1/cdrs?trunk=north", "cdr"],
  ["/api/v1/transcripts?state=scam", "transcript"],
  ["/api/v1/audit?actor=ana", "audit"],
];
for (const [url, what] of LISTS) {
  test(`${url} is in the audit log, also where it shows nothing`, async () => {
    const { ask, entries } = await scene();
    const answer = await ask("GET", url, as("house"));
    assert.equal(answer.statusCode, 200, answer.body);
    const [name = "", value] = new URL(url, "http://h").search.slice(1).split("=");
    assert.deepEqual(entries(), [["house", `${what}.list`, what, "done", { [name]: value, limit: 100, rows: 0 }]]);
  });
}

test("one finding is read with its id, and so is the try for one that is not there", async () => {
  const { ask, entries } = await scene();
  assert.equal((await ask("GET", "/api/v1/findings/f-1", as("house"))).statusCode, 404);
  assert.deepEqual(entries(), [["house", "finding.read", "f-1", "failed", {}]]);
});

test("a list that the store did not give is written down as what it was asked for", async () => {
  const down = (): Promise<never> => Promise.reject(new GatewayError("store.unavailable", "down"));
  const { ask, audit } = await apiHarness(
    { keys: KEYS },
    { callRecords: { records: down } as Partial<CallRecordStore> as CallRecordStore },
  );
  assert.equal((await ask("GET", "/api/v1/records?site=Lyon", as("house"))).statusCode, 503);
  assert.deepEqual(
    audit.map(({ action, outcome, detail }) => [action, outcome, detail]),
    [["record.list", "failed", { site: "Lyon", limit: 100, code: "store.unavailable" }]],
  );
});

test("the export says what was exported", async () => {
  const { ask, store, audit } = await apiHarness();
  await store.write([{ kind: "cdr", cdr: sampleCdr(1) }]);
  await ask("GET", "/api/v1/cdrs/export?caller=%2B12025550101&before=1700000000000", { as: "viewer" });
  assert.deepEqual(
    audit.map(({ action, detail }) => [action, detail]),
    [["cdr.export", { format: "csv", caller: "+12025550101", before: new Date(1_700_000_000_000).toISOString() }]],
  );
});

test("a team is not shown the ids of the calls that led to its own: they may be another team's", async () => {
  const row = sampleCallRecord(1, {
    trunk: "north",
    startedAt: unixMs(1_700_000_000_000),
    links: { transfer: "a-call-of-the-south", related: "another", correlation: "k" },
  });
  const { ask, queries } = await scene([row]);
  const shown = async (id: "north" | "house"): Promise<string> => (await ask("GET", "/api/v1/records", as(id))).body;
  assert.ok((await shown("house")).includes("a-call-of-the-south"));
  const own = await shown("north");
  assert.ok(own.includes(row.callId));
  for (const each of ["a-call-of-the-south", "another", "correlation"]) assert.ok(!own.includes(each), each);
  assert.deepEqual(queries.at(-1)?.scope?.trunks, ["north"]);
});
