import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import {
  unixMs,
  type Alert,
  type CalledId,
  type CallerId,
  type Cdr,
  type Incident,
  type TrunkId,
} from "../../../detection/index.js";
import * as contract from "../../../gateway/api/schemas/switch-contract.js";
import * as records from "../../../gateway/api/schemas/records.js";
import { GatewayError } from "../../../gateway/core/errors.js";
import type { TeardownRecord } from "../../../gateway/ports/records.js";
import { apiHarness, KEYS } from "../../support/api-harness.js";
import { sampleIncident } from "../../support/fake-gateway-control.js";
import { SAMPLE_MEDIA } from "../../support/records.js";

const NOW = 1_700_000_000_000;
const incident = (id: string, more: Partial<Incident> = {}): Incident => ({ ...sampleIncident(id), ...more });
const alert = (id: string, at: number): Alert => {
  const { called, callers, callerCount, callCount, severity, disposition, rule } = sampleIncident("i");
  const shared = { called, callers, callerCount, callCount, severity, disposition, rule, message: "m" };
  return { id, incidentId: "i", callIds: ["c"], detectedAt: unixMs(at), ...shared };
};
const cdr = (id: string, more: Partial<Cdr> = {}): Cdr => ({
  id,
  callId: `call-${id}`,
  caller: "+12025550101" as CallerId,
  called: "+12025550199" as CalledId,
  trunk: "default" as TrunkId,
  startedAt: unixMs(NOW + Number(id)),
  answeredAt: unixMs(NOW + 10),
  endedAt: unixMs(NOW + 5_000),
  durationMs: 4_990,
  status: 200,
  endedBy: "gateway",
  cause: "fraud",
  q850: 21,
  emergency: false,
  ...more,
});

test("open incidents are shown as they are now, over what the store had of them", async () => {
  const { ask, store, control } = await apiHarness();
  const closed = incident("old", { state: "closed", openedAt: unixMs(NOW - 1_000), closedAt: unixMs(NOW) });
  for (const each of [closed, incident("live", { callCount: 5 })]) {
    await store.write([{ kind: "incident", incident: each } as never]);
  }
  control.incidentsOpen = [incident("live", { callCount: 20 })];
  const list = async (query: string) =>
    (await ask("GET", `/api/v1/incidents${query}`, { as: "viewer" }))
      .json<Record<string, unknown>[]>()
      .map((row) => [row["incident_id"], row["state"], row["call_count"]]);
  assert.deepEqual(await list(""), [
    ["live", "open", 20],
    ["old", "closed", 5],
  ]);
  assert.deepEqual(await list("?state=closed"), [["old", "closed", 5]]);
  assert.deepEqual(await list("?limit=1"), [["live", "open", 20]]);
  const one = await ask("GET", "/api/v1/incidents/old", { as: "viewer" });
  assert.equal(records.incidentAnswer.parse(one.json()).closed_at, new Date(NOW).toISOString());
});

test("an incident is undone by an analyst, and that is audited", async () => {
  const { ask, control, audit } = await apiHarness();
  control.incidentsOpen = [incident("i-1")];
  const answer = await ask("POST", "/api/v1/incidents/i-1/undo", { as: "analyst" });
  assert.equal(records.incidentAnswer.parse(answer.json()).state, "closed");
  assert.deepEqual(control.incidentsOpen, []);
  assert.deepEqual(
    audit.map(({ actor, action, target }) => [actor, action, target]),
    [["the-analyst", "incident.undo", "i-1"]],
  );
});

test("pages do not skip rows of one millisecond: before with before_id goes on where the last page ended", async () => {
  const { ask, alerts } = await apiHarness();
  alerts.push(alert("a", NOW), alert("b", NOW), alert("c", NOW), alert("d", NOW - 1));
  const page = async (query: string) =>
    (await ask("GET", `/alerts?limit=2${query}`, { as: "viewer" })).json<{ alert_id: string; detected_at: string }[]>();
  const first = await page("");
  assert.deepEqual(
    first.map(({ alert_id }) => alert_id),
    ["c", "b"],
  );
  const last = first[1];
  const second = await page(`&before=${last?.detected_at ?? ""}&before_id=${last?.alert_id ?? ""}`);
  assert.deepEqual(
    second.map(({ alert_id }) => alert_id),
    ["a", "d"],
  );
});

