import assert from "node:assert/strict";
import { test } from "node:test";
import {
  diffReplays,
  learningOptions,
  NumberPlan,
  readJsonLine,
  readRow,
  Replay,
  TimeOrder,
  unixMs,
  type DetectionOptions,
  type RecordedEvent,
} from "../../../../detection/index.js";
import { detectionOptions, START } from "../../../support/detection-scene.js";
import { SeededRandom } from "../../../support/seeded-random.js";

const line = (fields: object): string => JSON.stringify(fields);
const event = {
  call_id: "c1",
  a_number: "A001",
  b_number: "B999",
  timestamp: "2024-01-15T10:30:00Z",
  status: "active",
  switch_id: "s1",
};
const at = unixMs(Date.UTC(2024, 0, 15, 10, 30));
const started: RecordedEvent = { callId: "c1", aNumber: "A001", bNumber: "B999", trunk: "s1", at, status: "started" };

test("reads the switch's events: every status, ISO times, seconds and milliseconds", () => {
  assert.deepEqual(readJsonLine(line(event)), { ok: true, value: [started] });
  assert.deepEqual(readJsonLine(line({ ...event, timestamp: at })), { ok: true, value: [started] });
  assert.deepEqual(readRow({ ...event, timestamp: String(at / 1000) }), { ok: true, value: [started] });
  const answered = readJsonLine(line({ ...event, status: "ANSWERED", trunk: "t7" }));
  assert.deepEqual(answered, { ok: true, value: [{ ...started, status: "answered", trunk: "t7" }] });
});

test("reads our CDR export: a record is a start, an answer where there was one, and an end", () => {
  const cdr = {
    id: "x",
    call_id: "c1",
    caller: "+12025550101",
    called: "+12025550100",
    trunk: "t1",
    started_at: "2024-01-15T10:30:00.000Z",
    answered_at: "2024-01-15T10:30:05.250Z",
    ended_at: "2024-01-15T10:31:00.000Z",
    status: "200",
  };
  const statuses = (row: object): string[] => {
    const read = readRow(row as Record<string, unknown>);
    return read.ok ? read.value.map((item) => `${item.at - at} ${item.status}`) : [read.error.code];
  };
  assert.deepEqual(statuses(cdr), ["0 started", "5250 answered", "60000 ended"]);
  assert.deepEqual(statuses({ ...cdr, answered_at: "" }), ["0 started", "60000 ended"]);
});

const bad = [
  { name: "not JSON", text: "{", error: { code: "replay.json", field: "", found: "{" } },
  { name: "an array", text: "[1]", error: { code: "replay.json", field: "", found: "[1]" } },
  { name: "null", text: "null", error: { code: "replay.json", field: "", found: "null" } },
  {
    name: "no call id",
    text: line({ ...event, call_id: "" }),
    error: { code: "replay.field", field: "call_id", found: "nothing" },
  },
  {
    name: "no called number",
    text: line({ ...event, b_number: null }),
    error: { code: "replay.field", field: "b_number", found: "null" },
  },
  {
    name: "a bad time",
    text: line({ ...event, timestamp: "yesterday" }),
    error: { code: "replay.field", field: "timestamp", found: '"yesterday"' },
  },
  {
    name: "a status that every object has a property of",
    text: line({ ...event, status: "constructor" }),
    error: { code: "replay.field", field: "status", found: "constructor" },
  },
  {
    name: "an unknown status",
    text: line({ ...event, status: "melted" }),
    error: { code: "replay.field", field: "status", found: "melted" },
  },
];
for (const { name, text, error } of bad) {
  test(`a line that is ${name} is refused with the field named`, () => {
    assert.deepEqual(readJsonLine(text), { ok: false, error });
  });
}

test("time order: a stream shuffled within its limit comes out in order, equal times as they came", () => {
  const random = new SeededRandom(3);
  const items = Array.from({ length: 2_000 }, (_, i) => ({ at: Math.floor(i / 3), i }));
  const shuffled = items.map((item) => ({ item, key: item.i + random.below(90) })).sort((a, b) => a.key - b.key);
  const order = new TimeOrder<{ at: number; i: number }>(100);
  const out = shuffled.flatMap(({ item }) => order.push(item) ?? []);
  for (let next = order.pop(); next !== undefined; next = order.pop()) out.push(next);
  assert.deepEqual(
    out.map((item) => item.at),
    items.map((item) => item.at),
  );
  assert.equal(order.late, 0);
  const tiny = new TimeOrder<{ at: number }>(0);
  assert.deepEqual(
    [5, 3].map((time) => tiny.push({ at: time })?.at),
    [5, 3],
  );
  assert.equal(tiny.late, 1);
});

