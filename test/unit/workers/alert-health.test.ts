import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeskStep } from "../../../gateway/pipeline/alerts/alert-desk.js";
import { RAISED_ROUTE } from "../../../gateway/pipeline/alerts/alert-intake.js";
import { alertHealth } from "../../../gateway/workers/alert-health.js";

const CASES: readonly {
  readonly name: string;
  readonly routes: readonly string[];
  readonly failing?: readonly string[];
  readonly steps?: readonly DeskStep[];
  readonly shown: readonly string[];
}[] = [
  { name: "nothing configured", routes: [], shown: [] },
  { name: "all is well", routes: [RAISED_ROUTE, "soc"], shown: ["webhook: up", "alerts: up"] },
  {
    name: "the raised route fails",
    routes: [RAISED_ROUTE, "soc"],
    failing: [RAISED_ROUTE],
    shown: ["webhook: the last alert was not taken", "alerts: up"],
  },
  {
    name: "a route and the desk's own work fail",
    routes: ["soc", "mail"],
    failing: ["mail"],
    steps: ["intake", "over"],
    shown: ["alerts: routes that fail: mail; work on alerts that fails: intake, over"],
  },
  {
    name: "cases are not looked after, and nobody is told of them anyway",
    routes: [],
    steps: ["escalation"],
    shown: ["alerts: work on alerts that fails: escalation"],
  },
];

for (const { name, routes, failing = [], steps = [], shown } of CASES) {
  test(`health of alerts: ${name}`, () => {
    const health = alertHealth({ routeNames: routes, failing, failingSteps: steps });
    assert.deepEqual(
      health.map((each) => `${each.name}: ${each.detail}`),
      shown,
    );
    assert.ok(health.every(({ ok, vital, detail }) => ok === (detail === "up") && !vital));
  });
}
