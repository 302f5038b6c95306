import assert from "node:assert/strict";
import { test } from "node:test";
import { HopHands, warningBeeps } from "../../../gateway/call/call-hands.js";
import type { LiveCall } from "../../../gateway/call/contracts.js";
import { GatewayError } from "../../../gateway/core/errors.js";
import { silentLog } from "../../../gateway/core/log.js";
import { CountingMetrics } from "../../support/counting-metrics.js";

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const STEPS = "ringfence_threat_steps_total";

function handsOver(parts: Partial<LiveCall> | undefined) {
  const metrics = new CountingMetrics();
  const call = parts as LiveCall | undefined;
  const hands = new HopHands({ registry: { get: () => call }, warning: warningBeeps(), metrics, log: silentLog });
  const count = (step: string, outcome: string): number => metrics.value(STEPS, step, outcome);
  return { hands, count };
}

for (const [status, outcome] of [
  [200, "done"],
  [469, "refused"],
  [408, "refused"],
  [0, "not-possible"],
] as const) {
  test(`tag: INFO with the verdict goes to the called side; ${status} is ${outcome}`, async () => {
    const sent: unknown[] = [];
    const { hands, count } = handsOver({
      sendInfo: (leg, headers, body) => {
        sent.push([leg, Object.fromEntries(headers), JSON.parse(new TextDecoder().decode(body))]);
        return Promise.resolve(status);
      },
    });
    hands.tag({ callId: "c", state: "suspicious", score: 0.8765, threat: "tax" });
    await settle();
    assert.deepEqual(sent, [
      [
        "b",
        {
          "Info-Package": "ringfence",
          "Content-Disposition": "Info-Package",
          "Content-Type": "application/json",
          "X-Ringfence-Threat": "suspicious;score=0.88;kind=tax",
        },
        { state: "suspicious", score: 0.88, kind: "tax" },
      ],
    ]);
    assert.equal(count("tag", outcome), 1);
  });
}

test("warn and hold: through the call's media, the warning to the called side only", async () => {
  const done: unknown[] = [];
  const media = {
    play: (side: "a" | "b") => Promise.resolve(done.push(`play ${side}`) > 0),
    hold: (held: boolean) => void done.push(`hold ${held}`),
    notHeard: () => assert.fail("not said"),
    stats: () => Promise.reject(new Error("not asked")),
  };
  const { hands, count } = handsOver({ media });
  hands.warn({ callId: "c" });
  hands.hold({ callId: "c", held: true });
  hands.hold({ callId: "c", held: false });
  await settle();
  assert.deepEqual(done, ["play b", "hold true", "hold false"]);
  assert.deepEqual([count("warn", "done"), count("hold", "done")], [1, 2]);
});

test("warn and hold without media are not possible, and counted; so is a call that nobody knows", async () => {
  const without = handsOver({ media: undefined });
  without.hands.warn({ callId: "c" });
  without.hands.hold({ callId: "c", held: true });
  const nobody = handsOver(undefined);
  nobody.hands.warn({ callId: "c" });
  await settle();
  assert.deepEqual(
    [
      without.count("warn", "not-possible"),
      without.count("hold", "not-possible"),
      nobody.count("warn", "not-possible"),
    ],
    [1, 1, 1],
  );
});

test("a prompt that the codec forbids fails, is counted, and throws at nobody", async () => {
  const media = {
    play: () => Promise.reject(new GatewayError("media.rejected", "opus")),
    hold: () => undefined,
    notHeard: () => assert.fail("not said"),
    stats: () => Promise.reject(new Error("not asked")),
  };
  const { hands, count } = handsOver({ media });
  hands.warn({ callId: "c" });
  await settle();
  assert.equal(count("warn", "failed"), 1);
});

test("the warning beeps are short, audible and not clipped", () => {
  const { samples, sampleRateHz } = warningBeeps();
  const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  assert.ok(peak > 0.15 && peak < 0.5);
  assert.ok(samples.length / sampleRateHz < 1);
});
