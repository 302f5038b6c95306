import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  takeAlert,
  unixMs,
  type CalledId,
  type CallRecord,
  type CdrFinding,
  type Incident,
  type TrunkId,
} from "../../../detection/index.js";
import { openStore, type ManagedStore } from "../../../gateway/adapters/store/open-store.js";
import type { TeamOption } from "../../../gateway/api/api-options.js";
import { GatewayError } from "../../../gateway/core/errors.js";
import { recordsSchema } from "../../../gateway/config/records-schema.js";
import { reportsSchema } from "../../../gateway/config/reports-schema.js";
import { silentLog } from "../../../gateway/core/log.js";
import { alertOfFinding } from "../../../gateway/pipeline/records/finding-alert.js";
import type { AlertOffice } from "../../../gateway/ports/alert-office.js";
import type { LiveCallView } from "../../../gateway/ports/gateway-control.js";
import type { KeptRecordingJob, RecordingDesk } from "../../../gateway/ports/recordings.js";
import type { ReportOrder } from "../../../gateway/ports/report-office.js";
import type { StoreRecord } from "../../../gateway/ports/records.js";
import { StoreReportData } from "../../../gateway/wiring/store-report-data.js";
import { ReportsService } from "../../../gateway/workers/reports-service.js";
import { FakeClock } from "../../support/fake-clock.js";
import { apiHarness, sha256Hex, type ApiHarness } from "../../support/api-harness.js";
import { temporaryFolder } from "../../support/processes.js";
import { sampleAlert, sampleCdr, sampleIncident, sampleTranscript } from "../../support/records.js";
import { storeTemplate } from "../../support/store-template.js";
import { DECISIONS } from "./team-decisions.js";

/** Whose a row is stands in all its texts, so that a body that has the word shows the row. */
const OWN = "own";
const ALIEN = "alien";
type Side = typeof OWN | typeof ALIEN;
const TEAMS: readonly TeamOption[] = [
  { id: "trunk-team", trunks: [`${OWN}-trunk`] },
  { id: "site-team", trunks: [], sites: [`${OWN}-site`] },
  { id: "department-team", trunks: [], departments: [`${OWN}-department`] },
  { id: "empty-team", trunks: [] },
];
const KEYS = [
  ...TEAMS.map(({ id }) => ({ key: `${id}-key-0123456789`, role: "admin" as const, id, teams: [id] })),
  { key: "house-key-0123456789", role: "admin" as const, id: "house" },
];

let harness: ApiHarness & { readonly orders: ReportOrder[] };
let close: () => Promise<void>;

before(async () => {
  const folder = temporaryFolder("team-routes");
  const store = await openStore({ folder: folder.path, template: await storeTemplate(), log: silentLog });
  close = async () => {
    await store.close();
    folder.remove();
  };
  await store.write([...rowsOf(OWN), ...rowsOf(ALIEN), ...MIXED]);
  await makeCases(store);
  for (const side of [OWN, ALIEN] as const)
    for (const of of ["trunk", "place"] as const) await store.recordings.add(job(side, of));
  // A Call-ID that both have is nobody's alone; one that no record has is nobody's at all.
  await store.recordings.add({ ...job(ALIEN, "place"), id: jobId("alien-shared"), callId: "shared-call" });
  await store.recordings.add({ ...job(ALIEN, "place"), id: jobId("alien-unknown"), callId: "never-seen" });
  const orders: ReportOrder[] = [];
  const journeys = ReportsService.start(
    {
      reports: reportsSchema.parse({ numbers: "full" }),
      records: recordsSchema.parse({}),
      store: { retentionDays: 90 },
    },
    {
      data: new StoreReportData({ store, records: store.callRecords, cases: store.alertCases, proveAudit: never }),
      clock: new FakeClock(),
      log: silentLog,
    },
  );
  const made = await apiHarness(
    { keys: KEYS, teams: TEAMS },
    {
      openTranscript: ({ callId }) => JSON.stringify({ lines: [{ speaker: "a", text: callId, startMs: 0, endMs: 1 }] }),
      realStore: store,
      callRecords: store.callRecords,
      alerts: officeOf(store),
      recordings: deskOf(store),
      holds: store.legalHolds,
      reports: {
        journey: (callId, order) => journeys.journey(callId, order),
        daysOf: () => ({ from: unixMs(1), to: unixMs(2) }),
        make: (order) => {
          orders.push(order);
          const text = order.scope === undefined ? ALIEN : OWN;
          return Promise.resolve({ type: "text/html", content: new TextEncoder().encode(text) });
        },
      },
    },
  );
  made.control.calls = (limit) => Promise.resolve([live(OWN), live(ALIEN)].slice(0, limit));
  made.control.heardCalls = [OWN, ALIEN].map((side) => ({
    callId: `${side}-live`,
    trunk: `${side}-trunk`,
    threat: undefined,
    verdict: undefined,
    shed: false,
    lines: [],
  }));
  harness = Object.assign(made, { orders });
});
after(() => close());

