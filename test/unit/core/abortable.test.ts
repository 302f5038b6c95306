import assert from "node:assert/strict";
import { test } from "node:test";
import { abortable } from "../../../gateway/core/abortable.js";

const forever = (): Promise<never> => new Promise(() => undefined);
const reason = new Error("enough");

test("what comes of the work is told", async () => {
  const { signal } = new AbortController();
  assert.equal(await abortable(Promise.resolve(7), signal), 7);
  await assert.rejects(abortable(Promise.reject(reason), signal), (error) => error === reason);
});

test("an abort ends the waiting, with its reason", async () => {
  const controller = new AbortController();
  const waits = abortable(forever(), controller.signal);
  controller.abort(reason);
  await assert.rejects(waits, (error) => error === reason);
});

test("a signal that has aborted before ends it at once", async () => {
  const waits = abortable(forever(), AbortSignal.abort(reason));
  const first = await Promise.race([
    waits.catch((error: unknown) => error),
    new Promise((resolve) => setImmediate(resolve)),
  ]);
  assert.equal(first, reason);
});

test("work that fails after the abort is nobody's trouble", async () => {
  let fail: (error: Error) => void = () => undefined;
  const work = new Promise<never>((_, reject) => (fail = reject));
  const waits = abortable(work, AbortSignal.abort(reason));
  fail(new Error("later"));
  await assert.rejects(waits, (error) => error === reason);
  await new Promise((resolve) => setImmediate(resolve));
});
