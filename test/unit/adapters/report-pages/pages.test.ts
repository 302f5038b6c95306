import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "csv-parse/sync";
import { csvReport } from "../../../../gateway/adapters/report-pages/csv-report.js";
import { drawLegs, legsLegend } from "../../../../gateway/adapters/report-pages/draw-charts.js";
import { htmlPage } from "../../../../gateway/adapters/report-pages/html-page.js";
import { callRecord, PERIOD, reportOf, reportScene, rulesFor } from "../../../support/cdr/report-scene.js";
import { REPORT_NAMES, unixMs } from "../../../../detection/index.js";

const scene = reportScene();
const NAMES = REPORT_NAMES.filter((name) => name !== "journey");

for (const name of NAMES) {
  test(`${name} as a page loads nothing, runs nothing, and closes what it opens`, () => {
    const page = htmlPage(reportOf(name, scene));
    assert.match(page, /Content-Security-Policy" content="default-src 'none'/);
    assert.doesNotMatch(page, /<script|<link|<img|<iframe|@import|url\(|\bon\w+=|https?:/i);
    assert.doesNotMatch(page, /NaN|undefined|Infinity/);
    const open: string[] = [];
    for (const [, close, tag = "", rest = ""] of page.matchAll(/<(\/?)([a-z][a-z0-9]*)\b([^>]*)>/g)) {
      if (["meta", "br", "line", "path"].includes(tag) || rest.endsWith("/")) continue;
      if (close === "") open.push(tag);
      else assert.equal(open.pop(), tag);
    }
    assert.deepEqual(open, []);
  });
}

const HOSTILE = `"><script>alert('1')</script>&\u202Eabc\u0000`;

test("names that callers and switches choose are text in every report", () => {
  const record = callRecord({
    id: HOSTILE,
    user: HOSTILE,
    site: HOSTILE,
    country: HOSTILE,
    address: HOSTILE,
    department: HOSTILE,
    called: "+12025550190",
    international: true,
    encrypted: false,
    failure: "authentication",
    startedAt: unixMs(PERIOD.from + 1000),
    endedAt: unixMs(PERIOD.from + 2000),
  });
  const rules = rulesFor({ organisation: HOSTILE, paymentLines: ["+1202*"], euCallers: [] });
  for (const name of NAMES) {
    const page = htmlPage(reportOf(name, { records: [record], findings: [] }, rules));
    assert.doesNotMatch(page, /<script|\u202e|\u0000/i, name);
    assert.match(page, /&lt;script&gt;/, name);
  }
});

test("every line of the CSV has its ten cells, and no cell is a formula", () => {
  const record = callRecord({ id: "=1+1", user: "=HYPERLINK(1)", international: true, country: "DE" });
  for (const name of NAMES) {
    const rows: string[][] = parse(csvReport(reportOf(name, { ...scene, records: [...scene.records, record] })));
    assert.ok(rows.length > 10);
    for (const row of rows) {
      assert.equal(row.length, 10);
      for (const cell of row) assert.doesNotMatch(cell, /^[=@]/);
    }
  }
});

test("the CSV has the numbers of the report", () => {
  const rows = parse<Record<string, string>>(csvReport(reportOf("executive", scene)), { columns: true });
  const inPeriod = scene.records.filter(({ startedAt }) => startedAt >= PERIOD.from && startedAt < PERIOD.to).length;
  assert.equal(rows.find(({ trace }) => trace === "calls")?.["value"], String(inPeriod));
});

test("a journey's red is in the legend, where there is any", () => {
  const leg = { label: "a", detail: "d", fromMs: 0, answeredMs: 1, toMs: 2, depth: 0 } as const;
  for (const tone of ["bad", "plain"] as const) {
    const isRed = drawLegs("t", [{ ...leg, tone }]).includes('class="outside"');
    assert.equal(legsLegend([{ ...leg, tone }]).includes("sent on abroad"), isRed);
    assert.equal(isRed, tone === "bad");
  }
});
