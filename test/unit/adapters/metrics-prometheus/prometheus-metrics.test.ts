import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import {
  PrometheusMetrics,
  renderMetrics,
} from "../../../../gateway/adapters/metrics-prometheus/prometheus-metrics.js";

const linesOf = (text: string, name: string) => text.split("\n").filter((line) => line.startsWith(name));

test("counters, gauges and histograms come out with their labels and cumulative buckets", async () => {
  const metrics = new PrometheusMetrics();
  const answered = metrics.counter("t_answers_total", "Answers.", ["code"]);
  answered.labels("200").inc();
  answered.labels("200").inc(2);
  answered.labels("486").inc();
  metrics.gauge("t_calls", "Calls.").set(7);
  const took = metrics.histogram("t_took_ms", "Time.", [1, 5, 10]);
  for (const value of [0.5, 1, 1.1, 10, 11]) took.observe(value);

  const text = await renderMetrics([await metrics.toJson()]);
  assert.deepEqual(linesOf(text, "t_answers_total"), [
    't_answers_total{code="200"} 3',
    't_answers_total{code="486"} 1',
  ]);
  assert.deepEqual(linesOf(text, "t_calls"), ["t_calls 7"]);
  assert.deepEqual(linesOf(text, "t_took_ms"), [
    't_took_ms_bucket{le="1"} 2',
    't_took_ms_bucket{le="5"} 3',
    't_took_ms_bucket{le="10"} 4',
    't_took_ms_bucket{le="+Inf"} 5',
    "t_took_ms_sum 23.6",
    "t_took_ms_count 5",
  ]);
});

test("a metric without labels is there with 0 before it is first touched", async () => {
  const metrics = new PrometheusMetrics();
  metrics.counter("t_quiet_total", "Nothing yet.");
  assert.deepEqual(linesOf(await renderMetrics([await metrics.toJson()]), "t_quiet"), ["t_quiet_total 0"]);
});

test("the registries of two threads are added up, after a journey as JSON", async () => {
  const [a, b] = [new PrometheusMetrics(), new PrometheusMetrics()];
  for (const metrics of [a, b]) {
    metrics.counter("t_total", "Both.").inc(2);
    metrics.histogram("t_ms", "Both.", [1]).observe(3);
  }
  b.gauge("t_only_b", "One.").set(4);
  const parts = [await a.toJson(), await b.toJson()].map((json) => JSON.parse(JSON.stringify(json)) as unknown[]);
  const text = await renderMetrics(parts);
  assert.deepEqual(linesOf(text, "t_"), [
    "t_total 4",
    't_ms_bucket{le="1"} 0',
    't_ms_bucket{le="+Inf"} 2',
    "t_ms_sum 6",
    "t_ms_count 2",
    "t_only_b 4",
  ]);
});

test("onScrape runs before each reading", async () => {
  const metrics = new PrometheusMetrics();
  const gauge = metrics.gauge("t_live", "Read at scrape.");
  let live = 1;
  metrics.onScrape(() => gauge.set(live++));
  await metrics.toJson();
  assert.deepEqual(linesOf(await renderMetrics([await metrics.toJson()]), "t_live"), ["t_live 2"]);
});

test("the same metric twice is one metric; in another shape it is refused", () => {
  const metrics = new PrometheusMetrics();
  assert.equal(metrics.counter("t_total", "One."), metrics.counter("t_total", "One."));
  assert.throws(() => metrics.gauge("t_total", "Other."), /another shape/);
  assert.throws(() => metrics.counter("t_total", "Other.", ["x"]), /another shape/);
  assert.throws(() => metrics.counter("no-dashes", "Bad."), /not a metric name/);
  assert.throws(() => metrics.counter("t_labelled_total", "L.", ["a", "b"]).labels("1"), RangeError);
});

test("label values from outside cannot fill memory: from the thousandth set on they share one", async () => {
  const metrics = new PrometheusMetrics();
  const counter = metrics.counter("t_total", "Hostile.", ["who"]);
  for (let i = 0; i < 5000; i++) counter.labels(`caller-${i}`).inc();
  const lines = linesOf(await renderMetrics([await metrics.toJson()]), "t_total");
  assert.equal(lines.length, 1001);
  assert.ok(lines.includes('t_total{who="other"} 4000'));
});

test("label values are escaped, so that no line can be injected", async () => {
  const metrics = new PrometheusMetrics();
  metrics.counter("t_total", "Hostile.", ["who"]).labels('a"} 1\nforged_total 9').inc();
  const text = await renderMetrics([await metrics.toJson()]);
  assert.equal(linesOf(text, "forged").length, 0);
});

test("promtool finds nothing wrong with process metrics and ours", async (t) => {
  if (spawnSync("promtool", ["--version"]).error !== undefined) {
    t.skip("promtool is not installed");
    return;
  }
  const metrics = new PrometheusMetrics({ processMetrics: true });
  metrics.counter("ringfence_test_total", "Things.", ["kind"]).labels("a").inc();
  metrics.histogram("ringfence_test_seconds", "Time.", [0.1, 1]).observe(0.5);
  const text = await renderMetrics([await metrics.toJson()]);
  for (const name of [
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
    "nodejs_eventloop_lag_p99_seconds",
    "nodejs_gc_duration_seconds",
  ])
    assert.ok(text.includes(`# TYPE ${name} `), name);
  // promtool's linter dislikes names that prom-client chose (and exits 3 for them): only parse errors and ours count.
  const check = spawnSync("promtool", ["check", "metrics"], { input: text, encoding: "utf8" });
  assert.notEqual(check.status, 1, check.stderr);
  assert.doesNotMatch(check.stdout + check.stderr, /ringfence_/);
});
