import assert from "node:assert/strict";
import { test } from "node:test";
import { Audit } from "../../../gateway/call/audit.js";
import { CallRegistry } from "../../../gateway/call/call-registry.js";
import { drainReason, fraudReason, operatorReason, reasonHeader } from "../../../gateway/call/end-reasons.js";
import { ForeignCalls } from "../../../gateway/call/foreign-calls.js";
import { DEFAULT_TEARDOWN, TeardownService } from "../../../gateway/call/teardown-service.js";
import type { DisconnectResult } from "../../../gateway/ports/gateway-control.js";
import type { ForeignCall, OutwardTeardown } from "../../../gateway/ports/outward-teardown.js";
import {
  cdrOf,
  LiveCallDouble,
  LogDouble,
  MetricsDouble,
  RandomDouble,
  SinkDouble,
  settle,
} from "../../support/call-doubles.js";
import { FakeClock } from "../../support/fake-clock.js";

class OutwardDouble implements OutwardTeardown {
  readonly via: OutwardTeardown["via"];
  readonly asked: string[][] = [];
  aborted = false;
  readonly #answer: (call: ForeignCall) => Partial<DisconnectResult> | "silence" | "crash";
  constructor(
    via: OutwardTeardown["via"],
    answer: (call: ForeignCall) => Partial<DisconnectResult> | "silence" | "crash",
  ) {
    this.via = via;
    this.#answer = answer;
  }
  disconnect(
    calls: readonly ForeignCall[],
    _reason: string,
    _alertId: string | undefined,
    signal: AbortSignal,
  ): Promise<readonly DisconnectResult[]> {
    this.asked.push(calls.map((call) => call.callId));
    signal.addEventListener("abort", () => (this.aborted = true));
    const results: DisconnectResult[] = [];
    for (const call of calls) {
      const answer = this.#answer(call);
      if (answer === "silence") return new Promise(() => undefined);
      if (answer === "crash") return Promise.reject(new Error("boom"));
      results.push({ callId: call.callId, success: true, outcome: "confirmed", via: this.via, tookMs: 3, ...answer });
    }
    return Promise.resolve(results);
  }
}

function setUp({ outward = [] as OutwardTeardown[], options = {} } = {}) {
  const clock = new FakeClock();
  const sink = new SinkDouble();
  const metrics = new MetricsDouble();
  const log = new LogDouble();
  const registry = new CallRegistry(metrics);
  const foreignCalls = new ForeignCalls(100);
  const audit = new Audit(sink, clock, new RandomDouble());
  const service = new TeardownService(
    { ...DEFAULT_TEARDOWN, ...options },
    { registry, foreignCalls, outward, sink, audit, clock, metrics, log },
  );
  const carry = (...calls: LiveCallDouble[]) => calls.map((call) => registry.onStarted(call));
  return { clock, sink, metrics, log, registry, foreignCalls, service, carry };
}

const FRAUD = fraudReason("masking", "incident-1", "alert-1");

test("teardown: every call of the hop is told in the same turn, with the trunk's refusal status", () => {
  const { service, carry } = setUp();
  const calls = [new LiveCallDouble("1"), new LiveCallDouble("2", { policy: { refusalStatus: 608 } })];
  carry(...calls);
  void service.endCalls({ callIds: ["1", "2"], reason: FRAUD, actor: "policy" });
  assert.deepEqual(
    calls.map((call) => call.ended.map((reason) => reason.refusalStatus)),
    [[603], [608]],
  );
});

test("teardown: the result, the record, the metrics and the audit entry of a proven end", async () => {
  const { service, carry, sink, metrics } = setUp();
  carry(new LiveCallDouble("1"));
  const results = await service.endCalls({ callIds: ["1"], reason: FRAUD, actor: "policy" });
  assert.deepEqual(results, [{ callId: "1", success: true, outcome: "confirmed", via: "hop", tookMs: 0 }]);
  assert.deepEqual(
    sink
      .of("teardown")
      .map(({ teardown }) => [
        teardown.callId,
        teardown.incidentId,
        teardown.aOutcome,
        teardown.bOutcome,
        teardown.via,
      ]),
    [["1", "incident-1", "confirmed", "confirmed", "hop"]],
  );
  assert.equal(metrics.get("fraud_disconnects_total"), 1);
  assert.equal(metrics.get("ringfence_teardowns_total{hop,confirmed}"), 1);
  assert.deepEqual(metrics.observed.get("ringfence_teardown_seconds"), [0]);
  const [audit] = sink.of("audit");
  assert.deepEqual(
    [audit?.entry.action, audit?.entry.actor, audit?.entry.target, audit?.entry.outcome],
    ["calls.ended-by-policy", "policy", "incident-1", "done"],
  );
  assert.equal(service.disconnects, 1);
});

