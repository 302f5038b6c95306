// The reference system's faults that concern detection, one test each, and traffic that must not be cut.
import assert from "node:assert/strict";
import { test } from "node:test";
import { NumberPlan, unixMs, type CallerId, type CalledId, type TrunkId } from "../../../../detection/index.js";
import { caller, DetectionScene, START, to, trunk, verdicts, VICTIM } from "../../../support/detection-scene.js";

test("R1: one new caller every 4 s to a busy number is never five in 5 s: callers age out one by one", () => {
  const scene = new DetectionScene();
  const decisions = scene.burst(0, 0, 100, 4_000);
  assert.ok(decisions.every((decision) => decision.verdict === "allow" && !decision.detected));
  assert.equal(scene.detection.stats().incidentsOpened, 0);
});

test("R1: one new caller every 1.25 s, the fifth exactly windowMs after the first, is no incident; 1 ms sooner is one", () => {
  const exact = new DetectionScene();
  assert.equal(verdicts(exact.burst(0, 0, 40, 1_250)), "a".repeat(40));
  const sooner = new DetectionScene();
  sooner.burst(0, 0, 4, 1_250);
  assert.equal(sooner.call(4_999, 4).verdict, "refuse");
});

test("R1: a caller who calls again keeps only his own place: the others age out all the same", () => {
  const scene = new DetectionScene();
  scene.burst(0, 0, 4, 10);
  for (let at = 1_000; at <= 20_000; at += 1_000) assert.equal(scene.call(at, 0).verdict, "allow");
  assert.equal(scene.call(20_100, 5).verdict, "allow", "two callers in the last 5 s");
});

test("R2: there is no blind cooldown: every caller of the attack after the fifth is seen and refused", () => {
  const scene = new DetectionScene();
  const decisions = scene.burst(0, 0, 60, 1_000 / 3);
  assert.equal(verdicts(decisions), "aaaa" + "r".repeat(56));
  const open = scene.detection.incidents()[0];
  assert.equal(open?.callerCount, 60);
  assert.equal(open.severity, "critical");
  assert.equal(scene.kinds().filter((kind) => kind === "incident opened").length, 1);
});

test("R2: a second wave after the incident closed is a new incident at once", () => {
  const scene = new DetectionScene();
  scene.burst(0, 0, 5);
  scene.passTo(60_000);
  assert.deepEqual(scene.detection.incidents(), []);
  assert.equal(verdicts(scene.burst(61_000, 100, 6)), "aaaarr");
  assert.equal(scene.detection.stats().incidentsOpened, 2);
});

test("R3: five spoofed calls do not take a number off the air: other callers by another trunk get through", () => {
  const scene = new DetectionScene();
  scene.burst(0, 0, 5);
  assert.equal(scene.call(600, 50, trunk("t2")).verdict, "allow");
  assert.ok(scene.detection.blocks().every((block) => block.caller !== undefined || block.trunk !== undefined));
  assert.ok(scene.detection.blocks().every((block) => block.called === VICTIM));
});

test("R3: once the attack is over, new callers of the same trunk get through; the attackers stay blocked until their time is over", () => {
  const scene = new DetectionScene({ block: { ttlMs: 600_000 } });
  scene.burst(0, 0, 5);
  scene.passTo(60_000);
  assert.equal(scene.call(61_000, 50).verdict, "allow");
  assert.equal(scene.call(62_000, 2).verdict, "refuse");
  assert.equal(scene.call(63_000, 2, to("+12025550101")).verdict, "allow", "to another number");
  scene.passTo(700_000);
  assert.equal(scene.call(701_000, 2).verdict, "allow");
});

test("R7: every finding that alerts also ends its calls and refuses, in one decision", () => {
  const scene = new DetectionScene();
  const decision = scene.burst(0, 0, 5).at(-1);
  assert.equal(decision?.verdict, "refuse");
  const kinds = decision.actions.map((action) => action.kind);
  assert.equal(kinds[0], "end-calls");
  assert.ok(kinds.includes("alert") && kinds.includes("block"));
  assert.deepEqual(scene.ended(), ["call-0", "call-1", "call-2", "call-3"]);
  assert.ok(decision.alertId !== undefined && decision.incidentId !== undefined);
});

