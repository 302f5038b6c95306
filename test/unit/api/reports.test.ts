import assert from "node:assert/strict";
import { test } from "node:test";
import { unixMs } from "../../../detection/index.js";
import { GatewayError } from "../../../gateway/core/errors.js";
import type { ReportOffice, ReportOrder } from "../../../gateway/ports/report-office.js";
import { apiHarness, type KeyRole } from "../../support/api-harness.js";

const URL = "/api/v1/reports/executive?from=2026-03-01&to=2026-03-31";

function office(): ReportOffice & { readonly orders: ReportOrder[] } {
  const orders: ReportOrder[] = [];
  return {
    orders,
    daysOf: (from, to) => (from > to ? undefined : { from: unixMs(1), to: unixMs(2) }),
    journey: (callId) =>
      Promise.resolve(
        callId === "known"
          ? { type: "text/html; charset=utf-8", content: new TextEncoder().encode("<p>legs</p>") }
          : undefined,
      ),
    make: (order) => {
      orders.push(order);
      return Promise.resolve({ type: "text/html; charset=utf-8", content: new TextEncoder().encode("<p>made</p>") });
    },
  };
}

test("an analyst gets a report that may load nothing, and the audit log has it", async () => {
  const reports = office();
  const { ask, audit } = await apiHarness({}, { reports });
  const answer = await ask("GET", URL, { as: "analyst" });
  assert.equal(answer.statusCode, 200);
  assert.equal(answer.body, "<p>made</p>");
  assert.match(String(answer.headers["content-security-policy"]), /default-src 'none'.*frame-ancestors 'none'/);
  assert.deepEqual(reports.orders, [{ name: "executive", range: { from: 1, to: 2 }, format: "html" }]);
  assert.ok(
    audit.some(
      ({ action, target, outcome }) => action === "report.make" && target === "executive" && outcome === "done",
    ),
  );
});

const refused: readonly {
  readonly name: string;
  readonly url: string;
  readonly as?: KeyRole;
  readonly status: number;
}[] = [
  { name: "without a key", url: URL, status: 401 },
  { name: "a viewer", url: URL, as: "viewer", status: 403 },
  { name: "a switch", url: URL, as: "switch", status: 403 },
  { name: "an unknown report", url: "/api/v1/reports/secret?from=2026-03-01&to=2026-03-31", as: "admin", status: 400 },
  { name: "no period", url: "/api/v1/reports/daily", as: "admin", status: 400 },
  {
    name: "a period that ends before it begins",
    url: "/api/v1/reports/daily?from=2026-03-02&to=2026-03-01",
    as: "admin",
    status: 400,
  },
  { name: "a day that is none", url: "/api/v1/reports/daily?from=yesterday&to=2026-03-01", as: "admin", status: 400 },
  { name: "a parameter that is none", url: `${URL}&everything=1`, as: "admin", status: 400 },
  {
    name: "the journey's name",
    url: "/api/v1/reports/journey?from=2026-03-01&to=2026-03-31",
    as: "admin",
    status: 400,
  },
  { name: "a journey for a switch", url: "/api/v1/journeys/known", as: "switch", status: 403 },
  { name: "a journey without a key", url: "/api/v1/journeys/known", status: 401 },
  { name: "a journey of nobody's call", url: "/api/v1/journeys/'%20or%20true--", as: "viewer", status: 404 },
  { name: "a journey of a call with a NUL", url: "/api/v1/journeys/a%00b", as: "viewer", status: 400 },
  { name: "a journey in a format we do not have", url: "/api/v1/journeys/known?format=exe", as: "viewer", status: 400 },
  { name: "a format we do not have", url: `${URL}&format=docx`, as: "admin", status: 400 },
];
for (const { name, url, as, status } of refused) {
  test(`reports over HTTP: ${name} is answered ${status}`, async () => {
    const reports = office();
    const { ask } = await apiHarness({}, { reports });
    const answer = await ask("GET", url, as === undefined ? {} : { as });
    assert.equal(answer.statusCode, status, answer.body);
    assert.equal(reports.orders.length, 0);
  });
}

test("a journey is made for who may read, and the audit log has it, also the try for a call that is not there", async () => {
  const { ask, audit } = await apiHarness({}, { reports: office() });
  const answer = await ask("GET", "/api/v1/journeys/known", { as: "viewer" });
  assert.deepEqual([answer.statusCode, answer.body], [200, "<p>legs</p>"]);
  assert.match(String(answer.headers["content-security-policy"]), /default-src 'none'/);
  assert.equal((await ask("GET", "/api/v1/journeys/other", { as: "viewer" })).statusCode, 404);
  assert.deepEqual(
    audit.map(({ action, target, outcome }) => [action, target, outcome]),
    [
      ["report.journey", "known", "done"],
      ["report.journey", "other", "failed"],
    ],
  );
});

test("where reports are off, both routes say so", async () => {
  const { ask } = await apiHarness();
  for (const url of [URL, "/api/v1/journeys/known"])
    assert.equal((await ask("GET", url, { as: "admin" })).statusCode, 503);
});

test("a store that is down is said as what it is, and is in the audit log", async () => {
  const down = (): Promise<never> => Promise.reject(new GatewayError("store.unavailable", "down"));
  const { ask, audit } = await apiHarness({}, { reports: { ...office(), make: down, journey: down } });
  for (const url of [URL, "/api/v1/journeys/known"])
    assert.equal((await ask("GET", url, { as: "admin" })).statusCode, 503);
  assert.deepEqual(
    audit.map(({ action, outcome }) => [action, outcome]),
    [
      ["report.make", "failed"],
      ["report.journey", "failed"],
    ],
  );
});