const as = (id: string, method: string, url: string) =>
  harness.ask(method, url, { headers: { authorization: `Bearer ${id}-key-0123456789` } });

const live = (side: Side): LiveCallView => ({
  ...{ callId: `${side}-live`, trunk: `${side}-trunk`, caller: "+12025550101", called: "+12025550199" },
  ...{ phase: "answered", startedAt: unixMs(1_700_000_000_000), carriedBy: "hop" },
});

const attack = (side: Side): Incident =>
  sampleIncident(1, { id: `${side}-attack`, trunks: [`${side}-trunk` as TrunkId], calls: [] });

const record = (side: Side, of: "trunk" | "place"): CallRecord => ({
  ...{
    id: `${side}-record-${of}`,
    source: "csv",
    callId: `${side}-call-${of}`,
    user: `${side}-user`,
    direction: "out",
  },
  ...{ caller: "+12025550101", called: "+12025550102", numberClass: "fixed", international: false },
  ...{ startedAt: unixMs(1_700_000_000_000), endedAt: unixMs(1_700_000_001_000), durationMs: 1, outcome: "answered" },
  ...(of === "trunk" ? { trunk: `${side}-trunk` } : { site: `${side}-site`, department: `${side}-department` }),
});

const finding = (side: Side, of: "trunk" | "place"): CdrFinding => ({
  ...{ id: `${side}-finding-${of}`, change: "opened", rule: "sim-box", mode: "enforce", severity: "high", score: 1 },
  ...{ subject: `${side}-user-${of}`, user: `${side}-user`, firstAt: unixMs(1_700_000_000_000) },
  ...{ at: unixMs(1_700_000_000_000), evidence: { calls: 9 }, detail: {}, records: [`${side}-record-${of}`] },
  recordCount: 1,
  places: [
    of === "trunk"
      ? { trunk: `${side}-trunk`, records: 1 }
      : { site: `${side}-site`, department: `${side}-department`, records: 1 },
  ],
});

const rowsOf = (side: Side): readonly StoreRecord[] => [
  {
    kind: "cdr",
    cdr: sampleCdr(1, { id: `${side}-cdr`, callId: `${side}-call-cdr`, trunk: `${side}-trunk` as TrunkId }),
  },
  {
    kind: "cdr",
    cdr: sampleCdr(2, { id: `${side}-shared`, callId: "shared-call", trunk: `${side}-trunk` as TrunkId }),
  },
  {
    kind: "transcript",
    transcript: sampleTranscript(1, { callId: `${side}-transcript`, trunk: `${side}-trunk` as TrunkId }),
  },
  { kind: "incident", incident: attack(side) },
  {
    kind: "alert",
    alert: sampleAlert(1, {
      ...{ id: `${side}-alert`, incidentId: `${side}-attack`, message: `${side} text` },
      called: `${side}-number` as CalledId,
    }),
  },
  ...(["trunk", "place"] as const).flatMap((of): readonly StoreRecord[] => [
    { kind: "call-record", record: record(side, of) },
    { kind: "finding", finding: finding(side, of) },
    { kind: "alert", alert: alertOfFinding(finding(side, of)) },
  ]),
];

/** An attack on one number by trunks of both, and a finding on a range with records of both. */
const MIXED: readonly StoreRecord[] = [
  {
    kind: "call-record",
    record: {
      ...{ ...record(ALIEN, "place"), id: "alien-record-sent-on", callId: `${ALIEN}-call-sent-on` },
      links: { related: `${OWN}-call-place` },
    },
  },
  {
    kind: "incident",
    incident: sampleIncident(3, {
      id: "mixed-attack",
      trunks: [`${OWN}-trunk` as TrunkId, `${ALIEN}-trunk` as TrunkId],
      calls: [],
    }),
  },
  { kind: "alert", alert: sampleAlert(3, { id: "mixed-alert", incidentId: "mixed-attack", message: "alien text" }) },
  {
    kind: "finding",
    finding: {
      ...finding(ALIEN, "place"),
      ...{ id: "mixed-finding", subject: "+88213", recordCount: 5 },
      places: [
        { site: `${OWN}-site`, records: 2 },
        { site: `${ALIEN}-site`, records: 3 },
      ],
    },
  },
];

