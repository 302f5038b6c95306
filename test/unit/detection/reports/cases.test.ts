import assert from "node:assert/strict";
import { test } from "node:test";
import {
  buildReport,
  ReportFacts,
  unixMs,
  type AlertCase,
  type AuditProof,
  type ReportDocument,
  type ReportName,
  type Severity,
} from "../../../../detection/index.js";
import { caseRow } from "../../../../detection/reports/case-row.js";
import { sampleAlert, sampleAudit } from "../../../support/records.js";
import { callRecord, NOW, PERIOD, rulesFor } from "../../../support/cdr/report-scene.js";

const MINUTE = 60_000;

function alertCase(index: number, severity: Severity, state: AlertCase["state"], afterMs?: number): AlertCase {
  const openedAt = unixMs(PERIOD.from + index * 3_600_000);
  return {
    ...{
      id: `case-${index}`,
      key: "k",
      rule: "threat",
      called: "+12025550101",
      state,
      severity,
    },
    ...{ openedAt, updatedAt: openedAt, incidentIds: [`incident-${index}`], trunks: [], alertCount: 2 },
    ...{ latest: sampleAlert(index), escalated: [], sequence: 1 },
    ...(afterMs === undefined ? {} : { acknowledgedBy: "oidc:maria", acknowledgedAt: unixMs(openedAt + afterMs) }),
  };
}

function facts(cases: readonly AlertCase[], proof?: AuditProof, audit = 1): ReportFacts {
  const made = new ReportFacts(PERIOD, rulesFor());
  made.call(callRecord({ id: "1" }));
  for (const each of cases) made.case(each);
  for (let i = 0; i < audit; i++) made.audit(sampleAudit(i, { at: unixMs(PERIOD.from + i) }));
  made.alert(sampleAlert(1, { rule: "threat", detectedAt: PERIOD.from, severity: "critical" }));
  made.auditProof = proof;
  return made;
}

const CASES = [
  alertCase(1, "critical", "closed", 10 * MINUTE),
  alertCase(2, "high", "acknowledged", 2 * MINUTE),
  alertCase(3, "high", "open"),
  alertCase(4, "low", "false-positive", 4 * MINUTE),
  alertCase(5, "medium", "closed"),
];

function figure(report: ReportDocument, title: string): number | undefined {
  const found = report.sections
    .flatMap(({ blocks }) => blocks)
    .flatMap((block) => (block.kind === "figures" ? block.figures : []))
    .find((each) => each.title === title);
  assert.ok(found !== undefined, title);
  return found.value;
}

function point(report: ReportDocument, asked: string): { readonly verdict: string; readonly said: string } {
  const [table] = report.sections[0]?.blocks ?? [];
  assert.ok(table?.kind === "table");
  const row = table.rows.find((cells) => cells[1]?.text === asked);
  return { verdict: row?.[2]?.text ?? "", said: row?.[3]?.text ?? "" };
}

for (const name of ["executive", "daily", "iso27001", "hipaa", "pci"] as const) {
  test(`${name}: what became of alerts, and the median time until somebody looked after them`, () => {
    const report = buildReport(name, facts(CASES), NOW);
    const counts = ["Alerts by incident", "Waiting for somebody", "In work", "Over", "False positives"];
    assert.deepEqual(
      counts.map((title) => figure(report, title)),
      [5, 1, 1, 2, 1],
    );
    assert.equal(figure(report, "Median time to acknowledge"), 240, "10, 2 and 4 minutes");
    const section = report.sections.find(({ id }) => id === "cases");
    assert.match(section?.lead ?? "", /after 3 of 5, half of them within 4 min 00 s; 1 is waiting/);
  });
}

