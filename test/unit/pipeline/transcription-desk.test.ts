import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../../gateway/core/errors.js";
import { monoMs } from "../../../gateway/core/time.js";
import { SpeechMetrics } from "../../../gateway/pipeline/speech-metrics.js";
import { TranscriptionDesk } from "../../../gateway/pipeline/transcription-desk.js";
import type { JobKind, JobOutcome, TranscriptionJob } from "../../../gateway/pipeline/transcription-job.js";
import { CountingMetrics } from "../../support/counting-metrics.js";
import { FakeClock } from "../../support/fake-clock.js";
import { FakeTranscriber, turnsOfLoop } from "../../support/fake-speech.js";

function scene() {
  const clock = new FakeClock();
  const transcriber = new FakeTranscriber();
  const counts = new CountingMetrics();
  const metrics = new SpeechMetrics(counts);
  const options = { most: 10, mostPerCall: 10, timeoutMs: 5_000, staleMs: 8_000, pressedLagMs: 400 };
  const desk = new TranscriptionDesk({ transcriber, clock, metrics }, options);
  const told: string[] = [];
  const job = (name: string, kind: JobKind = "final", { ms = 2_000 } = {}): TranscriptionJob => ({
    callId: name,
    speaker: "caller",
    segment: 0,
    kind,
    startMs: 0,
    endMs: ms,
    spokenAt: clock.mono(),
    risk: () => 0,
    audio: () => ({ sampleRateHz: 16_000, samples: new Float32Array(ms * 16) }),
    language: undefined,
    prompt: undefined,
    done: (outcome) => told.push(`${name} ${outcome.kind === "text" ? outcome.transcript.text : outcome.kind}`),
  });
  const asked = (index: number) => {
    const request = transcriber.asked[index];
    assert.ok(request !== undefined, `request ${index} was made`);
    return request;
  };
  return { clock, transcriber, counts, desk, told, job, asked };
}

test("as many at a time as the recogniser does, the others in their turn", async () => {
  const { desk, transcriber, told, job, asked } = scene();
  for (const name of ["a", "b", "c"]) desk.submit(job(name));
  assert.equal(transcriber.asked.length, 2);
  assert.equal(desk.queueSeconds, 2);
  asked(1).answer("hello b");
  await turnsOfLoop();
  assert.equal(transcriber.asked.length, 3);
  asked(0).answer("hello a");
  asked(2).answer("hello c");
  await turnsOfLoop();
  assert.deepEqual(told, ["b hello b", "a hello a", "c hello c"]);
  assert.equal(desk.running, 0);
});

test("a failure is tried once more, two are counted", async () => {
  const { desk, told, counts, job, asked } = scene();
  desk.submit(job("a"));
  asked(0).fail(new Error("odd"));
  await turnsOfLoop();
  asked(1).answer("at last");
  await turnsOfLoop();
  desk.submit(job("b"));
  asked(2).fail(new Error("odd"));
  await turnsOfLoop();
  asked(3).fail(new Error("odd"));
  await turnsOfLoop();
  assert.deepEqual(told, ["a at last", "b failed"]);
  assert.equal(counts.value("ringfence_speech_jobs_total", "final", "failed"), 1);
  assert.equal(counts.value("ringfence_speech_jobs_total", "final", "text"), 1);
});

test("what the recogniser refuses is not asked again, nor is a partial", async () => {
  const { desk, told, transcriber, job, asked } = scene();
  desk.submit(job("a"));
  desk.submit(job("b", "partial"));
  asked(0).fail(new GatewayError("stt.rejected", "no"));
  asked(1).fail(new Error("odd"));
  await turnsOfLoop();
  assert.deepEqual(told, ["a failed", "b failed"]);
  assert.equal(transcriber.asked.length, 2);
});

test("a recogniser that has died is left alone for a while, then asked again, ever more rarely", async () => {
  const { desk, clock, transcriber, told, job, asked } = scene();
  transcriber.concurrency = 1;
  const gone = new GatewayError("stt.unavailable", "the child died");
  desk.submit(job("a"));
  clock.advance(1);
  desk.submit(job("b"));
  asked(0).fail(gone);
  await turnsOfLoop();
  assert.equal(desk.available, false);
  assert.equal(transcriber.asked.length, 1);
  clock.advance(249);
  assert.equal(transcriber.asked.length, 1);
  clock.advance(1);
  assert.equal(transcriber.asked.length, 2);
  asked(1).fail(gone);
  await turnsOfLoop();
  clock.advance(499);
  assert.equal(transcriber.asked.length, 2);
  clock.advance(1);
  asked(2).answer("back");
  await turnsOfLoop();
  assert.equal(desk.available, true);
  assert.deepEqual(told, ["a failed", "b back"]);
});

