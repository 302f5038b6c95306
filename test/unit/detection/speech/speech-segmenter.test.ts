import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_SEGMENT_OPTIONS, SpeechSegmenter, type SegmentSink } from "../../../../detection/index.js";

const STEP_MS = 32;

/** Writes down what is decided, with times in ms. */
function listening(options: Partial<typeof DEFAULT_SEGMENT_OPTIONS> = {}) {
  const log: string[] = [];
  const sink: SegmentSink = {
    opened: (startMs) => log.push(`open ${startMs}`),
    partial: (startMs, endMs) => log.push(`partial ${startMs}-${endMs}`),
    speculate: (startMs, endMs) => log.push(`speculate ${startMs}-${endMs}`),
    resumed: () => log.push("resumed"),
    closed: (startMs, endMs, why, speculated) =>
      log.push(`close ${startMs}-${endMs} ${why}${speculated ? " speculated" : ""}`),
    dropped: (why) => log.push(`dropped ${why}`),
  };
  const segmenter = new SpeechSegmenter(sink, { ...DEFAULT_SEGMENT_OPTIONS, ...options });
  let now = 0;
  const steps = (count: number, probability: number, { levelDb = -20, steadyFrom = 0 } = {}): void => {
    for (let i = 0; i < count; i++) {
      const startMs = now;
      now += STEP_MS;
      const steadySteps = steadyFrom > 0 && i + 1 >= steadyFrom ? i + 1 : 0;
      segmenter.step({ startMs, endMs: now, probability, levelDb, steadySteps });
    }
  };
  const quiet = (ms: number): void => segmenter.quiet((now += ms));
  return { log, segmenter, steps, quiet, now: () => now };
}

test("a stretch: opened after 160 ms of speech, decoded ahead after 150 ms of silence, closed after 300", () => {
  const { log, steps } = listening();
  steps(10, 0); // until 320
  steps(20, 0.9); // until 960
  steps(20, 0);
  assert.deepEqual(log, ["open 120", "speculate 120-1110", "close 120-1110 silence speculated"]);
});

test("silence that is only told by the time counts the same", () => {
  const { log, steps, quiet } = listening();
  steps(20, 0.9); // until 640
  quiet(100);
  quiet(60);
  quiet(100);
  assert.deepEqual(log, ["open -200", "speculate -200-790"]);
  quiet(40);
  assert.deepEqual(log.slice(2), ["close -200-790 silence speculated"]);
});

test("a pause that is shorter does not end it: what was decoded ahead is given up", () => {
  const { log, steps } = listening();
  steps(20, 0.9); // until 640
  steps(6, 0.1); // until 832
  steps(10, 0.9); // until 1,152
  steps(10, 0.1);
  assert.deepEqual(log, [
    "open -200",
    "speculate -200-790",
    "resumed",
    "speculate -200-1302",
    "close -200-1302 silence speculated",
  ]);
});

test("partials are due after 1.5 s of talk and then every 1.5 s", () => {
  const { log, steps } = listening();
  steps(150, 0.9); // 4.8 s
  assert.deepEqual(log, ["open -200", "partial -200-1504", "partial -200-3008", "partial -200-4512"]);
});

test("no flicker: between the two thresholds a stretch goes on but none begins", () => {
  const { log, steps } = listening();
  steps(30, 0.42);
  assert.equal(log.length, 0);
  steps(10, 0.9);
  steps(30, 0.42);
  assert.ok(!log.some((line) => line.startsWith("close")));
});

test("clicks and coughs are none, however many", () => {
  const { log, steps } = listening();
  for (let i = 0; i < 20; i++) {
    steps(3, 0.9);
    steps(12, 0);
  }
  assert.deepEqual(log, []);
});

test("the lead never reaches into the stretch before", () => {
  const { log, steps } = listening({ tailMs: 250 });
  steps(10, 0.9); // until 320
  steps(11, 0); // until 672: closed at 320 + 250
  steps(10, 0.9);
  steps(12, 0);
  assert.deepEqual(
    log.filter((line) => !line.startsWith("spec")),
    ["open -200", "close -200-570 silence speculated", "open 570", "close 570-1242 silence speculated"],
  );
});

test("25 s without a pause: cut at the quietest point of the last seconds, without a gap", () => {
  const { log, steps } = listening();
  steps(700, 0.9); // until 22,400
  steps(3, 0.9, { levelDb: -45 }); // until 22,496
  steps(200, 0.9);
  const closed = log.find((line) => line.startsWith("close"));
  assert.equal(closed, "close -200-22464 longest");
  assert.equal(log[log.indexOf(closed) + 1], "open 22464");
});

test("25 s, and it is silent just then: the next stretch begins with the next word", () => {
  const { log, steps } = listening();
  steps(770, 0.9); // until 24,640
  steps(6, 0, { levelDb: -60 }); // until 24,832: longest is reached at 24,800
  steps(8, 0.9);
  const lines = log.filter((line) => !line.startsWith("partial") && !line.startsWith("spec"));
  assert.equal(lines.length, 4, lines.join(", "));
  assert.match(lines[2] ?? "", /^close -200-24\d{3} longest$/);
  assert.match(lines[3] ?? "", /^open 24\d{3}$/);
});

test("a tone that is recognised while the stretch is young drops it", () => {
  const { log, steps } = listening();
  steps(40, 0.9, { steadyFrom: 7 });
  steps(12, 0);
  assert.deepEqual(log, ["open -200", "dropped steady"]);
});

test("bursts of a busy tone, joined by the silence that a stretch may have, drop it too", () => {
  const { log, steps } = listening();
  for (let i = 0; i < 6; i++) {
    steps(8, 0.9, { steadyFrom: 7 });
    steps(8, 0);
  }
  steps(12, 0);
  assert.ok(log.length > 0);
  assert.deepEqual([...new Set(log.filter((line) => !line.startsWith("open")))], ["dropped steady"]);
});

test("a single drawn-out vowel does not", () => {
  const { log, steps } = listening();
  steps(12, 0.9);
  steps(9, 0.9, { steadyFrom: 7 });
  steps(12, 0.9);
  steps(12, 0);
  assert.equal(log.at(-1), "close -200-1206 silence speculated");
});

test("talk, then hold music at once: the stretch ends where the music began", () => {
  const { log, segmenter, steps, now } = listening();
  steps(60, 0.9);
  const musicFrom = now();
  steps(63, 0.9);
  assert.equal(log.filter((line) => line.startsWith("close")).length, 0);
  // Music is told after two seconds, for all of them.
  segmenter.step({ startMs: now(), endMs: now() + STEP_MS, probability: 0.9, levelDb: -20, steadySteps: 64 });
  assert.equal(log.at(-1), `close -200-${musicFrom + 150} silence`);
});

test("the end of the audio closes what is open, and what was too short is dropped", () => {
  const open = listening();
  open.steps(20, 0.9);
  open.segmenter.end();
  open.segmenter.end();
  assert.deepEqual(open.log, ["open -200", "close -200-640 cut"]);
  const candidate = listening();
  candidate.steps(3, 0.9);
  candidate.segmenter.end();
  assert.deepEqual(candidate.log, []);
});

test("what has to be kept of the audio is told", () => {
  const { segmenter, steps } = listening();
  steps(10, 0);
  assert.equal(segmenter.keepFromMs, undefined);
  steps(1, 0.9);
  assert.equal(segmenter.keepFromMs, 120);
  assert.equal(segmenter.speaking, false);
  steps(10, 0.9);
  assert.equal(segmenter.speaking, true);
});
