import assert from "node:assert/strict";
import { test } from "node:test";
import { failureName, storeError, withTimeout } from "../../../../gateway/adapters/store/store-errors.js";
import { GatewayError } from "../../../../gateway/core/errors.js";

const cases = [
  { name: "bad data (22P02)", error: { code: "22P02" }, code: "store.rejected" },
  { name: "a constraint (23502)", error: { code: "23502" }, code: "store.rejected" },
  { name: "an index row too long (54000)", error: { code: "54000" }, code: "store.rejected" },
  { name: "a full disk (53100)", error: { code: "53100" }, code: "store.full" },
  { name: "too many connections (53300)", error: { code: "53300" }, code: "store.unavailable" },
  { name: "a missing table (42P01): the records wait for it", error: { code: "42P01" }, code: "store.unavailable" },
  { name: "a read-only standby (25006)", error: { code: "25006" }, code: "store.unavailable" },
  { name: "a statement time-out (57014)", error: { code: "57014" }, code: "store.unavailable" },
  { name: "a refused connection", error: { code: "ECONNREFUSED" }, code: "store.unavailable" },
] as const;
for (const { name, error, code } of cases) {
  test(`store errors: ${name} is ${code}`, () => {
    assert.equal(storeError(Object.assign(new Error("x"), error)).code, code);
  });
}

test("store errors: no space left is store.full whoever says it; a GatewayError stays what it is", () => {
  assert.equal(storeError(new Error("could not extend file: No space left on device")).code, "store.full");
  const ours = new GatewayError("store.locked", "x");
  assert.equal(storeError(ours), ours);
  assert.equal(storeError("text").code, "store.unavailable");
});

test("store errors: the name for the log has the code and neither address nor value", () => {
  const cause = Object.assign(new Error("connect ECONNREFUSED 192.0.2.1:5432"), { code: "ECONNREFUSED" });
  assert.equal(failureName(storeError(cause)), "ECONNREFUSED");
  assert.equal(failureName(new TypeError("secret")), "TypeError");
});

test("withTimeout: late work is store.unavailable, timely work is passed on", async () => {
  await assert.rejects(
    withTimeout(new Promise(() => undefined), 1, "database"),
    (error) => error instanceof GatewayError && error.code === "store.unavailable",
  );
  assert.equal(await withTimeout(Promise.resolve(7), 60_000, "database"), 7);
  await assert.rejects(withTimeout(Promise.reject(new Error("own")), 60_000, "database"), /own/);
});
