import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { CrmRefusal } from "../../../gateway/adapters/crm-http/crm-client.js";
import { GatewayError, type ErrorCode } from "../../../gateway/core/errors.js";
import { silentLog } from "../../../gateway/core/log.js";
import { unixMs } from "../../../gateway/core/time.js";
import type { KeptRecordingJob, RecordingChange } from "../../../gateway/ports/recordings.js";
import { RecordingsRunner } from "../../../gateway/workers/recordings-runner.js";
import { FakeClock } from "../../support/fake-clock.js";
import { MemoryRecordingJobs } from "../../support/memory-recording-jobs.js";

const HOUR = 3_600_000;
const RETRY = { firstMs: 2_000, mostMs: 300_000, giveUpMs: 24 * HOUR, deliverGiveUpMs: 72 * HOUR };

type Step = (job: KeptRecordingJob) => RecordingChange | CrmRefusal | Promise<RecordingChange | CrmRefusal>;

/** The production runner on jobs in memory and a clock that the test moves. */
function scene(t: TestContext, step: Step, isFull: () => boolean = () => false) {
  const clock = new FakeClock();
  const store = new MemoryRecordingJobs();
  const dropped: string[] = [];
  const failures: string[] = [];
  const runner = new RecordingsRunner(
    { home: "here", concurrency: 2, deliveries: 4, retry: RETRY },
    {
      ...{ store, clock, random: { next: () => 1, token: () => "x" }, log: silentLog },
      run: async (job) => step(job),
      isFull: () => Promise.resolve(isFull()),
      dropFiles: (id) => Promise.resolve(void dropped.push(id)),
      onStage: () => undefined,
      onFailure: (code) => void failures.push(code),
    },
  );
  t.after(() => runner.close());
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 60; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    ...{ clock, store, dropped, failures, runner, settle },
    add: async (name: string, change: Partial<KeptRecordingJob> = {}): Promise<void> => {
      const at = clock.unix();
      await store.add({
        ...{ id: name, home: "here", callId: name, origin: "api", priority: 5, stage: "deliver", attempts: 0 },
        ...{
          createdAt: at,
          updatedAt: at,
          stageSince: at,
          failingSince: undefined,
          dueAt: at,
          pieces: 0,
          piecesDone: 0,
          durationMs: 0,
        },
        ...{ caller: undefined, called: undefined, error: undefined, detail: undefined, state: undefined },
        ...{ score: undefined, kind: undefined, sealedOrder: "", sealedResult: "sealed" },
        ...change,
      });
      runner.wake();
      await settle();
    },
    /** Time goes by, and what comes of it. */
    pass: async (ms: number, stepMs = 1_000): Promise<void> => {
      for (let passed = 0; passed < ms; passed += stepMs) {
        clock.advance(stepMs);
        await new Promise((resolve) => setImmediate(resolve));
        await new Promise((resolve) => setImmediate(resolve));
      }
      await settle();
    },
    stageOf: (id: string) => store.jobs.get(id)?.stage,
  };
}

const down = (retryAfterMs?: number): CrmRefusal =>
  new CrmRefusal(new GatewayError("crm.unavailable", "the CRM answered 503"), retryAfterMs, true);

test("the CRM is down for an hour: one tries at a time and ever more seldom, other work goes on, all arrive afterwards", async (t) => {
  const tries: string[] = [];
  let isDown = true;
  const { clock, store, add, pass, stageOf, settle } = scene(t, ({ id, stage }) => {
    if (stage !== "deliver") return { stage: "deliver" };
    tries.push(id);
    return isDown ? down() : { stage: "done" };
  });
  const names = Array.from({ length: 20 }, (_, i) => `r${String(i).padStart(2, "0")}`);
  for (const name of names) await add(name);
  const startedAt = clock.unix();
  await pass(HOUR, 5_000);
  assert.ok(tries.length >= 10 && tries.length <= 60, `${tries.length} tries in an hour, for 20 recordings`);
  const before = tries.length;
  await pass(600_000, 5_000);
  assert.ok(tries.length - before <= 4, "after an hour at most every 300 s, whoever it is");
  assert.ok(names.every((name) => stageOf(name) === "deliver"));
  // Other work is not kept waiting.
  await add("another", { stage: "download", dueAt: clock.unix() });
  assert.equal(stageOf("another"), "deliver");

  isDown = false;
  await pass(700_000, 5_000);
  await settle();
  assert.deepEqual(
    names.filter((name) => stageOf(name) !== "done"),
    [],
  );
  assert.equal(stageOf("another"), "done");
  const errors = [...store.jobs.values()].map(({ error }) => error);
  assert.ok(
    errors.every((error) => error === undefined),
    "what is over has no trouble any more",
  );
  assert.ok(clock.unix() - startedAt < 2 * HOUR);
});

