import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../../gateway/core/errors.js";
import { silentLog } from "../../../gateway/core/log.js";
import { WorkerLink, type LinkFromWorker, type WorkerThreadEvents } from "../../../gateway/core/worker-link.js";
import { FakeClock } from "../../support/fake-clock.js";

interface Requests {
  double: { readonly args: number; readonly answer: number };
}
type Says = { readonly kind: "ready" } | { readonly kind: "pong" } | { readonly kind: "news"; readonly text: string };
interface Sent {
  readonly kind: string;
  readonly id?: number;
}

/** A thread that does what the test says. */
class ScriptedThread {
  readonly sent: Sent[] = [];
  readonly #events: WorkerThreadEvents;
  terminated = false;
  pongs = true;
  endsWhenTold = true;

  constructor(events: WorkerThreadEvents) {
    this.#events = events;
  }

  post(message: Sent): void {
    this.sent.push(message);
    if (message.kind === "ping" && this.pongs) this.say({ kind: "pong" });
    if (message.kind === "stop" && this.endsWhenTold) this.end(0);
  }

  terminate(): void {
    this.terminated = true;
    this.end(1);
  }

  say(message: Says | LinkFromWorker<Requests>): void {
    this.#events.message(message);
  }

  end(code: number): void {
    this.#events.ended(code);
  }
}

function scene({ maxInFlight = 2, maxUnread = 1_000 } = {}) {
  const clock = new FakeClock();
  const threads: ScriptedThread[] = [];
  const told: string[] = [];
  const world = { canStart: true };
  const link = new WorkerLink<Requests, { readonly kind: "word" }, Says>(
    {
      name: "the helper",
      clock,
      log: silentLog,
      codes: { unavailable: "media.unavailable", busy: "stt.busy", timeout: "stt.timeout" },
      startTimeoutMs: 5_000,
      silentMs: 400,
      stopTimeoutMs: 1_000,
      restart: { firstMs: 100, mostMs: 400, healthyAfterMs: 10_000 },
      maxInFlight,
      maxUnread,
      start: (_data, events) => {
        if (!world.canStart) throw new Error("ERR_WORKER_INIT_FAILED");
        const thread = new ScriptedThread(events);
        threads.push(thread);
        return thread;
      },
    },
    {
      startData: () => undefined,
      onUp: (again) => told.push(again ? "up again" : "up"),
      onDown: () => told.push("down"),
      onMessage: (message) => {
        if (message.kind !== "pong") told.push(message.kind);
      },
    },
  );
  const newest = (): ScriptedThread => {
    const thread = threads.at(-1);
    assert.ok(thread);
    return thread;
  };
  const up = async (): Promise<void> => {
    const started = link.start();
    newest().say({ kind: "ready" });
    await started;
  };
  return { clock, threads, told, world, link, newest, up };
}

const codeIs = (code: string) => (error: unknown) => error instanceof GatewayError && error.code === code;

test("a request is answered, refused or late, each by its own id", async () => {
  const { link, up, newest, clock } = scene();
  await up();
  const good = link.request("double", 2, 1_000);
  const bad = link.request("double", 3, 1_000);
  await assert.rejects(link.request("double", 4, 1_000), codeIs("stt.busy"));
  const [first, second] = newest().sent.filter(({ kind }) => kind === "request");
  newest().say({ kind: "refusal", id: second?.id ?? -1, code: "media.full", message: "no" });
  newest().say({ kind: "answer", id: first?.id ?? -1, value: 4 });
  newest().say({ kind: "answer", id: first?.id ?? -1, value: 5 });
  assert.equal(await good, 4);
  await assert.rejects(bad, codeIs("media.full"));
  const late = link.request("double", 5, 200);
  clock.advance(1_000);
  await assert.rejects(late, codeIs("stt.timeout"));
});

