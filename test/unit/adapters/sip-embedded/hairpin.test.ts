import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordingCaller, RecordingDialogUser, sipPair } from "../../../support/sip-pair.js";

test("a call that spirals through us with its Call-ID and From tag kept has four dialogs that do not meet", async () => {
  const { caller, called, settle, spec } = await sipPair();
  const identifiers = { callId: "one-call", fromTag: "kept" };
  // First pass: 192.0.2.1 is the A side, 192.0.2.2 the gateway; it sends the call to itself, then back to 192.0.2.1.
  const aSide = new RecordingCaller();
  caller.endpoint.invite(spec(identifiers), aSide);
  await settle();
  const firstLeg = called.user.invites[0]!;
  const secondUri = "sip:+12025550103@192.0.2.2";
  const middle = new RecordingCaller();
  called.endpoint.invite(spec({ ...identifiers, uri: secondUri }), middle);
  await settle();
  assert.equal(called.user.invites.length, 2, "the second pass is no merged request (482)");
  const secondLeg = called.user.invites[1]!;
  const far = new RecordingCaller();
  called.endpoint.invite(
    spec({ ...identifiers, targets: [{ protocol: "udp", address: "192.0.2.1", port: 5060 }] }),
    far,
  );
  await settle();
  const calledUsers = [new RecordingDialogUser(), new RecordingDialogUser(), new RecordingDialogUser()];
  [caller.user.invites[0]!, secondLeg, firstLeg].forEach((invite, i) => {
    invite.respond({ status: 200 });
    invite.dialog()!.user = calledUsers[i]!;
  });
  await settle();
  const sides = [far, middle, aSide];
  sides.forEach((side) => {
    assert.deepEqual(side.seen, ["alive", "answer 200"]);
    side.dialogs[0]!.ack();
  });
  await settle();
  assert.deepEqual(
    calledUsers.map((user) => user.seen),
    [["ACK"], ["ACK"], ["ACK"]],
  );
  assert.equal(caller.endpoint.load.dialogs + called.endpoint.load.dialogs, 6);
  const bye = new RecordingCaller();
  aSide.dialogs[0]!.request({ method: "BYE" }, bye);
  await settle();
  assert.deepEqual(
    calledUsers.map((user) => user.seen),
    [["ACK"], ["ACK"], ["ACK", "BYE"]],
  );
  assert.deepEqual(bye.seen, ["alive", "200"]);
});
