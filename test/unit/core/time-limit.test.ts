import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { postWebhook } from "../../../gateway/adapters/webhook/post-webhook.js";
import { TimeLimit } from "../../../gateway/core/time-limit.js";

test("time limit: aborts when the time is up, and says that it was the time", async () => {
  const limit = new TimeLimit(20, new AbortController().signal);
  assert.deepEqual([limit.signal.aborted, limit.reached], [false, false]);
  await pause(60);
  assert.deepEqual([limit.signal.aborted, limit.reached], [true, true]);
  assert.equal((limit.signal.reason as Error).name, "TimeoutError");
});

test("time limit: aborts with another signal's reason, before and after", async () => {
  const other = new AbortController();
  const limit = new TimeLimit(20, new AbortController().signal, other.signal);
  other.abort(new Error("gone"));
  await pause(60);
  assert.deepEqual([(limit.signal.reason as Error).message, limit.reached], ["gone", false]);
  const late = new TimeLimit(20, other.signal);
  assert.equal((late.signal.reason as Error).message, "gone");
});

test("time limit: ended, neither time nor signals abort it", async () => {
  const other = new AbortController();
  const limit = new TimeLimit(20, other.signal);
  limit.end();
  other.abort();
  await pause(60);
  assert.equal(limit.signal.aborted, false);
});

test("time limit: hundreds of them are one listener of a signal, none when they are over, and each aborts with it", () => {
  const other = new AbortController();
  const limits = Array.from({ length: 200 }, () => new TimeLimit(60_000, other.signal));
  const listeners = (): number => getEventListeners(other.signal, "abort").length;
  assert.equal(listeners(), 1, "Node warns of a leak from the eleventh on");
  const [first, ...rest] = limits;
  first?.end();
  other.abort(new Error("gone"));
  assert.equal(first?.signal.aborted, false);
  assert.ok(rest.every(({ signal }) => signal.aborted && (signal.reason as Error).message === "gone"));
  const ended = new AbortController();
  for (const limit of Array.from({ length: 3 }, () => new TimeLimit(60_000, ended.signal))) limit.end();
  assert.equal(getEventListeners(ended.signal, "abort").length, 0);
});

test("time limit: garbage collection takes the time-out from no request", { timeout: 20_000 }, async (t) => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { signal } = new AbortController();
  const posts = Array.from({ length: 5 }, () => postWebhook({ url, headers: {}, body: "x", timeoutMs: 600, signal }));
  for (let i = 0; i < 4; i++) {
    await pause(50);
    collect();
  }
  for (const reply of await Promise.all(posts)) assert.deepEqual(reply, { kind: "no-answer", why: "TimeoutError" });
});
