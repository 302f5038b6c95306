import assert from "node:assert/strict";
import { test } from "node:test";
import {
  DEFAULT_DETECTION_OPTIONS,
  enforceWarnings,
  unixMs,
  type CalledId,
  type TrunkId,
  type Block,
} from "../../../../detection/index.js";
import { DisconnectLimit } from "../../../../detection/policy/disconnect-limit.js";
import { severityOf } from "../../../../detection/policy/severity.js";
import {
  caller,
  detectionOptions,
  DetectionScene,
  START,
  to,
  trunk,
  verdicts,
  VICTIM,
} from "../../../support/detection-scene.js";

const now = (ms: number) => unixMs(START + ms);

test("emergency calls are neither counted nor refused, blocked or ended, in the middle of an attack too", () => {
  const scene = new DetectionScene();
  const emergency = { emergency: true };
  assert.equal(verdicts(scene.burst(0, 0, 20, 10, emergency)), "a".repeat(20));
  assert.equal(scene.detection.stats().incidentsOpened, 0);
  scene.burst(1_000, 100, 5);
  assert.equal(scene.call(1_600, 100, emergency).verdict, "allow", "a blocked caller");
  assert.equal(scene.call(1_700, 200, emergency).verdict, "allow", "a stranger on the attacking trunk");
  assert.ok(scene.ended().every((id) => Number(id.slice(5)) >= 20));
});

const guards = [
  { name: "called number", guard: { calledNumbers: [VICTIM] } },
  { name: "called prefix", guard: { calledPrefixes: ["+1202555"] } },
  { name: "caller prefix", guard: { callerPrefixes: ["+1303"] } },
  { name: "trunk", guard: { trunks: ["t1"] } },
];
for (const { name, guard } of guards) {
  test(`guard list, ${name}: the attack is reported, nothing is ended or refused, and it is said why`, () => {
    const scene = new DetectionScene({ guard });
    const decisions = scene.burst(0, 0, 8);
    assert.equal(verdicts(decisions), "a".repeat(8));
    assert.deepEqual(scene.ended(), []);
    assert.ok(decisions.slice(4).every((decision) => decision.detected && decision.wouldRefuse));
    assert.ok(scene.heldBack().includes("guard-list"));
    assert.ok(scene.kinds().includes("alert"));
  });
}

test("guard list, one caller: he is spared, the other attackers are not", () => {
  const scene = new DetectionScene({ guard: { callerNumbers: [caller(2)] } });
  scene.burst(0, 0, 6);
  assert.deepEqual(scene.ended(), ["call-0", "call-1", "call-3"]);
  assert.equal(scene.call(700, 2).verdict, "allow");
  assert.equal(scene.call(800, 3).verdict, "refuse");
  assert.ok(scene.detection.blocks().every((block) => block.caller !== caller(2)));
});

test("shadow: everything is seen and told, nothing is cut, and enforcing from now on acts on the attack that runs", () => {
  for (const changes of [{ shadow: true }, { masking: { mode: "shadow" as const } }]) {
    const scene = new DetectionScene(changes);
    const decisions = scene.burst(0, 0, 7);
    assert.equal(verdicts(decisions), "a".repeat(7));
    assert.ok(decisions.slice(4).every((decision) => decision.wouldRefuse && decision.incidentId !== undefined));
    assert.deepEqual([scene.ended(), scene.detection.blocks()], [[], []]);
    assert.equal(scene.detection.incidents()[0]?.disposition, "shadow");
    scene.detection.reconfigure(detectionOptions());
    assert.equal(scene.call(800, 7).verdict, "refuse");
  }
});

test("shadow set in the middle of an attack stops cutting at once", () => {
  const scene = new DetectionScene();
  scene.burst(0, 0, 6);
  scene.detection.reconfigure(detectionOptions({ shadow: true }));
  const decision = scene.call(700, 6);
  assert.deepEqual([decision.verdict, decision.wouldRefuse, decision.detected], ["allow", true, true]);
});

test("rule off: nothing is counted; a block added by hand still refuses", () => {
  const scene = new DetectionScene({ masking: { mode: "off" } });
  scene.detection.addBlock(
    { called: VICTIM, caller: caller(3), reason: "test", createdBy: "key-1", ttlMs: 60_000 },
    now(0),
  );
  assert.equal(verdicts(scene.burst(0, 0, 10)), "aaaraaaaaa");
  assert.equal(scene.detection.stats().incidentsOpened, 0);
});

