import assert from "node:assert/strict";
import { test } from "node:test";
import { monoMs } from "../../gateway/core/time.js";
import { ANCHORED, SDP_TYPE } from "../support/anchored-bench.js";
import { B2buaScene } from "../support/b2bua-scene.js";
import { ANCHOR_ADDRESS, audioSdp, FakeMediaAnchor, placeOf } from "../support/fake-media-anchor.js";
import { RecordingCaller, RecordingDialogUser } from "../support/sip-pair.js";

const A_SDP = audioSdp("192.0.2.1", 10_000);
const B_SDP = audioSdp("192.0.2.3", 20_000);
const HOLD = audioSdp("192.0.2.1", 10_000, { version: 2, direction: "sendonly" });
const withSdp = (text: string) => ({ headers: SDP_TYPE, body: Buffer.from(text, "latin1") });
const anchored = new RegExp(`^${ANCHOR_ADDRESS}:4\\d{4}$`);

/** Every description takes this long, ms. */
async function slowScene(delayMs: number) {
  const anchor = new FakeMediaAnchor();
  const scene = await B2buaScene.make({ media: ANCHORED }, anchor);
  anchor.script = () =>
    new Promise((resolve) => {
      scene.clock.callAt(monoMs(scene.clock.mono() + delayMs), () => resolve(undefined));
    });
  return { scene, anchor };
}

/** Answers nothing by itself. */
function silent(): RecordingDialogUser {
  const user = new RecordingDialogUser();
  user.answer = undefined;
  return user;
}

/** A call between two real endpoints that is up and ACKed. */
async function upCall(delayMs = 20) {
  const { scene, anchor } = await slowScene(delayMs);
  const { caller, invite } = await scene.call(SDP_TYPE, A_SDP, delayMs + 30);
  invite.respond({ status: 200, ...withSdp(B_SDP) });
  const phone = silent();
  const called = invite.dialog()!;
  called.user = phone;
  await scene.settleSlowly(100);
  const dialog = caller.dialogs.at(-1)!;
  const callerUser = silent();
  dialog.user = callerUser;
  dialog.ack();
  await scene.settleSlowly();
  assert.deepEqual(phone.seen, ["ACK"]);
  return { scene, anchor, caller, dialog, callerUser, invite, called, phone };
}

test("a slow anchor: both ends get our addresses, late but in order", async () => {
  const { caller, invite } = await upCall(40);
  assert.match(placeOf(invite.request.body), anchored);
  assert.match(placeOf(caller.responses.at(-1)?.body), anchored);
});

test("re-INVITE to hold and back, then BYE: the session is closed once", async () => {
  const { scene, anchor, dialog, phone } = await upCall();
  for (const body of [HOLD, A_SDP]) {
    const again = new RecordingCaller();
    dialog.request({ method: "INVITE", ...withSdp(body) }, again);
    await scene.settleSlowly(100);
    const asked = phone.requests.at(-1)!;
    assert.match(placeOf(asked.request.body), anchored);
    assert.equal(Buffer.from(asked.request.body).includes("a=sendonly"), body === HOLD);
    asked.respond({ status: 200, ...withSdp(B_SDP) });
    await scene.settleSlowly(100);
    assert.match(placeOf(again.responses.at(-1)?.body), anchored);
    dialog.ack();
    await scene.settleSlowly();
  }
  const bye = new RecordingCaller();
  dialog.request({ method: "BYE" }, bye);
  await scene.settleSlowly();
  phone.requests.at(-1)!.respond({ status: 200 });
  await scene.settleSlowly();
  assert.deepEqual([bye.seen.at(-1), anchor.session.closes, scene.cdrs.length, scene.b2bua.size], ["200", 1, 1, 0]);
});

