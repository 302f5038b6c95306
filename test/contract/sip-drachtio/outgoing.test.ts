import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { SipTarget } from "../../../gateway/ports/sip-endpoint.js";
import {
  answeredOut,
  answerOf,
  DIALOG_B,
  inviteIn,
  inviteOut,
  LOCAL,
  PATIENT,
  request,
  spec,
  startedScene,
  withVia,
  type DrachtioScene,
} from "../../support/drachtio-scene.js";
import { headerOf, startLineOf, tagOf } from "../../support/raw-message.js";
import { TellingCaller, TellingDialogUser } from "../../support/telling-users.js";

const targets: readonly SipTarget[] = [
  { protocol: "udp", address: "192.0.2.9", port: 5060 },
  { protocol: "tcp", address: "2001:db8::9", port: 5070 },
];

/** Everything that the server has said so far has been read. */
async function settled({ peer, user }: DrachtioScene): Promise<void> {
  peer.deliver(request({ method: "OPTIONS", callId: "settled" }), ["TS", ...LOCAL]);
  (await user.nextRequest()).respond({ status: 200 });
}

describe("drachtio: what goes out", () => {
  test("an INVITE names its next hop in META, its text is as given; the CANCEL names the transaction", async (t) => {
    const scene = await startedScene(t);
    const { command, outgoing, caller } = await inviteOut(scene, {
      maxForwards: 67,
      headers: [["X-Note", "kept"]],
      contactUser: "us",
    });
    assert.deepEqual(command.fields, ["", "", "sip:192.0.2.9:5060;transport=udp"]);
    assert.equal(startLineOf(command.sip), "INVITE sip:+12025550103@192.0.2.9 SIP/2.0");
    assert.equal(headerOf(command.sip, "From"), "<sip:+12025550101@192.0.2.1>;tag=fb");
    assert.equal(headerOf(command.sip, "Call-ID"), "call-b");
    assert.equal(headerOf(command.sip, "CSeq"), "1 INVITE");
    assert.equal(headerOf(command.sip, "Max-Forwards"), "67");
    assert.equal(headerOf(command.sip, "Contact"), "<sip:us@127.0.0.1:5060>");
    assert.equal(headerOf(command.sip, "X-Note"), "kept");
    outgoing.cancel([["Reason", "SIP;cause=200"]]);
    const cancel = await scene.peer.next("CANCEL ");
    assert.deepEqual(cancel.fields, ["TB", ""]);
    assert.equal(headerOf(cancel.sip, "Reason"), "SIP;cause=200");
    scene.peer.deliver(answerOf(command, 487), ["TB", DIALOG_B]);
    assert.equal((await caller.final()).response.status, 487);
    assert.equal(scene.endpoint.load.transactions, 0);
  });

  test("a CANCEL before the server has told the INVITE's name waits for it", async (t) => {
    const scene = await startedScene(t);
    const outgoing = scene.endpoint.invite(spec(), new TellingCaller());
    outgoing.cancel();
    const command = await scene.peer.next("INVITE ");
    assert.equal(scene.peer.commands.at(-1), command);
    scene.peer.sentRequest(command, "TB", withVia(command.sip));
    assert.deepEqual((await scene.peer.next("CANCEL ")).fields, ["TB", ""]);
  });

  test("a cancelled INVITE that is never answered ends with a local 408: the server says nothing", async (t) => {
    const scene = await startedScene(t, { endpoint: { times: PATIENT } });
    const { outgoing, caller } = await inviteOut(scene);
    await settled(scene);
    outgoing.cancel();
    scene.clock.advance(32_000);
    const { response, local } = await caller.final();
    assert.deepEqual([response.status, local], [408, true]);
    assert.equal(scene.endpoint.load.transactions, 0);
  });

  test("a made-up 503 before any response moves on to the next target; the last one is reported as local", async (t) => {
    const scene = await startedScene(t);
    const { peer } = scene;
    const { caller, command } = await inviteOut(scene, { targets });
    peer.deliver(answerOf(command, 503), ["TB", DIALOG_B], { madeUp: true });
    const second = await peer.next("INVITE ");
    assert.equal(second.fields[2], "sip:[2001:db8::9]:5070;transport=tcp");
    assert.equal(second.sip, command.sip);
    peer.sentRequest(second, "TB2", withVia(second.sip));
    peer.deliver(answerOf(command, 503), ["TB2", DIALOG_B], { madeUp: true });
    const { response, local } = await caller.final();
    assert.deepEqual([response.status, local], [503, true]);
  });

  test("a 503 of the hop itself is its answer", async (t) => {
    const scene = await startedScene(t);
    const { caller, command } = await inviteOut(scene, { targets });
    scene.peer.deliver(answerOf(command, 503), ["TB", DIALOG_B]);
    const { response, local } = await caller.final();
    assert.deepEqual([response.status, local], [503, false]);
  });

  test("a transport that the server does not have moves on to the next target", async (t) => {
    const scene = await startedScene(t);
    scene.endpoint.invite(spec({ targets }), new TellingCaller());
    scene.peer.refuse(await scene.peer.next("INVITE "), "requested protocol/transport not available");
    assert.equal((await scene.peer.next("INVITE ")).fields[2], "sip:[2001:db8::9]:5070;transport=tcp");
  });

  test("a call that keeps Call-ID and From tag across us gets another From tag: the server has one name for both legs", async (t) => {
    const scene = await startedScene(t);
    const invite = await inviteIn(scene);
    const { command } = await inviteOut(scene, { callId: "call-a", fromTag: "fa" });
    assert.equal(headerOf(command.sip, "Call-ID"), "call-a");
    assert.equal(tagOf(headerOf(command.sip, "From")), "fa-b");
    invite.respond({ status: 486 });
    const { sip } = await inviteOut(scene, { callId: "call-a", fromTag: "fa", cseq: 2 }).then(
      ({ command: next }) => next,
    );
    assert.equal(tagOf(headerOf(sip, "From")), "fa", "free again");
  });

  test("each To tag has its dialog; what did not answer is gone once one has", async (t) => {
    const scene = await startedScene(t);
    const { caller, command } = await inviteOut(scene);
    scene.peer.deliver(answerOf(command, 183, [], "one"), ["TB", DIALOG_B]);
    scene.peer.deliver(answerOf(command, 183, [], "two"), ["TB", DIALOG_B]);
    const one = (await caller.provisional()).dialog!;
    const two = (await caller.provisional()).dialog!;
    assert.deepEqual([one.remoteTag, two.remoteTag], ["one", "two"]);
    scene.peer.deliver(answerOf(command, 200, [], "two"), ["TB", DIALOG_B]);
    assert.equal((await caller.answer()).dialog, two);
    assert.deepEqual([one.state, two.state, scene.endpoint.load.dialogs], ["terminated", "confirmed", 1]);
  });

  test("noResponseMs: a late 2xx is still reported, to be acknowledged and ended", async (t) => {
    const scene = await startedScene(t);
    const { caller, command } = await inviteOut(scene, { noResponseMs: 2000 });
    await settled(scene);
    scene.clock.advance(2000);
    assert.equal((await caller.final()).response.status, 408);
    scene.peer.deliver(answerOf(command, 200), ["TB", DIALOG_B]);
    const { dialog } = await caller.answer();
    dialog.ack();
    assert.deepEqual((await scene.peer.next("ACK ")).fields, ["", DIALOG_B]);
  });

  test("leastNoResponseMs: a hop whose 100 cannot be seen is not given up before it", async (t) => {
    const scene = await startedScene(t, { endpoint: { leastNoResponseMs: 8000, times: PATIENT } });
    const { caller } = await inviteOut(scene, { noResponseMs: 2000 });
    await settled(scene);
    scene.clock.advance(7999);
    await settled(scene);
    assert.equal(scene.endpoint.load.transactions, 1);
    let reported = false;
    void caller.final().then(() => (reported = true));
    await settled(scene);
    assert.equal(reported, false);
    scene.clock.advance(1);
    await settled(scene);
    assert.equal(reported, true);
  });

  test("requests in a dialog name it, leave Request-URI, tags and CSeq to the server, and learn its CSeq", async (t) => {
    const scene = await startedScene(t);
    const { dialog } = await answeredOut(scene);
    const caller = new TellingCaller();
    const outgoing = dialog.request({ method: "INFO", headers: [["X-Note", "kept"]] }, caller);
    const info = await scene.peer.next("INFO ");
    assert.equal(startLineOf(info.sip), "INFO sip:placeholder SIP/2.0");
    assert.deepEqual(info.fields, ["", DIALOG_B]);
    assert.deepEqual(
      ["From", "To", "Call-ID", "CSeq", "X-Note"].map((name) => headerOf(info.sip, name)),
      [undefined, undefined, undefined, undefined, "kept"],
    );
    const asSent = `INFO sip:x SIP/2.0\r\nCSeq: 123035208 INFO\r\nContent-Length: 0\r\n\r\n`;
    scene.peer.sentRequest(info, "TI", asSent);
    await settled(scene);
    assert.equal(outgoing.request.headers.get("cseq"), "123035208 INFO");
    assert.equal(dialog.snapshot().localCseq, 123_035_208);
  });

  test("after a re-INVITE that failed with 491 the next one works (fault 3)", async (t) => {
    const scene = await startedScene(t);
    const { dialog } = await answeredOut(scene);
    for (const status of [491, 200]) {
      const caller = new TellingCaller();
      dialog.request({ method: "INVITE" }, caller);
      const command = await scene.peer.next("INVITE ");
      scene.peer.sentRequest(command, `TR${status}`, withVia(command.sip));
      scene.peer.deliver(answerTo(`2 INVITE`, status), [`TR${status}`, DIALOG_B]);
      if (status === 491) assert.equal((await caller.final()).response.status, 491);
      else assert.equal((await caller.answer()).dialog, dialog);
    }
  });

  test("a re-INVITE whose 200 the server has lost behind an 18x ends with a local 408 (fault 5)", async (t) => {
    const scene = await startedScene(t, { endpoint: { times: PATIENT } });
    const { dialog, dialogUser } = await answeredOut(scene);
    const caller = new TellingCaller();
    dialog.request({ method: "INVITE" }, caller);
    const command = await scene.peer.next("INVITE ");
    scene.peer.sentRequest(command, "TR", withVia(command.sip));
    scene.peer.deliver(answerTo("2 INVITE", 180), ["TR", DIALOG_B]);
    await caller.provisional();
    scene.clock.advance(32_000);
    const { response, local } = await caller.final();
    assert.deepEqual([response.status, local], [408, true]);
    const again = request({ method: "INVITE", callId: "call-b", fromTag: "far", toTag: "fb", cseq: 5 });
    scene.peer.deliver(again, ["TG", DIALOG_B]);
    assert.equal((await dialogUser.nextRequest()).request.method, "INVITE", "no glare with what is over");
  });

  test("a re-INVITE that crosses ours gets 491", async (t) => {
    const scene = await startedScene(t);
    const { dialog } = await answeredOut(scene);
    dialog.request({ method: "INVITE" }, new TellingCaller());
    await scene.peer.next("INVITE ");
    const theirs = request({ method: "INVITE", callId: "call-b", fromTag: "far", toTag: "fb", cseq: 5 });
    scene.peer.deliver(theirs, ["TG", DIALOG_B]);
    assert.deepEqual((await scene.peer.next("SIP/2.0 491")).fields, ["TG", ""]);
  });

  test("frames above 4 kB go one at a time, each after the answer to the one before (fault 4)", async (t) => {
    const scene = await startedScene(t);
    const body = Buffer.alloc(5000, 0x61);
    const headers = [["Content-Type", "text/plain"]] as const;
    for (let i = 0; i < 3; i++) {
      scene.endpoint.request(spec({ method: "MESSAGE", callId: `m${i}`, headers, body }), new TellingCaller());
    }
    scene.endpoint.request(spec({ method: "OPTIONS", callId: "m3" }), new TellingCaller());
    for (let i = 0; i < 4; i++) {
      const command = await scene.peer.next(({ type }) => type === "sip");
      assert.equal(headerOf(command.sip, "Call-ID"), `m${i}`);
      await scene.peer.quiet();
      assert.equal(scene.peer.commands.at(-1), command, "nothing follows it yet");
      scene.peer.sentRequest(command, `TM${i}`, withVia(command.sip));
    }
  });

  test("what the server cannot receive at all ends at once with a local 503", async (t) => {
    const scene = await startedScene(t);
    const caller = new TellingCaller();
    const headers = [["Content-Type", "text/plain"]] as const;
    scene.endpoint.request(spec({ method: "MESSAGE", headers, body: Buffer.alloc(12_100) }), caller);
    const { response, local } = await caller.final();
    assert.deepEqual([response.status, local], [503, true]);
    assert.equal(scene.metrics.value("ringfence_drachtio_unsent_total"), 1);
  });

  test("a restored dialog is tried under both names, then without the server's help", async (t) => {
    const scene = await startedScene(t);
    const { dialog } = await answeredOut(scene);
    const snapshot = dialog.snapshot();
    dialog.discard();
    const caller = new TellingCaller();
    scene.endpoint.restoreDialog(snapshot).request({ method: "BYE" }, caller);
    for (const tag of ["fb", "far"]) {
      const command = await scene.peer.next("BYE sip:placeholder ");
      assert.equal(command.fields[1], `call-b;from-tag=${tag}`);
      scene.peer.refuse(command, "Server error: unable to find dialog for dialog id provided");
    }
    const loose = await scene.peer.next("BYE sip:raw@192.0.2.9:5060 ");
    assert.deepEqual(loose.fields, ["", "", "sip:raw@192.0.2.9:5060"]);
    assert.deepEqual(
      ["From", "To", "Call-ID", "CSeq"].map((name) => headerOf(loose.sip, name)),
      ["<sip:+12025550101@192.0.2.1>;tag=fb", "<sip:+12025550103@192.0.2.9>;tag=far", "call-b", "2 BYE"],
    );
    scene.peer.sentRequest(loose, "TL", withVia(loose.sip));
    scene.peer.deliver(answerOf(loose, 200), ["TL", ""]);
    assert.equal((await caller.final()).response.status, 200);
  });

  test("a BYE that is challenged leaves the dialog to be ended with credentials", async (t) => {
    const scene = await startedScene(t);
    const { dialog } = await answeredOut(scene);
    for (const status of [407, 200]) {
      const caller = new TellingCaller();
      dialog.request({ method: "BYE" }, caller);
      const command = await scene.peer.next("BYE ");
      scene.peer.sentRequest(command, `TE${status}`, withVia(command.sip));
      scene.peer.deliver(answerTo("2 BYE", status), [`TE${status}`, DIALOG_B]);
      assert.equal((await caller.final()).response.status, status);
      assert.equal(dialog.state, status === 407 ? "confirmed" : "terminated");
    }
  });

  test("the tap sees what comes and, with the server's answer, what has gone out", async (t) => {
    const scene = await startedScene(t);
    const seen: string[] = [];
    scene.endpoint.tap((direction, bytes, { address, port }) => {
      seen.push(`${direction} ${address}:${port} ${startLineOf(Buffer.from(bytes).toString("latin1"))}`);
    });
    const { command, caller } = await inviteOut(scene);
    scene.peer.deliver(answerOf(command, 486), ["TB", DIALOG_B]);
    await caller.final();
    scene.endpoint.tap(undefined);
    await settled(scene);
    assert.deepEqual(seen, [
      "out 192.0.2.9:5060 INVITE sip:+12025550103@192.0.2.9 SIP/2.0",
      "in 192.0.2.9:5060 SIP/2.0 486 Reason",
    ]);
  });

  test("a response to nothing of ours is counted and dropped", async (t) => {
    const scene = await startedScene(t);
    scene.peer.deliver(answerTo("1 INVITE", 200), ["nobody", DIALOG_B]);
    await settled(scene);
    assert.equal(scene.metrics.value("ringfence_drachtio_dropped_responses_total"), 1);
  });

  test("the user of a dialog may be set a turn late: what came meanwhile waits", async (t) => {
    const scene = await startedScene(t);
    const { caller, command } = await inviteOut(scene);
    scene.peer.deliver(answerOf(command, 200), ["TB", DIALOG_B]);
    scene.peer.deliver(request({ method: "BYE", callId: "call-b", fromTag: "far", toTag: "fb", cseq: 5 }), [
      "TC",
      DIALOG_B,
    ]);
    const { dialog } = await caller.answer();
    await settled(scene);
    const dialogUser = new TellingDialogUser();
    dialog.user = dialogUser;
    assert.equal((await dialogUser.nextRequest()).request.method, "BYE");
  });
});

/** In the call that `answeredOut` makes. */
const answerTo = (cseq: string, status: number): string =>
  [
    `SIP/2.0 ${status} Reason`,
    "Via: SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bKserver",
    "From: <sip:+12025550101@192.0.2.1>;tag=fb",
    "To: <sip:+12025550103@192.0.2.9>;tag=far",
    "Call-ID: call-b",
    `CSeq: ${cseq}`,
    "Contact: <sip:raw@192.0.2.9:5060>",
    "Content-Length: 0",
    "",
    "",
  ].join("\r\n");
