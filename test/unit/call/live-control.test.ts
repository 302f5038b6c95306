import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_DETECTION_OPTIONS, type CalledId } from "../../../detection/index.js";
import { DetectionTicker } from "../../../gateway/call/detection-ticker.js";
import { GatewayError } from "../../../gateway/core/errors.js";
import { unixMs } from "../../../gateway/core/time.js";
import type { LiveCallView } from "../../../gateway/ports/gateway-control.js";
import { LiveCallDouble, settle } from "../../support/call-doubles.js";
import { attack, event, switchBench as setUp } from "../../support/switch-bench.js";

test("control: live calls are listed up to the limit asked for", async () => {
  const { control, registry } = setUp();
  for (const id of ["1", "2", "3"]) registry.onStarted(new LiveCallDouble(id));
  const calls = await control.calls(2);
  assert.deepEqual(
    calls.map(({ callId, phase, caller, nextHop }) => [callId, phase, caller, nextHop]),
    [
      ["1", "answered", "+12025550101", "192.0.2.9:5060"],
      ["2", "answered", "+12025550101", "192.0.2.9:5060"],
    ],
  );
});

test("control: live calls that an Asterisk carries are listed with those of the hop, oldest first, up to the limit", async () => {
  const { control, registry, elsewhere } = setUp();
  const own = new LiveCallDouble("hop-call");
  registry.onStarted(own);
  const { caller, called, trunk } = own.identity;
  const at = (callId: string, afterMs: number): LiveCallView => ({
    ...{ callId, caller, called, trunk, phase: "answered", startedAt: unixMs(own.startedAt + afterMs) },
    ...{ carriedBy: "asterisk", server: "pbx1" },
  });
  elsewhere.push(at("pbx1;1.0", -5), at("pbx1;2.0", 5));
  const listed = async (limit: number) =>
    (await control.calls(limit)).map(({ callId, carriedBy, server }) => [callId, carriedBy, server]);
  const all = [
    ["pbx1;1.0", "asterisk", "pbx1"],
    ["hop-call", "hop", undefined],
    ["pbx1;2.0", "asterisk", "pbx1"],
  ];
  assert.deepEqual(await listed(10), all);
  assert.deepEqual(await listed(2), all.slice(0, 2));
});

test("control: a person ends calls; the reason carries their words and the alert", async () => {
  const { control, registry, sink } = setUp();
  const call = new LiveCallDouble("1");
  registry.onStarted(call);
  const results = await control.endCalls(["1", "2"], "fraud_detected", "key-1", "alert-7");
  assert.deepEqual(
    results.map((result) => result.outcome),
    ["confirmed", "unknown-call"],
  );
  assert.deepEqual(
    call.ended.map(({ cause, text, alertId }) => [cause, text, alertId]),
    [["operator", "fraud_detected", "alert-7"]],
  );
  assert.equal(sink.of("audit").length, 0, "the API audits what people order");
});

test("control: a block is added for canonical numbers, recorded, refuses the caller, and is removed", async () => {
  const { control, sink } = setUp();
  const request = {
    called: "sip:+12025550199@gw;user=phone" as CalledId,
    caller: "tel:+12025550101" as never,
    reason: "spam",
    createdBy: "key-1",
    ttlMs: 60_000,
  };
  const block = await control.addBlock(request);
  assert.deepEqual([block.called, block.caller], ["+12025550199", "+12025550101"]);
  const [verdict] = await control.reportEvents([event("1", "+12025550101", { bNumber: "+12025550199" })]);
  assert.equal(verdict?.verdict, "refuse");
  assert.equal((await control.removeBlock(block.id, "key-1"))?.id, block.id);
  assert.equal(await control.removeBlock(block.id, "key-1"), undefined);
  assert.deepEqual(
    sink.of("block").map((record) => record.change),
    ["added", "removed"],
  );
});