test("block rule in shadow: a blocked caller gets through and it is said that he would not", () => {
  const scene = new DetectionScene({ block: { mode: "shadow" } });
  scene.burst(0, 0, 5);
  scene.passTo(60_000);
  const decision = scene.call(61_000, 1);
  assert.deepEqual([decision.verdict, decision.wouldRefuse], ["allow", true]);
  assert.ok(decision.blockId !== undefined);
});

test("canary: about its share of the called numbers is enforced, always the same ones", () => {
  const enforced = (): string =>
    Array.from({ length: 200 }, (_, n) => {
      const scene = new DetectionScene(
        { limits: { canaryPercent: 30 }, memory: { windowMiB: 0, trackedCalls: 64, knownPairs: 64, recentCalls: 64 } },
        n,
      );
      return scene.burst(0, 0, 5, 100, to(`+1202555${String(n).padStart(4, "0")}`)).at(-1)?.verdict[0];
    }).join("");
  const first = enforced();
  const count = first.split("r").length - 1;
  assert.ok(count > 35 && count < 90, `${count} of 200`);
  assert.equal(enforced(), first);
});

test("limit of disconnects: answered calls beyond it stay up and an alert says so; ringing ones and new ones are cut all the same", () => {
  const scene = new DetectionScene({ limits: { answeredDisconnectsPerMinute: 2 } });
  for (let i = 0; i < 4; i++) {
    scene.call(i * 100, i);
    if (i > 0) scene.answer(`call-${i}`);
  }
  const decision = scene.call(400, 4);
  assert.equal(decision.verdict, "refuse");
  assert.deepEqual(scene.ended(), ["call-0", "call-1", "call-2"]);
  const held = decision.actions.find((action) => action.kind === "held-back");
  assert.deepEqual(held?.kind === "held-back" && [held.why, held.callIds], ["disconnect-limit", ["call-3"]]);
  const alert = decision.actions.find((action) => action.kind === "alert");
  assert.equal(alert?.kind === "alert" && alert.alert.disposition, "rate-limited");
  assert.equal(scene.call(500, 5).verdict, "refuse");
});

test("limit of disconnects counts any 60 s, whatever the clock does", () => {
  const limit = new DisconnectLimit(10);
  assert.equal(limit.take(7, now(0)), 7);
  assert.equal(limit.take(7, now(30_000)), 3);
  assert.equal(limit.take(1, now(59_000)), 0);
  assert.equal(limit.take(20, now(60_000)), 7);
  assert.equal(limit.take(1, now(-3_600_000)), 0, "a clock set back gives nothing");
  assert.equal(limit.take(20, now(600_000)), 10);
  assert.equal(new DisconnectLimit(0).take(5, now(0)), 0);
});

test("blocks: too broad ones and bad times are refused", () => {
  const { detection } = new DetectionScene();
  const request = { called: VICTIM, reason: "r", createdBy: "key-1", ttlMs: 60_000 };
  const codes = [
    detection.addBlock(request, now(0)),
    detection.addBlock({ ...request, callerPrefix: "" }, now(0)),
    detection.addBlock({ ...request, callerPrefix: "+" }, now(0)),
    detection.addBlock({ ...request, caller: caller(1), ttlMs: 0 }, now(0)),
    detection.addBlock({ ...request, caller: caller(1), ttlMs: Number.NaN }, now(0)),
    detection.addBlock({ ...request, caller: caller(1), ttlMs: 1e12 }, now(0)),
  ].map((result) => (result.ok ? "ok" : result.error.code));
  assert.deepEqual(codes, [
    "block.too-broad",
    "block.too-broad",
    "block.too-broad",
    "block.ttl",
    "block.ttl",
    "block.ttl",
  ]);
});

