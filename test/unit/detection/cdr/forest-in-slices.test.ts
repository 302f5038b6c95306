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
import { traffic } from "../../../../scripts/cdr-traffic/traffic.js";
import { JANUARY } from "../../../support/cdr/evaluate.js";
import { SeededRandom } from "../../../support/seeded-random.js";

const HOUR_MS = 3_600_000;
const TREES = 100;

function detection(): CdrDetection {
  const thresholds = { ...DEFAULT_CDR_DETECTION.thresholds, forestRows: 50 };
  const made = CdrDetection.of({ ...DEFAULT_CDR_DETECTION, sites: SITE_OPTIONS, thresholds });
  assert.ok(made.ok, JSON.stringify(made));
  return made.value;
}

const records: readonly CallRecord[] = [
  ...traffic({ users: 60, seed: 12, days: 22, from: JANUARY, honestDays: 10, fraudsPerDay: 4 }),
].flatMap((item) => (item.kind === "call" ? [item.record] : []));

/** Detectors whose first forest has just begun to grow, and what came after that. */
function beginning(): { readonly watching: CdrDetection; readonly rest: readonly CallRecord[] } {
  const watching = detection();
  const at = records.findIndex((record) => {
    watching.observe(record);
    return watching.grows;
  });
  assert.ok(at > 0, "no forest ever grew");
  return { watching, rest: records.slice(at + 1) };
}

test("the record that makes a forest due does not wait for it; it is grown in small steps, and judges an hour later", () => {
  const { watching, rest } = beginning();
  const begunAt = watching.latest;
  let steps = 0;
  for (; watching.grows; steps++) watching.grow();
  // A step a tree for growing, and one a tree for the threshold.
  assert.ok(steps >= 2 * TREES, `${steps} steps`);
  assert.equal(watching.stats.trained, false, "it judges nothing before its hour");
  const judging = rest.find((record) => {
    watching.observe(record);
    return watching.stats.trained;
  });
  assert.ok(judging !== undefined, "it never judged");
  assert.ok(judging.startedAt - begunAt >= HOUR_MS, `after ${judging.startedAt - begunAt} ms`);
});

test("who grows the forest, and when, changes no finding: slices, none at all, or anything between", () => {
  const told = (slices: (watching: CdrDetection) => void): readonly CdrFinding[] => {
    const watching = detection();
    return records.flatMap((record) => {
      const found = watching.observe(record);
      slices(watching);
      return found;
    });
  };
  const random = new SeededRandom(3);
  const expected = told(() => undefined);
  assert.ok(
    expected.some(({ rule }) => rule === "unusual-international"),
    "the forest has something to say",
  );
  assert.deepEqual(
    told((watching) => {
      while (watching.grows) watching.grow();
    }),
    expected,
  );
  assert.deepEqual(
    told((watching) => {
      for (let steps = Math.floor(random.next() * 4); steps > 0; steps--) watching.grow();
    }),
    expected,
  );
});

test("a forest that is growing, and one that waits for its hour, are saved grown: both go on as if nothing had been", () => {
  const savedAfter = (steps: number): readonly SavedPart[] => {
    const { watching } = beginning();
    for (let i = 0; i < steps; i++) watching.grow();
    return JSON.parse(JSON.stringify([...watching.save()])) as SavedPart[];
  };
  const { watching, rest } = beginning();
  const expected = rest.map((record) => watching.observe(record));
  for (const steps of [0, 7, 10 * TREES]) {
    const loaded = detection();
    for (const part of savedAfter(steps)) assert.ok(loaded.load(part));
    assert.equal(loaded.grows, false);
    assert.deepEqual(
      rest.map((record) => loaded.observe(record)),
      expected,
      `after ${steps} steps`,
    );
  }
});

test("what was saved before there was a next forest is taken up", () => {
  const { watching } = beginning();
  const parts = [...watching.save()].map((part) =>
    part.part === "international"
      ? { part: part.part, international: { ...part.international, next: undefined } }
      : part,
  );
  const loaded = detection();
  for (const part of parts) assert.ok(loaded.load(part));
  loaded.tick((watching.latest + HOUR_MS) as UnixMs);
  assert.ok(loaded.grows, "another forest begins");
});