test("control: a block of a trunk that there is not, or of calls to an emergency number, is refused", async () => {
  const { control } = setUp();
  const request = { called: "+12025550199" as CalledId, reason: "r", createdBy: "key-1", ttlMs: 60_000 };
  const refused = (error: unknown): boolean => error instanceof GatewayError && error.code === "block.refused";
  await assert.rejects(control.addBlock({ ...request, trunk: "nroth" as never }), refused);
  await assert.rejects(
    control.addBlock({ ...request, called: "tel:112" as CalledId, trunk: "north" as never }),
    refused,
  );
  assert.deepEqual(await control.blocks(), []);
  assert.equal((await control.addBlock({ ...request, trunk: "north" as never })).trunk, "north");
});

test("control: a block against everybody is refused (R3)", async () => {
  const { control } = setUp();
  const request = { called: "B1" as CalledId, reason: "all", createdBy: "key-1", ttlMs: 60_000 };
  await assert.rejects(
    control.addBlock(request),
    (error: unknown) =>
      error instanceof GatewayError && error.code === "block.refused" && error.message === "block.too-broad",
  );
});

test("control: undoing an incident closes it, lifts its blocks and says so to the store", async () => {
  const { control, sink } = setUp();
  await control.reportEvents(attack(6));
  const [incident] = await control.openIncidents();
  assert.ok(incident !== undefined);
  assert.deepEqual(await control.openIncidents([incident.id, "none"]), [incident]);
  assert.deepEqual(await control.openIncidents([]), []);
  assert.ok((await control.blocks()).length > 0);
  const undone = await control.undoIncident(incident.id, "key-1");
  assert.equal(undone?.state, "closed");
  assert.deepEqual([await control.openIncidents(), await control.blocks()], [[], []]);
  assert.ok(sink.of("block").some((record) => record.change === "removed"));
  assert.equal(await control.undoIncident("nobody", "key-1"), undefined);
});

test("control: an imported baseline leaves a busy number alone", async () => {
  const { control } = setUp();
  assert.equal(
    await control.importBaseline([
      { called: "tel:B999", callersPerWindow: 20 },
      { called: "B999", callersPerWindow: 20 },
    ]),
    2,
  );
  const verdicts = await control.reportEvents(attack(9));
  assert.ok(verdicts.every((verdict) => !verdict.detected));
});

test("control: the numbers of /stats", async () => {
  const { control, registry } = setUp();
  registry.onStarted(new LiveCallDouble("hop-call"));
  await control.reportEvents(attack(5));
  await settle();
  const stats = await control.stats();
  assert.deepEqual(
    [
      stats.processedTotal,
      stats.alertsTotal,
      stats.disconnectsTotal,
      stats.openIncidents,
      stats.activeCalls,
      stats.draining,
    ],
    [5, 1, 5, 1, 6, false],
  );
});

test("ticker: an incident that went quiet is closed and recorded without any further call", async () => {
  const { clock, detection, carrier, control, sink, metrics } = setUp();
  const ticker = new DetectionTicker(detection, carrier, clock, metrics);
  ticker.start();
  ticker.start();
  await control.reportEvents(attack(5));
  metrics.scrape();
  assert.equal(metrics.get("ringfence_incidents_open"), 1);
  clock.advance(DEFAULT_DETECTION_OPTIONS.masking.quietMs + 2_000);
  assert.deepEqual(detection.incidents(), []);
  assert.ok(sink.of("incident").some((record) => record.incident.state === "closed"));
  ticker.close();
  ticker.close();
  metrics.scrape();
  assert.equal(metrics.get("ringfence_incidents_open"), 0);
});

test("screen: decisions are counted and timed under the names that the source's dashboards know", async () => {
  const { control, metrics } = setUp();
  await control.reportEvents(attack(6));
  assert.equal(metrics.get("fraud_calls_processed_total"), 6);
  assert.equal(metrics.observed.get("fraud_detection_latency_ms")?.length, 6);
  assert.equal((await control.stats()).refusedTotal, metrics.get("ringfence_calls_refused_total"));
  assert.ok(metrics.get("ringfence_calls_refused_total") >= 1);
});
