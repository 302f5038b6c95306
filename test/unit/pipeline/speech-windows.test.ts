import assert from "node:assert/strict";
import { test } from "node:test";
import { monoMs } from "../../../gateway/core/time.js";
import { SpeechWindows, type JobDesk } from "../../../gateway/pipeline/speech-windows.js";
import type { JobOutcome, TranscriptionJob } from "../../../gateway/pipeline/transcription-job.js";
import { WindowTrust } from "../../../gateway/pipeline/window-trust.js";
import type { TranscriptToken } from "../../../gateway/ports/transcriber.js";
import { FakeClock } from "../../support/fake-clock.js";

/** A desk that a test answers for. */
class FakeDesk implements JobDesk {
  readonly pressed = false;
  readonly jobs: TranscriptionJob[] = [];
  readonly cancelled: TranscriptionJob[] = [];

  submit(job: TranscriptionJob): void {
    this.jobs.push(job);
  }

  cancel(job: TranscriptionJob): void {
    this.cancelled.push(job);
  }

  isWaiting(job: TranscriptionJob): boolean {
    return this.jobs.includes(job);
  }

  get lengths(): readonly number[] {
    return this.jobs.map((job) => (job.audio()?.samples.length ?? 0) / 16);
  }

  answer(index: number, outcome: JobOutcome): void {
    this.jobs[index]?.done(outcome);
  }
}

function scene(trust = new WindowTrust(new FakeClock())) {
  const desk = new FakeDesk();
  const windows = new SpeechWindows(desk, trust);
  const told: string[] = [];
  /** @param atMs In the file. */
  const stretch = (name: string, ms: number, atMs = 0): TranscriptionJob => {
    // Its samples tell whose they are.
    const samples = new Float32Array(ms * 16).fill(name.charCodeAt(0) / 1_000);
    return {
      callId: "file",
      speaker: "caller",
      segment: 0,
      kind: "file",
      startMs: atMs,
      endMs: atMs + ms,
      spokenAt: monoMs(0),
      risk: () => 0,
      audio: () => ({ sampleRateHz: 16_000, samples }),
      language: "en",
      prompt: undefined,
      done: (outcome) => told.push(`${name}: ${outcome.kind === "text" ? outcome.transcript.text : outcome.kind}`),
    };
  };
  const submit = (name: string, ms: number, atMs = 0): void => windows.submit(stretch(name, ms, atMs));
  return { desk, windows, told, stretch, submit };
}

type Said = Extract<JobOutcome, { kind: "text" }>;

/** Words and when they were said, in the window; several in one text one after the other. */
function said(...texts: readonly (readonly [text: string, atMs: number, ms?: number])[]): Said {
  const tokens = texts.flatMap(([text, atMs, ms = 100]) => {
    const words = text.split(" ");
    const each = ms / words.length;
    return words.map((word, i): TranscriptToken => {
      const startMs = atMs + i * each;
      return { text: ` ${word}`, probability: 1, startMs, endMs: startMs + each };
    });
  });
  return { kind: "text", transcript: { text: texts.map(([text]) => text).join(" "), tokens } };
}
const NOTHING: JobOutcome = { kind: "text", transcript: { text: "", tokens: [] } };

