import assert from "node:assert/strict";
import { test } from "node:test";
import { configSchema } from "../../../gateway/config/schema.js";
import { alertProblems } from "../../../gateway/wiring/check-alerts.js";

const problems = (alerts: object): string[] => alertProblems(configSchema.parse({ alerts }));
const hook = { kind: "webhook", name: "hook", url: "https://soc.example.com/x" };
const mail = { kind: "email", name: "mail", host: "mail.example.com", from: "r@example.com", to: ["a@example.com"] };

const wrong: readonly (readonly [path: string, alerts: object])[] = [
  ["alerts.routes.1.name", { routes: [hook, hook] }],
  ["alerts.escalation.0.routes", { routes: [hook], escalation: [{ routes: ["boss"] }] }],
  ["alerts.routes.0.teams", { routes: [{ ...hook, teams: ["north"] }] }],
  ["alerts.closeAfterQuietMs", { closeAfterQuietMs: 3_600_000 }],
  ["alerts.maintenance.0", { maintenance: [{ name: "never" }] }],
  ["alerts.routes.0.caFile", { routes: [{ ...mail, caFile: "/nowhere/ca.pem" }] }],
  ["alerts.routes.0", { routes: [{ ...mail, certFile: "/dev/null" }] }],
  ["alerts.routes.0.security", { routes: [{ ...mail, security: "none", user: "u", password: "p" }] }],
];
for (const [path, alerts] of wrong) {
  test(`alerts: ${path} is told`, () =>
    assert.deepEqual(
      problems(alerts).map((problem) => problem.split(": ")[0]),
      [path],
    ));
}

test("alerts: what fits is not complained about", () => {
  const teams = [{ name: "north", trunks: ["a"] }];
  const maintenance = [{ name: "night", weekly: { days: ["monday"], start: "22:00", end: "02:00" } }];
  const routes = [{ ...hook, teams: ["north"] }, mail];
  assert.deepEqual(problems({ routes, teams, maintenance, escalation: [{ routes: ["mail"] }] }), []);
  assert.deepEqual(problems({ closeAfterQuietMs: 0 }), []);
});

const refused: readonly (readonly [what: string, alerts: object])[] = [
  ["a header that holds a line break", { routes: [{ ...mail, from: "r@example.com\r\nBcc: x@example.com" }] }],
  ["a route of no known kind", { routes: [{ ...hook, kind: "pager" }] }],
  ["a URL that is no HTTP", { routes: [{ ...hook, url: "file:///etc/passwd" }] }],
  [
    "a Webex room and a person",
    { routes: [{ kind: "webex", name: "w", token: "t", roomId: "r", toPersonEmail: "p" }] },
  ],
  [
    "no such time zone",
    { maintenance: [{ name: "n", weekly: { days: ["monday"], start: "22:00", end: "02:00", timeZone: "Mars" } }] },
  ],
];
for (const [what, alerts] of refused) {
  test(`alerts: the schema refuses ${what}`, () => assert.equal(configSchema.safeParse({ alerts }).success, false));
}
