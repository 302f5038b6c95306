import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { silentLog } from "../../../../gateway/core/log.js";
import { ScreeningDesk } from "../../../../gateway/pipeline/screening/screening-desk.js";
import { DEFAULT_SCREENING, type ScreeningPrompt } from "../../../../gateway/pipeline/screening/screening-options.js";
import type { HeardCall, HeardFollower } from "../../../../gateway/ports/listening.js";
import type { ScreenedLine, ScreenedLineUser } from "../../../../gateway/ports/screened-line.js";
import type { PcmAudio } from "../../../../gateway/media/audio.js";
import { CountingMetrics } from "../../../support/counting-metrics.js";
import { FakeClock } from "../../../support/fake-clock.js";

const SOUND = new Map<string, PcmAudio>(
  ["ask", "again", "keypad", "pass", "voicemail", "goodbye"].map((name) => [
    name,
    { sampleRateHz: 8_000, samples: new Float32Array(8) },
  ]),
);
const BEEP: PcmAudio = { sampleRateHz: 8_000, samples: new Float32Array(4) };

class Line implements ScreenedLine {
  readonly callId: string;
  readonly log: string[] = [];
  readonly decided: string[] = [];
  user: ScreenedLineUser | undefined;
  plays = true;

  constructor(callId = "pbx;1;screening") {
    this.callId = callId;
  }
  open(user: ScreenedLineUser): void {
    this.user = user;
  }
  play(sound: PcmAudio): boolean {
    const name = [...SOUND].find(([, each]) => each === sound)?.[0] ?? "beep";
    this.log.push(`play ${name}`);
    return this.plays;
  }
  hush(): void {
    this.log.push("hush");
  }
  decide(result: string, reason: string): void {
    this.decided.push(
      `${result} ${reason}, after ${this.log.filter((each) => each.startsWith("play")).length} prompts`,
    );
  }
  finish(result: string, reason: string): Promise<void> {
    this.log.push(`${result} ${reason}`);
    return Promise.resolve();
  }
}

function scene(options: { maxAtOnce?: number; voice?: boolean } = {}) {
  const [clock, metrics] = [new FakeClock(), new CountingMetrics()];
  const followers = new Map<string, HeardFollower>();
  const open = new Set<string>();
  const results: string[] = [];
  const listening = {
    ok: true,
    full: false,
    open: ({ callId }: HeardCall): void => {
      if (!listening.full) open.add(callId);
    },
    close: (callId: string): void => void open.delete(callId),
  };
  const desk = new ScreeningDesk(
    { ...DEFAULT_SCREENING, maxAtOnce: options.maxAtOnce ?? 10 },
    {
      ...{ clock, metrics, log: silentLog, beep: BEEP, listening },
      follow: (callId, follower) => {
        if (!open.has(callId)) return undefined;
        followers.set(callId, follower);
        return () => followers.delete(callId);
      },
      sound: (prompt: ScreeningPrompt) => (options.voice === false ? undefined : SOUND.get(prompt)),
      measure: () => ({ fillers: new Set(), promptWords: new Set() }),
    },
  );
  const begin = (line = new Line()): Line => {
    const parties = { caller: "+1", called: "+2", trunk: "default" } as never;
    const heard: HeardCall = { callId: line.callId, risk: 0, calledSide: "callee", parties };
    const onResult = ({ result, reason }: { result: string; reason: string }): void =>
      void results.push(`${result} ${reason}`);
    desk.begin({ line, heard, language: "en", history: 0, onResult });
    return line;
  };
  const says = (line: Line, text: string): void =>
    followers.get(line.callId)?.onLine({
      ...{ kind: "transcript.line", callId: line.callId, segment: 0, speaker: "caller", startMs: 0, endMs: 1 },
      ...{ text, final: true },
    });
  const count = (result: string, reason: string): number => metrics.value("ringfence_screenings_total", result, reason);
  return { clock, metrics, desk, begin, says, followers, open, results, listening, count };
}

