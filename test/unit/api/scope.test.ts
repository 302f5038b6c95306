import assert from "node:assert/strict";
import { test } from "node:test";
import type { Incident, TrunkId } from "../../../detection/index.js";
import type { TeamOption } from "../../../gateway/api/api-options.js";
import { ok } from "../../../gateway/core/result.js";
import { unixMs } from "../../../gateway/core/time.js";
import type { HeardView, LiveCallView } from "../../../gateway/ports/gateway-control.js";
import type { StoreRecord } from "../../../gateway/ports/records.js";
import { apiHarness, type ApiHarness } from "../../support/api-harness.js";
import { sampleAlert, sampleCdr, sampleIncident, sampleTranscript } from "../../support/records.js";

const NORTH = "north-1" as TrunkId;
const SOUTH = "south-1" as TrunkId;
const TEAMS: readonly TeamOption[] = [
  { id: "north", trunks: [NORTH, "north-2"] },
  { id: "south", trunks: [SOUTH] },
  { id: "new", trunks: [] },
];
const KEYS = [
  { key: "north-key-0123456789", role: "admin", id: "north", teams: ["north"] },
  { key: "south-key-0123456789", role: "analyst", id: "south", teams: ["south"] },
  { key: "both-key-0123456789", role: "analyst", id: "both", teams: ["north", "south"] },
  { key: "new-key-0123456789", role: "admin", id: "new", teams: ["new"] },
  { key: "lost-key-0123456789", role: "admin", id: "lost", teams: ["no-such-team"] },
  { key: "none-key-0123456789", role: "admin", id: "none", teams: [] },
  { key: "house-key-0123456789", role: "admin", id: "house" },
] as const;
type KeyId = (typeof KEYS)[number]["id"];

const incidentCall = (callId: string, trunk: TrunkId, caller: string): Incident["calls"][number] => ({
  ...{ callId, trunk, caller: caller as Incident["callers"][number], at: unixMs(1_700_000_000_000) },
});
const attack = (index: number, trunks: readonly TrunkId[]): Incident =>
  sampleIncident(index, {
    trunks,
    calls: trunks.map((trunk) => incidentCall(`${trunk}-call`, trunk, `+1202555${trunk}`)),
    callers: trunks.map((trunk) => `+1202555${trunk}` as Incident["callers"][number]),
    callerCount: trunks.length,
    callCount: trunks.length,
  });
const ATTACKS = [attack(1, [NORTH]), attack(2, [SOUTH]), attack(3, [NORTH, SOUTH])];

const KEPT: readonly StoreRecord[] = [
  { kind: "cdr", cdr: sampleCdr(1, { trunk: NORTH }) },
  { kind: "cdr", cdr: sampleCdr(2, { trunk: SOUTH }) },
  { kind: "transcript", transcript: sampleTranscript(1, { trunk: NORTH }) },
  { kind: "transcript", transcript: sampleTranscript(2, { trunk: SOUTH }) },
  ...ATTACKS.map((incident): StoreRecord => ({ kind: "incident", incident })),
  ...ATTACKS.map((incident, i): StoreRecord => ({
    kind: "alert",
    alert: sampleAlert(i + 1, { incidentId: incident.id, callers: incident.callers, message: "all the numbers" }),
  })),
  // Its attack is nowhere: it could be anybody's.
  { kind: "alert", alert: sampleAlert(9, { incidentId: "unknown" }) },
];

const heard = (callId: string, trunk: TrunkId): HeardView => ({
  ...{ callId, trunk, threat: undefined, verdict: undefined },
  ...{ shed: false, lines: [] },
});

async function scene(): Promise<
  ApiHarness & { as: (id: KeyId, method: string, url: string) => ReturnType<ApiHarness["ask"]> }
> {
  const text = JSON.stringify({ lines: [], verdict: null });
  const harness = await apiHarness({ keys: KEYS, teams: TEAMS }, { openTranscript: () => text });
  await harness.store.write(KEPT);
  const live = (callId: string, trunk: string): LiveCallView => ({
    ...{ callId, trunk, caller: "+12025550101", called: "+12025550199", phase: "answered" },
    ...{ startedAt: unixMs(1_700_000_000_000), carriedBy: "hop" },
  });
  harness.control.calls = (limit) => Promise.resolve([live("n", NORTH), live("s", SOUTH)].slice(0, limit));
  harness.control.heardCalls = [heard("n", NORTH), heard("s", SOUTH)];
  const as = (id: KeyId, method: string, url: string) =>
    harness.ask(method, url, { headers: { authorization: `Bearer ${KEYS.find((key) => key.id === id)?.key ?? ""}` } });
  return Object.assign(harness, { as });
}

