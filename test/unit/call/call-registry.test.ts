import assert from "node:assert/strict";
import { test } from "node:test";
import { CallRegistry } from "../../../gateway/call/call-registry.js";
import { LiveCallDouble, MetricsDouble } from "../../support/call-doubles.js";

test("registry: calls are found until they end", () => {
  const registry = new CallRegistry(new MetricsDouble());
  const call = new LiveCallDouble("one");
  registry.onStarted(call);
  assert.equal(registry.get("one"), call);
  registry.onEnded(call);
  registry.onEnded(call);
  assert.deepEqual([registry.get("one"), registry.size, registry.countOf("carrier")], [undefined, 0, 0]);
});

test("registry: calls of one Call-ID are found by their names one by one, by their Call-ID together", () => {
  const registry = new CallRegistry(new MetricsDouble());
  const first = new LiveCallDouble("one");
  const [second, third] = ["one~2", "one~3"].map((name) => new LiveCallDouble(name, { sipCallId: "one" })) as [
    LiveCallDouble,
    LiveCallDouble,
  ];
  for (const call of [first, second, third]) registry.onStarted(call);
  assert.deepEqual([registry.get("one"), registry.get("one~2"), registry.size], [first, second, 3]);
  assert.deepEqual(registry.withSipCallId("one"), [first, second, third]);
  registry.onEnded(first);
  assert.deepEqual(registry.withSipCallId("one"), [second, third]);
  registry.onEnded(third);
  assert.deepEqual(registry.withSipCallId("one"), [second]);
  registry.onEnded(second);
  assert.deepEqual(registry.withSipCallId("one"), []);
  assert.deepEqual([registry.has("one~2"), registry.size], [false, 0]);
});

test("registry: a Call-ID that is written like another call's name is that other's no more than any", () => {
  const registry = new CallRegistry(new MetricsDouble());
  const named = new LiveCallDouble("one~2", { sipCallId: "one" });
  const written = new LiveCallDouble("one~2~3", { sipCallId: "one~2" });
  for (const call of [named, written]) registry.onStarted(call);
  assert.deepEqual([registry.withSipCallId("one"), registry.withSipCallId("one~2")], [[named], [written]]);
});

test("registry: counts by trunk, lists the oldest first, tells the gauge when scraped", () => {
  const metrics = new MetricsDouble();
  const registry = new CallRegistry(metrics);
  for (const [id, trunk] of [
    ["1", "north"],
    ["2", "south"],
    ["3", "north"],
  ] as const)
    registry.onStarted(new LiveCallDouble(id, { trunk }));
  assert.deepEqual([registry.countOf("north"), registry.countOf("south"), registry.countOf("east")], [2, 1, 0]);
  assert.deepEqual(
    registry.list(2).map((call) => call.callId),
    ["1", "2"],
  );
  metrics.scrape();
  assert.equal(metrics.get("ringfence_calls_live"), 3);
});