test("one that finds out only now that its model is none is as good as gone; an engine's own class of errors counts too", async () => {
  for (const error of [
    new GatewayError("model.invalid", "spoiled"),
    Object.assign(new Error("gone"), { code: "stt.unavailable" }),
  ]) {
    const { desk, job, asked } = scene();
    desk.submit(job("a"));
    asked(0).fail(error);
    await turnsOfLoop();
    assert.equal(desk.available, false);
  }
});

test("a busy one is asked again after 50 ms", async () => {
  const { desk, clock, transcriber, told, job, asked } = scene();
  desk.submit(job("a"));
  asked(0).fail(new GatewayError("stt.busy", "later"));
  await turnsOfLoop();
  assert.equal(transcriber.asked.length, 1);
  clock.advance(50);
  asked(1).answer("yes");
  await turnsOfLoop();
  assert.deepEqual(told, ["a yes"]);
});

test("a decode that hangs is given up, its place is free at once, even if it never notices", async () => {
  const { desk, clock, transcriber, told, counts, job, asked } = scene();
  transcriber.heedsAbort = false;
  transcriber.concurrency = 1;
  desk.submit(job("hung"));
  clock.advance(3_000);
  desk.submit(job("next"));
  clock.advance(2_000);
  assert.deepEqual(told, ["hung timed-out"]);
  assert.ok(asked(0).signal.aborted);
  asked(1).answer("fine");
  asked(0).answer("much too late");
  await turnsOfLoop();
  assert.deepEqual(told, ["hung timed-out", "next fine"]);
  assert.equal(counts.value("ringfence_speech_jobs_total", "final", "timed-out"), 1);
});

test("a window has as much time as it has patience, and tells that it took more than a stretch may", async () => {
  const { desk, clock, told, job, asked } = scene();
  const outcomes: JobOutcome[] = [];
  const window = {
    ...job("window", "file"),
    timed: true,
    patience: 3,
    done: (outcome: JobOutcome) => outcomes.push(outcome),
  };
  desk.submit(window);
  assert.equal(asked(0).options.patience, 3);
  clock.advance(14_999);
  asked(0).answer("long");
  await turnsOfLoop();
  desk.submit(window);
  clock.advance(5_000);
  asked(1).answer("in time");
  await turnsOfLoop();
  desk.submit(window);
  clock.advance(15_000);
  const text = { tokens: [], text: "long" };
  assert.deepEqual(outcomes, [
    { kind: "text", transcript: text, overran: true },
    { kind: "text", transcript: { ...text, text: "in time" } },
    { kind: "timed-out" },
  ]);
  assert.deepEqual(told, []);
});

test("nothing live waits for a window longer than for a stretch", async () => {
  const { desk, clock, transcriber, told, job, asked } = scene();
  transcriber.concurrency = 1;
  desk.submit({ ...job("window", "file"), timed: true, patience: 4 });
  desk.submit(job("stretch", "file"));
  clock.advance(5_000);
  assert.deepEqual(told, [], "a file's stretch can wait");
  desk.submit(job("live"));
  clock.advance(4_999);
  assert.equal(transcriber.asked.length, 1);
  clock.advance(1);
  assert.deepEqual(told, ["window timed-out"]);
  asked(1).answer("now");
  await turnsOfLoop();
  assert.deepEqual(told, ["window timed-out", "live now"]);
});

test("a window that fails is not tried again as one, unless the recogniser was busy", async () => {
  const { desk, clock, transcriber, told, job, asked } = scene();
  desk.submit({ ...job("busy", "file"), timed: true });
  asked(0).fail(new GatewayError("stt.busy", "later"));
  await turnsOfLoop();
  clock.advance(50);
  asked(1).answer("yes");
  await turnsOfLoop();
  desk.submit({ ...job("killed", "file"), timed: true });
  asked(2).fail(new GatewayError("stt.unavailable", "the child died"));
  await turnsOfLoop();
  clock.advance(1_000);
  assert.deepEqual(told, ["busy yes", "killed failed"]);
  assert.equal(transcriber.asked.length, 3);
});