test("stretches go together up to 28 s, half a second of silence between them, and each gets its text", () => {
  const { desk, windows, told, submit } = scene();
  for (const name of ["a", "b", "c", "d", "e"]) submit(name, 6_400);
  assert.deepEqual(desk.lengths, [4 * 6_400 + 3 * 500]);
  const [job] = desk.jobs;
  assert.equal(job?.timed, true);
  assert.equal(job.endMs - job.startMs, 27_100, "limits of a text go by the length of the window");
  const samples = job.audio()?.samples ?? new Float32Array();
  const whose = (ms: number): number => Math.round((samples[ms * 16] ?? 0) * 1_000);
  const marks = [0, 6_399, 6_400, 6_899, 6_900, 13_299, 13_300, 27_099].map(whose);
  assert.deepEqual(marks, [97, 97, 0, 0, 98, 98, 0, 100]);
  const talk = ["this is one", "this is two", "this is three", "this is four"] as const;
  desk.answer(0, said(...talk.map((text, i) => [text, 6_900 * i, 6_400] as const)));
  assert.deepEqual(told, ["a: this is one", "b: this is two", "c: this is three", "d: this is four"]);
  windows.flush();
  assert.deepEqual(desk.lengths, [27_100, 6_400], "one alone goes as it is");
  assert.equal(desk.jobs[1]?.timed, undefined);
  desk.answer(1, said(["five", 0]));
  assert.equal(told.at(-1), "e: five");
});

test("one that is longer than a window goes alone", () => {
  const { desk, windows, submit } = scene();
  submit("a", 5_000);
  submit("b", 28_500);
  submit("c", 5_000);
  windows.flush();
  assert.deepEqual(desk.lengths, [5_000, 28_500, 5_000]);
});

test("a stretch waits for others for a minute of sound, no longer", () => {
  const { desk, windows, submit } = scene();
  submit("a", 2_000, 10_000);
  submit("b", 2_000, 40_000);
  windows.heardUntil(70_000);
  assert.equal(desk.jobs.length, 0);
  windows.heardUntil(70_200);
  assert.deepEqual(desk.lengths, [4_500]);
  windows.heardUntil(200_000);
  assert.equal(desk.jobs.length, 1);
});

test("a text without times is not shared out: each stretch is asked for by itself, one after the other", () => {
  const { desk, windows, told, submit } = scene();
  for (const name of ["a", "b", "c"]) submit(name, 2_000);
  windows.flush();
  desk.answer(0, { kind: "text", transcript: { text: "one two three", tokens: [] } });
  assert.deepEqual(desk.lengths, [7_000, 2_000]);
  desk.answer(1, said(["one", 0]));
  desk.answer(2, { kind: "failed" });
  desk.answer(3, said(["three", 0]));
  assert.deepEqual(told, ["a: one", "b: failed", "c: three"]);
  assert.equal(desk.jobs.length, 4);
});

test("where times never come windows are given up, for all files, and one that has them does not count", () => {
  const trust = new WindowTrust(new FakeClock());
  const timeless: JobOutcome = { kind: "text", transcript: { text: "one two", tokens: [] } };
  const file = (outcome: JobOutcome): number => {
    const { desk, windows, submit } = scene(trust);
    submit("a", 2_000);
    submit("b", 2_000);
    windows.flush();
    const [first] = desk.lengths;
    if (first === 4_500) desk.answer(0, outcome);
    return first ?? 0;
  };
  const timed = said(["one", 0], ["two", 3_000]);
  const lengths = [timeless, timeless, timed, timeless, timeless, timeless, timed, timed].map(file);
  assert.deepEqual(lengths, [4_500, 4_500, 4_500, 4_500, 4_500, 4_500, 2_000, 2_000]);
});

for (const kind of ["failed", "timed-out", "rubbish"] as const) {
  test(`a window that is ${kind} costs no stretch its text`, () => {
    const { desk, windows, told, submit } = scene();
    submit("a", 2_000);
    submit("b", 2_000);
    windows.flush();
    desk.answer(0, { kind });
    desk.answer(1, said(["one", 0]));
    desk.answer(2, said(["two", 0]));
    assert.deepEqual(told, ["a: one", "b: two"]);
    submit("c", 2_000);
    submit("d", 2_000);
    windows.flush();
    // A recogniser that is started anew for every window would be lost to the calls.
    assert.equal(desk.lengths[3], kind === "timed-out" ? 2_000 : 4_500);
  });
}

