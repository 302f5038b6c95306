import assert from "node:assert/strict";
import { test } from "node:test";
import { apiHarness } from "../../support/api-harness.js";
import { sampleIncident } from "../../support/fake-gateway-control.js";
import { GatewayError } from "../../../gateway/core/errors.js";
import type { Alert, CallerId, Incident, TrunkId } from "../../../detection/index.js";

const event = (index: number, more: object = {}) => ({
  call_id: `call-${index}`,
  a_number: `+1202555010${index}`,
  b_number: "+12025550199",
  timestamp: "2024-01-15T10:30:00Z",
  status: "active",
  switch_id: "kamailio-sbc",
  ...more,
});

for (const url of ["/event", "/api/v1/fraud/events"]) {
  test(`POST ${url}: the source's event from loopback needs no key and gets its verdict in the answer`, async () => {
    const { ask, control } = await apiHarness();
    const first = await ask("POST", url, { body: event(1) });
    assert.equal(first.statusCode, 200);
    assert.deepEqual(first.json(), { status: "processed", detected: false, call_id: "call-1", verdict: "allow" });
    for (const index of [2, 3, 4]) await ask("POST", url, { body: event(index) });
    const fifth = await ask("POST", url, { body: event(5) });
    assert.deepEqual(fifth.json(), {
      status: "processed",
      detected: true,
      alert_id: "alert-+12025550199",
      call_id: "call-5",
      verdict: "refuse",
      incident_id: "incident-+12025550199",
    });
    assert.equal(control.reported[0]?.at, Date.parse("2024-01-15T10:30:00Z"));
    assert.equal(control.reported[0].switchId, "kamailio-sbc");
  });
}

for (const [url, wrap] of [
  ["/events/batch", (events: unknown[]) => ({ events })],
  ["/api/v1/fraud/events/batch", (events: unknown[]) => events],
  ["/api/v1/fraud/events/batch", (events: unknown[]) => ({ events })],
] as const) {
  test(`POST ${url}: every event of a ${Array.isArray(wrap([])) ? "bare array" : "batch"} keeps its verdict (R6)`, async () => {
    const { ask } = await apiHarness();
    const events = [1, 2, 3, 4, 5, 6].map((index) => ({
      call_id: `c${index}`,
      a_number: `A00${index}`,
      b_number: "B999",
    }));
    const answer = await ask("POST", url, { body: wrap(events) });
    assert.equal(answer.statusCode, 200);
    const { processed, results } = answer.json<{ processed: number; results: Record<string, unknown>[] }>();
    assert.equal(processed, 6);
    assert.deepEqual(
      results.map((result) => [result["call_id"], result["status"], result["detected"], result["alert_id"]]),
      [
        ["c1", "processed", false, undefined],
        ["c2", "processed", false, undefined],
        ["c3", "processed", false, undefined],
        ["c4", "processed", false, undefined],
        ["c5", "processed", true, "alert-B999"],
        ["c6", "processed", true, "alert-B999"],
      ],
    );
  });
}

test("a bad event in a batch is rejected alone, with the place named", async () => {
  const { ask, control } = await apiHarness();
  const events = [event(1), { call_id: "broken", a_number: 7 }, event(3)];
  const { processed, results } = (await ask("POST", "/events/batch", { body: { events } })).json<{
    processed: number;
    results: { status: string; call_id: string; reason?: string }[];
  }>();
  assert.equal(processed, 2);
  assert.deepEqual(
    results.map(({ status }) => status),
    ["processed", "rejected", "processed"],
  );
  assert.equal(results[1]?.call_id, "broken");
  assert.match(results[1].reason ?? "", /^events\.1\.a_number: /);
  assert.deepEqual(
    control.reported.map(({ callId }) => callId),
    ["call-1", "call-3"],
  );
});

test("a large batch goes to the SIP thread in small messages, in order", async () => {
  const { ask, control } = await apiHarness();
  const events = Array.from({ length: 450 }, (_, index) => ({ call_id: `c${index}`, a_number: "A", b_number: "B" }));
  const answer = await ask("POST", "/events/batch", { body: { events } });
  assert.equal(answer.json<{ processed: number }>().processed, 450);
  assert.deepEqual(control.messages, [200, 200, 50]);
  assert.deepEqual(
    control.reported.map(({ callId }) => callId),
    events.map(({ call_id }) => call_id),
  );
});

