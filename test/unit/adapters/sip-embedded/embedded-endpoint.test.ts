import assert from "node:assert/strict";
import { test } from "node:test";
import { rawRequest } from "../../../support/raw-message.js";
import { endpointAndPeer, establishedCall, RecordingCaller } from "../../../support/sip-pair.js";

const messages = (log: readonly string[]) =>
  log.map((line) =>
    line
      .split(" ")
      .slice(4)
      .join(" ")
      .replace(/ sip:\S*/, "")
      .replace(" SIP/2.0", "")
      .replace("SIP/2.0 ", ""),
  );

test("a call is set up and ended without a message too many", async () => {
  const { network, callerSide, callerDialog, calledUser, settle } = await establishedCall();
  const bye = new RecordingCaller();
  callerDialog.request({ method: "BYE" }, bye);
  await settle();
  assert.deepEqual(messages(network.log), ["INVITE", "180 Ringing", "200 OK", "ACK", "BYE", "200 OK"]);
  assert.deepEqual(callerSide.seen, ["alive", "180", "answer 200"]);
  assert.deepEqual(calledUser.seen, ["ACK", "BYE"]);
  assert.deepEqual(bye.seen, ["alive", "200"]);
});

test("nothing is left of a call 64·T1 after its end", async () => {
  const { caller, called, callerDialog, clock, settle } = await establishedCall();
  callerDialog.request({ method: "BYE" }, new RecordingCaller());
  await settle();
  clock.advance(40_000);
  assert.deepEqual(caller.endpoint.load, { transactions: 0, dialogs: 0, timers: 0 });
  assert.deepEqual(called.endpoint.load, { transactions: 0, dialogs: 0, timers: 0 });
});

test("who sends what is not SIP is named to onMalformed; good messages name nobody", async () => {
  const named: string[] = [];
  const options = { onMalformed: ({ address }: { address: string }) => void named.push(address) };
  const { peer, settle } = await endpointAndPeer({ options });
  peer.send(rawRequest({ method: "OPTIONS", via: "192.0.2.9:5060", branch: "z9hG4bK-good", callId: "good" }));
  await settle();
  assert.deepEqual(named, []);
  for (const text of ["no SIP at all, but long enough to be read", "INVITE sip:a@b SIP/2.0\r\nVia: ?\r\n\r\n"])
    peer.send(text);
  await settle();
  assert.deepEqual(named, ["192.0.2.9", "192.0.2.9"]);
});