test("a stretch in which nothing is said, in between or behind the last word, is asked for by itself", () => {
  const { desk, windows, told, submit } = scene();
  for (const name of ["a", "b", "c", "d", "e", "f"]) submit(name, 2_000);
  windows.flush();
  desk.answer(0, said(["one", 0], ["three", 5_500], ["four", 7_600], ["five", 10_100]));
  desk.answer(1, NOTHING);
  assert.deepEqual(told, ["b: "]);
  desk.answer(2, NOTHING);
  assert.deepEqual(told, ["b: ", "f: ", "a: one", "c: three", "d: four", "e: five"], "silence is silence");
  assert.equal(desk.jobs.length, 3);
});

test("where a silent stretch has words by itself those beside it are asked for too, as far as words had strayed", () => {
  const { desk, windows, told, submit } = scene();
  for (const name of ["a", "b", "c", "d"]) submit(name, 2_000);
  windows.flush();
  // All that is later than the first word is where the last stretch is, as times that may not run back make it.
  desk.answer(0, said(["one", 0], ["and", 1_900], ["two", 7_600], ["three", 7_700], ["four", 7_800]));
  desk.answer(1, said(["two", 0]));
  desk.answer(2, said(["three", 0]));
  desk.answer(3, said(["One and", 0]));
  desk.answer(4, said(["four", 0]));
  assert.deepEqual(told, ["b: two", "c: three", "a: One and", "d: four"]);
  assert.equal(desk.jobs.length, 5, "each once");
});

test("a text that was cut off: its last stretch is asked for by itself, and what lies behind", () => {
  const { desk, windows, told, submit } = scene();
  for (const name of ["a", "b", "c"]) submit(name, 2_000);
  windows.flush();
  const { kind, transcript } = said(["one", 0], ["tw", 2_600]);
  desk.answer(0, { kind, transcript: { ...transcript, truncated: true } });
  desk.answer(1, said(["two", 0]));
  desk.answer(2, said(["three", 0]));
  desk.answer(3, said(["one", 0]));
  assert.deepEqual(told, ["b: two", "c: three", "a: one"]);
});

test("one wrong time costs no text: that of the first word, so that all have come to the last stretch", () => {
  const { desk, windows, told, submit } = scene();
  submit("a", 12_000);
  submit("b", 12_000, 20_000);
  submit("c", 800, 40_000);
  windows.flush();
  const words = Array.from(
    { length: 60 },
    (_, i) => `${["card", "number", "please", "send", "money"][i % 5] ?? ""}${i}`,
  );
  const late = words.map((word, i) => [word, i === 0 ? 25_100 : i * 400, 300] as const);
  desk.answer(0, said(...late));
  const texts = [words.slice(0, 30), words.slice(30, 59), words.slice(59)].map((some) => some.join(" "));
  texts.forEach((text, i) => desk.answer(i + 1, said([text, 0])));
  assert.deepEqual(told, [`a: ${texts[0] ?? ""}`, `b: ${texts[1] ?? ""}`, `c: ${texts[2] ?? ""}`]);
});

test("a share that is rubbish is asked for by itself", () => {
  const { desk, windows, told, submit } = scene();
  submit("a", 6_000);
  submit("b", 6_000);
  windows.flush();
  const again = Array.from({ length: 30 }, (_, i) => ["thanks", 100 * i] as const);
  const talk = "one two three four five six seven eight nine ten";
  desk.answer(0, said(...again, ["yes", 5_000], [talk, 6_500, 6_000]));
  assert.deepEqual(told, []);
  desk.answer(1, said(["thanks yes", 0]));
  desk.answer(2, said([talk, 0, 6_000]));
  assert.deepEqual(told, ["a: thanks yes", `b: ${talk}`]);
});

test("where a stretch in doubt cannot be decoded it has what the window said", () => {
  const { desk, windows, told, submit } = scene();
  submit("a", 6_000);
  submit("b", 6_000);
  windows.flush();
  desk.answer(0, said(["one", 0], ["now it is two", 6_500, 6_000]));
  desk.answer(1, { kind: "failed" });
  assert.deepEqual(told, ["a: one", "b: now it is two"]);
});