test("more events than the batch limit, and more bytes than the body limit, are refused with 413", async () => {
  const { ask } = await apiHarness({ limits: { maxBatchEvents: 3, maxBodyBytes: 2_000 } });
  const many = await ask("POST", "/events/batch", { body: [1, 2, 3, 4].map((index) => ({ call_id: `${index}` })) });
  assert.equal(many.statusCode, 413);
  assert.equal(many.json<{ error: { code: string } }>().error.code, "request.too-many-events");
  const big = await ask("POST", "/events/batch", { body: [{ call_id: "x".repeat(3_000) }] });
  assert.equal(big.statusCode, 413);
  assert.equal(big.json<{ error: { code: string } }>().error.code, "request.too-large");
});

test("fields that a switch sends beyond the contract are ignored, missing ones are named", async () => {
  const { ask } = await apiHarness();
  assert.equal(
    (await ask("POST", "/event", { body: event(1, { source_ip: "192.0.2.1", direction: "in" }) })).statusCode,
    200,
  );
  const answer = await ask("POST", "/event", { body: { call_id: "c", a_number: "A001" } });
  assert.equal(answer.statusCode, 400);
  const { error } = answer.json<{ error: { code: string; path: string } }>();
  assert.deepEqual([error.code, error.path], ["request.invalid", "b_number"]);
});

test("when the SIP thread does not answer, an event gets 503 with Retry-After, not a verdict", async () => {
  const { ask, control } = await apiHarness();
  control.failure = new GatewayError("backoffice.lost", "timed out");
  const answer = await ask("POST", "/event", { body: event(1) });
  assert.equal(answer.statusCode, 503);
  assert.equal(answer.headers["retry-after"], "1");
  assert.equal(answer.json<{ error: { code: string } }>().error.code, "backoffice.lost");
});

test("disconnect tells the outcome of each call, in the source's shape", async () => {
  const { ask, control } = await apiHarness();
  control.live = ["call1", "call3"];
  const body = { call_ids: ["call1", "call2", "call3", "call1"], alert_id: "alert-789", reason: "fraud_detected" };
  const answer = await ask("POST", "/api/v1/fraud/disconnect", { as: "switch", body });
  assert.equal(answer.statusCode, 200);
  assert.deepEqual(answer.json(), {
    requested: 4,
    disconnected: 3,
    failed: 1,
    results: [
      { call_id: "call1", success: true, outcome: "confirmed", via: "hop", took_ms: 3 },
      { call_id: "call2", success: false, outcome: "unknown-call", via: "none", took_ms: 3 },
      { call_id: "call3", success: true, outcome: "confirmed", via: "hop", took_ms: 3 },
      { call_id: "call1", success: true, outcome: "confirmed", via: "hop", took_ms: 3 },
    ],
  });
  assert.deepEqual(control.ended, [
    { callIds: ["call1", "call2", "call3"], reason: "fraud_detected", by: "the-switch", alertId: "alert-789" },
  ]);
});

const alert = (id: string, at: number): Alert => {
  const incident = sampleIncident("incident-1");
  const { called, callers, callerCount, callCount, severity, disposition, rule } = incident;
  const shared = { called, callers, callerCount, callCount, severity, disposition, rule, message: "5 callers" };
  return { id, incidentId: incident.id, callIds: ["call-1"], detectedAt: at as Alert["detectedAt"], ...shared };
};

test("GET /alerts is a bare array with the source's fields, newest first, from memory and store without doubles", async () => {
  const { ask, store, alerts } = await apiHarness();
  await store.write([alert("old", 1_000), alert("both", 2_000)].map((each) => ({ kind: "alert", alert: each })));
  alerts.push(alert("new", 3_000), alert("both", 2_000));
  const answer = await ask("GET", "/alerts", { as: "viewer" });
  const rows = answer.json<Record<string, unknown>[]>();
  assert.deepEqual(
    rows.map((row) => row["alert_id"]),
    ["new", "both", "old"],
  );
  const { alert_id, b_number, a_numbers, call_count, severity, detected_at } = rows[0] ?? {};
  assert.deepEqual(
    { alert_id, b_number, a_numbers, call_count, severity, detected_at },
    {
      alert_id: "new",
      b_number: "+12025550199",
      a_numbers: ["+12025550101"],
      call_count: 5,
      severity: "high",
      detected_at: "1970-01-01T00:00:03.000Z",
    },
  );
});

