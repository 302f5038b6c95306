import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { MetricsJson } from "../../../gateway/adapters/metrics-prometheus/prometheus-metrics.js";
import { listenForMetrics, type MetricsSource } from "../../../gateway/workers/metrics-listener.js";

const up: MetricsJson = [
  { name: "up", help: "h", type: "gauge", values: [{ value: 1, labels: {} }], aggregator: "sum" },
];

async function listening(t: TestContext, sources: readonly MetricsSource[]): Promise<string> {
  const listener = await listenForMetrics("127.0.0.1", 0, sources);
  t.after(() => listener.close());
  return listener.url;
}

test("metrics: a thread that does not answer leaves its part out", async (t) => {
  const url = await listening(t, [() => Promise.reject(new Error("gone")), () => Promise.resolve(up)]);
  const answer = await fetch(`${url}/metrics`);
  assert.equal(answer.status, 200);
  assert.match(await answer.text(), /^up 1$/m);
});

test("metrics: what cannot be put together answers 500, and the next scrape is served", async (t) => {
  const answers: unknown[] = [[{ name: "up", type: "gauge" }], up];
  const url = await listening(t, [() => Promise.resolve(answers.shift() as MetricsJson)]);
  assert.equal((await fetch(`${url}/metrics`)).status, 500);
  assert.equal((await fetch(`${url}/metrics`)).status, 200);
});

test("metrics: only GET and HEAD of /metrics", async (t) => {
  const url = await listening(t, [() => Promise.resolve(up)]);
  assert.equal((await fetch(`${url}/metrics`, { method: "POST" })).status, 405);
  assert.equal((await fetch(`${url}/secrets`)).status, 404);
  const head = await fetch(`${url}/metrics`, { method: "HEAD" });
  assert.deepEqual([head.status, await head.text()], [200, ""]);
});