test("a file whose every window is bad costs three windows and its stretches, and then stretches", () => {
  const trust = new WindowTrust(new FakeClock());
  const { desk, windows, told, submit } = scene(trust);
  const names = "a b c d e f g h i j k l m n o p".split(" ");
  let asked = 0;
  const answerAll = (): void => {
    for (; asked < desk.jobs.length; asked++) {
      // Windows whose last word is said first.
      const isWindow = desk.jobs[asked]?.timed === true;
      desk.answer(asked, isWindow ? said(["x", 7_600], ["y", 0]) : said([`alone ${asked}`, 0]));
    }
  };
  for (const name of names) {
    submit(name, 6_000);
    answerAll();
  }
  windows.flush();
  answerAll();
  assert.deepEqual(
    told.map((line) => line.slice(0, 8)),
    names.map((name) => `${name}: alone`),
  );
  assert.equal(desk.jobs.filter(({ timed }) => timed === true).length, 3);
  assert.equal(desk.jobs.length, 3 + names.length);
});

test("closed, what waits is dropped, and what was asked for alone is not gone on with", () => {
  const { desk, windows, told, submit } = scene();
  submit("a", 2_000);
  submit("b", 2_000);
  windows.flush();
  desk.answer(0, { kind: "rubbish" });
  submit("c", 2_000);
  windows.close();
  windows.close();
  desk.answer(1, { kind: "dropped" });
  assert.deepEqual(told, ["c: dropped", "a: dropped", "b: dropped"]);
  assert.equal(desk.jobs.length, 2);
});

test("one of a window may be cancelled before it goes", () => {
  const { desk, windows, told, stretch } = scene();
  const jobs = ["a", "b", "c"].map((name) => stretch(name, 2_000));
  for (const job of jobs) windows.submit(job);
  const [, second] = jobs;
  assert.ok(second !== undefined && windows.isWaiting(second));
  windows.cancel(second);
  assert.ok(!windows.isWaiting(second));
  windows.flush();
  assert.deepEqual(desk.lengths, [7_000], "its place stays silent");
  desk.answer(0, said(["one", 0], ["three", 5_100]));
  assert.deepEqual(told, ["a: one", "c: three"]);
  windows.cancel(second);
  assert.deepEqual(desk.cancelled, [second]);
});

test("one that times out or overruns shows all files that windows are too much; those that wait go as stretches", () => {
  for (const outcome of [{ kind: "timed-out" }, { ...said(["one", 0], ["two", 2_600]), overran: true }] as const) {
    const clock = new FakeClock();
    const trust = new WindowTrust(clock);
    const [one, other] = [scene(trust), scene(trust)];
    for (const { submit, windows } of [one, other]) {
      submit("a", 2_000);
      submit("b", 2_000);
      windows.flush();
    }
    assert.equal(other.desk.jobs[0]?.patience, 2);
    one.desk.answer(0, outcome);
    assert.equal(other.desk.jobs[0].audio(), undefined, "the desk drops what has no sound");
    other.desk.answer(0, { kind: "dropped" });
    other.desk.answer(1, said(["one", 0]));
    other.desk.answer(2, said(["two", 0]));
    assert.deepEqual(other.told, ["a: one", "b: two"]);
    const isPacked = (): boolean => {
      const { desk, submit, windows } = scene(trust);
      submit("a", 2_000);
      submit("b", 2_000);
      windows.flush();
      if (desk.jobs.length === 1) desk.answer(0, { kind: "timed-out" });
      return desk.jobs[0]?.timed === true;
    };
    const packedAfter = [0, 599_999, 1, 0, 1_199_999, 1].map((ms) => {
      clock.advance(ms);
      return isPacked();
    });
    assert.deepEqual(packedAfter, [false, false, true, false, false, true], "ten minutes, then twenty");
  }
});
