import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CdrDetection,
  DEFAULT_CDR_DETECTION,
  type CallRecord,
  type CdrFinding,
  type SavedPart,
  type UnixMs,
} from "../../../../detection/index.js";
import { SITE_OPTIONS } from "../../../../scripts/cdr-traffic/population.js";
import { traffic, type TrafficItem } from "../../../../scripts/cdr-traffic/traffic.js";

const DAY_MS = 86_400_000;
const MARCH = Date.UTC(2026, 2, 1) as UnixMs;
const items: readonly TrafficItem[] = [
  ...traffic({ users: 60, seed: 9, days: 24, from: MARCH, honestDays: 15, fraudsPerDay: 4 }),
];

function detection(): CdrDetection {
  const thresholds = { ...DEFAULT_CDR_DETECTION.thresholds, forestRows: 100 };
  const made = CdrDetection.of({ ...DEFAULT_CDR_DETECTION, sites: SITE_OPTIONS, thresholds });
  assert.ok(made.ok);
  return made.value;
}

const observe = (into: CdrDetection, item: TrafficItem): readonly CdrFinding[] =>
  item.kind === "call" ? into.observe(item.record) : into.changed(item.change);

/** All that is known, but for what is held back. */
const knownTo = (watching: CdrDetection): string =>
  JSON.stringify([...watching.save()].map((part) => (part.part === "head" ? { ...part, held: [], dropped: 0 } : part)));

/** A call like one of those around it, half a year later. */
function september(index: number, id = `wrong-${index}`): CallRecord {
  const of = items.slice(index).find((item) => item.kind === "call" && item.record.direction === "out");
  assert.ok(of?.kind === "call");
  const later = (at: UnixMs): UnixMs => (at + 184 * DAY_MS) as UnixMs;
  const { startedAt, endedAt, answeredAt } = of.record;
  return {
    ...of.record,
    id,
    startedAt: later(startedAt),
    endedAt: later(endedAt),
    ...(answeredAt === undefined ? {} : { answeredAt: later(answeredAt) }),
  };
}

const plain = detection();
const expected = items.flatMap((item) => observe(plain, item));

for (const { name, at } of [
  { name: "before the first of all", at: 0 },
  { name: "as the second", at: 1 },
  { name: "amid the honest days", at: Math.floor(items.length / 3) },
  { name: "amid the frauds", at: Math.floor(items.length * 0.8) },
])
  test(`March with one row of September, ${name}: the same is found, and the same known of every user, range and site`, () => {
    const watching = detection();
    const found: CdrFinding[] = [];
    for (const [index, item] of items.entries()) {
      if (index === at) found.push(...watching.observe(september(at)));
      found.push(...observe(watching, item));
    }
    const told = (all: readonly CdrFinding[]): string[] => all.map(({ id, change }) => `${change} ${id}`);
    assert.ok(expected.length > 20);
    assert.deepEqual(told(found), told(expected));
    assert.equal(knownTo(watching), knownTo(plain));
  });

test("rows of wrong years that are scattered among the others are not believed, however many there are", () => {
  const watching = detection();
  for (const [index, item] of items.entries()) {
    if (index % 20 === 10) watching.observe(september(index));
    observe(watching, item);
  }
  assert.equal(knownTo(watching), knownTo(plain));
});

test("of records that nobody agrees with 64 are held; those beyond are counted, after a restart too", () => {
  const watching = detection();
  let wrong = 0;
  for (const [index, item] of items.entries()) {
    if (index % 20 === 10) {
      watching.observe(september(index));
      wrong++;
    }
    observe(watching, item);
  }
  const { dropped } = watching.stats;
  const [head] = [...watching.save()];
  assert.ok(head?.part === "head");
  assert.deepEqual([dropped, head.held?.length], [wrong - 64, 64]);
  assert.ok(wrong > 100);
  const restarted = detection();
  for (const part of JSON.parse(JSON.stringify([...watching.save()])) as SavedPart[]) restarted.load(part);
  assert.equal(restarted.stats.dropped, dropped);
});

const endOf = (item: TrafficItem | undefined): number => (item?.kind === "call" ? item.record.startedAt : 0);
const lastCall = items.findLast((item) => item.kind === "call");

/** A scan of neighbouring numbers, so many days after all else. */
function scan(daysLater: number): readonly CallRecord[] {
  assert.ok(lastCall?.kind === "call");
  return Array.from({ length: 40 }, (_, i) => {
    const startedAt = (endOf(lastCall) + daysLater * DAY_MS + i * 10_000) as UnixMs;
    return {
      ...lastCall.record,
      ...{ id: `scan-${i}`, user: "scanner", direction: "out", called: `+5760155${10_000 + i}` },
      ...{ startedAt, endedAt: startedAt, durationMs: 0, outcome: "no-answer", international: false },
    } as const;
  });
}

const scansIn = (found: readonly CdrFinding[]): CdrFinding[] =>
  found.filter(({ rule, change, subject }) => rule === "number-scan" && change === "opened" && subject === "scanner");
const ofCalls = (found: readonly CdrFinding[]): (readonly string[])[] => scansIn(found).map(({ records }) => records);

test("after a pause of a week records are believed when they agree, and the first of them counts too", () => {
  const [without, late] = [detection(), detection()];
  const near = scan(1);
  const far = scan(8);
  const [expectedScan] = ofCalls(near.flatMap((record) => without.observe(record)));
  for (const item of items) observe(late, item);
  const found = far.flatMap((record) => late.observe(record));
  assert.deepEqual(ofCalls(found), [expectedScan]);
  assert.equal(late.latest, far.at(-1)?.startedAt);
});

test("what is held back is held back after a restart too, and is judged when others agree", () => {
  const watching = detection();
  for (const item of items) observe(watching, item);
  const far = scan(8);
  const [first, ...others] = far;
  assert.ok(first !== undefined);
  assert.deepEqual(watching.observe(first), []);
  const restarted = detection();
  for (const part of JSON.parse(JSON.stringify([...watching.save()])) as SavedPart[]) restarted.load(part);
  for (const record of others) {
    assert.deepEqual(restarted.observe(record), watching.observe(record));
  }
  assert.equal(knownTo(restarted), knownTo(watching));
});

test("who has a clock says that a single record of now is right, at once", () => {
  const watching = detection();
  for (const item of items) observe(watching, item);
  const [first] = scan(8);
  assert.ok(first !== undefined);
  watching.observe(first, (first.startedAt + DAY_MS) as UnixMs);
  assert.equal(watching.latest, first.startedAt);
  const before = watching.latest;
  watching.observe(september(0), (first.startedAt + DAY_MS) as UnixMs);
  assert.equal(watching.latest, before, "not one of half a year later");
});

test("at the end of a file what was held back is judged", () => {
  const watching = detection();
  for (const item of items.slice(0, 200)) observe(watching, item);
  const { users } = watching.stats;
  const failed = scan(0).map((record, i): CallRecord => ({
    ...record,
    user: `failing-${i}`,
    outcome: "failed",
    failure: "authentication",
  }));
  for (const record of failed.slice(0, 2)) assert.deepEqual(watching.observe(record), []);
  assert.equal(watching.stats.users, users);
  watching.finish();
  assert.equal(watching.stats.users, users + 2);
  watching.finish();
  assert.equal(watching.stats.users, users + 2);
});