test("records came late: nobody is slow before routes were told; hours are said as hours", () => {
  const late = alertCase(1, "high", "acknowledged", 26 * 60 * MINUTE);
  const told = { ...late, toldFirstAt: unixMs(late.openedAt + 24 * 60 * MINUTE) };
  const report = buildReport("executive", facts([told]), NOW);
  assert.equal(figure(report, "Median time to acknowledge"), 7_200);
  assert.match(report.sections.find(({ id }) => id === "cases")?.lead ?? "", /half of them within 2 h 00 min;/);
});

test("a period without alerts says so, and no time stands for none", () => {
  const report = buildReport("executive", facts([]), NOW);
  assert.equal(figure(report, "Median time to acknowledge"), undefined);
  assert.equal(report.sections.find(({ id }) => id === "cases")?.lead, "No alert was raised in the period.");
});

test("incidents are responded to when somebody acknowledged each severe one, also where it closed by itself", () => {
  const asked = "Incidents are responded to";
  const open = point(buildReport("iso27001", facts(CASES), NOW), asked);
  assert.deepEqual(open.verdict, "look at");
  assert.match(open.said, /^1 alerts? of high or critical severity/);
  const closed = [...CASES.slice(0, 2), alertCase(3, "high", "closed")];
  assert.equal(point(buildReport("iso27001", facts(closed), NOW), asked).verdict, "look at", "closed by nobody");
  const byHand: AlertCase = { ...alertCase(3, "high", "closed"), closedWhy: "by-hand", closedBy: "oidc:maria" };
  const handled = facts([...CASES.slice(0, 2), byHand]);
  assert.equal(point(buildReport("iso27001", handled, NOW), asked).verdict, "shown", "closed by a person");
  assert.equal(point(buildReport("iso27001", facts(CASES.slice(0, 2)), NOW), asked).verdict, "shown");
  const nothing = new ReportFacts(PERIOD, rulesFor());
  assert.equal(point(buildReport("iso27001", nothing, NOW), asked).verdict, "no data");
});

test("a closed case has the name of who closed it, not of who had acknowledged it", () => {
  const taken = { ...alertCase(1, "high", "closed", MINUTE), acknowledgedBy: "root" };
  const rules = rulesFor();
  const closedBy = caseRow({ ...taken, closedWhy: "by-hand", closedBy: "maria" }, rules);
  assert.deepEqual([closedBy.actor, closedBy.detail], ["maria", "closed · 2 alerts · by maria"]);
  const byItself = caseRow({ ...taken, closedWhy: "quiet" }, rules);
  assert.deepEqual([byItself.actor, byItself.detail], [undefined, "closed · 2 alerts"]);
  assert.equal(caseRow({ ...taken, state: "acknowledged" }, rules).actor, "root");
});

const INTACT: AuditProof = {
  ...{ verdict: "intact", records: 7, firstSeq: 1, lastSeq: 7, lastHash: "9f".repeat(32), lost: 0 },
};
const proofs: readonly (readonly [string, AuditProof | undefined, number, string, RegExp])[] = [
  ["verifies", INTACT, 3, "shown", /3 audit entries\. The hash chain verifies: records 1 to 7, none changed/],
  ["verifies, and nothing of the period is in it", INTACT, 0, "no data", /chain verifies/],
  ["says itself that entries were lost", { ...INTACT, lost: 4 }, 3, "look at", /4 entries could not be written/],
  [
    "is broken",
    {
      ...INTACT,
      verdict: "broken",
      lastSeq: 5,
      records: 5,
      problem: "hash-does-not-match in audit-000001.jsonl, line 6",
    },
    3,
    "broken",
    /broken behind record 5: hash-does-not-match in audit-000001\.jsonl, line 6/,
  ],
  ["cannot be read", { ...INTACT, verdict: "unread", problem: "EACCES" }, 3, "look at", /EACCES/],
  ["was not checked", undefined, 3, "look at", /not checked/],
];
const CHECKED: readonly (readonly [Exclude<ReportName, "journey">, string])[] = [
  ["iso27001", "Activities are logged"],
  ["hipaa", "Activity is recorded and examined"],
  ["sox", "Activities are logged, and the log cannot be changed unseen"],
  ["pci", "Audit logs are kept"],
];
for (const [what, proof, entries, verdict, said] of proofs) {
  test(`the chain of the audit log ${what}: compliance reports say ${verdict}`, () => {
    for (const [name, asked] of CHECKED) {
      const report = buildReport(name, facts([], proof, entries), NOW);
      const found = point(report, asked);
      assert.equal(found.verdict, verdict, `${name}: ${found.said}`);
      assert.match(found.said, said);
      const chain = report.sections.find(({ id }) => id === "audit-chain");
      assert.equal(chain === undefined, proof === undefined);
      if (proof?.verdict === "intact") assert.ok(JSON.stringify(chain).includes(`7:${proof.lastHash}`), "the head");
    }
  });
}

