import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import type { RequestOptions } from "../../../gateway/adapters/switch-control/json-request.js";
import type { OutwardTeardown } from "../../../gateway/ports/outward-teardown.js";
import type { FakeSwitch } from "../../support/fake-switches.js";

export interface TeardownUnderTest {
  readonly fake: () => FakeSwitch;
  readonly make: (origin: string, options: RequestOptions & { readonly confirmMs: number }) => OutwardTeardown;
}

const PATIENT = { timeoutMs: 30_000, attempts: 2, retryFirstMs: 1, confirmMs: 30_000 };
/** Where the call does not end. */
const CONFIRM_MS = 60;

/** What every adapter of `OutwardTeardown` promises. */
export function describeOutwardTeardown(name: string, { fake, make }: TeardownUnderTest): void {
  describe(`outward teardown by ${name}`, () => {
    let world: FakeSwitch;
    const signal = new AbortController().signal;
    const end = (callIds: readonly string[], options: Partial<typeof PATIENT> = {}, stop = signal) =>
      make(world.origin, { ...PATIENT, ...options }).disconnect(
        callIds.map((callId) => ({ callId })),
        "fraud_detected",
        "alert-1",
        stop,
      );
    const ended = async (...args: Parameters<typeof end>) =>
      (await end(...args)).map(({ callId, success, outcome }) => [callId, success, outcome] as const);

    before(async () => {
      world = fake();
      await world.start();
    });
    after(() => world.stop());
    beforeEach(() => {
      world.mishap = undefined;
      world.stubborn = false;
      world.dialogs.clear();
      world.requests.length = 0;
    });

    test("ends calls and tells each one's outcome, in the order asked", async () => {
      for (const callId of ["a@192.0.2.1", "b", "c"]) world.add(callId);
      const results = await end(["b", "none", "a@192.0.2.1"]);
      assert.deepEqual(
        results.map(({ callId, success }) => [callId, success]),
        [
          ["b", true],
          ["none", false],
          ["a@192.0.2.1", true],
        ],
      );
      assert.deepEqual([...world.dialogs.keys()], ["c"]);
      for (const { outcome, success, tookMs, via } of results) {
        assert.equal(outcome === "confirmed", success);
        assert.ok(tookMs >= 0);
        assert.equal(via, make(world.origin, PATIENT).via);
      }
    });

    test("many calls at once all get their own outcome", async () => {
      const callIds = Array.from({ length: 150 }, (_, index) => `call-${index}`);
      for (const callId of callIds) world.add(callId);
      world.dialogs.delete("call-77");
      const results = await end(callIds);
      assert.deepEqual(
        results.filter(({ success }) => !success).map(({ callId }) => callId),
        ["call-77"],
      );
      assert.equal(world.dialogs.size, 0);
    });

    test("a switch that takes the order but does not end the call is no success (R4)", async () => {
      world.add("a");
      world.stubborn = true;
      const [result] = await end(["a"], { confirmMs: CONFIRM_MS });
      assert.equal(result?.success, false);
    });

    for (const body of [
      "{}",
      "null",
      "[]",
      '{"status":"ok"}',
      '{"disconnected":1,"failed":0}',
      "not json",
      '{"results":{}}',
      '{"results":[{"call_id":"other","success":true}]}',
      '{"results":[{"call_id":"a","success":"true"}]}',
    ]) {
      test(`status 200 with ${body} is no success (R4)`, async () => {
        world.add("a");
        world.mishap = { kind: "body", body };
        const [[, success, outcome]] = (await ended(["a"], { confirmMs: CONFIRM_MS })) as [
          readonly [string, boolean, string],
        ];
        assert.equal(success, false);
        assert.notEqual(outcome, "confirmed");
      });
    }

    test("a JSON-RPC error in a 200, or any other refusal, is no success (R4)", async () => {
      world.add("a");
      world.mishap = { kind: "body", body: '{"jsonrpc":"2.0","id":1,"error":{"code":403,"message":"not allowed"}}' };
      const [result] = await end(["a"]);
      assert.equal(result?.success, false);
    });

    test("an answer without end is cut off and is no success", async () => {
      world.mishap = { kind: "body", body: `{"results":"${"x".repeat(9 * 1024 * 1024)}"}` };
      assert.deepEqual(await ended(["a"]), [["a", false, "unreadable"]]);
    });

    test("a busy switch is asked again, within the budget", async () => {
      world.add("a");
      world.mishap = { kind: "status", status: 503, times: 1 };
      assert.deepEqual(await ended(["a"]), [["a", true, "confirmed"]]);
      world.add("b");
      world.mishap = { kind: "status", status: 503, times: 99 };
      world.requests.length = 0;
      assert.deepEqual(await ended(["b"]), [["b", false, "http-503"]]);
      assert.equal(world.requests.length, 2);
    });

    test("a refusal of ours is not asked again", async () => {
      world.mishap = { kind: "status", status: 401, times: 99 };
      assert.deepEqual(await ended(["a"]), [["a", false, "http-401"]]);
      assert.equal(world.requests.length, 1);
    });

    test("a redirect is not followed: only the configured host is told to end calls", async () => {
      const other = fake();
      await other.start();
      world.mishap = { kind: "redirect", to: other.origin };
      assert.deepEqual(await ended(["a"]), [["a", false, "redirected"]]);
      assert.equal(other.requests.length, 0);
      await other.stop();
    });

    test("a silent switch is an outcome after the time-out", async () => {
      world.mishap = { kind: "silent" };
      assert.deepEqual(await ended(["a"], { timeoutMs: 20, attempts: 2 }), [["a", false, "timed-out"]]);
    });

    test("a switch that is not there is an outcome", async () => {
      const gone = fake();
      await gone.start();
      const { origin } = gone;
      await gone.stop();
      const calls = [{ callId: "a" }, { callId: "b" }];
      const results = await make(origin, PATIENT).disconnect(calls, "fraud_detected", undefined, signal);
      assert.deepEqual(
        results.map(({ callId, success, outcome }) => [callId, success, outcome]),
        [
          ["a", false, "unreachable"],
          ["b", false, "unreachable"],
        ],
      );
    });

    test("an abort ends the wait, and is an outcome", async () => {
      const stop = new AbortController();
      world.mishap = { kind: "silent" };
      const results = ended(["a"], {}, stop.signal);
      stop.abort();
      assert.deepEqual(await results, [["a", false, "cancelled"]]);
    });

    test("no calls, no request", async () => {
      assert.deepEqual(await end([]), []);
      assert.equal(world.requests.length, 0);
    });

    test("a key is sent as bearer token", async () => {
      const options = { ...PATIENT, key: "switch-key" };
      await make(world.origin, options).disconnect([{ callId: "a" }], "fraud_detected", undefined, signal);
      assert.equal(world.requests[0]?.authorization, "Bearer switch-key");
    });
  });
}
