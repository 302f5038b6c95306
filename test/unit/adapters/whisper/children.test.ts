import assert from "node:assert/strict";
import { test } from "node:test";
import { DecodeService } from "../../../../gateway/adapters/whisper/decode-service.js";
import { ScoreService } from "../../../../gateway/adapters/whisper/score-service.js";
import { DEFAULT_SILERO, SileroVoiceActivity } from "../../../../gateway/adapters/whisper/silero-voice-activity.js";
import { DEFAULT_WHISPER, WhisperTranscriber } from "../../../../gateway/adapters/whisper/whisper-transcriber.js";
import type { NativeAddon } from "../../../../gateway/adapters/whisper/whisper-engine.js";
import type { ScoreWork } from "../../../../gateway/adapters/whisper/recogniser-work.js";
import type { Child, ChildEvents, FromChild, ToChild } from "../../../../gateway/core/child-service.js";
import { GatewayError, type ErrorCode } from "../../../../gateway/core/errors.js";
import { silentLog, type Log } from "../../../../gateway/core/log.js";
import { FakeClock } from "../../../support/fake-clock.js";

const never = new AbortController().signal;
const code = (expected: ErrorCode) => (error: unknown) => error instanceof GatewayError && error.code === expected;
const file = { path: "/models/ggml-x.bin", known: undefined, multilingual: true };

/** A child that answers with `answer`, or not at all. */
function childOf(answer: (message: Extract<ToChild, { kind: "work" }>) => FromChild | undefined) {
  return (_: unknown, events: ChildEvents): Child => {
    queueMicrotask(() => events.message({ kind: "ready", info: { version: "1", rssBytes: 0 } }));
    return {
      send: (message) => {
        const said = message.kind === "work" ? answer(message) : undefined;
        if (said !== undefined) queueMicrotask(() => events.message(said));
        return true;
      },
      kill: () => events.gone("killed"),
    };
  };
}

const transcribe = (answer: (id: number) => FromChild): Promise<unknown> => {
  const options = { ...DEFAULT_WHISPER, model: file.path, folder: "" };
  const deps = { clock: new FakeClock(), log: silentLog, start: childOf(({ id }) => answer(id)) };
  const audio = { sampleRateHz: 16_000, samples: new Float32Array(16_000) };
  return new WhisperTranscriber(file, "addon", options, deps).transcribe(audio, { partial: false }, never);
};

test("whisper: a recogniser that answers rubbish, or that it could not, has rejected the audio", async () => {
  await assert.rejects(
    transcribe((id) => ({ kind: "done", id, value: { text: "Hello" } })),
    code("stt.rejected"),
  );
  await assert.rejects(
    transcribe((id) => ({ kind: "done", id, value: null })),
    code("stt.rejected"),
  );
  const failed = (id: number): FromChild => ({ kind: "failed", id, code: "stt.rejected", message: "whisper_full -6" });
  await assert.rejects(transcribe(failed), code("stt.rejected"));
});

test("whisper: a model of English is not asked of another language; that is said once for each", async () => {
  const said: unknown[] = [];
  let asked = 0;
  const log: Log = { ...silentLog, warn: (event, fields) => void said.push([event, fields]) };
  const start = childOf(({ id }) => {
    asked++;
    return { kind: "failed", id, code: "stt.rejected", message: "asked" };
  });
  const options = { ...DEFAULT_WHISPER, model: file.path, folder: "" };
  const open = (multilingual: boolean): WhisperTranscriber =>
    new WhisperTranscriber({ ...file, multilingual }, "addon", options, { clock: new FakeClock(), log, start });
  const hear = (whisper: WhisperTranscriber, language?: string): Promise<unknown> => {
    const audio = { sampleRateHz: 16_000, samples: new Float32Array(16_000) };
    return whisper.transcribe(audio, { partial: false, ...(language === undefined ? {} : { language }) }, never);
  };
  const english = open(false);
  assert.equal(english.onlyLanguage, "en");
  for (const language of ["es", "es", "de"]) await assert.rejects(hear(english, language), code("stt.language"));
  const recogniser = "whisper ggml-x.bin";
  assert.deepEqual(
    said,
    ["es", "de"].map((language) => ["stt.language-unknown", { language, recogniser }]),
  );
  assert.equal(asked, 0);
  for (const language of ["en", undefined]) await assert.rejects(hear(english, language), code("stt.rejected"));
  await assert.rejects(hear(open(true), "es"), code("stt.rejected"));
  assert.equal(asked, 3);
});

