import assert from "node:assert/strict";
import { test } from "node:test";
import {
  FraudDetection,
  unixMs,
  type CallAnswered,
  type CalledId,
  type CallEnded,
  type CallerId,
} from "../../../../detection/index.js";
import { Audit } from "../../../../gateway/call/audit.js";
import { CallRegistry } from "../../../../gateway/call/call-registry.js";
import { ActionCarrier } from "../../../../gateway/call/carry-out.js";
import { fraudReason } from "../../../../gateway/call/end-reasons.js";
import { ForeignCalls } from "../../../../gateway/call/foreign-calls.js";
import { RecordingBook } from "../../../../gateway/call/recording/recording-book.js";
import type { RecordedCall } from "../../../../gateway/call/recording/recording-contracts.js";
import { RecordingDesk } from "../../../../gateway/call/recording/recording-desk.js";
import { DEFAULT_TEARDOWN, TeardownService } from "../../../../gateway/call/teardown-service.js";
import { TrunkTable } from "../../../../gateway/call/trunks.js";
import type { ForeignCall, OutwardTeardown } from "../../../../gateway/ports/outward-teardown.js";
import {
  LiveCallDouble,
  LogDouble,
  MetricsDouble,
  RandomDouble,
  settle,
  SinkDouble,
  sourceAt,
  trunkSettings,
} from "../../../support/call-doubles.js";
import { detectionOptions, type DetectionChanges } from "../../../support/detection-scene.js";
import { FakeClock } from "../../../support/fake-clock.js";
import { SeededRandom } from "../../../support/seeded-random.js";

const FRAUD = fraudReason("scam", "incident-1", "alert-1");

/** A book and a desk with the real detection, registry, teardown; a switch that ends every call it is asked to. */
function setUp(changes: DetectionChanges = {}, report = true) {
  const clock = new FakeClock();
  const metrics = new MetricsDouble();
  const log = new LogDouble();
  const sink = new SinkDouble();
  const registry = new CallRegistry(metrics);
  const foreignCalls = new ForeignCalls(1_000);
  const audit = new Audit(sink, clock, new RandomDouble());
  const ended: string[] = [];
  const outward: OutwardTeardown = {
    via: "kamailio",
    disconnect: (calls: readonly ForeignCall[]) => {
      ended.push(...calls.map(({ callId }) => callId));
      return Promise.resolve(
        calls.map(({ callId }) => ({
          callId,
          success: true,
          outcome: "confirmed",
          via: "kamailio" as const,
          tookMs: 1,
        })),
      );
    },
  };
  const deps = { registry, foreignCalls, outward: [outward], sink, audit, clock, metrics, log };
  const teardown = new TeardownService(DEFAULT_TEARDOWN, deps);
  const table = TrunkTable.of({
    trunks: [trunkSettings("sbc", { sources: ["192.0.2.9"] }), trunkSettings("centre")],
    defaultTrunk: trunkSettings("default"),
    trustedHops: [],
    unknownSources: "refuse",
  });
  assert.ok(table.ok);
  const book = new RecordingBook({}, { registry, foreignCalls, teardown, trunks: () => table.value });
  const carrier = new ActionCarrier({ teardown: book, sink, audit, metrics, log });
  const screen = new FraudDetection(detectionOptions(changes), new SeededRandom(1));
  const desk = new RecordingDesk({ report }, { book, screen, carrier });
  return { clock, sink, registry, foreignCalls, book, desk, ended, screen, table: table.value, teardown };
}

type Scene = ReturnType<typeof setUp>;

let serial = 0;
function recordedCall({ clock }: Pick<Scene, "clock">, more: Partial<RecordedCall> = {}): RecordedCall {
  const id = `rec-${serial++}`;
  return {
    recordingCallId: id,
    sessionCallId: id,
    identifiers: [],
    caller: { aor: "sip:+12025550101@192.0.2.1", name: "" },
    called: { aor: "+12025550199@192.0.2.2", name: "" },
    calledSide: "callee",
    source: sourceAt("192.0.2.9"),
    startedAt: undefined,
    arrivedAt: clock.unix(),
    warnings: [],
    ...more,
  };
}

