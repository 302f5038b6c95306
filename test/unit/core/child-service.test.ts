import assert from "node:assert/strict";
import { test } from "node:test";
import { ChildService, type Child, type ChildEvents, type ToChild } from "../../../gateway/core/child-service.js";
import { GatewayError, type ErrorCode } from "../../../gateway/core/errors.js";
import { silentLog } from "../../../gateway/core/log.js";
import { FakeClock } from "../../support/fake-clock.js";

const OPTIONS = {
  name: "recogniser",
  concurrency: 2,
  maxWaiting: 3,
  startTimeoutMs: 10_000,
  restarts: 3,
  restartWindowMs: 60_000,
  backOffMs: 100,
  codes: { unavailable: "stt.unavailable", busy: "stt.busy", timeout: "stt.timeout" },
} as const;

class Stage {
  readonly clock = new FakeClock();
  readonly sent: ToChild[] = [];
  started = 0;
  kills = 0;
  events: ChildEvents | undefined;
  readonly service: ChildService;

  constructor(options: Partial<typeof OPTIONS> = {}) {
    const start = (events: ChildEvents): Child => {
      this.started++;
      this.events = events;
      return {
        send: (message) => this.sent.push(message) > 0,
        kill: () => {
          this.kills++;
          events.gone("killed");
        },
      };
    };
    this.service = new ChildService({ ...OPTIONS, ...options }, { start, clock: this.clock, log: silentLog });
  }

  ready(): this {
    this.events?.message({ kind: "ready", info: "tiny" });
    return this;
  }
  ask(payload: unknown, signal = new AbortController().signal, timeoutMs = 1_000): Promise<unknown> {
    return this.service.request(payload, timeoutMs, signal);
  }
  get works(): unknown[] {
    return this.sent.flatMap((message) => (message.kind === "work" ? [message.payload] : []));
  }
  get lastId(): number {
    return Math.max(...this.sent.map(({ id }) => id));
  }
}
/** As a `number`: the compiler narrows `started` after the first comparison with it. */
const FIFTH: number = 5;
const failsWith = (code: ErrorCode) => (error: unknown) => error instanceof GatewayError && error.code === code;

test("child service: work waits for the child, goes to it in order, and comes back", async () => {
  const stage = new Stage();
  const answers = Promise.all([stage.ask("a"), stage.ask("b"), stage.ask("c")]);
  assert.deepEqual(stage.works, []);
  stage.ready();
  assert.deepEqual(stage.works, ["a", "b"], "two at a time");
  stage.events?.message({ kind: "done", id: 1, value: "A" });
  assert.deepEqual(stage.works, ["a", "b", "c"]);
  stage.events?.message({ kind: "done", id: 3, value: "C" });
  stage.events?.message({ kind: "done", id: 2, value: "B" });
  stage.events?.message({ kind: "done", id: 99, value: "nobody asked" });
  assert.deepEqual(await answers, ["A", "B", "C"]);
  assert.equal(stage.service.info, "tiny");
});

test("child service: more than maxWaiting is refused as busy", async () => {
  const stage = new Stage();
  const waiting = [1, 2, 3].map((each) => stage.ask(each));
  await assert.rejects(stage.ask(4), failsWith("stt.busy"));
  stage.service.close();
  for (const each of waiting) await assert.rejects(each, failsWith("stt.unavailable"));
});

test("child service: a child that dies fails what it had, keeps what waited, and is started anew after the back-off", async () => {
  const stage = new Stage().ready();
  const [a, b, c] = [stage.ask("a"), stage.ask("b"), stage.ask("c", undefined, 5_000)];
  stage.events?.gone("SIGSEGV");
  await assert.rejects(a, failsWith("stt.unavailable"));
  await assert.rejects(b, failsWith("stt.unavailable"));
  assert.equal(stage.started, 1);
  stage.clock.advance(100);
  assert.equal(stage.started, 2);
  stage.ready();
  stage.events?.message({ kind: "done", id: 3, value: "C" });
  assert.equal(await c, "C");
});

test("child service: one that hangs is killed when its work is late; that work is timed out", async () => {
  const stage = new Stage().ready();
  const late = stage.ask("a");
  stage.clock.advance(1_000);
  await assert.rejects(late, failsWith("stt.timeout"));
  assert.equal(stage.kills, 1);
  stage.clock.advance(100);
  assert.equal(stage.started, 2);
});