test("after three time-outs in a row it is asked for one thing at a time until it answers", async () => {
  const { desk, clock, transcriber, job, asked } = scene();
  transcriber.concurrency = 3;
  for (const name of ["a", "b", "c"]) desk.submit(job(name));
  clock.advance(5_000);
  for (const name of ["d", "e", "f"]) desk.submit(job(name));
  assert.equal(transcriber.asked.length, 4);
  asked(3).answer("well again");
  await turnsOfLoop();
  assert.equal(transcriber.asked.length, 6);
});

test("rubbish is no transcript: not text, endless, or the same words again and again", async () => {
  const { desk, told, job, asked } = scene();
  const answers: unknown[] = [
    undefined,
    { text: 7 },
    { text: "x".repeat(2_000), tokens: [] },
    { text: "thank you ".repeat(15), tokens: [] },
  ];
  for (const [index, answer] of answers.entries()) {
    desk.submit(job(`r${index}`));
    asked(index).answerWith(answer);
    await turnsOfLoop();
  }
  assert.deepEqual(told, ["r0 rubbish", "r1 rubbish", "r2 rubbish", "r3 rubbish"]);
});

test("control characters and broken surrogates do not get through, odd fields neither", async () => {
  const { desk, clock, job, asked } = scene();
  let transcript: unknown;
  desk.submit({
    ...job("a"),
    done: (outcome) => (transcript = outcome.kind === "text" ? outcome.transcript : undefined),
    spokenAt: monoMs(clock.mono()),
  });
  asked(0).answerWith({ text: " a\u0000\nb\ud800c ", confidence: 7, language: "<b>", tokens: "none" });
  await turnsOfLoop();
  assert.deepEqual(transcript, { text: "a b\ufffdc", tokens: [] });
});

test("what is cancelled is not told; what is dropped with its call is", async () => {
  const { desk, transcriber, told, job, asked } = scene();
  transcriber.concurrency = 1;
  const running = job("running");
  const waiting = job("waiting");
  desk.submit(running);
  desk.submit(waiting);
  desk.cancel(waiting);
  desk.cancel(running);
  assert.ok(asked(0).signal.aborted);
  desk.submit(job("gone"));
  desk.submit(job("gone", "partial"));
  desk.dropCall("gone");
  await turnsOfLoop();
  assert.deepEqual(told, ["gone dropped", "gone dropped"]);
  assert.equal(desk.running, 0);
});

test("what has waited for too long, and what is too short, is not decoded; a file may wait", async () => {
  const { desk, clock, transcriber, told, job, asked } = scene();
  transcriber.concurrency = 1;
  desk.submit(job("slow"));
  desk.submit({ ...job("stale"), spokenAt: monoMs(-4_000) });
  desk.submit(job("file", "file"));
  clock.advance(4_900);
  asked(0).answer("done");
  await turnsOfLoop();
  assert.deepEqual(told, ["slow done", "stale dropped"]);
  asked(1).answer("a file");
  await turnsOfLoop();
  desk.submit(job("click", "final", { ms: 90 }));
  assert.deepEqual(told.slice(2), ["file a file", "click dropped"]);
});

test("the lag is that of the oldest stretch without its text, waiting or being decoded", async () => {
  const { desk, clock, transcriber, job, asked } = scene();
  transcriber.concurrency = 1;
  assert.equal(desk.lagMs(), 0);
  desk.submit(job("a"));
  clock.advance(300);
  desk.submit(job("b"));
  clock.advance(200);
  assert.equal(desk.lagMs(), 500);
  assert.equal(desk.pressed, true);
  asked(0).answer("a");
  await turnsOfLoop();
  assert.equal(desk.lagMs(), 200);
  assert.equal(desk.pressed, false);
});

test("closing ends everything, twice", async () => {
  const { desk, told, job, asked } = scene();
  for (const name of ["a", "b", "c"]) desk.submit(job(name));
  desk.close();
  desk.close();
  desk.submit(job("d"));
  await turnsOfLoop();
  assert.deepEqual(told, ["c dropped", "d dropped"]);
  assert.ok(asked(0).signal.aborted && asked(1).signal.aborted);
});