test("the CRM asks for more time: nobody tries before", async (t) => {
  const at: number[] = [];
  const { clock, add, pass } = scene(t, () => {
    at.push(clock.mono());
    return at.length < 3 ? down(120_000) : { stage: "done" };
  });
  await add("a");
  await add("b");
  await pass(500_000, 1_000);
  const [first = 0, second = 0] = at;
  assert.ok(second - first >= 120_000, String(at));
});

test("a clock that was ahead and is set right leaves nothing waiting", async (t) => {
  let isDown = true;
  const { clock, add, pass, stageOf } = scene(t, ({ stage }) => {
    if (stage !== "deliver") return { stage: "deliver" };
    return isDown ? down() : { stage: "done" };
  });
  const right = clock.unix;
  clock.unix = () => unixMs(right() + 365 * 24 * HOUR);
  await add("refused by the CRM");
  await add("to be fetched", { stage: "download", dueAt: unixMs(clock.unix() + 1_000) });
  clock.unix = right;
  isDown = false;
  await pass(20_000);
  assert.deepEqual([stageOf("refused by the CRM"), stageOf("to be fetched")], ["done", "done"]);
});

test("a job that a clock ahead of time has put off is taken up by the next process", async (t) => {
  const { clock, add, stageOf } = scene(t, () => ({ stage: "done" }));
  await add("ours", { dueAt: unixMs(clock.unix() + 365 * 24 * HOUR) });
  await add("another gateway's", { dueAt: unixMs(clock.unix() + 365 * 24 * HOUR), home: "elsewhere" });
  assert.deepEqual([stageOf("ours"), stageOf("another gateway's")], ["done", "deliver"]);
});

test("a CRM that is down for good: given up after crm.giveUpMs, kept as failed, with the reason", async (t) => {
  const { clock, add, pass, stageOf, store, dropped } = scene(t, () => down());
  await add("a");
  await pass(72 * HOUR + 600_000, 150_000);
  assert.equal(stageOf("a"), "failed");
  assert.equal(store.jobs.get("a")?.error, "crm.unavailable");
  assert.deepEqual(dropped, [], "its files are kept for a retry");
  assert.ok(clock.mono() > 72 * HOUR);
});

const CODES: readonly (readonly [code: ErrorCode, stage: "download" | "failed", attempts: number])[] = [
  ["recording.unavailable", "download", 1],
  ["store.full", "download", 1],
  ["recording.invalid", "failed", 1],
  ["recording.refused", "failed", 1],
  ["subject.forgotten", "failed", 1],
  ["crypto.key", "failed", 1],
  ["stt.busy", "download", 0],
  ["backoffice.lost", "download", 0],
];
for (const [code, stage, attempts] of CODES) {
  test(`a step that fails with ${code}: ${stage}, ${attempts} tries counted`, async (t) => {
    const { add, store } = scene(t, () => Promise.reject(new GatewayError(code, "trouble")));
    await add("a", { stage: "download" });
    const job = store.jobs.get("a");
    assert.deepEqual([job?.stage, job?.attempts], [stage, attempts]);
    assert.equal(job?.error, attempts === 0 ? undefined : code);
  });
}

test("a fault of ours fails that job, and no other", async (t) => {
  const { add, store, stageOf } = scene(t, ({ id }) => {
    if (id === "bad") throw new TypeError("x is not a function");
    return { stage: "done" };
  });
  await add("bad", { stage: "download" });
  await add("good", { stage: "download" });
  assert.deepEqual([stageOf("bad"), stageOf("good")], ["failed", "done"]);
  assert.equal(store.jobs.get("bad")?.detail, "a fault of ours, see the log");
});

test("a database that is gone between two steps: the step is not done again, and what it gave is written when it is back", async (t) => {
  let runs = 0;
  const { add, store, pass, stageOf } = scene(t, () => {
    runs++;
    store.failing = new GatewayError("store.unavailable", "gone");
    return { stage: "done" };
  });
  await add("a", { stage: "download" });
  await pass(30_000);
  assert.equal(runs, 1);
  store.failing = undefined;
  await pass(5_000);
  assert.deepEqual([stageOf("a"), runs], ["done", 1]);
});

test("a job that is deleted while it is worked on is not written back", async (t) => {
  let go: () => void = () => undefined;
  const { add, store, runner, dropped } = scene(
    t,
    () => new Promise((resolve) => (go = () => resolve({ stage: "done" }))),
  );
  await add("a", { stage: "download", dueAt: unixMs(0) });
  await store.remove(["a"], unixMs(0));
  go();
  await runner.stop("a");
  assert.equal(store.jobs.has("a"), false);
  assert.deepEqual(dropped, ["a"]);
});