async function makeCases(store: ManagedStore): Promise<void> {
  const settings = {
    groupMs: 0,
    updateEveryMs: 0,
    closeAfterQuietMs: 0,
    maintenance: [],
    suppress: [],
    escalation: [],
    teams: [],
  };
  const now = unixMs(1_700_000_100_000);
  await store.alertCases.takeIn(100, now, (alert, incident, current) => ({
    ...takeAlert(current, alert, incident, { settings, guards: [], now }, `case-${alert.id}`),
    deliveries: [],
  }));
}

/** Ids of jobs are hex: their words are looked for in the Call-ID. */
const jobId = (name: string): string => sha256Hex(name).slice(0, 32);

const job = (side: Side, of: "trunk" | "place"): KeptRecordingJob => ({
  ...{ id: jobId(`${side}-job-${of}`), home: "h", callId: of === "trunk" ? `${side}-call-cdr` : `${side}-call-place` },
  ...{ origin: "api", caller: undefined, called: undefined, priority: 5, stage: "done", attempts: 0 },
  ...{
    createdAt: unixMs(1),
    updatedAt: unixMs(1),
    stageSince: unixMs(1),
    dueAt: unixMs(1),
    failingSince: undefined,
    pieces: 0,
    piecesDone: 0,
  },
  ...{ durationMs: 0, error: undefined, detail: undefined, state: undefined, score: undefined, kind: undefined },
  ...{ sealedOrder: "", sealedResult: undefined },
});

const never = () => Promise.reject(new GatewayError("store.unavailable", "not in this test"));

function deskOf({ recordings }: ManagedStore): RecordingDesk {
  return {
    ...{ add: never, upload: never, retry: never, remove: never, forget: never, result: never },
    job: (id) => recordings.get(id),
    jobs: (query) => recordings.list(query),
    count: () => recordings.count(),
    payload: (id) => Promise.resolve({ id }),
    checkWebhook: () => "not signed",
  };
}

const officeOf = ({ alertCases }: ManagedStore): AlertOffice => ({
  store: alertCases,
  ...{ acknowledge: never, markFalse: never, removeGuard: never, test: never, closeCase: never },
  wake: () => undefined,
});

/** What to ask a route with an id for, of each side and team. */
const IDS: Readonly<Record<string, (side: Side, team: string) => string>> = {
  "GET /api/v1/alerts/cases/{id}": (side, team) => (team === "trunk-team" ? `${side}-alert` : `${side}-finding-place`),
  "GET /api/v1/calls/{id}/heard": (side) => `${side}-live`,
  "GET /api/v1/findings/{id}": (side, team) => `${side}-finding-${team === "trunk-team" ? "trunk" : "place"}`,
  "GET /api/v1/incidents/{id}": (side) => `${side}-attack`,
  "GET /api/v1/journeys/{id}": (side, team) => `${side}-call-${team === "trunk-team" ? "trunk" : "place"}`,
  "GET /api/v1/recordings/{id}": (side, team) => jobId(`${side}-job-${team === "trunk-team" ? "trunk" : "place"}`),
  "GET /api/v1/recordings/{id}/result": (side, team) =>
    jobId(`${side}-job-${team === "trunk-team" ? "trunk" : "place"}`),
  "GET /api/v1/transcripts/{id}": (side) => `${side}-transcript`,
};
const AUDITED: Readonly<Record<string, string>> = {
  "GET /api/v1/calls/{id}/heard": "call.hear",
  "GET /api/v1/findings/{id}": "finding.read",
  "GET /api/v1/journeys/{id}": "report.journey",
  "GET /api/v1/recordings/{id}/result": "recording.read",
  "GET /api/v1/transcripts/{id}": "transcript.read",
};
const REPORT = "/api/v1/reports/executive?from=2026-03-01&to=2026-03-31";

