import assert from "node:assert/strict";
import { test } from "node:test";
import { unixMs } from "../../../detection/index.js";
import { ForeignCalls } from "../../../gateway/call/foreign-calls.js";
import type { SwitchEvent } from "../../../gateway/ports/gateway-control.js";
import { cdrOf, LiveCallDouble, settle } from "../../support/call-doubles.js";
import { attack, event, switchBench as setUp } from "../../support/switch-bench.js";

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
  await control.reportEvents(attack(5, { bNumber: "+12025550199" }));
  await settle();
  assert.equal(foreignCalls.get("call1"), undefined);
  assert.ok(!disconnected.includes("call1"));
  assert.deepEqual(
    call.ended.map((reason) => reason.cause),
    ["fraud"],
  );
});

test("events: a call of the hop that the switch writes in another way is still one caller", async () => {
  const { control, registry, detection } = setUp();
  const call = new LiveCallDouble("call1");
  registry.onStarted(call);
  const forms = ["A1", "A2", "A3", "A4", "A5", "A6"];
  await control.reportEvents(forms.map((form) => event("call1", form, { bNumber: "+12025550199" })));
  assert.deepEqual([detection.stats().processed, detection.incidents().length], [1, 0]);
});

const toHop = "+12025550199";
const sameCall: readonly (readonly [what: string, aNumber: string, bNumber: string])[] = [
  ["the called number without its country", "A1", "2025550199"],
  ["the called number as it is dialled", "A1", "0012025550199"],
  ["the called number behind another prefix", "A1", "82025550199"],
  ["the extension that rings, and the caller", "2025550101", "7042"],
  ["the extension that rings, of a caller who withholds his number", "anonymous", "7042"],
];
for (const order of ["before", "after"] as const)
  for (const [what, aNumber, bNumber] of sameCall)
    test(`events: of a call of the hop that began ${order} it a report names ${what}: it is that call, and no foreign one`, async () => {
      const { control, registry, detection, foreignCalls, disconnected } = setUp();
      const call = new LiveCallDouble("call1");
      const begin = (): void => {
        for (const observer of [registry, foreignCalls]) observer.onStarted(call);
      };
      if (order === "before") begin();
      await control.reportEvents([event("call1", aNumber, { bNumber })]);
      if (order === "after") begin();
      assert.deepEqual([foreignCalls.get("call1"), foreignCalls.reported], [undefined, 0]);
      if (order === "after") return;
      await control.reportEvents([event("call1", "+12025550101", { bNumber: toHop })]);
      assert.equal(detection.stats().processed, 1, "counted once");
      await control.endCalls(["call1"], "test", "somebody");
      assert.deepEqual([call.ended.length, disconnected], [1, []]);
    });

const otherCalls: readonly (readonly [what: string, aNumber: string, bNumber: string])[] = [
  ["from somebody else to somebody else", "+13035550111", "+12025550166"],
  ["to somebody else, its caller withheld", "anonymous", "+12025550166"],
  ["from its caller to somebody else", "+12025550101", "+12025550166"],
  ["from an extension to another", "4711", "7042"],
  ["to a number that ends alike", "+13035550111", "+13035550199"],
];
for (const [what, aNumber, bNumber] of otherCalls)
  test(`events: a report of a call ${what} is of no call of the hop that only has its Call-ID`, async () => {
    const { control, registry, foreignCalls } = setUp();
    registry.onStarted(new LiveCallDouble("call1"));
    await control.reportEvents([event("call1", aNumber, { bNumber })]);
    assert.equal(foreignCalls.get("call1")?.callId, "call1");
  });

for (const called of ["unknown", "7042", "5550199", "+392025550199", "+12025550166"])
  test(`events: a call to ${called} that comes to the hop from the same caller hides none that a switch reported`, async () => {
    const { control, registry, foreignCalls, detection, disconnected } = setUp();
    const decoy = new LiveCallDouble("call1");
    Object.assign(decoy.identity, { called });
    await control.reportEvents([event("call1", "+12025550101", { bNumber: toHop })]);
    for (const observer of [registry, foreignCalls]) observer.onStarted(decoy);
    assert.deepEqual([foreignCalls.get("call1")?.callId, detection.stats().processed], ["call1", 1]);
    await control.endCalls(["call1"], "test", "somebody");
    assert.deepEqual(disconnected, ["call1"]);
  });

test("events: of two calls of the hop under one Call-ID the one to the reported number is meant", async () => {
  const { control, registry, foreignCalls, detection } = setUp();
  const [decoy, call] = ["x", "x~1"].map((name) => new LiveCallDouble(name, { sipCallId: "x" }));
  Object.assign(decoy!.identity, { called: "+12025550166" });
  for (const each of [decoy!, call!]) registry.onStarted(each);
  const reports = ["2025550199", toHop, "0012025550199"].map((bNumber) => event("x", "A1", { bNumber }));
  await control.reportEvents(reports);
  assert.deepEqual([foreignCalls.get("x"), detection.stats().processed], [undefined, 1]);
});

