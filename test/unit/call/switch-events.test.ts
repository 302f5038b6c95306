import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_DETECTION_OPTIONS, FraudDetection, unixMs, type CalledId } from "../../../detection/index.js";
import { Audit } from "../../../gateway/call/audit.js";
import { CallRegistry } from "../../../gateway/call/call-registry.js";
import { ActionCarrier } from "../../../gateway/call/carry-out.js";
import { DetectionTicker } from "../../../gateway/call/detection-ticker.js";
import { ForeignCalls } from "../../../gateway/call/foreign-calls.js";
import { LiveControl } from "../../../gateway/call/live-control.js";
import { MeasuredScreen } from "../../../gateway/call/measured-screen.js";
import { DEFAULT_SWITCH_EVENTS, SwitchEvents, type SwitchEventOptions } from "../../../gateway/call/switch-events.js";
import { DEFAULT_TEARDOWN, TeardownService } from "../../../gateway/call/teardown-service.js";
import { TrunkTable } from "../../../gateway/call/trunks.js";
import { GatewayError } from "../../../gateway/core/errors.js";
import type { SwitchEvent } from "../../../gateway/ports/gateway-control.js";
import type { OutwardTeardown } from "../../../gateway/ports/outward-teardown.js";
import {
  LiveCallDouble,
  LogDouble,
  MetricsDouble,
  RandomDouble,
  SinkDouble,
  settle,
  trunkSettings,
} from "../../support/call-doubles.js";
import { FakeClock } from "../../support/fake-clock.js";

const SMALL = {
  windowMiB: 1,
  trackedCalls: 1_024,
  recentCalls: 1_024,
  knownPairs: 1_024,
  watchedNumbers: 100,
  openIncidents: 50,
  blocks: 100,
};

function setUp(options: Partial<SwitchEventOptions> = {}) {
  const clock = new FakeClock();
  const metrics = new MetricsDouble();
  const sink = new SinkDouble();
  const log = new LogDouble();
  const random = new RandomDouble();
  const detection = new FraudDetection({ ...DEFAULT_DETECTION_OPTIONS, memory: SMALL }, random);
  const screen = new MeasuredScreen(detection, clock, metrics);
  const registry = new CallRegistry(metrics);
  const foreignCalls = new ForeignCalls(100);
  const disconnected: string[] = [];
  const outward: OutwardTeardown = {
    via: "switch-api",
    disconnect: (calls) => {
      disconnected.push(...calls.map((call) => call.callId));
      return Promise.resolve(
        calls.map(({ callId }) => ({
          callId,
          success: true,
          outcome: "confirmed",
          via: "switch-api" as const,
          tookMs: 1,
        })),
      );
    },
  };
  const audit = new Audit(sink, clock, random);
  const teardown = new TeardownService(DEFAULT_TEARDOWN, {
    registry,
    foreignCalls,
    outward: [outward],
    sink,
    audit,
    clock,
    metrics,
    log,
  });
  const carrier = new ActionCarrier({ teardown, sink, audit, metrics, log });
  const table = TrunkTable.of({
    trunks: [trunkSettings("north"), trunkSettings("sbc-1")],
    defaultTrunk: trunkSettings("default"),
    trustedHops: [],
    unknownSources: "loopback",
  });
  assert.ok(table.ok);
  const trunks = () => table.value;
  const events = new SwitchEvents(
    { ...DEFAULT_SWITCH_EVENTS, ...options },
    { screen, carrier, registry, foreignCalls, trunks, clock, metrics },
  );
  const control = new LiveControl({
    detection,
    screen,
    events,
    carrier,
    teardown,
    registry,
    foreignCalls,
    trunks,
    clock,
    isDraining: () => false,
  });
  return { clock, metrics, sink, detection, registry, foreignCalls, disconnected, control, carrier };
}

const event = (callId: string, aNumber: string, over: Partial<SwitchEvent> = {}): SwitchEvent => ({
  callId,
  aNumber,
  bNumber: "B999",
  at: undefined,
  status: "active",
  switchId: undefined,
  trunk: undefined,
  ...over,
});
const attack = (n: number, over: Partial<SwitchEvent> = {}): SwitchEvent[] =>
  Array.from({ length: n }, (_, i) => event(`call${i + 1}`, `A00${i + 1}`, over));

test("events: the fifth caller of one number is the one that is detected, each event has its own verdict (R6)", async () => {
  const { control } = setUp();
  const verdicts = await control.reportEvents(attack(6));
  assert.deepEqual(
    verdicts.map((verdict) => verdict.detected),
    [false, false, false, false, true, true],
  );
  assert.deepEqual(
    verdicts.map((verdict) => verdict.callId),
    attack(6).map((each) => each.callId),
  );
  assert.equal(typeof verdicts[4]?.alertId, "string");
});

test("events: a detected attack is ended through the switch that carries it, and recorded (R7)", async () => {
  const { control, disconnected, sink } = setUp();
  await control.reportEvents(attack(5));
  await settle();
  assert.deepEqual(new Set(disconnected), new Set(attack(5).map((each) => each.callId)));
  assert.equal(sink.of("alert").length, 1);
  assert.equal(sink.of("teardown").length, 5);
});

test("events: the same event twice counts once (R6)", async () => {
  const { control } = setUp();
  const verdicts = [...(await control.reportEvents(attack(4))), ...(await control.reportEvents(attack(4)))];
  assert.ok(verdicts.every((verdict) => !verdict.detected));
  assert.equal((await control.stats()).processedTotal, 4);
});

