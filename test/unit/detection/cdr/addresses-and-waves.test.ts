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

function detection(): CdrDetection {
  const made = CdrDetection.of(DEFAULT_CDR_DETECTION);
  assert.ok(made.ok);
  return made.value;
}

const NOON = Date.UTC(2026, 1, 2, 12);
let made = 0;
const call = (at: number, change: Partial<CallRecord>): CallRecord => ({
  ...{
    id: `made-${made++}`,
    source: "csv",
    callId: "c",
    user: "u",
    direction: "out",
    caller: "u",
    called: "+12025550100",
  },
  ...{ numberClass: "fixed", international: false, durationMs: 0, outcome: "failed", failure: "authentication" },
  ...{ startedAt: at as UnixMs, endedAt: at as UnixMs },
  ...change,
});

function unfailed(record: CallRecord): CallRecord {
  const { failure, ...rest } = record;
  assert.equal(failure, "authentication");
  return rest;
}

test("one password tried on two hundred users from one address is one incident, and worse when one of them gets through", () => {
  const watching = detection();
  const address = "203.0.113.9";
  const told: CdrFinding[] = [];
  for (let i = 0; i < 200; i++) told.push(...watching.observe(call(NOON + i * 1_000, { user: `user-${i}`, address })));
  assert.deepEqual(
    told.filter(({ change }) => change === "opened").map(({ rule, subject }) => [rule, subject]),
    [["failed-authentication", address]],
  );
  const saved = JSON.parse(JSON.stringify([...watching.save()])) as SavedPart[];
  const restarted = detection();
  for (const part of saved) assert.ok(restarted.load(part));
  for (const each of [watching, restarted]) {
    const through = call(NOON + 300_000, { user: "user-77", address, outcome: "answered", durationMs: 60_000 });
    const answered = unfailed(through);
    const worse = each.observe(answered).filter(({ rule }) => rule === "failed-authentication");
    assert.deepEqual(
      worse.map(({ severity, detail }) => [severity, detail["pattern"]]),
      [["critical", "call-after-burst"]],
    );
  }
});

test("wangiri: a call before the rings is none back, and calls back to an earlier wave do not make the next critical", () => {
  const watching = detection();
  const far = { international: true, country: "LV", numberClass: "mobile" } as const;
  const plain = unfailed(call(0, {}));
  const rings = (from: number): CdrFinding[] =>
    Array.from({ length: 6 }, (_, i) => i).flatMap((i) => {
      const startedAt = (from + i * 60_000) as UnixMs;
      const ring = { ringMs: 2_000, user: `rung-${i}`, caller: `+3712000000${i}`, called: "+12025550100" };
      const ends = (startedAt + 2_000) as UnixMs;
      const when = { startedAt, endedAt: ends, outcome: "no-answer" } as const;
      return watching.observe({ ...plain, ...far, ...ring, ...when, id: `ring-${made++}`, direction: "in" });
    });
  const back = (at: number): CdrFinding[] => {
    const times = { startedAt: at as UnixMs, endedAt: (at + 60_000) as UnixMs, durationMs: 60_000 };
    const each = {
      ...plain,
      ...far,
      ...times,
      id: `back-${made++}`,
      outcome: "answered",
      called: "+37120000001",
    } as const;
    return watching.observe(each).filter(({ rule }) => rule === "wangiri");
  };
  assert.ok(rings(NOON).some(({ rule }) => rule === "wangiri"));
  assert.deepEqual(back(NOON - 3_600_000), []);
  for (let i = 0; i < 5; i++) back(NOON + 600_000 + i * 60_000);
  rings(NOON + 8 * 3_600_000);
  const [first] = back(NOON + 9 * 3_600_000);
  assert.equal(first?.severity, "high");
});