test("what the first thread says of its start is what start() throws; nothing is tried again", async () => {
  const { link, newest, threads, clock } = scene();
  const started = link.start();
  newest().say({ kind: "start-failed", code: "listen.failed", message: "not our address" });
  await assert.rejects(started, codeIs("listen.failed"));
  clock.advance(60_000);
  assert.equal(threads.length, 1);
  assert.equal(newest().terminated, true);
});

test("a first thread that cannot be made, ends, or is never ready: start() says unavailable", async () => {
  const none = scene();
  none.world.canStart = false;
  await assert.rejects(none.link.start(), codeIs("media.unavailable"));

  const ends = scene();
  const ended = ends.link.start();
  ends.newest().end(7);
  await assert.rejects(ended, codeIs("media.unavailable"));

  const slow = scene();
  const late = slow.link.start();
  slow.clock.advance(5_000);
  await assert.rejects(late, codeIs("media.unavailable"));
});

test("a thread that dies is replaced, and its requests fail", async () => {
  const { link, up, newest, threads, told, clock } = scene();
  await up();
  const lost = link.request("double", 1, 1_000);
  newest().end(134);
  await assert.rejects(lost, codeIs("media.unavailable"));
  await assert.rejects(link.request("double", 1, 1_000), codeIs("media.unavailable"));
  clock.advance(100);
  assert.equal(threads.length, 2);
  newest().say({ kind: "ready" });
  assert.deepEqual(told, ["ready", "up", "down", "ready", "up again"]);
});

test("a restart for which there is no thread left is a failed start: tried again, ever more rarely", async () => {
  const { link, up, newest, threads, world, clock } = scene();
  await up();
  world.canStart = false;
  newest().end(1);
  clock.advance(100 + 200 + 400 + 399);
  assert.equal(link.ok, false);
  world.canStart = true;
  assert.equal(threads.length, 1);
  clock.advance(1);
  assert.equal(threads.length, 2);
  newest().say({ kind: "ready" });
  assert.equal(link.ok, true);
});

test("a later thread that is never ready, or says that it cannot start, is ended and tried again", async () => {
  const { up, newest, threads, clock } = scene();
  await up();
  newest().end(1);
  clock.advance(100);
  clock.advance(5_000);
  assert.equal(threads[1]?.terminated, true);
  clock.advance(200);
  assert.equal(threads.length, 3);
  newest().say({ kind: "start-failed", code: "model.missing", message: "gone" });
  assert.equal(threads[2]?.terminated, true);
  clock.advance(400);
  assert.equal(threads.length, 4);
});

test("a thread that hangs, or reads nothing, is ended", async () => {
  const hangs = scene();
  await hangs.up();
  hangs.clock.advance(5_000);
  assert.equal(hangs.threads.length, 1);
  hangs.newest().pongs = false;
  hangs.clock.advance(500);
  assert.equal(hangs.threads[0]?.terminated, true);

  const deaf = scene({ maxUnread: 10 });
  await deaf.up();
  for (let count = 0; count < 10; count++) deaf.link.post({ kind: "word" });
  assert.equal(deaf.newest().terminated, false);
  deaf.clock.advance(100);
  for (let count = 0; count < 11; count++) deaf.link.post({ kind: "word" });
  assert.equal(deaf.threads[0]?.terminated, true);
});

test("close asks first, and ends a thread that does not listen; twice is once", async () => {
  const { link, up, newest, threads, clock } = scene();
  await up();
  newest().endsWhenTold = false;
  const closed = link.close();
  assert.equal(link.close(), closed);
  assert.deepEqual(newest().sent.at(-1), { kind: "stop" });
  assert.equal(newest().terminated, false);
  clock.advance(1_000);
  await closed;
  assert.equal(newest().terminated, true);
  clock.advance(60_000);
  assert.equal(threads.length, 1);
});

test("close while the first thread starts: start() is refused", async () => {
  const { link, newest } = scene();
  const started = link.start();
  const refused = assert.rejects(started, codeIs("media.unavailable"));
  await link.close();
  await refused;
  assert.equal(newest().terminated, true);
});