const callId = (value: string) => ({ kind: "call-id", value }) as const;

test("masking of a system that is only observed: five callers, one number, and the switch is told to end them", async () => {
  const scene = setUp();
  for (let i = 0; i < 5; i++) {
    const aor = `sip:+1303555010${i}@192.0.2.1`;
    scene.desk.begin(recordedCall(scene, { caller: { aor, name: "" }, identifiers: [callId(`leg-${i}`)] }));
  }
  await settle();
  assert.deepEqual(scene.ended.toSorted(), ["leg-0", "leg-1", "leg-2", "leg-3", "leg-4"]);
  assert.equal(scene.sink.of("alert").length, 1);
  assert.equal(scene.sink.of("incident")[0]?.incident.trunks[0], "sbc");
});

test("a caller who is blocked towards that number is ended too, as nobody asks us before", async () => {
  const scene = setUp();
  const made = scene.screen.addBlock(
    {
      called: "+12025550199" as CalledId,
      caller: "+12025550101" as CallerId,
      reason: "t",
      createdBy: "t",
      ttlMs: 60_000,
    },
    scene.clock.unix(),
  );
  assert.ok(made.ok);
  const { risk } = scene.desk.begin(recordedCall(scene, { identifiers: [callId("leg-a")] }));
  await settle();
  assert.equal(risk, 1);
  assert.deepEqual(scene.ended, ["leg-a"]);
});

test("in shadow mode nothing is ended", async () => {
  const scene = setUp({ shadow: true });
  for (let i = 0; i < 6; i++) {
    const aor = `sip:+1303555010${i}@192.0.2.1`;
    scene.desk.begin(recordedCall(scene, { caller: { aor, name: "" }, identifiers: [callId(`leg-${i}`)] }));
  }
  await settle();
  assert.deepEqual(scene.ended, []);
  assert.equal(scene.sink.of("alert")[0]?.alert.disposition, "shadow");
});

test("detection is told once: when both sides are known, and when the call ends", () => {
  const scene = setUp();
  const facts: string[] = [];
  const screen = {
    callStarted: (event: Parameters<FraudDetection["callStarted"]>[0]) => {
      facts.push(`${event.callId} ${event.caller} ${event.called} ${event.trunk} ${event.source}`);
      return scene.screen.callStarted(event);
    },
    callAnswered: ({ called }: CallAnswered) => facts.push(`${called} answered`),
    callEnded: ({ callId: id, caller, called }: CallEnded) => facts.push(`${id} ${caller} ${called} ended`),
  };
  const desk = new RecordingDesk(
    { report: true },
    { book: scene.book, screen, carrier: { carryOut: () => undefined } },
  );
  const call = recordedCall(scene, { called: undefined });
  desk.begin(call);
  assert.deepEqual(facts, []);
  desk.changed({ ...call, called: { aor: "tel:+12025550199", name: "" } });
  desk.changed({ ...call, called: { aor: "tel:+12025550188", name: "" } });
  desk.ended(call.recordingCallId, scene.clock.unix());
  const id = call.recordingCallId;
  // Another call, of the hop, may have its id: what is told is told of this one.
  assert.deepEqual(facts, [
    `${id} +12025550101 +12025550199 sbc siprec`,
    "+12025550199 answered",
    `${id} +12025550101 +12025550199 ended`,
  ]);
});