test("R8: +1202…, 001202…, 1202… and sip:…;user=phone are one caller", () => {
  const plan = new NumberPlan();
  const scene = new DetectionScene({ masking: { threshold: 2 } });
  const forms = [
    "+12025550111",
    "0012025550111",
    "12025550111",
    "sip:+12025550111@192.0.2.1;user=phone",
    "tel:+1-202-555-0111",
  ];
  const t1 = "t1" as TrunkId;
  const decisions = forms.map((form, i) => scene.call(i * 10, plan.callerId(form, t1)));
  assert.equal(verdicts(decisions), "aaaaa");
  assert.equal(scene.call(60, plan.callerId("+12025550112", t1)).verdict, "refuse");
});

test("R8: anonymous callers of one trunk are one caller, those of another trunk another", () => {
  const plan = new NumberPlan();
  const scene = new DetectionScene({ masking: { threshold: 2 } });
  const from = (name: string): CallerId => plan.callerId("", name as TrunkId);
  assert.equal(verdicts([scene.call(0, from("t1")), scene.call(10, from("t1")), scene.call(20, from("t1"))]), "aaa");
  assert.equal(scene.call(30, from("t2"), trunk("t2")).verdict, "refuse");
});

test("not cut: a busy hotline with a baseline, five callers in 5 s all day; an attack well above it is still seen", () => {
  const scene = new DetectionScene({ baseline: { learn: false } });
  assert.equal(scene.detection.importBaseline([{ called: VICTIM, callersPerWindow: 6 }]), 1);
  let n = 0;
  for (let at = 0; at < 600_000; at += 1_000) assert.equal(scene.call(at, n++).verdict, "allow");
  assert.ok(scene.detection.stats().leftAlone > 500);
  const attack = scene.burst(600_000, 5_000, 40, 50, trunk("bad"));
  assert.ok(attack.some((decision) => decision.verdict === "refuse"));
  assert.equal(attack.at(-1)?.verdict, "refuse");
  assert.equal(scene.call(602_500, n, trunk("t1")).verdict, "allow", "an honest caller by the usual trunk, meanwhile");
  assert.deepEqual(scene.detection.incidents()[0]?.trunks, ["bad"]);
});

test("not cut: a televote, hundreds of callers a second for minutes, to a guarded number: seen, reported, left alone", () => {
  const scene = new DetectionScene({ guard: { calledNumbers: [VICTIM] } });
  const decisions = scene.burst(0, 0, 3_000, 5);
  assert.ok(decisions.every((decision) => decision.verdict === "allow"));
  assert.deepEqual(scene.ended(), []);
  assert.deepEqual(scene.detection.blocks(), []);
  assert.equal(scene.detection.incidents()[0]?.disposition, "guarded");
  assert.ok(scene.heldBack().includes("guard-list"));
});

test("not cut: a conference bridge that fills up every hour, once its hours are learned", () => {
  const scene = new DetectionScene({ masking: { mode: "shadow" } });
  const hour = 3_600_000;
  for (let h = 0; h < 5 * 24; h++) {
    if (h % 3 === 0) scene.burst(h * hour + 1_000, h * 10, 8, 300);
  }
  scene.detection.reconfigure({
    ...scene.detection.options,
    masking: { ...scene.detection.options.masking, mode: "enforce" },
  });
  assert.equal(verdicts(scene.burst(5 * 24 * hour + 1_000, 9_000, 8, 300)), "a".repeat(8));
});

test("not cut: a hunt group that forks one call to many phones, and one call retried to the same number", () => {
  const scene = new DetectionScene();
  for (let i = 0; i < 20; i++) {
    assert.equal(scene.call(i, 1, { callId: "one", ...to(`+1202555012${i % 3}`) }).verdict, "allow");
    assert.equal(scene.call(i, 1, { callId: "one" }).verdict, "allow");
  }
  assert.equal(scene.detection.stats().repeats, 36);
});

