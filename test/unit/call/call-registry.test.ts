import assert from "node:assert/strict";
import { test } from "node:test";
import { CallRegistry } from "../../../gateway/call/call-registry.js";
import { LiveCallDouble, MetricsDouble } from "../../support/call-doubles.js";

test("registry: calls are found until they end", () => {
  const registry = new CallRegistry(new MetricsDouble());
  const call = new LiveCallDouble("one");
  registry.onStarted(call);
  assert.deepEqual(registry.get("one"), [call]);
  registry.onEnded(call);
  registry.onEnded(call);
  assert.deepEqual([registry.get("one"), registry.size, registry.countOf("carrier")], [[], 0, 0]);
});

test("registry: two calls of one Call-ID (a hairpin) are found together and forgotten one by one", () => {
  const registry = new CallRegistry(new MetricsDouble());
  const [first, second, third] = [new LiveCallDouble("one"), new LiveCallDouble("one"), new LiveCallDouble("one")];
  for (const call of [first, second, third]) registry.onStarted(call);
  assert.deepEqual(registry.get("one"), [first, second, third]);
  registry.onEnded(first);
  assert.deepEqual(registry.get("one"), [second, third]);
  registry.onEnded(third);
  assert.deepEqual(registry.get("one"), [second]);
  registry.onEnded(second);
  assert.equal(registry.has("one"), false);
  assert.equal(registry.size, 0);
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