test("teardown: the time runs from the order to the last answer of both legs", async () => {
  const { service, carry, clock } = setUp();
  const call = new LiveCallDouble("1");
  let answer = (): void => undefined;
  call.ending = () => new Promise((resolve) => (answer = resolve));
  carry(call);
  const results = service.endCalls({ callIds: ["1"], reason: FRAUD, actor: "policy" });
  clock.advance(42);
  answer();
  assert.equal((await results)[0]?.tookMs, 42);
});

const outcomes: readonly (readonly [
  a: "confirmed" | "already-gone" | "timed-out",
  b: "confirmed" | "already-gone" | "timed-out",
  outcome: string,
  success: boolean,
])[] = [
  ["confirmed", "already-gone", "confirmed", true],
  ["already-gone", "already-gone", "already-gone", true],
  ["confirmed", "timed-out", "timed-out", false],
];
for (const [a, b, outcome, success] of outcomes) {
  test(`teardown: legs ${a} and ${b} make ${outcome}`, async () => {
    const { service, carry, metrics } = setUp();
    const call = new LiveCallDouble("1");
    call.legs = { a: { outcome: a, by: "BYE", status: 200 }, b: { outcome: b, by: "BYE", status: 0 } };
    carry(call);
    const [result] = await service.endCalls({ callIds: ["1"], reason: FRAUD, actor: "policy" });
    assert.deepEqual([result?.outcome, result?.success], [outcome, success]);
    assert.equal(metrics.get("fraud_disconnects_total"), outcome === "confirmed" ? 1 : 0);
  });
}

test("teardown: an emergency call is never ended, whoever asks", async () => {
  const { service, carry } = setUp();
  const call = new LiveCallDouble("sos", { emergency: true });
  carry(call);
  for (const reason of [FRAUD, operatorReason("by hand", undefined), drainReason]) {
    const [result] = await service.endCalls({ callIds: ["sos"], reason, actor: "key-1" });
    assert.deepEqual([result?.outcome, result?.success], ["emergency", false]);
  }
  assert.deepEqual(call.ended, []);
});

test("teardown: of calls of one Call-ID only the one that is named is ended, and an emergency call shields none", async () => {
  const { service, carry } = setUp();
  const [first, second, emergency] = [
    new LiveCallDouble("1"),
    new LiveCallDouble("1~2", { sipCallId: "1" }),
    new LiveCallDouble("1~3", { sipCallId: "1", emergency: true }),
  ] as const;
  carry(emergency, first, second);
  const results = await service.endCalls({ callIds: ["1~2"], reason: FRAUD, actor: "policy" });
  assert.deepEqual(
    [first, second, emergency].map((call) => call.ended.length),
    [0, 1, 0],
  );
  assert.deepEqual(
    results.map(({ callId, outcome }) => [callId, outcome]),
    [["1~2", "confirmed"]],
  );
});

test("teardown: policy means the call that it names: when that is over, no other of its Call-ID is ended", async () => {
  const { service, carry } = setUp();
  const other = new LiveCallDouble("1~2", { sipCallId: "1" });
  carry(other);
  await service.endCalls({ callIds: ["1"], reason: FRAUD, actor: "policy" });
  assert.equal(other.ended.length, 0);
});

test("teardown: who is meant is settled when the order comes, though the calls end one after the other", async () => {
  const { service, registry, carry } = setUp({ options: { parallel: 1 } });
  const [slow, meant, later] = ["1", "2", "2"].map((id) => new LiveCallDouble(id)) as [
    LiveCallDouble,
    LiveCallDouble,
    LiveCallDouble,
  ];
  carry(slow, meant);
  slow.ending = () => {
    registry.onEnded(meant);
    registry.onStarted(later);
    return Promise.resolve();
  };
  await service.endCalls({ callIds: ["1", "2"], reason: FRAUD, actor: "policy" });
  assert.deepEqual([meant.ended.length, later.ended.length], [1, 0]);
});