test("not told where it is switched off, where the hop carries the call, or where a switch reported it", () => {
  for (const prepare of [
    () => setUp({}, false),
    () => {
      const scene = setUp();
      scene.registry.onStarted(new LiveCallDouble("leg-a"));
      return scene;
    },
    () => {
      const scene = setUp();
      scene.foreignCalls.add({ callId: "leg-a" });
      return scene;
    },
  ]) {
    const scene = prepare();
    const call = recordedCall(scene, { identifiers: [callId("leg-a")] });
    scene.desk.begin(call);
    assert.equal(scene.screen.stats().processed, 0);
    scene.desk.ended(call.recordingCallId, scene.clock.unix());
  }
});

test("a start that the client tells of counts when it is near", () => {
  const times: number[] = [];
  const scene = setUp();
  const screen = {
    callStarted: (event: Parameters<FraudDetection["callStarted"]>[0]) => {
      times.push(event.at - event.arrivedAt);
      return scene.screen.callStarted(event);
    },
    callAnswered: () => undefined,
    callEnded: () => undefined,
  };
  const desk = new RecordingDesk(
    { report: true },
    { book: scene.book, screen, carrier: { carryOut: () => undefined } },
  );
  const now = scene.clock.unix();
  for (const offset of [-5_000, 5_000, -3_600_000, undefined])
    desk.begin(recordedCall(scene, { startedAt: offset === undefined ? undefined : unixMs(now + offset) }));
  assert.deepEqual(times, [-5_000, 0, 0, 0]);
});

test("who is who follows the trunk of the client's address, or the one that is set", () => {
  const scene = setUp();
  assert.equal(scene.desk.begin(recordedCall(scene)).identity.trunk, "sbc");
  const elsewhere = recordedCall(scene, { source: sourceAt("198.51.100.1") });
  assert.equal(scene.desk.begin(elsewhere).identity.trunk, "default");
  const { registry, foreignCalls, teardown } = scene;
  const named = new RecordingBook({ trunk: "centre" }, { registry, foreignCalls, teardown, trunks: () => scene.table });
  assert.equal(named.put(recordedCall(scene)).identity.trunk, "centre");
});

test("a caller who is not told, or withheld, is nobody", () => {
  const scene = setUp();
  const { identity } = scene.desk.begin(recordedCall(scene, { caller: undefined }));
  assert.equal(identity.caller, "anonymous@sbc");
  const withheld = recordedCall(scene, { caller: { aor: "sip:anonymous@anonymous.invalid", name: "" } });
  assert.equal(scene.desk.begin(withheld).identity.caller, "anonymous@sbc");
});

test("ending what is recorded: a call of the hop by its Call-ID, under the recording's name", async () => {
  const scene = setUp();
  const live = new LiveCallDouble("leg-a");
  scene.registry.onStarted(live);
  const call = recordedCall(scene, { identifiers: [callId("leg-x"), callId("leg-a")] });
  scene.desk.begin(call);
  const result = await scene.book.endCommunicationSession(call.recordingCallId, FRAUD, "policy");
  assert.deepEqual([result.callId, result.outcome, result.via], [call.recordingCallId, "confirmed", "hop"]);
  assert.equal(live.ended.length, 1);
  assert.deepEqual(scene.ended, []);
});

test("ending what is recorded: of the hop's calls of its Call-ID the one to that number, and none that is put beside it", async () => {
  const scene = setUp();
  const [decoy, live] = ["leg-a", "leg-a~2"].map((name) => new LiveCallDouble(name, { sipCallId: "leg-a" })) as [
    LiveCallDouble,
    LiveCallDouble,
  ];
  Object.assign(decoy.identity, { called: "+12025550177" });
  for (const each of [decoy, live]) scene.registry.onStarted(each);
  const call = recordedCall(scene, { identifiers: [callId("leg-a")] });
  scene.desk.begin(call);
  const result = await scene.book.endCommunicationSession(call.recordingCallId, FRAUD, "policy");
  assert.deepEqual([result.callId, result.outcome, result.via], [call.recordingCallId, "confirmed", "hop"]);
  assert.deepEqual([decoy.ended.length, live.ended.length], [0, 1]);
});