test("GET /alerts shows callers and calls of the attack as it stands now, open or closed, not as it was at the alert", async () => {
  const { ask, store, alerts, control } = await apiHarness();
  const grown = (id: string, count: number): Incident => {
    const names = Array.from({ length: count }, (_, i) => `+120255501${String(i).padStart(2, "0")}` as CallerId);
    const shared = sampleIncident(id);
    const calls = names.map((caller, i) => ({
      callId: `${id}-${i}`,
      caller,
      trunk: "t-1" as TrunkId,
      at: shared.openedAt,
    }));
    return { ...shared, callers: names, callerCount: count, calls, callCount: count };
  };
  control.incidentsOpen = [grown("running", 25)];
  const closed: Incident = { ...grown("over", 12), state: "closed" };
  await store.write([{ kind: "incident", incident: closed }]);
  alerts.push({ ...alert("a", 2_000), incidentId: "running" }, { ...alert("b", 1_000), incidentId: "over" });
  for (const url of ["/alerts", "/api/v1/alerts"]) {
    const rows = (await ask("GET", url, { as: "viewer" })).json<Record<string, unknown>[]>();
    const counts = rows.map((row) => [row["alert_id"], row["a_number_count"], row["call_count"]]);
    assert.deepEqual(counts, [
      ["a", 25, 25],
      ["b", 12, 12],
    ]);
    assert.equal((rows[0]!["a_numbers"] as unknown[]).length, 25);
    assert.equal((rows[0]!["call_ids"] as unknown[]).length, 25);
  }
});

test("GET /alerts answers from memory while the store is down", async () => {
  const { ask, store, alerts } = await apiHarness();
  store.failure = new GatewayError("store.unavailable", "down");
  assert.equal((await ask("GET", "/alerts", { as: "viewer" })).statusCode, 503);
  alerts.push(alert("new", 3_000));
  const answer = await ask("GET", "/alerts", { as: "viewer" });
  assert.deepEqual([answer.statusCode, answer.json<unknown[]>().length], [200, 1]);
});

test("GET /stats and /config have the source's fields", async () => {
  const { ask, control } = await apiHarness();
  control.live = ["a", "b"];
  const stats = (await ask("GET", "/stats", { as: "switch" })).json<Record<string, unknown>>();
  for (const field of ["processed_total", "alerts_total", "active_calls", "avg_latency_ms"]) {
    assert.equal(typeof stats[field], "number", field);
  }
  assert.equal(stats["active_calls"], 2);
  assert.equal(stats["uptime_s"], 60);
  const config = await ask("GET", "/config", { as: "viewer" });
  assert.deepEqual(config.json(), { detection: { masking: { windowMs: 5000, threshold: 5 } } });
});

test("GET /health needs no key and tells the truth: healthy, degraded without the store, unhealthy without SIP", async () => {
  const harness = await apiHarness();
  const { ask, control } = harness;
  const healthy = await ask("GET", "/health", { from: "192.0.2.7" });
  assert.equal(healthy.statusCode, 200);
  const body = healthy.json<{ status: string; timestamp: string; version: string }>();
  assert.deepEqual([body.status, body.timestamp, body.version], ["healthy", "2023-11-14T22:13:20.000Z", "0.0.0-test"]);
  assert.doesNotMatch(healthy.body, /127\.0\.0\.1/, "addresses are not told to strangers");

  harness.health = [{ name: "store", ok: false, vital: false, detail: "down" }];
  const degraded = await ask("GET", "/health");
  assert.deepEqual([degraded.statusCode, degraded.json<{ status: string }>().status], [200, "degraded"]);

  const detail =
    "tts.unavailable: /usr/bin/espeak-ng at http://u:p@voice.example.com:8/x, 192.0.2.9:5060, [2001:db8::1]:5060, sbc.example.com is not installed";
  harness.health = [{ name: "screening", ok: false, vital: false, detail }];
  const told = (await ask("GET", "/health")).json<{ components: { name: string; why?: string }[] }>().components;
  const screening = told.find(({ name }) => name === "screening");
  assert.equal(screening?.why, "tts.unavailable: … at … …, …, … is not installed");
  assert.ok(told.filter(({ name }) => name !== "screening").every((each) => !("why" in each)));

  control.failure = new GatewayError("backoffice.lost", "timed out");
  const unhealthy = await ask("GET", "/health");
  assert.deepEqual([unhealthy.statusCode, unhealthy.json<{ status: string }>().status], [503, "unhealthy"]);
});

test("GET /ready is 503 while draining or without a vital part", async () => {
  const { ask, control } = await apiHarness();
  assert.equal((await ask("GET", "/ready", { as: "viewer" })).statusCode, 200);
  control.draining = true;
  assert.equal((await ask("GET", "/ready", { as: "viewer" })).statusCode, 503);
  control.draining = false;
  control.components = [{ name: "sip", ok: false, vital: true, detail: "listen failed" }];
  assert.equal((await ask("GET", "/ready", { as: "viewer" })).statusCode, 503);
});