test("blocks: all that a block names must match; it expires and is told so; removing it lifts it", () => {
  const scene = new DetectionScene();
  const common = { called: VICTIM, reason: "r", createdBy: "key-1", ttlMs: 60_000 };
  const both = scene.detection.addBlock({ ...common, callerPrefix: "+1303", trunk: "t2" as TrunkId }, now(0));
  assert.ok(both.ok);
  assert.equal(scene.call(0, 1).verdict, "allow", "another trunk");
  assert.equal(scene.call(10, "+12025550111", trunk("t2")).verdict, "allow", "another prefix");
  const refused = scene.call(20, 2, trunk("t2"));
  assert.deepEqual([refused.verdict, refused.blockId, refused.detected], ["refuse", both.value.block.id, false]);
  scene.passTo(61_000);
  assert.deepEqual(scene.kinds(), ["block expired"]);
  const again = scene.detection.addBlock({ ...common, trunk: "t2" as TrunkId }, now(61_000));
  assert.ok(again.ok);
  assert.equal(scene.call(62_000, 3, trunk("t2")).verdict, "refuse");
  assert.equal(scene.detection.removeBlock(again.value.block.id)?.block.id, again.value.block.id);
  assert.equal(scene.detection.removeBlock(again.value.block.id), undefined);
  assert.equal(scene.call(63_000, 4, trunk("t2")).verdict, "allow");
});

const isWholeTrunk = (block: Block): boolean => block.trunk !== undefined && block.caller === undefined;

for (const place of [1, 5]) {
  test(`a known caller whose number an attack borrows as its caller ${place + 1} still reaches the number by his own trunk (R3)`, () => {
    const scene = new DetectionScene();
    const honest = 700;
    assert.equal(scene.call(0, honest, trunk("carrier-b")).verdict, "allow");
    for (let i = 0; i < 6; i++) scene.call(6_000 + i * 10, i === place ? honest : i, trunk("carrier-a"));
    assert.equal(scene.call(7_000, honest, trunk("carrier-b")).verdict, "allow", "while the attack goes on");
    assert.equal(scene.call(7_100, 1, trunk("carrier-a")).verdict, "refuse");
    assert.equal(scene.call(600_000, honest, trunk("carrier-b")).verdict, "allow", "and after it");
    if (place === 1)
      assert.equal(scene.call(600_100, honest, trunk("carrier-a")).verdict, "refuse", "where it attacked from");
  });
}

test("an attacker who comes back by another trunk does not count as blocked there, but as a caller", () => {
  const scene = new DetectionScene();
  scene.burst(0, 0, 5, 100, trunk("carrier-a"));
  const again = scene.burst(1_000, 0, 5, 100, trunk("carrier-b")).map((decision) => decision.verdict);
  assert.deepEqual(again, ["allow", "allow", "allow", "allow", "refuse"]);
});

test("blocks: a trunk is blocked only while its incident is open, however long that is", () => {
  const scene = new DetectionScene({ masking: { quietMs: 10_000 } });
  scene.burst(0, 0, 5);
  for (let at = 5_000; at <= 120_000; at += 5_000) assert.equal(scene.call(at, at).verdict, "refuse");
  assert.equal(scene.detection.blocks().filter(isWholeTrunk).length, 1);
  scene.passTo(140_000);
  assert.equal(scene.detection.blocks().filter(isWholeTrunk).length, 0);
  assert.ok(scene.kinds().includes("block removed"));
});

test("blocks: a prefix that attackers share is blocked where that is wanted, regular callers of it are not", () => {
  const scene = new DetectionScene({ block: { callerPrefixLength: 8 } });
  scene.call(-60_000, 9_999, trunk("t2"));
  scene.burst(0, 0, 5);
  assert.ok(scene.detection.blocks().some((block) => block.callerPrefix === "+1303555"));
  assert.equal(scene.call(600, 800, trunk("t2")).verdict, "refuse", "by another trunk");
  assert.equal(scene.call(700, 9_999, trunk("t2")).verdict, "allow");
  assert.equal(scene.call(800, "+12025550111", trunk("t2")).verdict, "allow");
});

test("blocks are put back after a restart, those that are over are not", () => {
  const before = new DetectionScene();
  before.burst(0, 0, 5);
  const after = new DetectionScene({}, 2);
  assert.equal(after.detection.restoreBlocks(before.detection.blocks(), now(60_000)), 5, "the trunk's is over");
  assert.equal(after.call(61_000, 3).verdict, "refuse");
  assert.equal(after.call(62_000, 50).verdict, "allow");
});