test("not cut: a retransmission storm, four calls of four callers sent a hundred times each", () => {
  const scene = new DetectionScene();
  for (let round = 0; round < 100; round++) {
    for (let i = 0; i < 4; i++) assert.equal(scene.call(round * 20, i, { callId: `call-of-${i}` }).verdict, "allow");
  }
  assert.equal(scene.detection.stats().processed, 4);
  assert.equal(scene.detection.stats().repeats, 396);
});

test("not cut: a slow drip under the threshold, four callers in every 5 s for ten minutes", () => {
  const scene = new DetectionScene();
  assert.equal(verdicts(scene.burst(0, 0, 480, 1_250)), "a".repeat(480));
});

test("a sender of many callers under one Call-ID does not hide behind it", () => {
  const scene = new DetectionScene();
  const decisions = Array.from({ length: 6 }, (_, i) => scene.call(i * 10, i, { callId: "always-the-same" }));
  assert.equal(verdicts(decisions), "aaaarr");
});

test("of many callers under one Call-ID, hanging up one does not save the others", () => {
  for (const hungUpAfter of [1, 3]) {
    const scene = new DetectionScene();
    const same = { callId: "always-the-same" };
    for (let i = 0; i < 4; i++) {
      scene.call(i * 10, i, same);
      if (i + 1 === hungUpAfter) scene.end("always-the-same");
    }
    assert.equal(scene.call(100, 4, same).verdict, "refuse");
    assert.deepEqual(scene.ended(), ["always-the-same"]);
  }
});

test("of many callers under one Call-ID, one that was refused does not save the others", () => {
  const scene = new DetectionScene();
  const same = { callId: "always-the-same" };
  scene.burst(0, 0, 5);
  scene.passTo(40_000);
  const decisions = [0, 11, 12, 13, 14, 15].map((from, i) => scene.call(40_000 + i * 10, from, same));
  assert.equal(verdicts(decisions), "raaarr");
  assert.ok(scene.ended().includes("always-the-same"));
});

test("a repeated event of a refused call is refused again and acts only once", () => {
  const scene = new DetectionScene();
  scene.burst(0, 0, 4);
  const event = scene.event(500, 4);
  const first = scene.send(event);
  const again = scene.send(event);
  assert.deepEqual([first.verdict, again.verdict], ["refuse", "refuse"]);
  assert.equal(again.incidentId, first.incidentId);
  assert.equal(again.actions.length, 0);
});

const times: readonly { name: string; at: (i: number) => number; arrived: (i: number) => number; refused: boolean }[] =
  [
    {
      name: "late by up to 30 s, all together: their own times count",
      at: (i) => i * 100,
      arrived: (i) => 20_000 + i * 2_000,
      refused: true,
    },
    { name: "in reverse order", at: (i) => 4_000 - i * 900, arrived: (i) => 5_000 + i, refused: true },
    {
      name: "spread over 20 s but delivered in one batch",
      at: (i) => i * 4_900,
      arrived: () => 24_000,
      refused: false,
    },
    { name: "absurd: years ago; arrival counts", at: (i) => -1e11 + i * 1e9, arrived: (i) => i * 100, refused: true },
    { name: "absurd: not a number; arrival counts", at: () => Number.NaN, arrived: (i) => i * 100, refused: true },
    { name: "absurd: infinite; arrival counts", at: () => Infinity, arrived: (i) => i * 2_000, refused: false },
  ];
for (const { name, at, arrived, refused } of times) {
  test(`event times: ${name}`, () => {
    const scene = new DetectionScene();
    const decisions = Array.from({ length: 5 }, (_, i) =>
      scene.call(arrived(i), i, { at: unixMs(START + at(i)), source: "switch" }),
    );
    assert.equal(decisions.at(-1)?.verdict, refused ? "refuse" : "allow");
  });
}

