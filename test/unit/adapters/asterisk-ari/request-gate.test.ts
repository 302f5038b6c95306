import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestGate } from "../../../../gateway/adapters/asterisk-ari/request-gate.js";
import { GatewayError } from "../../../../gateway/core/errors.js";
import { FakeClock } from "../../../support/fake-clock.js";

const OPTIONS = { maxAtATime: 4, maxATurn: 4, maxWaiting: 2, timeoutMs: 1_000 };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const isUnavailable = (error: unknown): boolean => error instanceof GatewayError && error.code === "ari.unavailable";

function gate() {
  const clock = new FakeClock();
  const made = new RequestGate(OPTIONS, clock);
  const inside: string[] = [];
  const enter = async (name: string, urgent = false, signal?: AbortSignal): Promise<() => void> => {
    const leave = await made.enter(urgent, signal);
    inside.push(name);
    return leave;
  };
  return { clock, made, inside, enter };
}

test("a quarter of the places is kept for urgent requests", async () => {
  const { inside, enter, made } = gate();
  for (const name of ["a", "b", "c"]) await enter(name);
  void enter("waits");
  await enter("urgent", true);
  assert.deepEqual(inside, ["a", "b", "c", "urgent"]);
  assert.equal(made.waiting, 1);
});

test("who waits is let in in order, urgent ones first", async () => {
  const { clock, inside, enter } = gate();
  const leaves = [await enter("a"), await enter("b"), await enter("c"), await enter("d", true)];
  clock.advance(0);
  void enter("e");
  void enter("f", true);
  leaves[0]?.();
  await turn();
  assert.deepEqual(inside.slice(4), ["f"]);
  leaves[1]?.();
  leaves[2]?.();
  leaves[2]?.();
  await turn();
  assert.deepEqual(inside.slice(4), ["f", "e"]);
});

test("no turn of the event loop begins more requests than it may, urgent ones included; the next one goes on, urgent ones first", async () => {
  /** What waits for its turn, while no time goes by. */
  const turns: (() => void)[] = [];
  const { mono, unix } = new FakeClock();
  const callAt = (at: number, fn: () => void): (() => void) => {
    if (at === 0) turns.push(fn);
    return () => undefined;
  };
  const made = new RequestGate({ ...OPTIONS, maxAtATime: 100, maxATurn: 2, maxWaiting: 100 }, { mono, unix, callAt });
  const begun: string[] = [];
  const leaves: (() => void)[] = [];
  for (const name of ["1", "2", "3", "4", "5", "urgent"])
    void made.enter(name === "urgent").then((leave) => {
      begun.push(name);
      leaves.push(leave);
    });
  await turn();
  // Who leaves makes room, not time.
  leaves[0]?.();
  const seen = [];
  for (let next: (() => void) | undefined = () => undefined; next !== undefined; next = turns.shift()) {
    next();
    await turn();
    seen.push(begun.splice(0).join(" "));
  }
  assert.deepEqual(seen, ["1 2", "urgent 3", "4 5", ""]);
});

test("too many that wait, or one that waits too long, is `ari.unavailable`", async () => {
  const { clock, enter, made } = gate();
  for (const name of ["a", "b", "c"]) await enter(name);
  const waiting = [enter("d"), enter("e")];
  await assert.rejects(enter("f"), isUnavailable);
  clock.advance(OPTIONS.timeoutMs);
  for (const each of waiting) await assert.rejects(each, isUnavailable);
  assert.equal(made.waiting, 0);
});

test("an aborted one leaves the queue with the signal's reason, and its place is not lost", async () => {
  const { inside, enter } = gate();
  const leaves = [await enter("a"), await enter("b"), await enter("c")];
  const abort = new AbortController();
  const waits = enter("d", false, abort.signal);
  void enter("e");
  const reason = new Error("enough");
  abort.abort(reason);
  await assert.rejects(waits, (error) => error === reason);
  leaves[0]?.();
  await turn();
  assert.deepEqual(inside.slice(3), ["e"]);
});

test("after closing nobody is let in, and nobody waits for ever", async () => {
  const { enter, made } = gate();
  for (const name of ["a", "b", "c"]) await enter(name);
  const waits = enter("d");
  made.close();
  await assert.rejects(waits, isUnavailable);
  await assert.rejects(enter("e", true), isUnavailable);
});
