import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CdrDetection,
  DEFAULT_CDR_DETECTION,
  type CallRecord,
  type CdrFinding,
  type CdrRule,
  type SavedPart,
  type SiteOptions,
  unixMs,
} from "../../../../../detection/index.js";
import { callRecord } from "../../../../support/cdr/report-scene.js";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** A Monday, 00:00 UTC. */
const FROM = Date.parse("2026-03-02T00:00:00Z");
const WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday"];

const site = (timeZone: string): SiteOptions => ({
  timeZone,
  open: Object.fromEntries(WEEKDAYS.map((day) => [day, [["08:00", "18:00"]]])),
  holidays: [],
});
const SITES = { default: site("UTC"), bogota: site("America/Bogota"), auckland: site("Pacific/Auckland") };

function detection(): CdrDetection {
  const made = CdrDetection.of({ ...DEFAULT_CDR_DETECTION, sites: SITES });
  assert.ok(made.ok, JSON.stringify(made));
  return made.value;
}

let ids = 0;
function call(at: number, given: Partial<CallRecord> = {}): CallRecord {
  return callRecord({
    id: `r${ids++}`,
    direction: "out",
    user: "madrid-1001",
    caller: "+34912001001",
    called: "+22177120001",
    international: true,
    country: "SN",
    numberClass: "fixed-or-mobile",
    site: "default",
    startedAt: unixMs(at),
    endedAt: unixMs(at + 5 * MINUTE_MS),
    durationMs: 5 * MINUTE_MS,
    ...given,
  });
}

interface Series {
  readonly at: number;
  readonly count?: number;
  readonly everyMs?: number;
  readonly given?: (index: number) => Partial<CallRecord>;
}

const premium = (): Partial<CallRecord> => ({ called: "+34807123456", international: false, numberClass: "premium" });

const series = ({ at, count = 150, everyMs = 70_000, given = () => ({}) }: Series): CallRecord[] =>
  Array.from({ length: count }, (_, i) => call(at + i * everyMs, given(i)));

/** Incidents of that rule as they stood at their end. */
function incidents(
  records: readonly CallRecord[],
  rule: CdrRule = "revenue-share",
  watching = detection(),
): CdrFinding[] {
  const found = new Map<string, CdrFinding>();
  const note = (findings: readonly CdrFinding[]): void => {
    for (const finding of findings) if (finding.rule === rule) found.set(finding.id, finding);
  };
  for (const record of records) note(watching.observe(record));
  const end = (records.at(-1)?.startedAt ?? 0) + DAY_MS;
  note(watching.tick(unixMs(end)));
  return [...found.values()];
}

const ofRange = (found: readonly CdrFinding[]): CdrFinding[] => found.filter(({ subject }) => subject.startsWith("+"));
const counts = (found: readonly CdrFinding[]): number[] => found.map(({ recordCount }) => recordCount);

for (const [name, given] of [
  ["foreign", undefined],
  ["premium", premium],
] as const)
  test(`an attack on a ${name} range is one incident with the same calls whenever it begins: midnight is no end of it`, () => {
    const startingAt = (minutes: number): number[] =>
      counts(ofRange(incidents(series({ at: FROM + minutes * MINUTE_MS, ...(given ? { given } : {}) }))));
    const expected = startingAt(10 * 60);
    assert.equal(expected.length, 1);
    assert.ok((expected[0] ?? 0) > 135, String(expected));
    for (let minutes = 0; minutes < 24 * 60; minutes += 10)
      assert.deepEqual(startingAt(minutes), expected, `${minutes}`);
  });

test("on a range that somebody calls now and then as well", () => {
  const before = Array.from({ length: 10 }, (_, day) => call(FROM + day * DAY_MS + 11 * HOUR_MS));
  const startingAt = (minutes: number): number[] =>
    counts(incidents([...before, ...series({ at: FROM + 10 * DAY_MS + minutes * MINUTE_MS })]));
  for (const minutes of [23 * 60 + 30, 23 * 60 + 50, 24 * 60 + 5])
    assert.deepEqual(startingAt(minutes), startingAt(20 * 60), `${minutes}`);
});

test("one that lasts two days is one incident with all its calls", () => {
  const count = (2 * DAY_MS) / (5 * MINUTE_MS);
  const records = series({ at: FROM + 15 * HOUR_MS, count, everyMs: 5 * MINUTE_MS, given: premium });
  assert.deepEqual(counts(ofRange(incidents(records))), [count - 3]);
});