test("glare of re-INVITEs while a description is pending: the later one gets 491, the earlier one goes on", async () => {
  const { scene, dialog, called, phone } = await upCall(60);
  const fromA = new RecordingCaller();
  const fromB = new RecordingCaller();
  dialog.request({ method: "INVITE", ...withSdp(HOLD) }, fromA);
  called.request({ method: "INVITE", ...withSdp(B_SDP) }, fromB);
  await scene.settleSlowly(200);
  assert.equal(fromB.seen.at(-1), "491", "the second one meets an open offer");
  // The first one goes on: the other side has had its refusal by now and may take it.
  assert.deepEqual(phone.seen, ["ACK", "INVITE"]);
  phone.requests.at(-1)!.respond({ status: 200, ...withSdp(B_SDP) });
  await scene.settleSlowly(200);
  assert.equal(fromA.seen.at(-1), "answer 200");
  dialog.ack();
  await scene.settleSlowly();
  const again = new RecordingCaller();
  called.request({ method: "INVITE", ...withSdp(B_SDP) }, again);
  await scene.settleSlowly(200);
  assert.equal(again.seen.length, 0, "nobody has refused it");
});

test("late offer between two real endpoints: 200 offers, ACK answers", async () => {
  const { scene, anchor } = await slowScene(20);
  const { caller, invite } = await scene.call();
  invite.respond({ status: 200, ...withSdp(B_SDP) });
  const phone = new RecordingDialogUser();
  invite.dialog()!.user = phone;
  await scene.settleSlowly(100);
  assert.match(placeOf(caller.responses.at(-1)?.body), anchored);
  caller.dialogs.at(-1)!.ack(withSdp(A_SDP));
  await scene.settleSlowly(100);
  assert.deepEqual(phone.seen, ["ACK"]);
  assert.match(placeOf(phone.acks[0]?.body), anchored);
  assert.equal(
    anchor.session.asked
      .filter((each) => !each.startsWith("answered"))
      .join(" | ")
      .replace(/ [0-9a-f]{8,}/g, ""),
    "b offer | a answer",
  );
});

test("the ACK of a late offer waits for a slow anchor: the 200 is repeated meanwhile, and once it is there no more", async () => {
  const { scene } = await slowScene(450);
  const { caller, invite } = await scene.call();
  invite.respond({ status: 200, ...withSdp(B_SDP) });
  invite.dialog()!.user = new RecordingDialogUser();
  await scene.settleSlowly(600);
  caller.dialogs.at(-1)!.ack(withSdp(A_SDP));
  await scene.settleSlowly(1_000);
  const count = (): number =>
    scene.network.log.filter((line) => line.includes("udp:192.0.2.3:5060 > ") && line.includes(" 200 ")).length;
  const before = count();
  assert.ok(before > 1, "it was repeated");
  await scene.settleSlowly(3_000);
  assert.equal(count(), before);
  assert.equal(caller.seen.filter((each) => each.startsWith("answer")).length, 1);
});

test("reliable 183 and PRACK with a slow anchor: the caller's PRACK comes in time, and the 200 repeats the answer", async () => {
  const { scene } = await slowScene(100);
  const { caller, invite: called } = await scene.call([...SDP_TYPE, ["Supported", "100rel"]], A_SDP, 150);
  called.respond({
    status: 183,
    headers: [...SDP_TYPE, ["Require", "100rel"], ["RSeq", "77"]],
    body: Buffer.from(B_SDP),
  });
  const phone = new RecordingDialogUser();
  called.dialog()!.user = phone;
  await scene.settleSlowly(200);
  const early = caller.responses.at(-1)!;
  assert.match(placeOf(early.body), anchored);
  const dialog = caller.dialogs.at(-1)!;
  const cseq = early.headers.get("cseq")!.split(" ")[0]!;
  const prack = new RecordingCaller();
  dialog.request({ method: "PRACK", headers: [["RAck", `77 ${cseq} INVITE`]] }, prack);
  await scene.settleSlowly(100);
  assert.deepEqual([phone.seen, prack.seen.at(-1)], [["PRACK"], "200"]);
  called.respond({ status: 200, ...withSdp(B_SDP) });
  await scene.settleSlowly(200);
  assert.equal(caller.seen.at(-1), "answer 200");
  assert.deepEqual(caller.responses.at(-1)?.body, early.body);
});