const LISTS: readonly (readonly [url: string, trunk: string | undefined])[] = [
  ["/api/v1/calls", "trunk"],
  ["/api/v1/calls?limit=1", "trunk"],
  ["/api/v1/cdrs", "trunk"],
  ["/api/v1/cdrs?trunk=south-1", "trunk"],
  ["/api/v1/transcripts", "trunk"],
  ["/api/v1/incidents", undefined],
  ["/api/v1/alerts", undefined],
  ["/alerts", undefined],
];
for (const [url, trunk] of LISTS) {
  test(`${url} shows each team its own, and a team without trunks nothing`, async () => {
    const { as } = await scene();
    for (const [id, own, other] of [
      ["north", NORTH, SOUTH],
      ["south", SOUTH, NORTH],
    ] as const) {
      const answer = await as(id, "GET", url);
      assert.equal(answer.statusCode, 200);
      assert.ok(!answer.body.includes(other), `${id} sees nothing of ${other}: ${answer.body}`);
      const rows = answer.json<Record<string, unknown>[]>();
      const isAskedForOther = url.includes("south-1") && id === "north";
      const isBehindOther = url.includes("limit=1") && id === "south";
      assert.equal(rows.length > 0, !isAskedForOther, `${id}: ${isBehindOther ? "a page is of its own rows" : "rows"}`);
      if (trunk !== undefined) for (const row of rows) assert.equal(row[trunk], own);
    }
    for (const id of ["new", "lost", "none"] as const) assert.deepEqual((await as(id, "GET", url)).json(), [], id);
    const all = (await as("house", "GET", url)).body;
    if (!url.includes("?")) assert.ok(all.includes(NORTH) && all.includes(SOUTH), all);
    if (!url.includes("?")) assert.ok((await as("both", "GET", url)).body.includes(SOUTH));
  });
}

test("an attack by trunks of two teams shows each its part, counted so, and without the text of the whole", async () => {
  const { as } = await scene();
  const id = ATTACKS[2]?.id ?? "";
  const part = (await as("north", "GET", `/api/v1/incidents/${id}`)).json<Record<string, unknown>>();
  assert.deepEqual([part["trunks"], part["a_number_count"], part["call_count"]], [[NORTH], 1, 1]);
  const alerts = (await as("north", "GET", "/alerts")).json<Record<string, unknown>[]>();
  const mixed = alerts.find((alert) => alert["incident_id"] === id);
  assert.deepEqual(mixed?.["a_numbers"], [`+1202555${NORTH}`]);
  assert.ok(!JSON.stringify(mixed).includes("all the numbers"));
  const whole = (await as("both", "GET", `/api/v1/incidents/${id}`)).json<Record<string, unknown>>();
  assert.equal(whole["call_count"], 2);
});

const BY_ID: readonly (readonly [url: string, action: string | undefined])[] = [
  [`/api/v1/incidents/${ATTACKS[1]?.id ?? ""}`, undefined],
  [`/api/v1/transcripts/${encodeURIComponent(sampleTranscript(2).callId)}`, "transcript.read"],
  ["/api/v1/calls/s/heard", "call.hear"],
];
for (const [url, action] of BY_ID) {
  test(`${url}, which is the south's, does not exist for the north`, async () => {
    const { as, audit } = await scene();
    assert.equal((await as("south", "GET", url)).statusCode, 200);
    assert.equal((await as("north", "GET", url)).statusCode, 404);
    if (action === undefined) return;
    assert.deepEqual(
      audit.map((entry) => [entry.actor, entry.action, entry.outcome]),
      [
        ["south", action, "done"],
        ["north", action, "failed"],
      ],
      "both tries are in the audit log",
    );
  });
}

test("a call of a team's own with another team's Call-ID does not let it read what is heard of that one", async () => {
  const { as, control } = await scene();
  const calls = await control.calls(10);
  control.calls = () => Promise.resolve([...calls, ...calls.map((call) => ({ ...call, callId: "s", trunk: NORTH }))]);
  assert.equal((await as("north", "GET", "/api/v1/calls/s/heard")).statusCode, 404);
  assert.equal((await as("south", "GET", "/api/v1/calls/s/heard")).statusCode, 200);
  assert.equal((await as("north", "GET", "/api/v1/calls/n/heard")).statusCode, 200);
});

test("the export has a team's records only", async () => {
  const { as } = await scene();
  const { body } = await as("north", "GET", "/api/v1/cdrs/export?format=jsonl");
  assert.equal(body.trimEnd().split("\n").length, 1);
  assert.ok(body.includes(NORTH) && !body.includes(SOUTH));
});

test("a token's grant limits it as a key's teams do", async () => {
  const claims = { sub: "maria", roles: ["north-desk"] };
  const harness = await apiHarness(
    { teams: TEAMS, grants: [{ claim: "roles", value: "north-desk", role: "analyst", teams: ["north"] }] },
    { tokens: { verify: () => Promise.resolve(ok({ subject: "maria", claims })) } },
  );
  await harness.store.write(KEPT);
  const answer = await harness.ask("GET", "/api/v1/cdrs", { headers: { authorization: "Bearer eyJh.eyJi.c2ln" } });
  assert.deepEqual(
    answer.json<{ trunk: string }[]>().map(({ trunk }) => trunk),
    [NORTH],
  );
});
