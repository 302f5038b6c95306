import assert from "node:assert/strict";
import { test } from "node:test";
import { monoMs } from "../../../gateway/core/time.js";
import type { JobKind, TranscriptionJob } from "../../../gateway/pipeline/transcription-job.js";
import { TranscriptionQueue } from "../../../gateway/pipeline/transcription-queue.js";

interface Plan {
  readonly risk?: number;
  readonly at?: number;
  readonly seconds?: number;
  readonly call?: string;
}

/** `call` tells the jobs apart unless given. */
function job(kind: JobKind, name: string, { risk = 0, at = 0, seconds = 2, call = name }: Plan = {}) {
  const made: TranscriptionJob & { name: string } = {
    name,
    callId: call,
    speaker: "caller",
    segment: 0,
    kind,
    startMs: 0,
    endMs: seconds * 1_000,
    spokenAt: monoMs(at),
    risk: () => risk,
    audio: () => undefined,
    language: undefined,
    prompt: undefined,
    done: () => undefined,
  };
  return made;
}
const make = (most = 100, mostPerCall = 100) => {
  const dropped: string[] = [];
  const nameOf = (each: TranscriptionJob): string => (each as ReturnType<typeof job>).name;
  const queue = new TranscriptionQueue({ most, mostPerCall }, (each) => dropped.push(nameOf(each)));
  const takeAll = (): string[] => {
    const names: string[] = [];
    for (let next = queue.take(); next !== undefined; next = queue.take()) names.push(nameOf(next));
    return names;
  };
  return { queue, dropped, takeAll };
};

test("the call with the highest risk first, then what is over, then the oldest, files last", () => {
  const { queue, takeAll } = make();
  queue.add(job("file", "file", { risk: 1, at: -100 }));
  queue.add(job("final", "young", { at: 20 }));
  queue.add(job("partial", "partial", { at: 0 }));
  queue.add(job("final", "old", { at: 10 }));
  queue.add(job("partial", "risky partial", { risk: 0.8, at: 30 }));
  queue.add(job("speculative", "ahead", { at: 15 }));
  assert.deepEqual(takeAll(), ["risky partial", "old", "ahead", "young", "partial", "file"]);
});

test("a risk that rises while it waits counts", () => {
  const { queue, takeAll } = make();
  let risk = 0;
  queue.add(job("final", "first", { at: 0 }));
  queue.add({ ...job("final", "second", { at: 5 }), risk: () => risk });
  risk = 0.5;
  assert.deepEqual(takeAll(), ["second", "first"]);
});

test("risks that hardly differ do not jump the queue", () => {
  const { queue, takeAll } = make();
  queue.add(job("final", "old", { at: 0, risk: 0.31 }));
  queue.add(job("final", "young", { at: 9, risk: 0.38 }));
  assert.deepEqual(takeAll(), ["old", "young"]);
});

test("full: the last in the order goes, be it the new one", () => {
  const { queue, dropped, takeAll } = make(2);
  queue.add(job("final", "a", { risk: 0.5 }));
  queue.add(job("final", "b", { risk: 0.2 }));
  queue.add(job("final", "c", { risk: 0.9 }));
  queue.add(job("final", "d", { risk: 0.1 }));
  assert.deepEqual(dropped, ["b", "d"]);
  assert.deepEqual(takeAll(), ["c", "a"]);
});

test("one call cannot fill the queue", () => {
  const { queue, dropped } = make(100, 2);
  for (const name of ["a", "b", "c"]) queue.add(job("final", name, { call: "greedy", at: name.charCodeAt(0) }));
  assert.deepEqual(dropped, ["c"]);
  assert.equal(queue.waitingOf("greedy"), 2);
});

test("files take no room from calls, and lose nothing for want of it: whoever reads them waits", () => {
  const { queue, dropped } = make(2, 2);
  for (const name of ["f", "g", "h"]) queue.add(job("file", name, { call: "long file" }));
  queue.add(job("final", "a"));
  queue.add(job("final", "b", { at: 5 }));
  queue.add(job("final", "c", { at: 9 }));
  queue.add(job("file", "i", { call: "long file" }));
  assert.deepEqual(dropped, ["c"]);
  assert.equal(queue.waitingOf("long file"), 4);
});

test("a call that goes takes its jobs along; a job that is taken out is not told of", () => {
  const { queue, dropped, takeAll } = make();
  const mine = job("final", "mine");
  queue.add(mine);
  queue.add(job("final", "gone 1", { call: "gone" }));
  queue.add(job("partial", "gone 2", { call: "gone" }));
  assert.equal(queue.dropCall("gone"), 2);
  assert.deepEqual(dropped, ["gone 1", "gone 2"]);
  assert.equal(queue.remove(mine), true);
  assert.equal(queue.remove(mine), false);
  assert.deepEqual(takeAll(), []);
});

test("seconds that wait are those of live audio; the oldest stretch that is over tells the lag", () => {
  const { queue } = make();
  queue.add(job("file", "file", { seconds: 20, at: -50 }));
  queue.add(job("partial", "partial", { seconds: 3, at: -40 }));
  queue.add(job("final", "final", { seconds: 4, at: 7 }));
  assert.equal(queue.seconds, 7);
  assert.equal(queue.oldestFinal?.spokenAt, 7);
});