test("child service: work that waits too long for a child is unavailable, and nobody is killed for it", async () => {
  const stage = new Stage();
  const late = stage.ask("a");
  stage.clock.advance(1_000);
  await assert.rejects(late, failsWith("stt.unavailable"));
  assert.equal(stage.kills, 0);
  stage.ready();
  assert.deepEqual(stage.works, [], "and it is not done after all");
});

test("child service: an abort drops waiting work and cancels what is with the child", async () => {
  const stage = new Stage({ concurrency: 1 as 2 }).ready();
  const [first, second] = [new AbortController(), new AbortController()];
  const [a, b] = [stage.ask("a", first.signal), stage.ask("b", second.signal)];
  const why = new Error("stale");
  second.abort(why);
  await assert.rejects(b, why);
  first.abort(why);
  await assert.rejects(a, why);
  assert.deepEqual(stage.sent.at(-1), { kind: "cancel", id: 1 });
  const aborted = AbortSignal.abort(why);
  await assert.rejects(stage.ask("c", aborted), why);
});

test("child service: cancelled work keeps its place until the child lets go; one that never does is killed", async () => {
  const stage = new Stage({ concurrency: 1 as 2 }).ready();
  const why = new Error("stale");
  for (const [id, answers] of [
    [1, true],
    [3, false],
  ] as const) {
    const stale = new AbortController();
    const [a, b] = [stage.ask("a", stale.signal), stage.ask("b", undefined, 5_000)];
    stale.abort(why);
    await assert.rejects(a, why);
    assert.deepEqual(stage.sent.at(-1), { kind: "cancel", id }, "the next one waits");
    if (answers) stage.events?.message({ kind: "failed", id, code: "stt.unavailable", message: "cancelled" });
    else {
      stage.clock.advance(1_000);
      assert.equal(stage.kills, 1);
      stage.clock.advance(100);
      stage.ready();
    }
    assert.equal(stage.works.at(-1), "b");
    stage.events?.message({ kind: "done", id: id + 1, value: "B" });
    assert.equal(await b, "B");
  }
});

test("child service: a child that is unfit is not started again, and says why", async () => {
  const stage = new Stage();
  const waiting = stage.ask("a");
  stage.events?.message({ kind: "unfit", code: "model.missing", message: "no model" });
  await assert.rejects(waiting, failsWith("model.missing"));
  await assert.rejects(stage.ask("b"), failsWith("model.missing"));
  stage.clock.advance(600_000);
  assert.equal(stage.started, 1);
  assert.match(stage.service.detail, /model\.missing/);
});

test("child service: one that never gets ready is killed and tried again, more slowly each time, within the budget", () => {
  const stage = new Stage();
  stage.clock.advance(10_000);
  assert.equal(stage.kills, 1);
  stage.clock.advance(100 + 10_000 + 200 + 10_000 + 400);
  assert.equal(stage.started, 4);
  stage.events?.gone("again");
  stage.clock.advance(20_000);
  assert.equal(stage.started, 4, "three restarts in a minute are the most");
  stage.clock.advance(10_000);
  assert.equal(stage.started, FIFTH, "the first start is a minute ago");
});

test("child service: close kills the child, fails what waits, and may be called twice", async () => {
  const stage = new Stage().ready();
  const a = stage.ask("a");
  stage.service.close();
  stage.service.close();
  await assert.rejects(a, failsWith("stt.unavailable"));
  await assert.rejects(stage.ask("b"), failsWith("stt.unavailable"));
  assert.deepEqual([stage.kills, stage.started], [1, 1]);
});

test("child service: a child that cannot even be started is one that died: tried again, and nothing is thrown", async () => {
  const clock = new FakeClock();
  let starts = 0;
  const start = (events: ChildEvents): Child => {
    if (++starts < 3) throw new Error("spawn ENOMEM");
    queueMicrotask(() => events.message({ kind: "ready", info: "tiny" }));
    const send = (message: ToChild): boolean => {
      events.message({ kind: "done", id: message.id, value: "text" });
      return true;
    };
    return { send, kill: () => undefined };
  };
  const service = new ChildService(OPTIONS, { start, clock, log: silentLog });
  const answer = service.request("audio", 5_000, new AbortController().signal);
  assert.equal(service.detail, "waiting");
  clock.advance(100);
  clock.advance(200);
  assert.equal(await answer, "text");
  assert.equal(starts, 3);
  service.close();
});