test("silero: what several speakers ask for in one turn is one piece of work, and everybody gets his own", async () => {
  const works: ScoreWork[] = [];
  const detector = new SileroVoiceActivity(
    file,
    "addon",
    { ...DEFAULT_SILERO, model: file.path, folder: "" },
    {
      clock: new FakeClock(),
      log: silentLog,
      start: childOf(({ id, payload }) => {
        const work = payload as ScoreWork;
        works.push(work);
        return { kind: "done", id, value: Float32Array.from({ length: work.samples.length / 512 }, (_, i) => i / 10) };
      }),
    },
  );
  detector.forget(9);
  const [a, b] = await Promise.all([
    detector.score(1, new Float32Array(1_024)),
    detector.score(2, new Float32Array(512)),
  ]);
  assert.deepEqual([[...a], [...b]], [[0, Math.fround(0.1)], [Math.fround(0.2)]]);
  assert.equal(works.length, 1);
  assert.deepEqual([[...(works[0]?.streamIds ?? [])], [...(works[0]?.forget ?? [])]], [[1, 2], [9]]);
  await detector.close();
  await assert.rejects(detector.score(1, new Float32Array(512)), code("stt.unavailable"));
});

test("silero: scores that are none, and more steps than may wait, are unavailable: the caller has a detector of his own", async () => {
  const make = (value: unknown, maxWaitingSteps = 100): SileroVoiceActivity =>
    new SileroVoiceActivity(
      file,
      "addon",
      { ...DEFAULT_SILERO, model: file.path, folder: "", maxWaitingSteps },
      {
        clock: new FakeClock(),
        log: silentLog,
        start: childOf(({ id }) => ({ kind: "done", id, value })),
      },
    );
  for (const value of [undefined, [0.5], Float32Array.of(2), Float32Array.of(Number.NaN), Float32Array.of(0.1, 0.2)]) {
    await assert.rejects(make(value).score(1, new Float32Array(512)), code("stt.unavailable"));
  }
  await assert.rejects(make(Float32Array.of(0), 3).score(1, new Float32Array(4 * 512)), code("stt.unavailable"));
});

/** An add-on whose model holds one decode at a time until `finish`. */
function fakeAddon() {
  const aborted: number[] = [];
  let finish: (problem?: string) => void = () => undefined;
  const memories = new Set<Float32Array>();
  class Model {
    describe = () => ({ multilingual: false, audioContext: 1_500 });
    decode = (_: Float32Array, __: object, done: (problem: string | undefined, result: undefined) => void): number => {
      finish = (problem) => done(problem, undefined);
      return 77;
    };
    abort = (id: number) => void aborted.push(id);
    close = () => undefined;
  }
  class VoiceDetector {
    describe = () => ({ stepSamples: 512, memoryFloats: 4 });
    score = (samples: Float32Array, memory: Float32Array): Float32Array => {
      if (samples.length === 0) throw new Error("no sound");
      memories.add(memory);
      const heard = (memory[0] ?? 0) + 1;
      memory[0] = heard;
      return new Float32Array(samples.length / 512).fill(heard / 100);
    };
    close = () => undefined;
  }
  const addon = { version: "1", systemInfo: "", Model, VoiceDetector, tieToParent: () => undefined };
  return { addon: addon as unknown as NativeAddon, aborted, finish: (problem?: string) => finish(problem), memories };
}

test("recogniser: a cancel reaches the decode that it means, and no other", () => {
  const { addon, aborted, finish } = fakeAddon();
  const told: FromChild[] = [];
  const service = new DecodeService(addon, { modelPath: "m", states: 1, flashAttention: true }, (message) =>
    told.push(message),
  );
  service.accept({ kind: "work", id: 5, payload: { samples: new Int16Array(10), options: {} } });
  service.accept({ kind: "cancel", id: 4 });
  assert.deepEqual(aborted, []);
  service.accept({ kind: "cancel", id: 5 });
  assert.deepEqual(aborted, [77]);
  finish("aborted");
  assert.deepEqual(told, [{ kind: "failed", id: 5, code: "stt.rejected", message: "aborted" }]);
  service.accept({ kind: "cancel", id: 5 });
  assert.deepEqual(aborted, [77], "it is over");
});

test("voice detector: every speaker has a memory of his own until he is forgotten; broken work is answered", () => {
  const { addon, memories } = fakeAddon();
  const told: FromChild[] = [];
  const service = new ScoreService(addon, "m", (message) => told.push(message));
  const work = (ids: number[], forget: number[] = [], steps = 1): void =>
    service.accept({
      kind: "work",
      id: told.length,
      payload: {
        streamIds: Float64Array.from(ids),
        counts: Uint32Array.from(ids, () => steps * 512),
        samples: new Int16Array(ids.length * steps * 512),
        forget: Float64Array.from(forget),
      },
    });
  work([1, 2]);
  work([1]);
  work([1], [1]);
  const values = told.map((message) => (message.kind === "done" ? [...(message.value as Float32Array)] : []));
  assert.deepEqual(
    values,
    [[0.01, 0.01], [0.02], [0.01]].map((row) => row.map(Math.fround)),
  );
  assert.equal(memories.size, 3);
  work([3], [], 0);
  assert.equal(told.at(-1)?.kind, "failed");
  for (let stream = 0; stream < 5_000; stream++) work([stream]);
  assert.equal(service.streams, 4_096);
});
