import assert from "node:assert/strict";
import { test } from "node:test";
import { PrometheusMetrics, renderMetrics } from "../../../gateway/adapters/metrics-prometheus/prometheus-metrics.js";
import { countedLog } from "../../../gateway/core/counted-log.js";
import { GatewayError } from "../../../gateway/core/errors.js";
import { silentLog, type Log } from "../../../gateway/core/log.js";

test("errors are counted by code and by who has to act, children's too; the lines are the same", async () => {
  const lines: string[] = [];
  const inner: Log = { ...silentLog, error: (event) => lines.push(event), child: () => inner };
  const metrics = new PrometheusMetrics();
  const log = countedLog(inner, metrics);
  log.error("store.down", {}, new GatewayError("store.unavailable", "no answer"));
  log.child({ part: "journal" }).error("journal.down", {}, new GatewayError("journal.failed", "full"));
  log.error("broken", {}, new TypeError("a bug"));
  log.error("said.only");
  assert.deepEqual(lines, ["store.down", "journal.down", "broken", "said.only"]);
  const text = await renderMetrics([await metrics.toJson()]);
  const samples = text.split("\n").filter((line) => line.startsWith("gateway_errors_total"));
  assert.deepEqual(samples.sort(), [
    'gateway_errors_total{code="journal.failed",fault="operator"} 1',
    'gateway_errors_total{code="none",fault="us"} 1',
    'gateway_errors_total{code="store.unavailable",fault="upstream"} 1',
  ]);
});