test("forks of the called side, each with media of its own", async () => {
  const { scene, anchor } = await slowScene(20);
  const { caller, invite } = await scene.call(SDP_TYPE, A_SDP);
  for (const [fork, port] of [
    ["x", 20_000],
    ["y", 21_000],
  ] as const)
    invite.respond({ status: 183, fork, ...withSdp(audioSdp("192.0.2.3", port)) });
  await scene.settleSlowly(100);
  assert.equal(new Set(caller.dialogs.map((dialog) => dialog.remoteTag)).size, 2);
  invite.respond({ status: 200, fork: "y", ...withSdp(audioSdp("192.0.2.3", 21_000)) });
  invite.dialog("y")!.user = new RecordingDialogUser();
  await scene.settleSlowly(100);
  assert.equal(caller.seen.at(-1), "answer 200");
  const kinds = anchor.session.asked.map((each) =>
    each
      .split(" ")
      .slice(0, each.startsWith("answered") ? 1 : 2)
      .join(" "),
  );
  assert.deepEqual(kinds, ["a offer", "b preview", "b preview", "b answer", "answered"]);
  const forks = anchor.session.asked.map((each) => each.split(" ").at(-1));
  assert.equal(forks[4], forks[3]);
  assert.equal(forks[4], forks[2]);
});

test("CANCEL crosses a 200 that waits: 487 to the caller, ACK and BYE to the called side, one Cdr", async () => {
  const { scene, anchor } = await slowScene(200);
  const { caller, outgoing, invite: called } = await scene.call(SDP_TYPE, A_SDP, 250);
  called.respond({ status: 180 });
  await scene.settleSlowly();
  called.respond({ status: 200, ...withSdp(B_SDP) });
  const phone = new RecordingDialogUser();
  called.dialog()!.user = phone;
  await scene.settleSlowly(20);
  outgoing.cancel();
  await scene.settleSlowly();
  assert.equal(caller.seen.at(-1), "487");
  assert.deepEqual(phone.seen, ["ACK", "BYE"], "at once");
  await scene.settleSlowly(300);
  assert.deepEqual([anchor.session.closes, scene.cdrs.length, scene.cdrs[0]?.cause], [1, 1, "cancelled"]);
});

test("an anchor that hangs: after half a second the call goes on untouched, and everything else of it works", async () => {
  const { scene, anchor } = await slowScene(1_000_000);
  const { invite } = await scene.call(SDP_TYPE, A_SDP, 520);
  assert.equal(placeOf(invite.request.body), "192.0.2.1:10000");
  invite.respond({ status: 200, ...withSdp(B_SDP) });
  const phone = new RecordingDialogUser();
  invite.dialog()!.user = phone;
  await scene.settleSlowly(100);
  const report = scene.live[0]!.end({ cause: "operator", q850: 21, text: "x", refusalStatus: 603 });
  await scene.settleSlowly(40_000);
  assert.equal((await report).b.outcome, "confirmed");
  assert.deepEqual([anchor.session.closes, scene.b2bua.size], [1, 0]);
});

test("attended transfer: Replaces is mapped as ever, and the new call has media of its own", async () => {
  const first = await upCall();
  const { scene, anchor, dialog, phone } = first;
  const transfer = new RecordingCaller();
  const target = `<sip:+12025550199@192.0.2.2?Replaces=${encodeURIComponent(
    `${dialog.callId};to-tag=${dialog.remoteTag};from-tag=${dialog.localTag}`,
  )}>`;
  dialog.request({ method: "REFER", headers: [["Refer-To", target]] }, transfer);
  await scene.settleSlowly();
  const refer = phone.requests.at(-1)!;
  const mapped = decodeURIComponent(refer.request.headers.get("refer-to")!);
  assert.match(mapped, new RegExp(`to-tag=${first.called.localTag}`));
  refer.respond({ status: 202 });
  await scene.settleSlowly();
  assert.equal(transfer.seen.at(-1), "202");
  const second = await scene.call(
    [...SDP_TYPE, ["Replaces", "x@192.0.2.7;to-tag=t;from-tag=f"]],
    audioSdp("192.0.2.7", 30_000),
  );
  assert.match(placeOf(second.invite.request.body), anchored);
  assert.equal(second.invite.request.headers.get("replaces"), "x@192.0.2.7;to-tag=t;from-tag=f");
  assert.equal(anchor.sessions.length, 2);
  second.invite.respond({ status: 486 });
  await scene.settleSlowly();
  assert.deepEqual(
    anchor.sessions.map(({ closes }) => closes),
    [0, 1],
  );
});