describe("screening, joined", () => {
  test("an answer: heard, judged, thanked, given back; the pieces of its time are measured", () => {
    const { clock, metrics, begin, says, followers, open, count } = scene();
    const line = begin();
    line.user?.onReady();
    line.user?.onPlayed();
    line.user?.onSpeech(true, 0);
    clock.advance(2_000);
    line.user?.onSpeech(false, 400);
    says(line, "this is Martha");
    followers.get(line.callId)?.onThreat("clear");
    clock.advance(399);
    assert.deepEqual(line.log, ["play ask"]);
    clock.advance(1);
    line.user?.onPlayed();
    assert.deepEqual(line.log, ["play ask", "hush", "play pass", "pass answered"]);
    assert.deepEqual([open.size, followers.size, count("pass", "answered")], [0, 0, 1]);
    for (const part of ["text", "judgement", "patience", "prompt", "total"])
      assert.equal(metrics.value("ringfence_screening_answer_seconds", part), 1, part);
    clock.advance(600_000);
    assert.equal(line.log.length, 4);
  });

  test("what was decided is told before the last prompt, and stands when that cannot be said or the gateway ends", async () => {
    for (const end of ["fails", "closes"] as const) {
      const { desk, begin, says, followers, count } = scene();
      const line = begin();
      line.user?.onReady();
      line.user?.onPlayed();
      says(line, "read me the code");
      followers.get(line.callId)?.onThreat("scam");
      assert.deepEqual(line.decided, ["goodbye scam, after 1 prompts"]);
      assert.equal(line.log.at(-1), "play goodbye");
      if (end === "fails") line.user?.onFailed();
      else await desk.close();
      assert.ok(line.log.includes("goodbye scam"), line.log.join());
      assert.equal(count("unavailable", "unavailable"), 0);
    }
  });

  test("what was made of a caller is told once: not of one who hangs up in the prompt, but of one who hangs up at the goodbye", () => {
    const { clock, begin, says, followers, results } = scene();
    const first = begin();
    first.user?.onReady();
    first.user?.onGone();
    assert.deepEqual(results, []);
    const second = begin(new Line("pbx;2;screening"));
    second.user?.onReady();
    second.user?.onPlayed();
    says(second, "read me the code");
    followers.get(second.callId)?.onThreat("scam");
    second.user?.onGone();
    clock.advance(600_000);
    assert.deepEqual(results, ["goodbye scam"]);
  });

  test("without a voice there are beeps; a line that cannot play goes on as if it had", () => {
    const { clock, begin } = scene({ voice: false });
    const line = begin();
    line.plays = false;
    line.user?.onReady();
    clock.advance(3 * 10_000);
    assert.deepEqual(line.log, ["play beep", "play beep", "play beep", "play beep", "voicemail silence"]);
  });

  const IMPOSSIBLE: readonly (readonly [string, (made: ReturnType<typeof scene>) => void])[] = [
    ["nobody listens", ({ listening }) => void (listening.ok = false)],
    ["no room where it would be heard", ({ listening }) => void (listening.full = true)],
    ["the gateway ends", ({ desk }) => void desk.close()],
  ];
  for (const [what, prepare] of IMPOSSIBLE) {
    test(`${what}: the call goes on`, () => {
      const made = scene();
      prepare(made);
      const line = made.begin();
      assert.deepEqual(line.log, ["unavailable unavailable"]);
      assert.deepEqual([made.open.size, made.count("unavailable", "unavailable")], [0, 1]);
    });
  }

  test("too many at once: the next goes on unscreened", () => {
    const { begin } = scene({ maxAtOnce: 1 });
    const first = begin();
    const second = begin(new Line("pbx;2;screening"));
    assert.deepEqual([first.log, second.log], [[], ["unavailable unavailable"]]);
  });

  test("a line that cannot be opened: the call goes on", () => {
    const { begin, open } = scene();
    const line = begin();
    line.user?.onFailed();
    assert.deepEqual(line.log, ["unavailable unavailable"]);
    assert.equal(open.size, 0);
  });

  test("who hangs up is forgotten", () => {
    const { clock, begin, open, count } = scene();
    const line = begin();
    line.user?.onReady();
    line.user?.onGone();
    clock.advance(600_000);
    assert.deepEqual([line.log, open.size, count("gone", "hung-up")], [["play ask"], 0, 1]);
  });

  test("the gateway ends in the middle: every call goes on", async () => {
    const { desk, begin, clock } = scene();
    const lines = [begin(), begin(new Line("pbx;2;screening"))];
    lines[0]?.user?.onReady();
    await desk.close();
    clock.advance(600_000);
    for (const { log } of lines) assert.ok(log.includes("unavailable unavailable"));
  });
});