for (const [carriedBy, hop, elsewhere] of [
  ["hop", 1, 0],
  ["elsewhere", 0, 1],
] as const)
  test(`teardown: an order to who carries it (${carriedBy}) leaves the other's call of that id alone`, async () => {
    const outward = new OutwardDouble("switch-api", () => ({}));
    const { service, carry, foreignCalls } = setUp({ outward: [outward] });
    const call = new LiveCallDouble("1");
    carry(call);
    foreignCalls.add({ callId: "1" });
    await service.endCalls({ callIds: ["1"], carriedBy, reason: FRAUD, actor: "policy" });
    assert.deepEqual([call.ended.length, outward.asked.length], [hop, elsewhere]);
  });

test("teardown: a call that was only asked about at the hop is ended elsewhere, but not one that a switch reported under its id", async () => {
  const outward = new OutwardDouble("switch-api", () => ({}));
  const { service, foreignCalls } = setUp({ outward: [outward] });
  const asked = new LiveCallDouble("1", { policy: { mode: "redirect" } });
  foreignCalls.onEnded(asked, cdrOf(asked));
  foreignCalls.add({ callId: "2" });
  await service.endCalls({ callIds: ["1", "2"], carriedBy: "hop", reason: FRAUD, actor: "policy" });
  assert.deepEqual(outward.asked, [["1"]]);
});

test("teardown: an id that the hop and a switch have is ended at both for an operator, and the worse of it is told", async () => {
  for (const [said, outcome] of [
    ["confirmed", "confirmed"],
    ["unknown-call", "confirmed"],
    ["timed-out", "timed-out"],
  ] as const) {
    const outward = new OutwardDouble("switch-api", () => ({ outcome: said, success: said === "confirmed" }));
    const { service, carry, foreignCalls } = setUp({ outward: [outward] });
    const call = new LiveCallDouble("1");
    carry(call);
    foreignCalls.add({ callId: "1" });
    const [result] = await service.endCalls({ callIds: ["1"], reason: operatorReason("", undefined), actor: "key-1" });
    assert.deepEqual([call.ended.length, outward.asked.length, result?.outcome], [1, 1, outcome]);
  }
});

test("teardown: an id named twice is ended once and answered twice", async () => {
  const { service, carry } = setUp();
  const call = new LiveCallDouble("1");
  carry(call);
  const results = await service.endCalls({ callIds: ["1", "1"], reason: FRAUD, actor: "policy" });
  assert.deepEqual([results.length, call.ended.length], [2, 1]);
});

test("teardown: a call that crashes is a failed result and hurts no other", async () => {
  const { service, carry, log } = setUp();
  const bad = new LiveCallDouble("bad");
  bad.ending = () => Promise.reject(new Error("bug"));
  carry(bad, new LiveCallDouble("good"));
  const results = await service.endCalls({ callIds: ["bad", "good"], reason: FRAUD, actor: "policy" });
  assert.deepEqual(
    results.map((result) => result.outcome),
    ["failed", "confirmed"],
  );
  assert.deepEqual(
    log.lines.map((line) => line.event),
    ["teardown.failed"],
  );
});

test("teardown: no more calls at once than allowed", async () => {
  const { service, carry } = setUp({ options: { parallel: 2 } });
  let ending = 0;
  let most = 0;
  const calls = Array.from({ length: 20 }, (_, i) => new LiveCallDouble(String(i)));
  for (const call of calls) {
    call.ending = async () => {
      most = Math.max(most, ++ending);
      await settle();
      ending--;
    };
  }
  carry(...calls);
  const results = await service.endCalls({ callIds: calls.map((call) => call.callId), reason: FRAUD, actor: "policy" });
  assert.deepEqual([results.filter((result) => result.success).length, most], [20, 2]);
});

test("teardown: an id that nobody knows; policy's own calls that are over by now are already gone", async () => {
  const { service } = setUp({ outward: [new OutwardDouble("kamailio", () => ({}))] });
  const [byKey] = await service.endCalls({
    callIds: ["?"],
    reason: operatorReason("by hand", undefined),
    actor: "key-1",
  });
  const [byPolicy] = await service.endCalls({ callIds: ["?"], reason: FRAUD, actor: "policy" });
  assert.deepEqual(
    [byKey?.outcome, byKey?.success, byPolicy?.outcome, byPolicy?.success],
    ["unknown-call", false, "already-gone", true],
  );
});