test("calls of the hop to somebody else hide no attack on a system that is recorded under the same Call-IDs", () => {
  const scene = setUp();
  const attacked = Array.from({ length: 5 }, (_, n) => {
    const decoy = new LiveCallDouble(`leg-${n}`);
    // Two of them from the very caller.
    Object.assign(decoy.identity, { called: "+12025550177", ...(n < 2 ? { caller: `+1303555010${n}` } : {}) });
    scene.registry.onStarted(decoy);
    const caller = { aor: `sip:+1303555010${n}@192.0.2.7`, name: "" };
    return scene.desk.begin(recordedCall(scene, { identifiers: [callId(`leg-${n}`)], caller })).risk;
  });
  assert.equal(scene.screen.stats().openIncidents, 1);
  assert.ok((attacked.at(-1) ?? 0) > 0);
});

for (const order of ["before", "after"] as const)
  test(`ending what is recorded: a decoy that comes to the hop ${order} it, from its caller to nobody, is not what is ended`, async () => {
    const scene = setUp();
    const decoy = new LiveCallDouble("leg-a");
    Object.assign(decoy.identity, { called: "unknown" });
    const begin = (): void => {
      for (const observer of [scene.registry, scene.foreignCalls]) observer.onStarted(decoy);
    };
    if (order === "before") begin();
    const call = recordedCall(scene, { identifiers: [callId("leg-a")] });
    scene.desk.begin(call);
    if (order === "after") begin();
    const result = await scene.book.endCommunicationSession(call.recordingCallId, FRAUD, "policy");
    assert.deepEqual([result.outcome, result.via], ["confirmed", "kamailio"]);
    assert.deepEqual([scene.ended, decoy.ended], [["leg-a"], []]);
  });

test("an operator ends a recorded call elsewhere and one of the hop that has its id: each is ended where it is", async () => {
  const scene = setUp();
  const live = new LiveCallDouble("leg-a");
  Object.assign(live.identity, { caller: "+13035550123", called: "+12025550166" });
  const call = recordedCall(scene, { identifiers: [callId("leg-a")] });
  scene.desk.begin(call);
  scene.registry.onStarted(live);
  const callIds = [call.recordingCallId, "leg-a"];
  const results = await scene.book.endCalls({ callIds, reason: { ...FRAUD, cause: "operator" }, actor: "somebody" });
  const outcomes = results.map(({ callId: id, outcome }) => `${id} ${outcome}`);
  assert.deepEqual(outcomes, [`${call.recordingCallId} confirmed`, "leg-a confirmed"]);
  assert.deepEqual([new Set(scene.ended), live.ended.length], [new Set(["leg-a"]), 1]);
});

test("a recording that names its sides later: a call of the hop to somebody else does not hide it", async () => {
  const scene = setUp();
  const nobody = { aor: "", name: "" };
  const call = recordedCall(scene, { identifiers: [callId("leg-a")], caller: nobody, called: nobody });
  scene.desk.begin(call);
  scene.desk.changed({
    ...recordedCall(scene, { identifiers: [callId("leg-a")] }),
    recordingCallId: call.recordingCallId,
  });
  const decoy = new LiveCallDouble("leg-a");
  Object.assign(decoy.identity, { called: "+12025550166" });
  for (const observer of [scene.registry, scene.foreignCalls]) observer.onStarted(decoy);
  const result = await scene.book.endCommunicationSession(call.recordingCallId, FRAUD, "policy");
  assert.deepEqual([result.via, scene.ended, decoy.ended], ["kamailio", ["leg-a"], []]);
});