async function routes(): Promise<readonly string[]> {
  const document = (await as("house", "GET", "/docs/json")).json<{ paths: Record<string, object> }>();
  return Object.entries(document.paths)
    .flatMap(([path, item]) => Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`))
    .filter((route) => !route.startsWith("HEAD "))
    .sort();
}

test("every route of the API has been decided on: a team sees its own by it, or is refused", async () => {
  const known = await routes();
  const undecided = known.filter((route) => DECISIONS[route] === undefined);
  assert.deepEqual(undecided, [], "a route is not in the table");
  assert.deepEqual(
    Object.keys(DECISIONS).filter((route) => !known.includes(route)),
    [],
    "the table names a route that is not there",
  );
  for (const route of known) {
    const [method = "", path = ""] = route.split(" ");
    const decision = DECISIONS[route];
    const { statusCode } = await as("empty-team", method, path.replace(/\{\w+\}/, "some-id"));
    assert.equal(statusCode === 403, decision === "house", `${route} answered ${statusCode}`);
  }
});

for (const [route, teams] of Object.entries(DECISIONS)) {
  if (typeof teams === "string") continue;
  const [method = "", path = ""] = route.split(" ");
  test(`${route}: a team sees its own and nothing else; whoever has no team sees all`, async () => {
    const idOf = IDS[route];
    if (path.includes("/reports/")) {
      for (const { id } of TEAMS) assert.equal((await as(id, method, REPORT)).body, OWN);
      assert.equal((await as("house", method, REPORT)).body, ALIEN);
      assert.deepEqual(harness.orders.at(-1)?.scope, undefined);
      assert.deepEqual(harness.orders.at(1)?.scope?.sites, [`${OWN}-site`]);
      return;
    }
    for (const { id } of TEAMS) {
      const isShown = teams.includes(id);
      if (idOf === undefined) {
        const answer = await as(id, method, path);
        assert.equal(answer.statusCode, 200, answer.body);
        assert.ok(!answer.body.includes(ALIEN), `${id} sees ${answer.body}`);
        assert.equal(answer.body.includes(OWN), isShown, `${id}: ${answer.body}`);
        continue;
      }
      const ask = (side: Side) => as(id, method, path.replace(/\{\w+\}/, encodeURIComponent(idOf(side, id))));
      assert.equal((await ask(OWN)).statusCode, isShown ? 200 : 404, id);
      harness.audit.length = 0;
      assert.equal((await ask(ALIEN)).statusCode, 404, id);
      const tried = harness.audit.map(({ actor, action, outcome }) => [actor, action, outcome]);
      const action = AUDITED[route];
      assert.deepEqual(tried, action === undefined ? [] : [[id, action, "failed"]]);
    }
    const url = idOf === undefined ? path : path.replace(/\{\w+\}/, encodeURIComponent(idOf(ALIEN, "trunk-team")));
    const all = await as("house", method, url);
    assert.equal(all.statusCode, 200, all.body);
    assert.ok(idOf !== undefined || (all.body.includes(OWN) && all.body.includes(ALIEN)), all.body);
  });
}

test("of a finding with records of others a team sees its part: not whose the others are, nor figures of all", async () => {
  const answer = await as("site-team", "GET", "/api/v1/findings/mixed-finding");
  const { record_count: count, evidence, records, part, user } = answer.json<Record<string, unknown>>();
  assert.deepEqual([count, evidence, records, part, user], [2, {}, [], true, undefined]);
  assert.ok(!answer.body.includes(ALIEN), answer.body);
  assert.equal((await as("trunk-team", "GET", "/api/v1/findings/mixed-finding")).statusCode, 404);
  const whole = (await as("house", "GET", "/api/v1/findings/mixed-finding")).json<Record<string, unknown>>();
  assert.deepEqual([whole["record_count"], whole["part"], whole["user"]], [5, undefined, "alien-user"]);
});

test("a case of an attack by trunks of two teams is the house's: its text and its comments are of all of it", async () => {
  assert.equal((await as("trunk-team", "GET", "/api/v1/alerts/cases/mixed-alert")).statusCode, 404);
  assert.equal((await as("house", "GET", "/api/v1/alerts/cases/mixed-alert")).statusCode, 200);
});

test("of a conversation that goes on at another team's site a team sees its own legs, whoever has no team all", async () => {
  const url = `/api/v1/journeys/${OWN}-call-place?format=csv`;
  const own = (await as("site-team", "GET", url)).body;
  const all = (await as("house", "GET", url)).body;
  assert.ok(own.includes(`${OWN}-call-place`) && !own.includes(ALIEN), own);
  assert.ok(all.includes(`${OWN}-call-place`) && all.includes(`${ALIEN}-call-sent-on`), all);
  const from = `/api/v1/journeys/${ALIEN}-call-sent-on?format=csv`;
  assert.ok((await as("house", "GET", from)).body.includes(`${OWN}-call-place`), "found from its end too");
});

test("a recording of a Call-ID that another team's records have too, or nobody's, is shown to no team", async () => {
  for (const id of ["alien-shared", "alien-unknown"]) {
    assert.equal((await as("trunk-team", "GET", `/api/v1/recordings/${jobId(id)}`)).statusCode, 404, id);
    assert.equal((await as("house", "GET", `/api/v1/recordings/${jobId(id)}`)).statusCode, 200, id);
  }
});
