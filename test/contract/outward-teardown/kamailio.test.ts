import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { kamailioTeardown } from "../../../gateway/adapters/switch-control/kamailio-rpc.js";
import { SystemClock } from "../../../gateway/adapters/system/system-clock.js";
import { silentLog } from "../../../gateway/core/log.js";
import type { OutwardTeardown } from "../../../gateway/ports/outward-teardown.js";
import { kamailioMissing, startDialogKamailio, type DialogKamailio } from "../../support/dialog-kamailio.js";
import { headerOf } from "../../support/raw-message.js";
import { RawUa } from "../../support/raw-ua.js";

// The real Kamailio between two telephones that are neither of them ours.
const missing = kamailioMissing();
const skip = missing ?? false;
const deps = { clock: new SystemClock(), random: { token: () => "0", next: () => 0.5 }, log: silentLog };
const { signal } = new AbortController();
let kamailio: DialogKamailio;
let caller: RawUa;
let called: RawUa;

before(async () => {
  if (missing !== undefined) return;
  kamailio = await startDialogKamailio();
  const remote = { address: "127.0.0.1", port: kamailio.port };
  caller = await RawUa.open(remote);
  called = await RawUa.open(remote);
});
after(async () => {
  if (missing !== undefined) return;
  await Promise.all([caller.close(), called.close()]);
  await kamailio.stop();
});

const teardown = (confirmMs = 30_000): OutwardTeardown =>
  kamailioTeardown({ url: kamailio.rpcUrl, timeoutMs: 30_000, attempts: 1, confirmMs }, deps);

interface Call {
  readonly callId: string;
  readonly fromTag: string;
  readonly toTag: string;
}

let invite = "";

/** A call that rings, through Kamailio. */
async function ring(name: string): Promise<Call> {
  const dialog = { callId: `${name}@192.0.2.9`, fromTag: `from-${name}` };
  caller.request({ method: "INVITE", uri: `sip:+12025550102@${called.address}`, ...dialog, branch: `z9hG4bK${name}` });
  invite = await called.receive("INVITE");
  called.respond(invite, 180, { tag: `to-${name}`, headers: [recordRoute(invite, "Record-Route")] });
  await caller.receive("SIP/2.0 180");
  return { ...dialog, toTag: `to-${name}` };
}

/** The called side picks up. @returns The 200 that the caller got. */
async function pickUp({ toTag }: Call): Promise<string> {
  called.respond(invite, 200, { tag: toTag, headers: [recordRoute(invite, "Record-Route")] });
  return caller.receive("SIP/2.0 200");
}

async function acknowledge(ok: string, { callId, fromTag, toTag }: Call, name: string): Promise<void> {
  const route = { branch: `z9hG4bK${name}ack`, headers: [recordRoute(ok, "Route")] };
  caller.request({ method: "ACK", uri: `sip:raw@${called.address}`, callId, fromTag, toTag, ...route });
  await called.receive("ACK");
}

async function answer(call: Call, name: string): Promise<void> {
  await acknowledge(await pickUp(call), call, name);
}

async function place(name: string): Promise<Call> {
  const call = await ring(name);
  await answer(call, name);
  return call;
}

/** Kamailio may still be repeating the BYE of an earlier call. */
const byeOf = ({ callId }: Call, phone: RawUa): Promise<string> =>
  phone.receive((message) => message.startsWith("BYE") && headerOf(message, "call-id") === callId);

const recordRoute = (message: string, as: string): string => `${as}: ${headerOf(message, "record-route") ?? ""}`;

for (const [name, identified] of [
  ["with the tags that are known", (call: Call) => call],
  ["by Call-ID alone, the tags looked up", ({ callId }: Call) => ({ callId })],
  ["with a tag of another leg", ({ callId, fromTag }: Call) => ({ callId, fromTag, toTag: "elsewhere" })],
] as const) {
  test(`a real Kamailio sends BYE to both sides of a call ${name}`, { skip }, async () => {
    const call = await place(name.replaceAll(/\W/g, ""));
    const pending = teardown().disconnect([identified(call)], "fraud_detected", "alert-1", signal);
    for (const phone of [caller, called]) {
      phone.respond(await byeOf(call, phone), 200);
    }
    const [result] = await pending;
    assert.deepEqual([result?.callId, result?.success, result?.outcome], [call.callId, true, "confirmed"]);
  });
}

test("a call that nobody confirms is down is no success, though Kamailio took the order (R4)", { skip }, async () => {
  const call = await place("silent");
  const pending = teardown(400).disconnect([call], "fraud_detected", undefined, signal);
  const byes = await Promise.all([byeOf(call, caller), byeOf(call, called)]);
  const [result] = await pending;
  assert.deepEqual([result?.success, result?.outcome], [false, "timed-out"]);
  caller.respond(byes[0], 200);
  called.respond(byes[1], 200);
});

test("a call that Kamailio does not know is an unknown call, with HTTP 500 or 200 alike", { skip }, async () => {
  const none = { callId: "none@192.0.2.9" };
  const results = await teardown().disconnect([none, { ...none, fromTag: "a", toTag: "b" }], "x", undefined, signal);
  assert.deepEqual(
    results.map(({ success, outcome }) => [success, outcome]),
    [
      [false, "unknown-call"],
      [false, "unknown-call"],
    ],
  );
});

test(
  "a call that only rings, which Kamailio cannot end though it says it did, is ended once it is answered",
  { skip },
  async () => {
    const call = await ring("ringing");
    const [early] = await teardown(200).disconnect([call], "fraud_detected", undefined, signal);
    assert.deepEqual([early?.success, early?.outcome], [false, "ringing"]);

    const pending = teardown().disconnect([call], "fraud_detected", undefined, signal);
    await answer(call, "ringing");
    for (const phone of [caller, called]) phone.respond(await byeOf(call, phone), 200);
    const [result] = await pending;
    assert.deepEqual([result?.success, result?.outcome], [true, "confirmed"]);
  },
);

test(
  "a call whose 200 is not acknowledged yet, which Kamailio cannot end though it says it did, is ended after the ACK",
  { skip },
  async () => {
    const call = await ring("unacknowledged");
    const ok = await pickUp(call);
    const [early] = await teardown(200).disconnect([call], "fraud_detected", undefined, signal);
    assert.deepEqual([early?.success, early?.outcome], [false, "ringing"]);
    const byes = caller
      .drop()
      .filter((message) => message.startsWith("BYE") && headerOf(message, "call-id") === call.callId);
    assert.deepEqual(byes, [], "no BYE, as Kamailio can send none");

    const pending = teardown().disconnect([call], "fraud_detected", undefined, signal);
    await acknowledge(ok, call, "unacknowledged");
    for (const phone of [caller, called]) phone.respond(await byeOf(call, phone), 200);
    const [result] = await pending;
    assert.deepEqual([result?.success, result?.outcome], [true, "confirmed"]);
  },
);