for (const called of ["sip:7042@192.0.2.2", "sip:2025550199@192.0.2.2"])
  test(`a recording that names ${called} is of the hop's call with its Call-ID and its caller or number`, async () => {
    const scene = setUp();
    const live = new LiveCallDouble("leg-a");
    scene.registry.onStarted(live);
    const call = recordedCall(scene, { identifiers: [callId("leg-a")], called: { aor: called, name: "" } });
    scene.desk.begin(call);
    assert.deepEqual([scene.screen.stats().processed, scene.foreignCalls.get("leg-a")], [0, undefined]);
    await scene.book.endCommunicationSession(call.recordingCallId, FRAUD, "policy");
    assert.deepEqual([live.ended.length, scene.ended], [1, []]);
  });

test("ending what is recorded: the one call of the hop with the same numbers; of two, none", async () => {
  const scene = setUp();
  const live = new LiveCallDouble("other-id");
  scene.registry.onStarted(live);
  const call = recordedCall(scene);
  scene.desk.begin(call);
  assert.equal((await scene.book.endCommunicationSession(call.recordingCallId, FRAUD, "policy")).via, "hop");
  assert.equal(live.ended.length, 1);
  scene.registry.onStarted(new LiveCallDouble("third-id"));
  const result = await scene.book.endCommunicationSession(call.recordingCallId, FRAUD, "policy");
  assert.equal(result.via, "kamailio");
  assert.equal(live.ended.length, 1);
  assert.deepEqual(scene.ended, [call.recordingCallId]);
});

test("ending what is recorded: elsewhere, by the Call-ID that the metadata names, as long as it lasts", async () => {
  const scene = setUp();
  const call = recordedCall(scene, { identifiers: [callId("leg-a")] });
  scene.desk.begin(call);
  const result = await scene.book.endCommunicationSession(call.recordingCallId, FRAUD, "policy");
  assert.deepEqual([result.callId, result.outcome, result.via], [call.recordingCallId, "confirmed", "kamailio"]);
  scene.desk.ended(call.recordingCallId, scene.clock.unix());
  assert.equal(scene.foreignCalls.get("leg-a"), undefined);
  const after = await scene.book.endCommunicationSession(call.recordingCallId, FRAUD, "api");
  assert.deepEqual([after.success, after.outcome], [false, "unknown-call"]);
});

test("an emergency call that is recorded is never ended", async () => {
  const scene = setUp();
  const call = recordedCall(scene, { called: { aor: "sip:911@192.0.2.2", name: "" }, identifiers: [callId("leg-a")] });
  assert.equal(scene.desk.begin(call).identity.emergency, true);
  const [ended, other] = await scene.book.endCalls({
    callIds: [call.recordingCallId, "x"],
    reason: FRAUD,
    actor: "api",
  });
  assert.deepEqual([ended?.outcome, ended?.success], ["emergency", false]);
  assert.equal(other?.outcome, "unknown-call");
  assert.deepEqual(scene.ended, []);
});

test("an order that names recordings and other calls is answered in its own order", async () => {
  const scene = setUp();
  const caller = { aor: "sip:+12025550177@192.0.2.1", name: "" };
  const call = recordedCall(scene, { caller, identifiers: [callId("leg-a")] });
  scene.desk.begin(call);
  scene.registry.onStarted(new LiveCallDouble("hop-1"));
  const results = await scene.book.endCalls({ callIds: ["hop-1", call.recordingCallId], reason: FRAUD, actor: "api" });
  assert.deepEqual(
    results.map(({ callId: id, via }) => [id, via]),
    [
      ["hop-1", "hop"],
      [call.recordingCallId, "kamailio"],
    ],
  );
});

test("a recorded call is found by the Call-ID that it has elsewhere, and by its recording's", () => {
  const scene = setUp();
  const call = recordedCall(scene, { identifiers: [callId("leg-x")] });
  scene.desk.begin(call);
  assert.equal(scene.book.heardAs("leg-x"), call.recordingCallId);
  assert.equal(scene.book.heardAs(call.recordingCallId), call.recordingCallId);
  assert.equal(scene.book.heardAs("of the hop"), "of the hop");
});
