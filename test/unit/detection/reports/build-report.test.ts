import assert from "node:assert/strict";
import { test } from "node:test";
import {
  findingRow,
  REPORT_NAMES,
  reportCall,
  traced,
  tracedEvent,
  unixMs,
  type EventRow,
  type ReportDocument,
  type ReportTrace,
} from "../../../../detection/index.js";
import { callRecord, PERIOD, reportOf, reportScene, rulesFor } from "../../../support/cdr/report-scene.js";

const scene = reportScene();
const NAMES = REPORT_NAMES.filter((name) => name !== "journey");
const strict = rulesFor({ paymentLines: ["+34912000*", "+571600*"], euCallers: ["madrid-*"] });

function tracesOf({ sections }: ReportDocument): ReportTrace[] {
  return sections
    .flatMap(({ blocks }) => blocks)
    .flatMap((block) =>
      block.kind === "figures"
        ? block.figures.map(({ trace }) => trace)
        : block.kind === "table"
          ? block.rows.flatMap((row) => row.flatMap(({ trace }) => trace ?? []))
          : [],
    );
}

for (const name of NAMES) {
  test(`every figure of ${name} is what its trace gives, row by row`, () => {
    const traces = tracesOf(reportOf(name, scene, strict));
    assert.ok(traces.length >= 3);
    const calls = scene.records
      .filter(({ startedAt }) => startedAt >= PERIOD.from && startedAt < PERIOD.to)
      .map((record) => reportCall(record, strict));
    const last = new Map<string, EventRow>();
    for (const finding of scene.findings)
      if (finding.firstAt >= PERIOD.from && finding.firstAt < PERIOD.to)
        last.set(finding.id, findingRow(finding, strict));
    for (const { id, rows, sample } of traces) {
      if (id.startsWith("record-of/")) continue;
      const [ofCalls, ofEvents] = [traced(id), tracedEvent(id)];
      const found =
        ofCalls !== undefined
          ? calls.filter(ofCalls).map(({ record }) => record.id)
          : ofEvents !== undefined
            ? [...last.values()].filter(ofEvents).map((row) => row.id)
            : assert.fail(`${id} cannot be traced`);
      assert.equal(found.length, rows, id);
      assert.ok(sample.length === Math.min(20, rows) && sample.every((each) => found.includes(each)), id);
    }
  });
}

test("figures beside the period before are those of that period", () => {
  const days = PERIOD.to - PERIOD.from;
  const earlier = reportOf("executive", scene, rulesFor(), { from: unixMs(PERIOD.from - days), to: PERIOD.from });
  const valueOf = (report: ReportDocument, which: "value" | "previous"): (number | undefined)[] =>
    report.sections
      .flatMap(({ blocks }) => blocks)
      .flatMap((block) => (block.kind === "figures" ? block.figures : []))
      .map((figure) => figure[which]);
  assert.deepEqual(valueOf(reportOf("executive", scene), "previous"), valueOf(earlier, "value"));
});

test("the order in which rows come makes no difference to the figures", () => {
  const backwards = { ...scene, records: scene.records.toReversed() };
  const numbersOf = (report: ReportDocument): unknown =>
    tracesOf(report)
      .map(({ id, rows }) => `${id} ${rows}`)
      .sort();
  assert.deepEqual(numbersOf(reportOf("executive", backwards)), numbersOf(reportOf("executive", scene)));
});

test("no rows at all: every report says so and makes no number up", () => {
  for (const name of NAMES) {
    const report = reportOf(name, { records: [], findings: [] });
    assert.ok(report.summary.length > 0, name);
    assert.ok(!JSON.stringify(report).includes("NaN"), name);
  }
});

const HOUR = 3_600_000;
const at = (hours: number) => ({
  startedAt: unixMs(PERIOD.from + hours * HOUR),
  endedAt: unixMs(PERIOD.from + hours * HOUR + 60_000),
});
const verdicts = [
  {
    name: "an unencrypted call to a payment line breaks PCI",
    report: "pci",
    records: [callRecord({ id: "1", called: "+12025550190", encrypted: false, ...at(10) })],
    reference: "PCI DSS 4.2.1",
    verdict: "broken",
  },
  {
    name: "an encrypted one does not",
    report: "pci",
    records: [callRecord({ id: "1", called: "+12025550190", encrypted: true, ...at(10) })],
    reference: "PCI DSS 4.2.1",
    verdict: "shown",
  },
  {
    name: "one that nobody knows of cannot be said",
    report: "pci",
    records: [callRecord({ id: "1", called: "+12025550190", ...at(10) })],
    reference: "PCI DSS 4.2.1",
    verdict: "no data",
  },
  {
    name: "a user who may not calls the EU",
    report: "gdpr",
    records: [callRecord({ id: "1", user: "bob", international: true, country: "DE", ...at(10) })],
    reference: "House rule",
    verdict: "broken",
  },
  {
    name: "a department that may",
    report: "gdpr",
    records: [callRecord({ id: "1", user: "bob", department: "sales", international: true, country: "DE", ...at(10) })],
    reference: "House rule",
    verdict: "shown",
  },
  {
    name: "Switzerland is not in the EU",
    report: "gdpr",
    records: [callRecord({ id: "1", user: "bob", international: true, country: "CH", ...at(10) })],
    reference: "House rule",
    verdict: "shown",
  },
  {
    name: "400 days are not seven years",
    report: "sox",
    records: [callRecord({ id: "1", ...at(10) })],
    reference: "17 CFR 210.2-06",
    verdict: "broken",
  },
] as const;
for (const { name, report, records, reference, verdict } of verdicts) {
  test(`compliance: ${name}`, () => {
    const rules = rulesFor({ paymentLines: ["+1202555019*"], euCallers: ["anna", "department:sales"] });
    const [points] = reportOf(report, { records, findings: [] }, rules).sections;
    const table = points?.blocks[0];
    assert.ok(table?.kind === "table");
    assert.equal(table.rows.find((row) => row[0]?.text === reference)?.[2]?.text, verdict);
  });
}

for (const id of [
  "",
  "nothing",
  "calls/country",
  "calls/constructor/x",
  "calls/user/",
  "findings/rule/",
  "__proto__",
]) {
  test(`trace ${JSON.stringify(id)} never throws`, () => {
    traced(id);
    tracedEvent(id);
  });
}
