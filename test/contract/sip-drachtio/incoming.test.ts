import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { frame } from "../../support/drachtio-peer.js";
import {
  PATIENT,
  answeredIn,
  DIALOG_A,
  inDialog,
  inviteIn,
  LOCAL,
  request,
  startedScene,
} from "../../support/drachtio-scene.js";
import { headerOf, startLineOf, tagOf } from "../../support/raw-message.js";
import { TellingCaller, TellingDialogUser } from "../../support/telling-users.js";

const CRLF2 = "\r\n\r\n";

describe("drachtio: what comes in", () => {
  test("an answer names the transaction and nothing else, and carries To tag, CSeq and Contact", async (t) => {
    const scene = await startedScene(t);
    const invite = await inviteIn(scene);
    assert.deepEqual(invite.source, {
      protocol: "udp",
      address: "192.0.2.9",
      port: 5060,
      listener: "udp:192.0.2.1:5060",
    });
    invite.respond({
      status: 180,
      headers: [
        ["X-Ring", "yes"],
        ["Via", "not ours"],
      ],
      contactUser: "us",
    });
    const ringing = await scene.peer.next("SIP/2.0 180");
    assert.deepEqual(ringing.fields, ["TA", ""]);
    assert.equal(startLineOf(ringing.sip), "SIP/2.0 180 Ringing");
    assert.equal(tagOf(headerOf(ringing.sip, "To")), invite.dialog()?.localTag);
    assert.equal(headerOf(ringing.sip, "CSeq"), "1 INVITE");
    assert.equal(headerOf(ringing.sip, "Contact"), "<sip:us@127.0.0.1:5060>");
    assert.equal(headerOf(ringing.sip, "X-Ring"), "yes");
    assert.equal(headerOf(ringing.sip, "Via"), undefined);
  });

  test("bodies and header bytes that are no UTF-8 come and go as they are", async (t) => {
    const scene = await startedScene(t);
    const body = "\xff\x00\xfe|#";
    const invite = await inviteIn(scene, "TA", { headers: ["X-Bytes: \xe9|#", "Content-Type: application/x"], body });
    assert.equal(Buffer.from(invite.request.body).toString("latin1"), body);
    assert.equal(invite.request.headers.get("x-bytes"), "\xe9|#");
    invite.respond({ status: 488, headers: [["X-Bytes", "\xe9"]], body: Buffer.from(body, "latin1") });
    const refusal = await scene.peer.next("SIP/2.0 488");
    assert.ok(refusal.sip.includes("X-Bytes: \xe9\r\n"));
    assert.ok(refusal.sip.endsWith(CRLF2 + body));
  });

  test("a BYE in one read with the ACK and the answer to the 200 is not lost (fault 1)", async (t) => {
    const scene = await startedScene(t);
    const { peer } = scene;
    const invite = await inviteIn(scene);
    invite.respond({ status: 200 });
    const dialog = invite.dialog()!;
    const { id } = await peer.next("SIP/2.0 200");
    const meta = ["sip", "network", "1", "", "192.0.2.9", "5060", "t"];
    const sent = [
      "response",
      id,
      "OK",
      "application",
      "1",
      "udp",
      "192.0.2.9",
      "5060",
      "t",
      "TA",
      DIALOG_A,
      "",
      "Msg sent:",
      "",
    ];
    peer.write(
      Buffer.concat([
        frame(sent, "SIP/2.0 200 OK\r\n\r\n"),
        frame([...meta, "TA", DIALOG_A, ""], inDialog(dialog, "ACK", 1)),
        frame([...meta, "TC", DIALOG_A, ""], inDialog(dialog, "BYE", 2)),
        frame([...meta, "TI", ...LOCAL, ""], request({ method: "OPTIONS", callId: "behind" })),
      ]),
    );
    (await scene.user.nextRequest()).respond({ status: 200 });
    // Only now: everything has been read.
    const dialogUser = new TellingDialogUser();
    dialog.user = dialogUser;
    const bye = await dialogUser.nextRequest();
    assert.equal(bye.request.method, "BYE");
    bye.respond({ status: 200 });
    await peer.next(({ fields }) => fields[0] === "TC");
    assert.equal(dialog.state, "terminated");
    assert.deepEqual(scene.endpoint.load, { transactions: 0, dialogs: 0, lost: 0 });
  });

  test("a CANCEL in one read with its INVITE reaches the user, whose 487 needs no sending (fault 2)", async (t) => {
    const scene = await startedScene(t);
    const { peer } = scene;
    const cancelled = new Promise<string>((resolve) => {
      scene.user.onInvite = (invite) => {
        invite.onCancel = (cancel) => {
          assert.equal(invite.respond({ status: 200 }), false, "it is too late for an answer");
          resolve(cancel.headers.get("reason") ?? "");
        };
      };
    });
    const invite = request({ method: "INVITE", callId: "call-a", fromTag: "fa" });
    const cancel = request({ method: "CANCEL", callId: "call-a", fromTag: "fa", headers: ["Reason: SIP;cause=26"] });
    const meta = ["sip", "network", "1", "udp", "192.0.2.9", "5060", "t", "TA"];
    peer.write(Buffer.concat([frame([...meta, ...LOCAL, ""], invite), frame([...meta, "", ""], cancel)]));
    assert.equal(await cancelled, "SIP;cause=26");
    assert.equal(scene.endpoint.load.transactions, 0);
    assert.deepEqual(
      peer.commands.filter(({ type }) => type === "sip"),
      [],
    );
  });

  test("a 200 that crosses a CANCEL is refused by the server: the dialog ends as if the caller had hung up", async (t) => {
    const scene = await startedScene(t);
    const invite = await inviteIn(scene);
    invite.respond({ status: 200 });
    const dialogUser = new TellingDialogUser();
    invite.dialog()!.user = dialogUser;
    const command = await scene.peer.next("SIP/2.0 200");
    scene.peer.deliver(request({ method: "CANCEL", callId: "call-a", fromTag: "fa" }), ["TA", ""]);
    scene.peer.refuse(command, "Response not sent due to unknown transaction");
    assert.equal((await dialogUser.nextRequest()).request.method, "BYE");
    assert.equal(scene.endpoint.load.dialogs, 0);
    assert.equal(scene.metrics.value("ringfence_drachtio_refused_commands_total"), 1);
  });

  test("an answer that the server cannot read is sent again without what the user put in", async (t) => {
    const scene = await startedScene(t);
    const invite = await inviteIn(scene);
    invite.respond({ status: 486, headers: [["Retry-After", "soon, soon"]] });
    scene.peer.refuse(await scene.peer.next("SIP/2.0 486"), "Unknown server error sending response");
    const again = await scene.peer.next("SIP/2.0 486");
    assert.equal(headerOf(again.sip, "Retry-After"), undefined);
  });

  test("the server's BYE after 32 s without an ACK is told as that; a BYE of ours then finds no dialog", async (t) => {
    const scene = await startedScene(t);
    const invite = await inviteIn(scene);
    invite.respond({ status: 200 });
    const dialog = invite.dialog()!;
    const timedOut = new Promise<void>((resolve) => {
      dialog.user = { onRequest: () => assert.fail("no request"), onAckTimeout: () => resolve() };
    });
    await scene.peer.next("SIP/2.0 200");
    const bye = request({
      method: "BYE",
      callId: "call-a",
      fromTag: dialog.localTag,
      toTag: "fa",
      headers: ['Reason: SIP;cause=200;text="ACK timeout"'],
    });
    scene.peer.deliver(bye, ["unsolicited", DIALOG_A], { source: "application" });
    await timedOut;
    assert.equal(dialog.state, "terminated");
    const caller = new TellingCaller();
    dialog.request({ method: "BYE" }, caller);
    scene.peer.refuse(await scene.peer.next("BYE "), "Server error: unable to find dialog for dialog id provided");
    const { response, local } = await caller.final();
    assert.deepEqual([response.status, local], [481, true]);
  });

  test("any other BYE of the server's own reaches the user as a BYE, and nothing is answered", async (t) => {
    const scene = await startedScene(t);
    const { dialog, dialogUser } = await answeredIn(scene);
    const bye = request({
      method: "BYE",
      callId: "call-a",
      fromTag: dialog.localTag,
      toTag: "fa",
      headers: ['Reason: SIP;cause=200;text="Session timer expired"'],
    });
    const before = scene.peer.commands.length;
    scene.peer.deliver(bye, ["unsolicited", DIALOG_A], { source: "application" });
    const told = await dialogUser.nextRequest();
    assert.equal(told.request.method, "BYE");
    assert.deepEqual([told.respond({ status: 200 }), told.respond({ status: 200 })], [true, false]);
    assert.equal(scene.peer.commands.length, before);
    assert.equal(dialog.state, "terminated");
  });

  test("an UPDATE of the early dialog has its INVITE's transaction id and is still answered as an UPDATE", async (t) => {
    const scene = await startedScene(t);
    const invite = await inviteIn(scene);
    invite.respond({ status: 183 });
    const dialog = invite.dialog()!;
    const dialogUser = new TellingDialogUser();
    dialog.user = dialogUser;
    await scene.peer.next("SIP/2.0 183");
    scene.peer.deliver(inDialog(dialog, "UPDATE", 2), ["TA", DIALOG_A]);
    (await dialogUser.nextRequest()).respond({ status: 200 });
    const answer = await scene.peer.next("SIP/2.0 200");
    assert.deepEqual([answer.fields[0], headerOf(answer.sip, "CSeq")], ["TA", "2 UPDATE"]);
    assert.equal(invite.respond({ status: 200 }), true, "the INVITE is open still");
    assert.equal(headerOf((await scene.peer.next("SIP/2.0 200")).sip, "CSeq"), "1 INVITE");
  });

  test("the server numbers reliable 1xx itself: a PRACK tells the user the number that he gave", async (t) => {
    const scene = await startedScene(t);
    const invite = await inviteIn(scene, "TA", { headers: ["Supported: 100rel"] });
    const headers = [
      ["Require", "100rel"],
      ["RSeq", "17"],
    ] as const;
    invite.respond({ status: 183, headers });
    const dialog = invite.dialog()!;
    const dialogUser = new TellingDialogUser();
    dialog.user = dialogUser;
    const command = await scene.peer.next("SIP/2.0 183");
    scene.peer.sentResponse(command, DIALOG_A, command.sip.replace("RSeq: 17", "RSeq: 90001"));
    scene.peer.deliver(inDialog(dialog, "PRACK", 2, ["RAck: 90001 1 INVITE"]), ["TP", DIALOG_A]);
    assert.equal((await dialogUser.nextRequest()).request.headers.get("rack"), "17 1 INVITE");
  });

  test("a reliable 1xx without PRACK is told after 64*T1", async (t) => {
    const scene = await startedScene(t, { endpoint: { times: PATIENT } });
    const invite = await inviteIn(scene, "TA", { headers: ["Supported: 100rel"] });
    let missing = 0;
    invite.onPrackTimeout = () => missing++;
    invite.respond({ status: 183, headers: [["RSeq", "17"]] });
    const command = await scene.peer.next("SIP/2.0 183");
    scene.peer.sentResponse(command, DIALOG_A);
    scene.peer.deliver(request({ method: "OPTIONS", callId: "behind" }), ["TO", ...LOCAL]);
    await scene.user.nextRequest();
    scene.clock.advance(31_999);
    assert.equal(missing, 0);
    scene.clock.advance(1);
    assert.equal(missing, 1);
  });

  test("what waits for the user of a dialog that is forgotten gets 481", async (t) => {
    const scene = await startedScene(t);
    const invite = await inviteIn(scene);
    invite.respond({ status: 183 });
    scene.peer.deliver(inDialog(invite.dialog()!, "INFO", 2), ["TI", DIALOG_A]);
    scene.peer.deliver(request({ method: "OPTIONS", callId: "behind" }), ["TO", ...LOCAL]);
    (await scene.user.nextRequest()).respond({ status: 200 });
    invite.respond({ status: 486 });
    assert.deepEqual((await scene.peer.next("SIP/2.0 481")).fields, ["TI", ""]);
    assert.deepEqual(scene.endpoint.load, { transactions: 0, dialogs: 0, lost: 0 });
  });

  test("a Call-ID that would break the META line is refused", async (t) => {
    const scene = await startedScene(t);
    const id = "x;from-tag=fa|sip:evil@192.0.2.66";
    scene.peer.deliver(request({ method: "INVITE", callId: id, fromTag: "fb" }), ["TX", ...LOCAL]);
    assert.deepEqual((await scene.peer.next("SIP/2.0 400")).fields, ["TX", ""]);
  });

  test("an INVITE with the Call-ID and From tag of a call that is up gets 482: the server has one name for both", async (t) => {
    const scene = await startedScene(t);
    const { dialog } = await answeredIn(scene);
    const again = request({ method: "INVITE", callId: "call-a", fromTag: "fa", branch: "z9hG4bKother" });
    scene.peer.deliver(again, ["TZ", ...LOCAL]);
    assert.deepEqual((await scene.peer.next("SIP/2.0 482")).fields, ["TZ", ""]);
    assert.equal(dialog.state, "confirmed");
  });

  const refusals = [
    { name: "Max-Forwards 0", more: { maxForwards: 0 }, status: 483 },
    { name: "an unknown Proxy-Require", more: { headers: ["Proxy-Require: foo"] }, status: 420 },
    { name: "a CSeq of another method", more: { headers: ["CSeq: 1 BYE"] }, status: 400 },
    { name: "a To tag that nobody knows", more: { toTag: "nobody" }, status: 481 },
  ];
  for (const { name, more, status } of refusals) {
    test(`${name} is refused with ${status} and leaves nothing behind`, async (t) => {
      const scene = await startedScene(t);
      scene.peer.deliver(request({ method: "INVITE", callId: "call-r", ...more }), ["TR", ...LOCAL]);
      assert.deepEqual((await scene.peer.next(`SIP/2.0 ${status}`)).fields, ["TR", ""]);
      assert.equal(scene.endpoint.load.transactions, 0);
    });
  }

  test("above maxTransactions new calls get 503, what belongs to a call does not", async (t) => {
    const scene = await startedScene(t, { endpoint: { maxTransactions: 2 } });
    const { dialog, dialogUser } = await answeredIn(scene);
    const open = await inviteIn(scene, "T1", { callId: "call-1" });
    scene.peer.deliver(request({ method: "INVITE", callId: "call-2" }), ["T2", ...LOCAL]);
    assert.match((await scene.peer.next("SIP/2.0 503")).sip, /Retry-After: [1-5]\r\n/);
    scene.peer.deliver(inDialog(dialog, "INFO", 2), ["T3", DIALOG_A]);
    assert.equal((await dialogUser.nextRequest()).request.method, "INFO");
    open.respond({ status: 486 });
  });
});
