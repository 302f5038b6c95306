import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_SEGMENT_OPTIONS, PowerSpectrum } from "../../../detection/index.js";
import { AudioBudget } from "../../../gateway/pipeline/audio-budget.js";
import { SpeechTrack, type Stretch, type TrackSink } from "../../../gateway/pipeline/speech-track.js";
import { FakeVoiceActivity, turnsOfLoop } from "../../support/fake-speech.js";
import { CALL_PROGRESS, silence } from "../../support/sounds.js";

/** Loud enough for the fake detector. */
const talk = (ms: number): Float32Array => new Float32Array(ms * 16).fill(0.25);

function scene({ limitMs = 600_000, rejectSteady = false } = {}) {
  const voiceActivity = new FakeVoiceActivity();
  const ownDetector = new FakeVoiceActivity();
  const budget = new AudioBudget(limitMs * 16);
  const log: string[] = [];
  const stretches: Stretch[] = [];
  let failed = 0;
  const sink: TrackSink = {
    opened: (startMs) => log.push(`open ${Math.round(startMs)}`),
    partial: (stretch) => log.push(`partial ${Math.round(stretch.endMs)} (${stretch.audio()?.samples.length ?? 0})`),
    speculate: (stretch) => log.push(`ahead ${Math.round(stretch.endMs)} (${stretch.audio()?.samples.length ?? 0})`),
    resumed: () => log.push("resumed"),
    closed: (stretch, why, speculated) => {
      stretches.push(stretch);
      log.push(`close ${Math.round(stretch.startMs)}-${Math.round(stretch.endMs)} ${why}${speculated ? " ahead" : ""}`);
    },
    dropped: (why) => log.push(`dropped ${why}`),
  };
  const track = new SpeechTrack({
    streamId: 7,
    segments: DEFAULT_SEGMENT_OPTIONS,
    voiceActivity,
    ownDetector,
    steady: rejectSteady ? new PowerSpectrum() : undefined,
    budget,
    sink,
    onDetectorFailed: () => failed++,
  });
  let now = 0;
  const push = (samples: Float32Array): void => {
    for (let at = 0; at < samples.length; at += 320) {
      track.push(now, samples.subarray(at, at + 320));
      now += 20;
    }
  };
  const quiet = (ms: number): void => {
    for (const until = now + ms; now < until; now += 20) track.quiet(now + 20);
  };
  return {
    voiceActivity,
    ownDetector,
    budget,
    log,
    stretches,
    track,
    push,
    quiet,
    failed: () => failed,
    now: () => now,
  };
}

test("frames of 20 ms become steps, steps a stretch, with the audio of just that time", () => {
  const { log, stretches, push, quiet } = scene();
  push(silence(1_000));
  push(talk(1_000));
  quiet(1_000);
  assert.deepEqual(log, ["open 792", "ahead 2166 (19328)", "close 792-2166 silence ahead"]);
  const samples = stretches[0]?.audio()?.samples ?? new Float32Array(0);
  // Of the silence at its end as much as was heard: nothing.
  assert.equal(samples.length, 1_208 * 16);
  assert.equal(samples.findIndex((x) => x > 0.1) / 16, 208);
});

test("nothing is pushed while the gate is closed: a stretch ends by the time alone, and memory is given back", () => {
  const { log, budget, push, quiet } = scene();
  push(talk(600));
  quiet(2_000);
  assert.equal(log.at(-1), "close -200-758 silence ahead");
  assert.equal(budget.usedSamples, 0);
});

test("a detector that answers later: the same stretches, silence in its place", async () => {
  const { log, voiceActivity, push, quiet } = scene();
  voiceActivity.mode = "later";
  push(talk(600));
  quiet(400);
  assert.deepEqual(log, []);
  for (let i = 0; i < 5; i++) await voiceActivity.answer();
  assert.deepEqual(log, ["open -200", "close -200-758 silence"]);
  // One question at a time, of all steps that have come meanwhile.
  assert.equal(voiceActivity.calls, 2);
});

for (const mode of ["fails", "throws", "rubbish"] as const) {
  test(`a detector that ${mode}: the own one stands in, step by step`, async () => {
    const { log, voiceActivity, ownDetector, push, quiet, failed } = scene();
    voiceActivity.mode = mode;
    push(talk(600));
    await turnsOfLoop(2);
    quiet(600);
    await turnsOfLoop(2);
    assert.match(log.at(-1) ?? "", /^close -200-758 silence/);
    assert.ok(failed() > 0 && ownDetector.calls > 0);
  });
}

test("a detector that hangs is given up after a second and a half, in talk as in silence", () => {
  const talking = scene();
  talking.voiceActivity.mode = "hangs";
  talking.push(talk(1_500));
  assert.deepEqual(talking.log, []);
  talking.push(talk(500));
  assert.equal(talking.log[0], "open -200");
  const silent = scene();
  silent.voiceActivity.mode = "hangs";
  silent.push(talk(600));
  silent.quiet(2_000);
  assert.equal(silent.log.at(-1), "close -200-758 silence");
});

test("what a detector answers after it was given up, or after the end, changes nothing", async () => {
  const { log, voiceActivity, track, push } = scene();
  voiceActivity.mode = "later";
  push(talk(2_000));
  const before = log.length;
  track.close();
  await voiceActivity.answer();
  assert.equal(log.length, before);
  assert.deepEqual(voiceActivity.forgotten, [7]);
});

test("the end closes what is open, also behind steps that wait", async () => {
  const { log, voiceActivity, track, push } = scene();
  voiceActivity.mode = "later";
  push(talk(600));
  track.end();
  for (let i = 0; i < 3; i++) await voiceActivity.answer();
  assert.equal(log.at(-1), "close -200-608 cut");
});

test("no room for more audio: what is there becomes a stretch, then it goes on", () => {
  const { log, push, quiet, budget } = scene({ limitMs: 4_000 });
  push(talk(9_000));
  quiet(1_500);
  const closed = log.filter((line) => line.startsWith("close"));
  assert.ok(closed.length >= 2, closed.join(", "));
  assert.match(closed[0] ?? "", / cut$/);
  assert.equal(budget.usedSamples, 0);
});

test("a ringback tone that a detector takes for speech is none", () => {
  const { log, push, quiet } = scene({ rejectSteady: true });
  push(CALL_PROGRESS["ringback, North America"] ?? silence(0));
  quiet(1_000);
  assert.deepEqual([...new Set(log.filter((line) => !line.startsWith("open")))], ["dropped steady"]);
});
