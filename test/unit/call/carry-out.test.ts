import assert from "node:assert/strict";
import { test } from "node:test";
import {
  unixMs,
  type Action,
  type Alert,
  type Block,
  type CalledId,
  type CallerId,
  type Incident,
} from "../../../detection/index.js";
import { Audit } from "../../../gateway/call/audit.js";
import { ActionCarrier } from "../../../gateway/call/carry-out.js";
import type { TeardownOrder } from "../../../gateway/call/teardown-service.js";
import { LogDouble, MetricsDouble, RandomDouble, SinkDouble, settle } from "../../support/call-doubles.js";
import { FakeClock } from "../../support/fake-clock.js";

const NOW = unixMs(1_700_000_000_000);
const called = "+12025550199" as CalledId;
const callers = ["+12025550101" as CallerId];
const incident: Incident = {
  id: "inc-1",
  rule: "masking",
  called,
  state: "open",
  severity: "high",
  openedAt: NOW,
  updatedAt: NOW,
  trunks: [],
  callers,
  callerCount: 1,
  calls: [],
  callCount: 1,
  disposition: "enforced",
  windowMs: 5000,
  threshold: 5,
};
const alert: Alert = {
  id: "alert-1",
  incidentId: "inc-1",
  rule: "masking",
  called,
  callers,
  callerCount: 1,
  callIds: ["1"],
  callCount: 1,
  severity: "high",
  detectedAt: NOW,
  disposition: "enforced",
  message: "5 callers",
};
const block: Block = {
  id: "blk-1",
  called,
  caller: "+12025550101" as CallerId,
  createdAt: NOW,
  expiresAt: unixMs(NOW + 1000),
  createdBy: "policy",
  reason: "masking",
};
const endCalls: Action = {
  kind: "end-calls",
  callIds: ["1", "2"],
  incidentId: "inc-1",
  alertId: "alert-1",
  reason: "masking attack",
  foundAt: NOW,
};

function setUp(fails = false) {
  const orders: TeardownOrder[] = [];
  const teardown = {
    endCalls: (order: TeardownOrder) => {
      orders.push(order);
      return fails ? Promise.reject(new Error("bug")) : Promise.resolve([]);
    },
  };
  const sink = new SinkDouble();
  const metrics = new MetricsDouble();
  const log = new LogDouble();
  const audit = new Audit(sink, new FakeClock(), new RandomDouble());
  const carrier = new ActionCarrier({
    teardown,
    sink,
    audit,
    metrics,
    log,
  });
  return { carrier, orders, sink, metrics, log };
}

test("carry out: calls are ended before anything is written, with the incident in the reason", () => {
  const { carrier, orders, sink } = setUp();
  carrier.carryOut([endCalls]);
  assert.equal(sink.records.length, 0);
  assert.deepEqual(
    orders.map(({ callIds, actor, reason }) => [callIds, actor, reason.cause, reason.q850, reason.incidentId]),
    [[["1", "2"], "policy", "fraud", 21, "inc-1"]],
  );
});

test("carry out: alerts, incidents and blocks reach the store, in order, and the log", () => {
  const { carrier, sink, metrics, log } = setUp();
  carrier.carryOut([
    { kind: "incident", change: "opened", incident },
    { kind: "alert", alert },
    { kind: "block", change: "added", block },
    { kind: "incident", change: "extended", incident },
  ]);
  assert.deepEqual(
    sink.records.map((record) => record.kind),
    ["incident", "alert", "block", "audit", "incident"],
  );
  assert.equal(metrics.get("fraud_alerts_generated_total"), 1);
  assert.equal(metrics.get("ringfence_incidents_total{opened}"), 1);
  assert.equal(carrier.alerts, 1);
  assert.deepEqual(
    log.lines.map((line) => line.event),
    ["fraud.alert"],
  );
  assert.ok(!JSON.stringify(log.lines).includes("2025550"), "numbers only as redacted fields");
});

test("carry out: a block that a person added is audited where it came in, not here", () => {
  const { carrier, sink } = setUp();
  carrier.carryOut([{ kind: "block", change: "added", block: { ...block, createdBy: "key-1" } }]);
  assert.deepEqual(
    sink.records.map((record) => record.kind),
    ["block"],
  );
});

test("carry out: what a limit held back is counted and audited", () => {
  const { carrier, sink, metrics } = setUp();
  carrier.carryOut([{ kind: "held-back", why: "disconnect-limit", incidentId: "inc-1", callIds: ["1", "2", "3"] }]);
  assert.equal(metrics.get("ringfence_held_back_total{disconnect-limit}"), 3);
  assert.deepEqual(
    sink.of("audit").map(({ entry }) => [entry.action, entry.outcome, entry.detail]),
    [["calls.held-back", "refused", { why: "disconnect-limit", calls: 3 }]],
  );
});

test("carry out: a teardown that fails is logged and stops nothing", async () => {
  const { carrier, log, sink } = setUp(true);
  carrier.carryOut([endCalls, { kind: "alert", alert }]);
  await settle();
  assert.equal(sink.of("alert").length, 1);
  assert.ok(log.lines.some((line) => line.event === "teardown.order-failed"));
});