test("incidents are responded to when the case of each severe alert was taken, and not just some other case", () => {
  const asked = "Incidents are responded to";
  const eve = unixMs(PERIOD.from - 600_000);
  const alerts = [1, 2, 3].map((index) =>
    sampleAlert(index, { severity: "critical", detectedAt: unixMs(PERIOD.from + index * MINUTE) }),
  );
  const older = {
    ...alertCase(1, "critical", "open"),
    ...{ openedAt: eve, incidentIds: alerts.map(({ incidentId }) => incidentId) },
  };
  const other = alertCase(9, "low", "acknowledged", MINUTE);
  const verdictOf = (cases: readonly AlertCase[]) => {
    const made = new ReportFacts(PERIOD, rulesFor());
    for (const each of alerts) made.alert(each);
    for (const each of cases) made.case(each);
    return point(buildReport("iso27001", made, NOW), asked);
  };
  const untouched = verdictOf([older, other]);
  assert.equal(untouched.verdict, "look at", untouched.said);
  assert.match(untouched.said, /^3 of 3 alerts of high or critical severity were acknowledged by nobody/);
  assert.match(verdictOf([other]).said, /^3 of 3 alerts/, "of no case at all");
  const taken = { ...older, acknowledgedBy: "maria", acknowledgedAt: unixMs(PERIOD.from + MINUTE) };
  assert.equal(verdictOf([taken, other]).verdict, "shown");
  assert.equal(verdictOf([{ ...older, state: "false-positive" }, other]).verdict, "shown");
  const again = { ...older, id: "again", incidentIds: ["incident-1"] };
  assert.match(verdictOf([taken, again]).said, /^1 of 3 alerts/, "that came back when its case was over");
  assert.equal(verdictOf([taken, { ...again, severity: "low" }]).verdict, "shown", "that came back and is harmless");
});

test("of a case that names no more incidents the alerts of its time and number are looked after with it", () => {
  const alert = sampleAlert(1, { severity: "critical", detectedAt: unixMs(PERIOD.from + 5 * MINUTE) });
  const long = {
    ...alertCase(1, "critical", "acknowledged", MINUTE),
    ...{
      key: `${alert.rule} ${alert.called}`,
      rule: alert.rule,
      called: alert.called,
      openedAt: PERIOD.from,
      updatedAt: unixMs(PERIOD.from + 9 * MINUTE),
    },
    incidentIds: Array.from({ length: 50 }, (_, index) => `more-${index}`),
  };
  const verdictOf = (of: AlertCase) => {
    const made = new ReportFacts(PERIOD, rulesFor());
    made.alert(alert);
    made.case(of);
    return point(buildReport("iso27001", made, NOW), "Incidents are responded to").verdict;
  };
  assert.equal(verdictOf(long), "shown");
  assert.equal(verdictOf({ ...long, updatedAt: unixMs(PERIOD.from + MINUTE) }), "look at");
  assert.equal(verdictOf({ ...long, incidentIds: long.incidentIds.slice(1) }), "look at");
});