test("event times: an event 30 s ahead of its arrival is trusted, 30.001 s is not", () => {
  const scene = new DetectionScene();
  scene.call(0, 1, { at: unixMs(START + 30_000) });
  assert.equal(scene.detection.stats().untrustedTimes, 0);
  scene.call(0, 2, { at: unixMs(START + 30_001) });
  assert.equal(scene.detection.stats().untrustedTimes, 1);
});

test("event times: a clock set back by an hour does not blind the window", () => {
  const scene = new DetectionScene();
  scene.burst(3_600_000, 0, 3);
  assert.equal(verdicts(scene.burst(0, 10, 5)), "aaaar");
});

test("who reached the number before the attack gets through while it runs, on the attacking trunk too", () => {
  const scene = new DetectionScene();
  scene.call(0, 77);
  scene.burst(60_000, 0, 5);
  assert.equal(scene.call(61_000, 77).verdict, "allow", "a regular caller");
  assert.equal(scene.call(61_100, 77).verdict, "allow", "still one at the second call");
  assert.equal(scene.call(61_200, 78).verdict, "refuse", "a stranger");
});

test("an attacker is no regular caller when he comes back", () => {
  const scene = new DetectionScene({ block: { mode: "off" } });
  scene.burst(0, 0, 5);
  scene.passTo(60_000);
  assert.equal(verdicts(scene.burst(61_000, 100, 5)), "aaaar");
  assert.equal(scene.call(62_000, 0).verdict, "refuse");
});

test("an attack that moves to another trunk is followed when it reaches the threshold there", () => {
  const scene = new DetectionScene();
  scene.burst(0, 0, 5);
  assert.equal(verdicts(scene.burst(1_000, 20, 7, 100, trunk("t2"))), "aaaarrr");
  assert.deepEqual(scene.detection.incidents()[0]?.trunks, ["t1", "t2"]);
  assert.equal(scene.kinds().filter((kind) => kind === "incident opened").length, 1);
});

test("one honest caller in the window does not make his trunk an attacking one", () => {
  const scene = new DetectionScene();
  scene.burst(0, 0, 4);
  scene.call(450, 9, trunk("t9"));
  assert.deepEqual(scene.detection.incidents()[0]?.trunks, ["t1"]);
  assert.equal(scene.call(500, 10, trunk("t9")).verdict, "allow");
});

test("ended calls are not ended again; refused ones were never there", () => {
  const scene = new DetectionScene();
  scene.burst(0, 0, 3);
  scene.end("call-1");
  scene.burst(300, 3, 2);
  assert.deepEqual(scene.ended(), ["call-0", "call-2", "call-3"]);
});

test("a call that a switch reports is there already: the one that completes the attack is ended too", () => {
  const scene = new DetectionScene();
  const decisions = scene.burst(0, 0, 6, 100, { source: "switch" });
  assert.deepEqual(scene.ended(), ["call-0", "call-1", "call-2", "call-3", "call-4", "call-5"]);
  assert.equal(verdicts(decisions), "aaaarr");
});

test("thresholds above what the plain window holds still work", () => {
  for (const threshold of [7, 15, 16, 40, 300]) {
    const scene = new DetectionScene({ masking: { threshold } });
    assert.equal(
      verdicts(scene.burst(0, 0, threshold + 1, 10)),
      "a".repeat(threshold - 1) + "rr",
      `threshold ${threshold}`,
    );
  }
});

test("opaque ids and hostile ids are callers like any other", () => {
  const scene = new DetectionScene();
  const ids = ["A001", "a001", "é", "\u0000", "x".repeat(64)];
  assert.equal(verdicts(ids.map((id, i) => scene.call(i, id, { called: "B999" as CalledId }))), "aaaar");
  assert.equal(scene.detection.incidents()[0]?.callers[0], "A001");
  assert.equal(scene.call(10, caller(1), { called: "b999" as CalledId }).verdict, "allow", "case is kept");
});
