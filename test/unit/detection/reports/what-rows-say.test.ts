import assert from "node:assert/strict";
import { test } from "node:test";
import {
  buildReport,
  DEFAULT_SITE,
  ReportFacts,
  unixMs,
  type CallRecord,
  type reportRules,
} from "../../../../detection/index.js";
import { EVENT_FIGURES } from "../../../../detection/reports/event-figures.js";
import { sampleAudit } from "../../../support/records.js";
import { callRecord, NOW, PERIOD, rulesFor } from "../../../support/cdr/report-scene.js";

function point(
  name: Parameters<typeof buildReport>[0],
  asked: string,
  records: readonly CallRecord[],
  actions: readonly string[] = [],
  rules = rulesFor(),
) {
  const facts = new ReportFacts(PERIOD, rules);
  for (const record of records) facts.call(record);
  actions.forEach((action, i) => {
    const [what, outcome] = action.split(" ") as [string, "done" | "refused" | undefined];
    facts.audit(sampleAudit(i, { at: unixMs(PERIOD.from + i), action: what, outcome: outcome ?? "done" }));
  });
  const [table] = buildReport(name, facts, NOW).sections[0]?.blocks ?? [];
  assert.ok(table?.kind === "table");
  const row = table.rows.find((cells) => cells[1]?.text === asked);
  return { verdict: row?.[2]?.text, said: row?.[3]?.text ?? "" };
}

const SILENT = callRecord({ id: "1" });
const DATED: CallRecord = { ...callRecord({ id: "2" }), reportedAt: callRecord({ id: "2" }).endedAt };

test("SOX: that no record came late is shown by rows that say when they came, and by no others", () => {
  const asked = "Records are not written afterwards";
  assert.equal(point("sox", asked, [SILENT]).verdict, "no data");
  assert.equal(point("sox", asked, [DATED]).verdict, "shown");
  assert.equal(point("sox", asked, [SILENT, DATED]).verdict, "look at");
});

test("monitoring is not shown by records that nothing was found in: they may have been imported unseen", () => {
  const { verdict, said } = point("iso27001", "Networks and systems are monitored", [SILENT]);
  assert.equal(verdict, "look at");
  assert.match(said, /--detect/);
});

test("reads that failed are no reads, and a report that is made changes nothing", () => {
  const { said } = point(
    "gdpr",
    "Reads of personal content are recorded",
    [SILENT],
    ["call.hear", "call.hear refused"],
  );
  assert.match(said, /^1 reads/);
  const made = { kind: "audit", outcome: "done", name: "report.make", actor: "oidc:maria" } as never;
  assert.equal(EVENT_FIGURES.administration.counts(made), false);
});

test("SOX and HIPAA: what is kept of live calls, alerts and who did what counts as the call records do", () => {
  const sox = (recordRetentionDays: number, storeRetentionDays: number) =>
    point(
      "sox",
      "Call records are kept for seven years",
      [],
      [],
      rulesFor({ recordRetentionDays, storeRetentionDays }),
    );
  assert.equal(sox(2_557, 2_557).verdict, "shown");
  assert.equal(sox(0, 0).verdict, "shown");
  const { verdict, said } = sox(2_557, 90);
  assert.equal(verdict, "broken");
  assert.match(said, /audit rows are deleted after 90 days.* Set store\.retentionDays\.$/);
  assert.match(sox(400, 90).said, /Set records\.retentionDays and store\.retentionDays\.$/);
  assert.match(sox(400, 0).said, /Set records\.retentionDays\.$/);
});

test("where nobody has said when a site is open, the report says by which hours it was judged", () => {
  const limitsOf = (sites: Parameters<typeof reportRules>[0]["sites"], site?: string): string => {
    const facts = new ReportFacts(PERIOD, rulesFor({ sites }));
    facts.call(callRecord({ id: "1", ...(site === undefined ? {} : { site }) }));
    return buildReport("executive", facts, NOW).limits.join("\n");
  };
  const says = /records\.sites gives no hours for /;
  assert.match(limitsOf({}, "lima"), /no hours for lima: /);
  assert.match(limitsOf({ default: DEFAULT_SITE }), /no hours for default: /);
  assert.doesNotMatch(limitsOf({ lima: { ...DEFAULT_SITE, timeZone: "America/Lima" } }, "lima"), says);
  assert.doesNotMatch(limitsOf({ default: { ...DEFAULT_SITE } }, "lima"), says, "they are meant for all others");
});

test("PCI: payment lines that nobody called, or that are written as no record is, show nothing", () => {
  const asked = "Card data is encrypted on its way: calls to payment lines";
  const of = (line: string): string | undefined =>
    point(
      "pci",
      asked,
      [{ ...SILENT, called: "+12025550100", encrypted: true }],
      [],
      rulesFor({ paymentLines: [line] }),
    ).verdict;
  assert.equal(of("+12025550100"), "shown");
  assert.equal(of("2025550100"), "no data");
});