test("undo: the incident closes, its blocks go, its callers are regular, and the same traffic is usual from then on", () => {
  const scene = new DetectionScene();
  const id = scene.burst(0, 0, 9).at(-1)?.incidentId ?? "";
  const undone = scene.detection.undoIncident(id, now(2_000));
  assert.equal(undone?.incident.state, "closed");
  assert.deepEqual(scene.detection.blocks(), []);
  assert.equal(undone.actions.filter((action) => action.kind === "block").length, 10);
  assert.equal(verdicts(scene.burst(3_000, 0, 9)), "a".repeat(9));
  assert.equal(
    scene.burst(200_000, 100, 60, 20, trunk("bad")).at(-1)?.verdict,
    "refuse",
    "far above it is still an attack",
  );
  assert.equal(scene.detection.undoIncident("inc-unknown", now(0)), undefined);
});

test("undo works for an incident that has closed already", () => {
  const scene = new DetectionScene();
  const id = scene.burst(0, 0, 9).at(-1)?.incidentId ?? "";
  scene.passTo(100_000);
  assert.equal(scene.call(101_000, 0).verdict, "refuse");
  assert.equal(scene.detection.undoIncident(id, now(102_000))?.incident.id, id);
  assert.equal(scene.call(103_000, 0).verdict, "allow");
});

test("the actions of a finding come in the order in which they matter: end, block, tell", () => {
  const scene = new DetectionScene();
  const kinds = scene
    .burst(0, 0, 5)
    .at(-1)
    ?.actions.map((action) => action.kind);
  assert.deepEqual([...new Set(kinds)], ["end-calls", "block", "incident", "alert"]);
});

test("an order to end calls names the alert that tells of it: the id that the switch was answered with", () => {
  const scene = new DetectionScene();
  const decision = scene.burst(0, 0, 5).at(-1);
  const order = decision?.actions.find((action) => action.kind === "end-calls");
  assert.match(order?.alertId ?? "", /^alert-/);
  assert.equal(order?.alertId, decision?.alertId);
});

test("an alert is repeated when the attack gets worse, not for each caller", () => {
  const scene = new DetectionScene();
  scene.burst(0, 0, 100, 20);
  const severities = scene.actions.flatMap((action) => (action.kind === "alert" ? [action.alert.severity] : []));
  assert.deepEqual(severities, ["high", "critical"]);
});

const sizes = [
  { name: "at the threshold, in two of five seconds", callers: 5, reachedInMs: 2_000, repeats: 0, severity: "high" },
  { name: "at the threshold, in three and a half", callers: 5, reachedInMs: 3_500, repeats: 0, severity: "medium" },
  { name: "at the threshold, taking the whole window", callers: 5, reachedInMs: 4_900, repeats: 0, severity: "low" },
  { name: "the same once more within a day", callers: 5, reachedInMs: 4_900, repeats: 1, severity: "medium" },
  { name: "twice the threshold, fast", callers: 10, reachedInMs: 500, repeats: 0, severity: "critical" },
  { name: "four times the threshold, slowly", callers: 20, reachedInMs: 4_900, repeats: 0, severity: "critical" },
];
for (const { name, severity, ...size } of sizes) {
  test(`severity: ${name}: ${severity}`, () => {
    assert.equal(severityOf({ ...size, threshold: 5, windowMs: 5_000 }), severity);
  });
}

test("enforcing without baseline or guard list is warned about, with the reason; otherwise not", () => {
  const [first] = enforceWarnings(DEFAULT_DETECTION_OPTIONS);
  assert.match(first ?? "", /hotline.*honest people.*ended/s);
  assert.deepEqual(enforceWarnings({ ...DEFAULT_DETECTION_OPTIONS, shadow: true }), []);
  assert.deepEqual(enforceWarnings(DEFAULT_DETECTION_OPTIONS, 3), []);
  assert.deepEqual(enforceWarnings(detectionOptions({ guard: { calledPrefixes: ["+1202555"] } })), []);
  assert.equal(enforceWarnings(detectionOptions({ masking: { threshold: 2, windowMs: 60_000 } })).length, 3);
});

test("the shared answer to quiet calls cannot be changed by who gets it", () => {
  const scene = new DetectionScene();
  const decision = scene.call(0, 1);
  assert.throws(
    () => (decision as { verdict: string }).verdict === "x" || ((decision as { verdict: string }).verdict = "refuse"),
    TypeError,
  );
  assert.equal(scene.call(10, "x", { called: "y" as CalledId }).verdict, "allow");
});
