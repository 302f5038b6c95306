import assert from "node:assert/strict";
import { test } from "node:test";
import { controlHandlers, remoteControl } from "../../../../gateway/adapters/back-office/remote-control.js";
import { RpcPeer, type RpcHandlers, type RpcMessage } from "../../../../gateway/adapters/back-office/rpc-peer.js";
import { GatewayError } from "../../../../gateway/core/errors.js";
import { FakeClock } from "../../../support/fake-clock.js";
import { FakeGatewayControl, sampleIncident } from "../../../support/fake-gateway-control.js";

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Two peers over a channel that copies, as the one between threads does. */
function pair(
  handlers: RpcHandlers,
  options: { readonly maxInFlight?: number; readonly beforeAnswer?: () => void } = {},
) {
  const clock = new FakeClock();
  const shared = { clock, maxInFlight: options.maxInFlight ?? 8, timeoutMs: 2_000, timeoutsMs: { endCalls: 44_000 } };
  const near: RpcPeer = new RpcPeer({ ...shared, handlers: {}, post: (message) => deliver(far, message) });
  const far: RpcPeer = new RpcPeer({
    ...shared,
    handlers,
    post: (message) => deliver(near, message),
    ...(options.beforeAnswer === undefined ? {} : { beforeAnswer: options.beforeAnswer }),
  });
  const deliver = (to: RpcPeer, message: RpcMessage): void => {
    const copy = structuredClone(message);
    queueMicrotask(() => to.accept(copy));
  };
  return { near, far, clock };
}
const lost = (error: unknown): boolean => error instanceof GatewayError && error.code === "backoffice.lost";

test("every method of GatewayControl reaches the other side with its arguments, and its answer comes back", async () => {
  const control = new FakeGatewayControl();
  control.live = ["a"];
  control.incidentsOpen = [sampleIncident("i-1")];
  const { near } = pair(controlHandlers(control));
  const remote = remoteControl(near);
  assert.deepEqual(Object.keys(remote).sort(), Object.keys(controlHandlers(control)).sort());
  const [ended] = await remote.endCalls(["a"], "why", "who", "alert-1");
  assert.equal(ended?.outcome, "confirmed");
  assert.deepEqual(control.ended, [{ callIds: ["a"], reason: "why", by: "who", alertId: "alert-1" }]);
  assert.equal((await remote.stats()).activeCalls, 1);
  assert.equal((await remote.openIncidents())[0]?.id, "i-1");
  assert.equal(await remote.removeBlock("none", "who"), undefined);
  assert.equal((await remote.startTrace({ number: "1", durationMs: 5, by: "who" })).id, "trace-1");
  assert.equal(near.inFlight, 0);
});

test("an error keeps its code; a bug stays a bug", async () => {
  const control = new FakeGatewayControl();
  const { near } = pair(controlHandlers(control));
  control.failure = new GatewayError("store.full", "no space");
  await assert.rejects(near.call("stats", []), (error) => error instanceof GatewayError && error.code === "store.full");
  control.failure = new TypeError("oops");
  await assert.rejects(
    near.call("stats", []),
    (error) => !(error instanceof GatewayError) && /oops/.test(String(error)),
  );
  await assert.rejects(near.call("constructor", []), /no method constructor/);
});

test("a call that gets no answer ends with backoffice.lost after its own time-out; a late answer is ignored", async () => {
  let release: (value: string) => void = () => undefined;
  const slow = () => new Promise((resolve) => (release = resolve));
  const { near, clock } = pair({ stats: slow, endCalls: slow });
  const quick = near.call("stats", []);
  const refused = assert.rejects(quick, lost);
  const patient = near.call("endCalls", []);
  await settle();
  clock.advance(2_200);
  await refused;
  assert.equal(near.inFlight, 1);
  release("late");
  assert.equal(await patient, "late");
});

test("more calls than may wait fail at once", async () => {
  const { near } = pair({ stats: () => new Promise(() => undefined) }, { maxInFlight: 2 });
  void near.call("stats", []).catch(() => undefined);
  void near.call("stats", []).catch(() => undefined);
  await assert.rejects(near.call("stats", []), lost);
});

test("closing ends whoever waits, and later calls at once", async () => {
  const { near } = pair({ stats: () => new Promise(() => undefined) });
  const waiting = assert.rejects(near.call("stats", []), lost);
  near.close();
  near.close();
  await waiting;
  await assert.rejects(near.call("stats", []), lost);
});

test("what must be read before an answer is posted before it", async () => {
  const order: string[] = [];
  const { near } = pair({ stats: () => void order.push("handled") }, { beforeAnswer: () => order.push("flushed") });
  await near.call("stats", []);
  order.push("answered");
  assert.deepEqual(order, ["handled", "flushed", "answered"]);
});

test("an answer that cannot be copied to the other thread is an error there, not a silence", async () => {
  const { near } = pair({ stats: () => () => "a function" });
  await assert.rejects(near.call("stats", []), /could not be cloned|DataCloneError/);
});

test("messages of other kinds are left to others", () => {
  const { near } = pair({});
  assert.equal(near.accept({ kind: "records" }), false);
});

test("buffers are handed over with the call that names them, with no other", async () => {
  const posted: { readonly kind: string; readonly transfer: readonly ArrayBuffer[] }[] = [];
  const peer = new RpcPeer({
    clock: new FakeClock(),
    maxInFlight: 8,
    timeoutMs: 2_000,
    handlers: {},
    post: ({ kind }, transfer = []) => posted.push({ kind, transfer }),
  });
  const remote = remoteControl(peer);
  const wav = new ArrayBuffer(8);
  remote.analyze({ wav }).catch(() => undefined);
  remote.stats().catch(() => undefined);
  assert.deepEqual(posted, [
    { kind: "rpc.call", transfer: [wav] },
    { kind: "rpc.call", transfer: [] },
  ]);
  peer.close();
  await settle();
});

test("this thread stood still: an answer that waits to be read is no loss; silence is one a moment later", async () => {
  const clock = new FakeClock();
  const asked: number[] = [];
  const peer = new RpcPeer({
    ...{ clock, handlers: {}, maxInFlight: 8, timeoutMs: 2_000 },
    post: (message) => void asked.push(message.id),
  });
  const [answered, silent] = [peer.call("stats", []), peer.call("stats", [])];
  clock.stall(5_000);
  const answer: RpcMessage = { kind: "rpc.done", id: asked[0] ?? 0, value: 7 };
  peer.accept(answer);
  assert.equal(await answered, 7);
  clock.advance(100);
  await assert.rejects(silent, lost);
});