test("events: a call that the hop carries is not counted again and is not asked of the switch", async () => {
  const { control, registry, foreignCalls, disconnected } = setUp();
  const call = new LiveCallDouble("call1");
  registry.onStarted(call);
  await control.reportEvents(attack(5));
  await settle();
  assert.equal(foreignCalls.get("call1"), undefined);
  assert.ok(!disconnected.includes("call1"));
  assert.deepEqual(
    call.ended.map((reason) => reason.cause),
    ["fraud"],
  );
});

test("events: a call that ended is forgotten; one that comes to the hop later is the hop's", async () => {
  const { control, foreignCalls } = setUp();
  await control.reportEvents([event("x", "A1"), event("y", "A2"), event("x", "A1", { status: "ended" })]);
  assert.deepEqual([foreignCalls.get("x"), foreignCalls.get("y")?.callId], [undefined, "y"]);
  foreignCalls.onStarted(new LiveCallDouble("y"));
  assert.equal(foreignCalls.size, 0);
});

const rejected: readonly (readonly [name: string, over: Partial<SwitchEvent>, reason: string])[] = [
  ["no call id", { callId: "" }, "bad-call-id"],
  ["a call id of a kilobyte", { callId: "x".repeat(1024) }, "bad-call-id"],
  ["no called number", { bNumber: "  " }, "bad-b-number"],
  ["a called number of a kilobyte", { bNumber: "1".repeat(1024) }, "bad-b-number"],
  ["a caller of a kilobyte", { aNumber: "1".repeat(1024) }, "bad-a-number"],
];
for (const [name, over, reason] of rejected) {
  test(`events: ${name} is rejected, the events around it are not`, async () => {
    const { control } = setUp();
    const verdicts = await control.reportEvents([event("1", "A1"), event("2", "A2", over), event("3", "A3")]);
    assert.deepEqual(
      verdicts.map((verdict) => [verdict.status, verdict.reason]),
      [
        ["processed", undefined],
        ["rejected", reason],
        ["processed", undefined],
      ],
    );
  });
}

test("events: callers written in other ways are one caller; nameless ones are told apart by trunk (R8)", async () => {
  const { control, detection } = setUp();
  const forms = [
    "+12025550101",
    "sip:+12025550101@192.0.2.1;user=phone",
    '"A" <sip:+12025550101@192.0.2.1>',
    "tel:+12025550101",
    " +12025550101 ",
  ];
  const verdicts = await control.reportEvents(forms.map((aNumber, i) => event(`f${i}`, aNumber)));
  assert.ok(verdicts.every((verdict) => !verdict.detected));
  const nameless = ["", "anonymous", "Restricted", "sip:anonymous@anonymous.invalid", "unknown"];
  const more = await control.reportEvents(
    nameless.map((aNumber, i) => event(`n${i}`, aNumber, { bNumber: "B1", trunk: "north" })),
  );
  assert.ok(more.every((verdict) => !verdict.detected));
  assert.equal(detection.incidents().length, 0);
});

test("events: the trunk is the one named, else the switch's own, else the default", async () => {
  const { control, detection } = setUp();
  await control.reportEvents([
    ...attack(5, { trunk: "north" }),
    ...attack(5, { bNumber: "B2", switchId: "sbc-1" }).map((each) => ({ ...each, callId: `s${each.callId}` })),
    ...attack(5, { bNumber: "B3", switchId: "other" }).map((each) => ({ ...each, callId: `d${each.callId}` })),
  ]);
  assert.deepEqual(
    detection.incidents().map((incident) => incident.trunks),
    [["north"], ["sbc-1"], ["default"]],
  );
});

test("events: an emergency call is never detected, whatever happens around it", async () => {
  const { control } = setUp();
  const verdicts = await control.reportEvents(attack(10, { bNumber: "112" }));
  assert.ok(verdicts.every((verdict) => !verdict.detected && verdict.verdict === "allow"));
});

test("events: a long batch leaves room for calls, and what does not fit is rejected as queue-full", async () => {
  const { control, clock } = setUp({ perTurn: 2, maxWaiting: 5 });
  const report = control.reportEvents(attack(7, { bNumber: "B1" }));
  const meanwhile = await control.reportEvents([event("other", "A1"), event("another", "A2")]);
  assert.deepEqual(
    meanwhile.map((verdict) => verdict.reason),
    [undefined, undefined],
  );
  for (let i = 0; i < 5; i++) {
    clock.advance(1);
    await settle();
  }
  const verdicts = await report;
  assert.deepEqual(
    verdicts.map((verdict) => verdict.reason),
    [undefined, undefined, undefined, undefined, undefined, "queue-full", "queue-full"],
  );
});

test("foreign calls: no more than the limit; the oldest goes first", () => {
  const calls = new ForeignCalls(2);
  for (const callId of ["1", "2", "3"]) assert.equal(calls.add({ callId }), true);
  assert.equal(calls.add({ callId: "3" }), false);
  assert.deepEqual([calls.get("1"), calls.get("2")?.callId, calls.size], [undefined, "2", 2]);
});

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

test("events: an event's own time reaches detection: five callers over 20 s are no attack", async () => {
  const { control, clock } = setUp();
  const now = clock.unix();
  const slow = attack(5).map((each, i) => ({ ...each, at: unixMs(now - 20_000 + i * 5_000) }));
  assert.ok((await control.reportEvents(slow)).every((verdict) => !verdict.detected));
});