test("the recogniser is busy for an hour: no more recordings are fetched than are worked on at a time; then the queue goes on", async (t) => {
  const fetched: string[] = [];
  let isBusy = true;
  const { add, pass, stageOf, store } = scene(t, ({ id, stage }) => {
    if (stage === "download") {
      fetched.push(id);
      return { stage: "decode" };
    }
    if (stage === "decode") return { stage: "transcribe" };
    if (isBusy) throw new GatewayError("stt.busy", "calls are heard");
    return { stage: "done" };
  });
  for (let i = 0; i < 20; i++) await add(`r${i}`, { stage: "download" });
  await pass(HOUR, 10_000);
  assert.deepEqual(fetched, ["r0", "r1"]);
  assert.deepEqual([stageOf("r0"), stageOf("r1"), stageOf("r2")], ["transcribe", "transcribe", "download"]);
  isBusy = false;
  await pass(60_000);
  assert.ok([...store.jobs.values()].every(({ stage }) => stage === "done"));
});

test("one recording that cannot be heard keeps no place: others are fetched meanwhile", async (t) => {
  const { add, pass, stageOf } = scene(t, ({ id, stage }) => {
    if (stage === "download") return { stage: "transcribe" };
    if (id.startsWith("bad")) throw new GatewayError("stt.unavailable", "it ends the recogniser each time");
    return { stage: "done" };
  });
  for (const name of ["bad1", "bad2", "bad3", "good"]) await add(name, { stage: "download" });
  await pass(30_000);
  assert.deepEqual([stageOf("bad1"), stageOf("good")], ["transcribe", "done"]);
});

test("no room on disk: what was handed over is worked on, nothing is fetched; with room again it is", async (t) => {
  let full = true;
  const { add, pass, stageOf } = scene(
    t,
    () => ({ stage: "done" }),
    () => full,
  );
  await add("linked", { stage: "download", priority: 9 });
  await add("handed over", { stage: "download", origin: "upload" });
  await pass(60_000);
  assert.deepEqual([stageOf("linked"), stageOf("handed over")], ["download", "done"]);
  full = false;
  await pass(10_000);
  assert.equal(stageOf("linked"), "done");
});

test("one that is too large for the room that is left waits without failing, and nothing else is asked for meanwhile", async (t) => {
  const asked: string[] = [];
  const { add, pass, store } = scene(t, ({ id }) => {
    asked.push(id);
    throw new GatewayError("recording.full", "no room");
  });
  await add("a", { stage: "download" });
  await add("b", { stage: "download" });
  await pass(8_000);
  assert.ok(asked.length <= 2, `${asked.length} asked for`);
  await pass(48 * HOUR, 60_000);
  assert.deepEqual([store.jobs.get("a")?.stage, store.jobs.get("a")?.attempts], ["download", 0]);
});

test("time in the queue is no time of failing: a job that waited for two days has all its tries", async (t) => {
  let isDown = true;
  const { clock, add, pass, store, stageOf } = scene(t, () => {
    if (isDown) throw new GatewayError("recording.unavailable", "503");
    return { stage: "done" };
  });
  const long = unixMs(clock.unix() - 48 * HOUR);
  await add("a", { stage: "download", createdAt: long, stageSince: long, dueAt: long });
  await pass(1_000);
  assert.deepEqual([stageOf("a"), store.jobs.get("a")?.attempts], ["download", 1]);
  await pass(23 * HOUR, 60_000);
  assert.equal(stageOf("a"), "download");
  await pass(2 * HOUR, 60_000);
  assert.equal(stageOf("a"), "failed", "a day of failing is enough");
  // A person tries again.
  isDown = false;
  await store.change("a", { stage: "download", failingSince: undefined, attempts: 0, dueAt: clock.unix() });
  await pass(10_000);
  assert.deepEqual([stageOf("a"), store.jobs.get("a")?.failingSince], ["done", undefined]);
});

test("a step that goes on between its failures is not given up", async (t) => {
  let pieces = 0;
  const { add, pass, runner, store, stageOf } = scene(t, async ({ id }) => {
    await runner.progress(id, { piecesDone: ++pieces });
    if (pieces < 400) throw new GatewayError("stt.unavailable", "each time after one piece");
    return { stage: "done" };
  });
  await add("a", { stage: "transcribe", stageSince: unixMs(0) });
  await pass(30_000);
  assert.equal(store.jobs.get("a")?.attempts, 1);
  await pass(48 * HOUR, 60_000);
  assert.deepEqual([stageOf("a"), pieces], ["done", 400]);
});