test("one that comes back the next nights is told again; what comes back after that is usual", () => {
  const night = (day: number): CallRecord[] => series({ at: FROM + day * DAY_MS + 22 * HOUR_MS });
  const opened = ofRange(incidents([0, 1, 2, 3, 4].flatMap(night)));
  assert.deepEqual(
    opened.map(({ firstAt }) => Math.floor((firstAt - FROM) / DAY_MS)),
    [0, 1, 2],
  );
});

test("detectors that stop at midnight and go on from what they kept lose nothing of it", () => {
  const records = series({ at: FROM + 23.5 * HOUR_MS, given: premium });
  const expected = counts(incidents(records));
  for (const minutes of [10, 29, 30, 31, 90, 100]) {
    const first = detection();
    const stop = FROM + 23.5 * HOUR_MS + minutes * MINUTE_MS;
    for (const record of records) if (record.startedAt < stop) first.observe(record);
    const second = detection();
    for (const part of JSON.parse(JSON.stringify([...first.save()])) as SavedPart[]) assert.ok(second.load(part));
    const rest = records.filter(({ startedAt }) => startedAt >= stop);
    assert.deepEqual(counts(incidents(rest, "revenue-share", second)), expected, `${minutes}`);
  }
});

test("a user who calls costly numbers of many ranges goes on after the midnight of the site", () => {
  const given = (zone: string) => (i: number) => ({ ...premium(), site: zone, called: `+3480${71_000 + i}99` });
  for (const zone of ["default", "bogota", "auckland"])
    for (let hour = 0; hour < 24; hour++) {
      const found = incidents(
        series({ at: FROM + hour * HOUR_MS, everyMs: 15 * MINUTE_MS, count: 48, given: given(zone) }),
      );
      const ofUser = found.filter(({ subject }) => subject === "madrid-1001");
      assert.deepEqual(counts(ofUser), [45], `${zone} ${hour}`);
    }
});

test("costly calls of a user are told on three days; then they are what that user does", () => {
  const day = (at: number): CallRecord[] =>
    series({
      at: FROM + at * DAY_MS + 9 * HOUR_MS,
      everyMs: HOUR_MS,
      count: 6,
      given: (i) => ({ ...premium(), called: `+3480${71_000 + i}99` }),
    });
  const found = incidents([0, 1, 2, 3, 4, 5].flatMap(day));
  assert.deepEqual(
    found.map(({ firstAt }) => Math.floor((firstAt - FROM) / DAY_MS)),
    [0, 1, 2],
  );
});

test("traffic pumping goes on after midnight", () => {
  const given = () => ({ called: "+34911223344", international: false, durationMs: 12 * MINUTE_MS });
  const startingAt = (hour: number): number[] =>
    counts(incidents(series({ at: FROM + hour * HOUR_MS, given }), "traffic-pumping"));
  assert.deepEqual(startingAt(23), startingAt(12));
  assert.equal(startingAt(12).length, 1);
});

for (const [zone, utcHour] of [
  ["default", 9],
  ["bogota", 15],
  // 10:00 to 13:00 and 12:30 to 15:30 there: with UTC's midnight in it.
  ["auckland", 21],
  ["auckland", 23.5],
] as const)
  test(`a conference abroad that all dial into every working day is told once: ${zone}, from ${utcHour} UTC`, () => {
    const day = (at: number): CallRecord[] =>
      series({
        at: FROM + at * DAY_MS + utcHour * HOUR_MS,
        everyMs: 3 * MINUTE_MS,
        count: 60,
        given: (i) => ({ site: zone, user: `u${i % 20}` }),
      });
    const days = [0, 1, 2, 3, 7, 8, 9, 10, 14, 15, 16, 17];
    assert.equal(incidents(days.flatMap(day)).length, 1);
  });

test("a range that is busy round the clock is told once, and over after a week", () => {
  const watching = detection();
  const opened: string[] = [];
  let closedAt = Number.NaN;
  for (const record of series({ at: FROM, everyMs: 3 * MINUTE_MS, count: 20 * 24 * 20 }))
    for (const { rule, change, at, subject } of watching.observe(record)) {
      if (rule !== "revenue-share") continue;
      if (change === "opened") opened.push(subject);
      if (change === "closed") closedAt = at;
    }
  assert.deepEqual(opened, ["+2217712"]);
  assert.ok(Math.abs(closedAt - FROM - 7 * DAY_MS) < 2 * HOUR_MS, String((closedAt - FROM) / DAY_MS));
});