function run(options: DetectionOptions, events: readonly RecordedEvent[]): Replay {
  const replay = new Replay({ options, planOf: () => new NumberPlan(), ids: new SeededRandom(1) });
  for (const item of events) replay.feed(item);
  return replay;
}

const calls = (count: number, gapMs: number, called: string, from = 0, beginMs = 0): RecordedEvent[] =>
  Array.from({ length: count }, (_, i) => ({
    callId: `${called}-${from + i}-${beginMs}`,
    aNumber: `0013035550${String(from + i).padStart(3, "0")}`,
    bNumber: called,
    trunk: "t1",
    at: unixMs(START + beginMs + i * gapMs),
    status: "started" as const,
  }));

test("a recorded attack gives the verdicts that live traffic would have got, to the call", () => {
  const events = [...calls(4, 2_000, "+12025550140"), ...calls(20, 100, "+12025550100", 0, 10_000)];
  const summary = run(detectionOptions(), events).finish();
  const { calls: total, incidents, cut, refused, spared } = summary;
  assert.deepEqual(
    { total, incidents, cut, refused, spared },
    { total: 24, incidents: 1, cut: 4, refused: 16, spared: 0 },
  );
  assert.deepEqual(summary.numbers, [
    { called: "+12025550100", incidents: 1, severity: "critical", cut: 4, refused: 16, spared: 0 },
  ]);
});

test("replaying twice gives the same", () => {
  const events = calls(500, 700, "+12025550100");
  const options = detectionOptions({ masking: { threshold: 7 } });
  assert.deepEqual(run(options, events).finish(), run(options, events).finish());
});

test("time passes between records: incidents close in the gaps, across days too", () => {
  const days = [0, 1, 2].flatMap((day) => calls(6, 100, "+12025550100", 0, day * 86_400_000));
  const summary = run(detectionOptions(), days).finish();
  assert.equal(summary.incidents, 3);
  assert.ok(summary.incidentList.every((incident) => incident.callerCount === 6));
});

test("diff shows what another setting would change, by number", () => {
  const events = [...calls(6, 100, "+12025550100"), ...calls(9, 100, "+12025550101", 0, 20_000)];
  const before = run(detectionOptions(), events).finish();
  const after = run(detectionOptions({ masking: { threshold: 8 } }), events).finish();
  const difference = diffReplays(before, after);
  assert.equal(difference.totals.incidents, -1);
  assert.deepEqual(difference.numbers, [
    {
      called: "+12025550100",
      before: { incidents: 1, cut: 4, refused: 2, spared: 0 },
      after: { incidents: 0, cut: 0, refused: 0, spared: 0 },
    },
    {
      called: "+12025550101",
      before: { incidents: 1, cut: 4, refused: 5, spared: 0 },
      after: { incidents: 1, cut: 7, refused: 2, spared: 0 },
    },
  ]);
  assert.deepEqual(diffReplays(before, before).numbers, []);
});

test("what is usual is learned from a recording: a hotline is, an attack of a moment is not", () => {
  const hotline = calls(900, 1_000, "+12025550150");
  const attack = calls(30, 50, "+12025550100", 0, 100_000);
  const events = [...hotline, ...attack].sort((a, b) => a.at - b.at);
  const learner = run(learningOptions(detectionOptions()), events);
  learner.finish();
  const rows = learner.baseline();
  assert.deepEqual(rows, [{ called: "+12025550150", callersPerWindow: 5, origin: "imported" }]);
  const replay = new Replay({
    options: detectionOptions(),
    planOf: () => new NumberPlan(),
    ids: new SeededRandom(1),
    baseline: rows,
  });
  for (const item of events) replay.feed(item);
  const summary = replay.finish();
  assert.deepEqual(
    summary.numbers.map(({ called }) => called),
    ["+12025550100"],
  );
  assert.ok(summary.leftAlone > 0);
});

test("emergency calls are counted apart and never decided on", () => {
  const summary = run(detectionOptions(), calls(50, 10, "112")).finish();
  assert.deepEqual([summary.emergencyCalls, summary.incidents, summary.refused], [50, 0, 0]);
});