test("every answer fits the schema that the OpenAPI document shows", async () => {
  const { ask, control, store, alerts } = await apiHarness();
  control.live = ["call-1"];
  control.incidentsOpen = [incident("i-1")];
  alerts.push(alert("a", NOW));
  const teardown: TeardownRecord = {
    callId: "call-1",
    incidentId: "i-1",
    at: unixMs(NOW),
    phase: "answered",
    via: "hop",
    aOutcome: "confirmed",
    bOutcome: "already-gone",
    tookMs: 12,
  };
  const entry = {
    id: "e",
    at: unixMs(NOW),
    actor: "x",
    role: "admin",
    action: "reload",
    target: "t",
    outcome: "done",
    detail: { n: 1 },
  } as const;
  await store.write([
    { kind: "cdr", cdr: { ...cdr("1"), media: SAMPLE_MEDIA } },
    { kind: "teardown", teardown },
    { kind: "audit", entry },
  ]);
  const block = { b_number: "+12025550199", a_prefix: "+1303", ttl_ms: 60_000 };
  const asked: readonly (readonly [method: string, url: string, schema: z.ZodType, body?: object, status?: number])[] =
    [
      ["POST", "/event", contract.eventAnswer, { call_id: "c", a_number: "a", b_number: "b" }],
      ["POST", "/events/batch", contract.batchAnswer, [{ call_id: "c", a_number: "a", b_number: "b" }, 7]],
      ["POST", "/api/v1/fraud/disconnect", contract.disconnectAnswer, { call_ids: ["call-1", "none"] }],
      ["GET", "/health", contract.healthAnswer],
      ["GET", "/ready", contract.readyAnswer],
      ["GET", "/alerts", z.array(contract.alertAnswer)],
      ["GET", "/stats", contract.statsAnswer],
      ["GET", "/api/v1/incidents", z.array(records.incidentAnswer)],
      ["POST", "/api/v1/blocks", records.blockAnswer, block, 201],
      ["GET", "/api/v1/blocks", z.array(records.blockAnswer)],
      ["DELETE", "/api/v1/blocks/block-1", records.blockAnswer],
      ["GET", "/api/v1/calls", z.array(records.callAnswer)],
      ["POST", "/api/v1/calls/end", contract.disconnectAnswer, { call_ids: ["call-1"] }],
      ["GET", "/api/v1/cdrs", z.array(records.cdrAnswer)],
      ["GET", "/api/v1/teardowns", z.array(records.teardownAnswer)],
      ["GET", "/api/v1/audit", z.array(records.auditAnswer)],
      [
        "POST",
        "/api/v1/baseline",
        z.object({ imported: z.literal(1) }),
        { rows: [{ b_number: "b", callers_per_window: 9 }] },
      ],
      ["POST", "/api/v1/reload", z.object({ changed: z.tuple([z.literal("trunks")]), ignored: z.tuple([]) })],
      [
        "POST",
        "/api/v1/traces",
        z.object({ trace_id: z.literal("trace-1"), until: z.iso.datetime() }),
        { number: "1" },
        201,
      ],
      ["DELETE", "/api/v1/traces/trace-1", z.object({ stopped: z.literal(true) })],
    ];
  for (const [method, url, schema, body, status = 200] of asked) {
    const answer = await ask(method, url, { as: "admin", body });
    assert.equal(answer.statusCode, status, `${method} ${url}: ${answer.body}`);
    const json: unknown = answer.json();
    assert.ok(!Array.isArray(json) || json.length > 0, `${url} shows something`);
    assert.deepEqual(schema.parse(json), json, `${method} ${url} has no field that the schema does not know`);
  }
});

test("CDRs are filtered as asked", async () => {
  const { ask, store } = await apiHarness();
  const other = { caller: "A001" as CallerId, cause: "normal" } as const;
  await store.write([cdr("1"), cdr("2", other), cdr("3")].map((each) => ({ kind: "cdr", cdr: each })));
  const ids = async (query: string) =>
    (await ask("GET", `/api/v1/cdrs?${query}`, { as: "viewer" })).json<{ id: string }[]>().map(({ id }) => id);
  assert.deepEqual(await ids(""), ["3", "2", "1"]);
  assert.deepEqual(await ids("caller=A001"), ["2"]);
  assert.deepEqual(await ids("cause=fraud&limit=1"), ["3"]);
  assert.deepEqual(await ids(`since=${new Date(NOW + 2).toISOString()}&before=${NOW + 3}`), ["2"]);
});

test("an export from a store that is down answers 503; one that breaks off later ends the connection, not the gateway", async () => {
  const { app, ask, store } = await apiHarness();
  store.failure = new GatewayError("store.unavailable", "down");
  assert.equal((await ask("GET", "/api/v1/cdrs/export", { as: "viewer" })).statusCode, 503);
  store.failure = undefined;
  store.exportCdrs = async function* () {
    yield [cdr("1")];
    await Promise.resolve();
    throw new GatewayError("store.unavailable", "gone in the middle");
  };
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  const headers = { authorization: `Bearer ${KEYS.viewer}` };
  const cut = fetch(`${url}/api/v1/cdrs/export?format=jsonl`, { headers }).then((response) => response.text());
  await assert.rejects(cut);
  assert.equal((await fetch(`${url}/health`)).status, 200);
  await app.close();
});

test("what the gateway refuses in words is told: a block that is too broad, a configuration that cannot be loaded, a trace too many", async () => {
  const { ask, control } = await apiHarness();
  const block = { b_number: "+12025550199", a_prefix: "+", ttl_ms: 60_000 };
  for (const [code, method, url, body] of [
    ["block.refused", "POST", "/api/v1/blocks", block],
    ["config.invalid", "POST", "/api/v1/reload", undefined],
    ["tls.certificate", "POST", "/api/v1/reload", undefined],
    ["trace.refused", "POST", "/api/v1/traces", { number: "+12025550199" }],
  ] as const) {
    control.failure = new GatewayError(code, "because");
    const answer = await ask(method, url, { as: "admin", body });
    assert.equal(answer.statusCode, 422);
    assert.deepEqual(answer.json(), { error: { code, message: "because" } });
  }
});