test("teardown: a reported call that no system can end is not carried", async () => {
  const { service, foreignCalls } = setUp();
  foreignCalls.add({ callId: "x" });
  const [result] = await service.endCalls({ callIds: ["x"], reason: FRAUD, actor: "policy" });
  assert.deepEqual([result?.outcome, result?.success], ["not-carried", false]);
});

test("teardown: reported calls go to the outward systems in batches; one that the first does not know goes to the second", async () => {
  const first = new OutwardDouble("switch-api", (call) =>
    call.callId === "3" ? { success: false, outcome: "unknown-call" } : {},
  );
  const second = new OutwardDouble("kamailio", () => ({}));
  const { service, foreignCalls, sink, metrics } = setUp({ outward: [first, second], options: { outwardBatch: 2 } });
  for (const callId of ["1", "2", "3"]) foreignCalls.add({ callId });
  const results = await service.endCalls({ callIds: ["1", "2", "3"], reason: FRAUD, actor: "policy" });
  assert.deepEqual(first.asked, [["1", "2"], ["3"]]);
  assert.deepEqual(second.asked, [["3"]]);
  assert.deepEqual(
    results.map((result) => result.via),
    ["switch-api", "switch-api", "kamailio"],
  );
  assert.deepEqual(
    sink.of("teardown").map(({ teardown }) => teardown.via),
    ["switch-api", "switch-api", "kamailio"],
  );
  assert.equal(metrics.get("fraud_disconnects_total"), 3);
});

test("teardown: a call that the hop carries is never asked of another system", async () => {
  const outward = new OutwardDouble("kamailio", () => ({}));
  const { service, carry, foreignCalls } = setUp({ outward: [outward] });
  foreignCalls.add({ callId: "1" });
  carry(new LiveCallDouble("1"));
  const [result] = await service.endCalls({ callIds: ["1"], reason: FRAUD, actor: "policy" });
  assert.equal(result?.via, "hop");
  assert.deepEqual(outward.asked, []);
});

test("teardown: an outward system that never answers is given up and told so; one that crashes is a failed result", async () => {
  const silent = new OutwardDouble("opensips", () => "silence");
  const { service, foreignCalls, clock } = setUp({ outward: [silent], options: { outwardTimeoutMs: 5_000 } });
  foreignCalls.add({ callId: "1" });
  const results = service.endCalls({ callIds: ["1"], reason: FRAUD, actor: "policy" });
  clock.advance(5_000);
  assert.deepEqual(
    (await results).map((result) => [result.outcome, result.via]),
    [["timed-out", "opensips"]],
  );
  assert.equal(silent.aborted, true);

  const broken = setUp({ outward: [new OutwardDouble("kamailio", () => "crash")] });
  broken.foreignCalls.add({ callId: "1" });
  assert.deepEqual(
    (await broken.service.endCalls({ callIds: ["1"], reason: FRAUD, actor: "policy" })).map((result) => result.outcome),
    ["failed"],
  );
});

test("teardown: above the limit of outward orders calls are busy, not queued without end", async () => {
  const silent = new OutwardDouble("opensips", () => "silence");
  const { service, foreignCalls } = setUp({ outward: [silent], options: { maxOutwardOrders: 1 } });
  foreignCalls.add({ callId: "1" });
  foreignCalls.add({ callId: "2" });
  void service.endCalls({ callIds: ["1"], reason: FRAUD, actor: "policy" });
  const [result] = await service.endCalls({ callIds: ["2"], reason: FRAUD, actor: "policy" });
  assert.equal(result?.outcome, "busy");
});

test("end reasons: text that came from outside cannot leave its quotes or its line", () => {
  const reason = operatorReason('x"\r\nEvil: 1\\', "alert-1");
  assert.equal(reasonHeader(reason), 'Q.850;cause=21;text="x   Evil: 1"');
  assert.equal(reasonHeader({ q850: 16, text: "a".repeat(200) }).length, 'Q.850;cause=16;text=""'.length + 64);
});