const endings: readonly (readonly [aNumber: string, bNumber: string])[] = [
  ["A9", "B9"],
  ["anonymous", "+12025550166"],
  ["2025550101", "2025550199"],
];
for (const [aNumber, bNumber] of endings)
  test(`events: what ended from ${aNumber} to ${bNumber} does not take a live call of the hop out of its attack`, async () => {
    const { control, registry, screen, clock } = setUp();
    const calls = Array.from({ length: 5 }, (_, n) => new LiveCallDouble(`hop${n}`));
    const ordered: string[] = [];
    for (const [n, call] of calls.entries()) {
      Object.assign(call.identity, { caller: `+1303555010${n}` });
      registry.onStarted(call);
      const times = { at: clock.unix(), arrivedAt: clock.unix() };
      const { callId, identity } = call;
      if (n === 4)
        await control.reportEvents(
          calls.slice(0, 4).map((each) => event(each.callId, aNumber, { bNumber, status: "ended" })),
        );
      const decision = screen.callStarted({
        kind: "call.started",
        ...{ callId, isNew: true, ...identity, ...times, source: "hop" },
      });
      for (const action of decision.actions) if (action.kind === "end-calls") ordered.push(...action.callIds);
    }
    assert.deepEqual(ordered.toSorted().slice(0, 4), ["hop0", "hop1", "hop2", "hop3"]);
  });

test("events: a call that ended is forgotten; one that comes to the hop later is the hop's", async () => {
  const { control, foreignCalls } = setUp();
  const bNumber = "+12025550199";
  await control.reportEvents([event("x", "A1"), event("y", "A2", { bNumber }), event("x", "A1", { status: "ended" })]);
  assert.deepEqual([foreignCalls.get("x"), foreignCalls.get("y")?.callId], [undefined, "y"]);
  foreignCalls.onStarted(new LiveCallDouble("y"));
  assert.equal(foreignCalls.reported, 0);
});

for (const order of ["before", "after"] as const)
  test(`events: calls of the hop to somebody else, begun ${order} them, hide no calls of a switch under their Call-IDs`, async () => {
    const { control, registry, foreignCalls, disconnected } = setUp();
    const decoys = attack(5).map(({ callId }) => new LiveCallDouble(callId));
    const begin = (): void => {
      for (const decoy of decoys) for (const observer of [registry, foreignCalls]) observer.onStarted(decoy);
    };
    if (order === "before") begin();
    const verdicts = [...(await control.reportEvents(attack(4)))];
    if (order === "after") begin();
    verdicts.push(...(await control.reportEvents(attack(5).slice(4))));
    await settle();
    assert.deepEqual(
      verdicts.map(({ detected }) => detected),
      [false, false, false, false, true],
    );
    assert.deepEqual(new Set(disconnected), new Set(attack(5).map(({ callId }) => callId)));
    assert.deepEqual(
      decoys.map(({ ended }) => ended.length),
      [0, 0, 0, 0, 0],
    );
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

test("foreign calls: a call that was asked about in redirect mode may be ended elsewhere", () => {
  const calls = new ForeignCalls(2);
  const asked = new LiveCallDouble("1", { policy: { mode: "redirect" } });
  calls.onEnded(asked, cdrOf(asked, { cause: "normal", status: 302 }));
  const refused = new LiveCallDouble("2", { policy: { mode: "redirect" } });
  calls.onEnded(refused, cdrOf(refused, { cause: "refused", status: 603 }));
  const carried = new LiveCallDouble("3");
  calls.onEnded(carried, cdrOf(carried));
  assert.deepEqual(
    [calls.get("1")?.callId, calls.get("2"), calls.get("3"), calls.reported],
    ["1", undefined, undefined, 0],
  );
});

test("foreign calls: no more than the limit; the oldest goes first", () => {
  const calls = new ForeignCalls(2);
  for (const callId of ["1", "2", "3"]) assert.equal(calls.add({ callId }), true);
  assert.equal(calls.add({ callId: "3" }), false);
  assert.deepEqual([calls.get("1"), calls.get("2")?.callId, calls.reported], [undefined, "2", 2]);
});

test("events: an event's own time reaches detection: five callers over 20 s are no attack", async () => {
  const { control, clock } = setUp();
  const now = clock.unix();
  const slow = attack(5).map((each, i) => ({ ...each, at: unixMs(now - 20_000 + i * 5_000) }));
  assert.ok((await control.reportEvents(slow)).every((verdict) => !verdict.detected));
});

test("events: calls that were under way before anybody told of them can be ended, but are no attack", async () => {
  const { control, foreignCalls, detection, disconnected } = setUp();
  const resumed = attack(8).map((each) => ({ ...each, resumed: true, source: "asterisk" as const }));
  const verdicts = await control.reportEvents(resumed);
  assert.ok(verdicts.every(({ verdict, detected }) => verdict === "allow" && !detected));
  assert.deepEqual([detection.stats().processed, foreignCalls.reported], [0, 8]);
  const [first] = resumed;
  await control.endCalls([first?.callId ?? ""], "test", "somebody");
  assert.deepEqual(disconnected, [first?.callId]);
  await control.reportEvents(resumed.map((each) => ({ ...each, status: "ended" as const })));
  assert.equal(foreignCalls.reported, 0);
});
