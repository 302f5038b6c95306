import assert from "node:assert/strict";
import { test } from "node:test";
import { B2buaScene } from "../support/b2bua-scene.js";
import { RecordingCaller, RecordingDialogUser } from "../support/sip-pair.js";

const FRAUD = { cause: "fraud", q850: 21, text: "masking", refusalStatus: 603 } as const;

test("100rel end to end: the reliable 183 is repeated until the caller's PRACK has reached the called side (RFC 3262)", async () => {
  const scene = await B2buaScene.make();
  const { caller, invite } = await scene.call([["Supported", "100rel"]]);
  invite.respond({
    status: 183,
    headers: [
      ["Require", "100rel"],
      ["RSeq", "77"],
    ],
  });
  const phone = new RecordingDialogUser();
  invite.dialog()!.user = phone;
  await scene.settle(1_200);
  const dialog = caller.dialogs.at(-1)!;
  assert.equal(caller.responses.at(-1)?.headers.get("rseq"), "77");
  const cseq = caller.responses.at(-1)!.headers.get("cseq")!.split(" ")[0]!;
  const prack = new RecordingCaller();
  dialog.request({ method: "PRACK", headers: [["RAck", `77 ${cseq} INVITE`]] }, prack);
  await scene.settle();
  assert.deepEqual([phone.seen, prack.seen.at(-1)], [["PRACK"], "200"]);
  const rack = phone.requests[0]?.request.headers.get("rack");
  assert.equal(rack, `77 ${invite.request.headers.get("cseq")!.split(" ")[0]!} INVITE`);
  const before = scene.network.log.filter((line) => line.includes(" 183 ")).length;
  await scene.settle(40_000);
  assert.equal(scene.network.log.filter((line) => line.includes(" 183 ")).length, before, "nobody repeats it any more");
  assert.equal(invite.respond({ status: 486 }), true, "the call has not been ended for want of a PRACK");
  await scene.settle();
  assert.equal(caller.seen.at(-1), "486");
});

test("forks of the called side are forks for the caller, and the one that answers is the one that is up", async () => {
  const scene = await B2buaScene.make();
  const { caller, invite } = await scene.call();
  invite.respond({ status: 180, fork: "x" });
  invite.respond({ status: 183, fork: "y" });
  await scene.settle();
  assert.equal(new Set(caller.dialogs.map((dialog) => dialog.remoteTag)).size, 2);
  invite.respond({ status: 200, fork: "y" });
  const phone = new RecordingDialogUser();
  invite.dialog("y")!.user = phone;
  await scene.settle();
  const up = caller.dialogs.at(-1)!;
  assert.equal(up.remoteTag, caller.dialogs[1]?.remoteTag);
  up.ack();
  up.request({ method: "INFO" }, new RecordingCaller());
  await scene.settle();
  assert.deepEqual(phone.seen, ["ACK", "INFO"]);
});

test("re-INVITEs, late offers and glare between two real endpoints", async () => {
  const scene = await B2buaScene.make();
  const { caller, invite } = await scene.call();
  invite.respond({ status: 200, body: Buffer.from("offer of b") });
  const phone = new RecordingDialogUser(undefined);
  const called = invite.dialog()!;
  called.user = phone;
  await scene.settle();
  const dialog = caller.dialogs.at(-1)!;
  const callerUser = new RecordingDialogUser(undefined);
  dialog.user = callerUser;
  assert.equal(Buffer.from(caller.responses.at(-1)!.body).toString(), "offer of b");
  dialog.ack({ body: Buffer.from("answer of a"), headers: [["Content-Type", "application/sdp"]] });
  await scene.settle();
  assert.equal(Buffer.from(phone.acks[0]!.body).toString(), "answer of a");
  const fromA = new RecordingCaller();
  const fromB = new RecordingCaller();
  dialog.request({ method: "INVITE" }, fromA);
  called.request({ method: "INVITE" }, fromB);
  await scene.settle(500);
  assert.deepEqual([fromA.seen.at(-1), fromB.seen.at(-1)], ["491", "491"]);
  const again = new RecordingCaller();
  dialog.request({ method: "INVITE" }, again);
  await scene.settle();
  phone.requests.at(-1)!.respond({ status: 200 });
  await scene.settle();
  assert.equal(again.seen.at(-1), "answer 200");
  dialog.ack();
  await scene.settle();
  assert.equal(phone.seen.at(-1), "ACK");
});

test("teardown of a ringing call is proved by the caller's ACK and the called side's 487", async () => {
  const scene = await B2buaScene.make();
  const { caller, invite } = await scene.call();
  invite.onCancel = () => invite.respond({ status: 487 });
  invite.respond({ status: 180 });
  await scene.settle();
  const report = scene.live[0]!.end(FRAUD);
  await scene.settle();
  const { a, b, tookMs } = await report;
  assert.deepEqual(
    [a, b],
    [
      { outcome: "confirmed", by: "refusal", status: 200 },
      { outcome: "confirmed", by: "CANCEL", status: 487 },
    ],
  );
  assert.ok(tookMs > 0 && tookMs < 50);
  assert.equal(caller.seen.at(-1), "603");
  assert.equal(scene.b2bua.size, 0);
});

test("teardown before the hop has answered: the CANCEL leaves once a provisional response is there (RFC 3261 §9.1)", async () => {
  const scene = await B2buaScene.make({ hopTimeoutMs: 0 });
  scene.network.refuse = (from, _to, text) => from === "udp:192.0.2.3:5060" && text.startsWith("SIP/2.0 1");
  const { invite } = await scene.call();
  let cancelled = false;
  invite.onCancel = () => {
    cancelled = true;
    invite.respond({ status: 487 });
  };
  const report = scene.live[0]!.end(FRAUD);
  await scene.settle(300);
  assert.equal(cancelled, false);
  scene.network.refuse = undefined;
  invite.respond({ status: 180 });
  await scene.settle(1_000);
  assert.equal(cancelled, true);
  assert.deepEqual((await report).b, { outcome: "confirmed", by: "CANCEL", status: 487 });
});

test("teardown of an answered call whose called side has died: one leg confirmed, the other timed out after 64·T1", async () => {
  const scene = await B2buaScene.make();
  const { caller, invite } = await scene.call();
  invite.respond({ status: 200 });
  await scene.settle();
  const dialog = caller.dialogs.at(-1)!;
  dialog.user = new RecordingDialogUser();
  dialog.ack();
  await scene.settle();
  scene.network.refuse = (_from, to) => to.address === "192.0.2.3";
  const report = scene.live[0]!.end(FRAUD);
  for (let s = 0; s < 34; s++) await scene.settle(1_000);
  const { a, b } = await report;
  assert.deepEqual([a.outcome, b.outcome, scene.b2bua.size], ["confirmed", "timed-out", 0]);
});
