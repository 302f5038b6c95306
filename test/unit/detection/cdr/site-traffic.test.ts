import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CdrDetection,
  DEFAULT_CDR_DETECTION,
  unixMs,
  type CallRecord,
  type CdrFinding,
} from "../../../../detection/index.js";

const DAY = 86_400_000;
/** A Monday. */
const START = Date.UTC(2026, 0, 5);

function detection(): CdrDetection {
  const made = CdrDetection.of({ ...DEFAULT_CDR_DETECTION, sites: {} });
  assert.ok(made.ok);
  return made.value;
}

/** Calls of forty users of a site, spread over the day, so that no user stands out. */
function callsOf(day: number, count: number, site = "Lyon"): CallRecord[] {
  return Array.from({ length: count }, (_, i): CallRecord => {
    const startedAt = unixMs(START + day * DAY + 32_400_000 + i * 60_000);
    return {
      ...{ id: `${site}-${day}-${i}`, source: "csv", callId: `${site}-${day}-${i}`, user: `u${i % 40}`, site },
      ...{ direction: "out", caller: "+12025550101", called: `+1202555${1000 + ((i * 37) % 9000)}` },
      ...{ numberClass: "fixed", international: false, startedAt, endedAt: unixMs(startedAt + 60_000) },
      ...{ durationMs: 50_000, outcome: "answered" },
    };
  });
}

const usual = (day: number): number => (day % 7 >= 5 ? 12 : 100 + ((day * 7) % 11));
const ofSite = (found: readonly CdrFinding[]): CdrFinding[] =>
  found.filter(({ rule, subject }) => rule === "behaviour-change" && subject.startsWith("site:"));

function feed(to: CdrDetection, from: number, until: number, count = usual): CdrFinding[] {
  const found: CdrFinding[] = [];
  for (let day = from; day < until; day++)
    for (const record of callsOf(day, count(day))) found.push(...to.observe(record));
  return ofSite(found);
}

test("a site that calls twice as much as its weeks lead one to expect is told once, with what was expected", () => {
  const watch = detection();
  assert.deepEqual(feed(watch, 0, 50), [], "fifty ordinary days, weekends and all");
  const [first, ...more] = feed(watch, 50, 51, () => 230);
  assert.equal(first?.subject, "site:Lyon");
  assert.deepEqual([first.user, first.site, first.severity], [undefined, "Lyon", "medium"]);
  const { expected = 0, atMost = 0, callsToday = 0 } = first.evidence;
  assert.ok(
    expected > 80 && expected < 130 && callsToday > atMost && atMost >= expected,
    JSON.stringify(first.evidence),
  );
  assert.ok(more.every(({ id, change }) => id === first.id && change !== "opened"));
});

test("a Sunday with the calls of a Monday is told: the week's pattern counts", () => {
  const watch = detection();
  feed(watch, 0, 48);
  assert.equal(48 % 7, 6);
  assert.equal(feed(watch, 48, 49, () => 105)[0]?.subject, "site:Lyon");
});

test("without five weeks of history nothing is told, nor at a site with a handful of calls", () => {
  assert.deepEqual(
    feed(detection(), 0, 31, (day) => (day === 30 ? 400 : usual(day))),
    [],
  );
  const small = detection();
  assert.deepEqual(
    feed(small, 0, 51, (day) => (day === 50 ? 40 : 4)),
    [],
  );
});

test("what a site is expected to do outlives a restart", () => {
  const before = detection();
  feed(before, 0, 50);
  const after = detection();
  for (const part of before.save()) assert.equal(after.load(JSON.parse(JSON.stringify(part)) as typeof part), true);
  assert.deepEqual(
    feed(after, 50, 51, () => 230),
    feed(before, 50, 51, () => 230),
  );
});
