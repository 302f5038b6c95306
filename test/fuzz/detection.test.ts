// Chaos: hostile strings, absurd times, settings that change, in seeded random order; what must never happen does not happen.
import assert from "node:assert/strict";
import { test } from "node:test";
import { unixMs, type CalledId, type CallerId, type CallStarted, type TrunkId } from "../../detection/index.js";
import { detectionOptions, DetectionScene, START } from "../support/detection-scene.js";
import { SeededRandom } from "../support/seeded-random.js";

const HOSTILE = [
  "",
  "\0",
  "\ud800",
  "é".repeat(200),
  "x".repeat(5_000),
  "__proto__",
  "constructor",
  "+",
  "anonymous@t1",
  "911",
];
const MODES = ["off", "shadow", "enforce"] as const;
const SEEDS = Number(process.env["FUZZ_SEEDS"] ?? "20");

function randomEvent(random: SeededRandom, n: number, nowMs: number): CallStarted {
  const pick = <T>(list: readonly T[]): T => list[random.below(list.length)] as T;
  const number = (limit: number): string => (random.below(50) === 0 ? pick(HOSTILE) : `+1202555${random.below(limit)}`);
  const at = pick([
    nowMs,
    nowMs,
    nowMs,
    nowMs - random.below(40_000),
    nowMs + random.below(40_000),
    Number.NaN,
    -1,
    1e18,
    Infinity,
  ]);
  return {
    kind: "call.started",
    callId: random.below(20) === 0 ? `again-${random.below(50)}` : `call-${n}`,
    caller: number(400) as CallerId,
    called: number(12) as CalledId,
    trunk: `t${random.below(4)}` as TrunkId,
    at: unixMs(at),
    arrivedAt: unixMs(nowMs),
    source: random.below(3) === 0 ? "switch" : "hop",
    emergency: random.below(20) === 0,
  };
}

for (let seed = 1; seed <= SEEDS; seed++) {
  test(`detection survives 5,000 hostile events and keeps its promises (seed ${seed})`, () => {
    const random = new SeededRandom(seed);
    const limits = { watchedNumbers: 20, openIncidents: 5, blocks: 60, recentCalls: 256, trackedCalls: 256 };
    const scene = new DetectionScene({ memory: limits }, seed);
    const answered = new Set<string>();
    let nowMs = START;
    let enforcing = true;
    for (let n = 0; n < 5_000; n++) {
      nowMs += random.below(300);
      const event = randomEvent(random, n, nowMs);
      const decision = scene.send(event);
      if (event.emergency) assert.deepEqual([decision.verdict, decision.actions.length], ["allow", 0]);
      if (!enforcing) assert.equal(decision.verdict, "allow");
      assert.ok(!(decision.verdict === "refuse" && decision.wouldRefuse));
      if (random.below(3) === 0) scene.answer(event.callId);
      if (random.below(5) === 0) scene.end(event.callId);
      answered.add(event.callId);
      if (random.below(400) === 0) {
        const shadow = random.below(2) === 0;
        const masking = { mode: MODES[random.below(3)] ?? "off", threshold: 2 + random.below(8) };
        enforcing = !shadow;
        scene.detection.reconfigure(detectionOptions({ shadow, masking, memory: limits }));
      }
      if (random.below(200) === 0)
        scene.detection.undoIncident(scene.detection.incidents()[0]?.id ?? "", unixMs(nowMs));
    }
    const ended = scene.ended();
    assert.ok(
      ended.every((id) => answered.has(id)),
      "only calls that were seen are ended",
    );
    const stats = scene.detection.stats();
    assert.ok(stats.openIncidents <= 5 && stats.activeBlocks <= 60 && stats.watchedNumbers <= 25);
    assert.ok(
      scene.detection
        .blocks()
        .every(({ caller, callerPrefix, trunk }) => (caller ?? callerPrefix ?? trunk) !== undefined),
    );
    scene.passTo(nowMs - START + 4_000_000);
    assert.deepEqual([scene.detection.incidents().length, scene.detection.blocks().length], [0, 0], "everything ends");
  });
}
