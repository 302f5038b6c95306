import assert from "node:assert/strict";
import { test } from "node:test";
import { headerOf, rawRequest, rawResponse, startLineOf, tagOf } from "../../../support/raw-message.js";
import { endpointAndPeer, establishedCall, RecordingCaller, RecordingDialogUser } from "../../../support/sip-pair.js";

const via = "192.0.2.9:5060";

/** The peer has called us and the call is up. */
async function calledByPeer(
  inviteHeaders: readonly string[] = [],
  { contact = "<sip:raw@192.0.2.9:5060>", from = "<sip:+12025550101@192.0.2.9>" } = {},
) {
  const all = await endpointAndPeer();
  const { peer, user, settle } = all;
  peer.send(rawRequest({ method: "INVITE", via, cseq: 10, headers: inviteHeaders, contact, from }));
  await settle();
  user.invites[0]!.respond({ status: 200 });
  const dialog = user.invites[0]!.dialog()!;
  const dialogUser = new RecordingDialogUser();
  dialog.user = dialogUser;
  await settle();
  const toTag = tagOf(headerOf(peer.received.at(-1)!, "To"))!;
  peer.send(rawRequest({ method: "ACK", via, branch: "z9hG4bKack", cseq: 10, toTag }));
  await settle();
  let next = 1;
  const say = async (method: string, cseq: number, more: Partial<Parameters<typeof rawRequest>[0]> = {}) => {
    peer.send(rawRequest({ method, via, branch: `z9hG4bKsay${next++}`, cseq, toTag, ...more }));
    await settle();
    return peer.statuses.at(-1);
  };
  return { ...all, dialog, dialogUser, toTag, say };
}

/** We have called the peer; the 200 had these header fields. */
async function callingPeer(headers: readonly string[]) {
  const all = await endpointAndPeer();
  const { peer, endpoint, toPeer, settle } = all;
  const side = new RecordingCaller();
  endpoint.invite(toPeer({ fromTag: "mine", callId: "ours" }), side);
  await settle();
  peer.send(rawResponse(peer.received[0]!, 200, { tag: "theirs", headers }));
  await settle();
  const dialog = side.dialogs[0]!;
  const dialogUser = new RecordingDialogUser();
  dialog.user = dialogUser;
  dialog.ack();
  await settle();
  return { ...all, side, dialog, dialogUser };
}

const routeLines = (message: string) => message.split("\r\n").filter((line) => line.startsWith("Route:"));

test("a CANCEL with the tags of a call that is up and a branch of no INVITE is answered 481 and goes no further (RFC 3261 §9.2)", async () => {
  const { dialogUser, user, peer, say } = await calledByPeer();
  assert.equal(await say("CANCEL", 10), 481);
  assert.equal(await say("CANCEL", 11), 481);
  assert.deepEqual([dialogUser.seen, user.strays.length, peer.statuses], [["ACK"], 0, [200, 481, 481]]);
});

test("at the called end the route set is Record-Route in order, and loose routing keeps the target (RFC 3261 §12.1.1, §12.2.1.1)", async () => {
  const { dialog, network, settle } = await calledByPeer([
    "Record-Route: <sip:192.0.2.21;lr>, <sip:192.0.2.22;lr>",
    "Record-Route: <sip:192.0.2.23;lr=on>",
  ]);
  dialog.request({ method: "BYE" }, new RecordingCaller());
  await settle();
  assert.ok(
    network.log.at(-1)!.endsWith("> udp:192.0.2.21:5060 BYE sip:raw@192.0.2.9:5060 SIP/2.0"),
    network.log.at(-1),
  );
});

test("a caller without Contact is told its BYE where it is, not where its From says (RFC 2543)", async () => {
  const { dialog, network, settle } = await calledByPeer([], {
    contact: "",
    from: "<sip:+12025550101@192.0.2.77:5080>",
  });
  dialog.request({ method: "BYE" }, new RecordingCaller());
  await settle();
  assert.ok(network.log.at(-1)!.endsWith("> udp:192.0.2.9:5060 BYE sip:192.0.2.9:5060 SIP/2.0"), network.log.at(-1));
});

test("a called side without Contact gets ACK and BYE where the INVITE went", async () => {
  const { peer, dialog, settle } = await callingPeer([]);
  dialog.request({ method: "BYE" }, new RecordingCaller());
  await settle();
  const [ack, bye] = [peer.requests("ACK")[0], peer.requests("BYE")[0]];
  assert.equal(startLineOf(ack!), "ACK sip:192.0.2.9:5060 SIP/2.0");
  assert.equal(startLineOf(bye!), "BYE sip:192.0.2.9:5060 SIP/2.0");
});

test("at the calling end the route set is reversed", async () => {
  const { peer } = await callingPeer([
    "Contact: <sip:far@192.0.2.99>",
    "Record-Route: <sip:192.0.2.99;lr>, <sip:192.0.2.9;lr>",
  ]);
  const [ack] = peer.requests("ACK");
  assert.equal(startLineOf(ack!), "ACK sip:far@192.0.2.99 SIP/2.0");
  assert.deepEqual(routeLines(ack!), ["Route: <sip:192.0.2.9;lr>", "Route: <sip:192.0.2.99;lr>"]);
});

test("behind a strict router its URI becomes the Request-URI and the target goes last into Route (§12.2.1.1)", async () => {
  const { peer } = await callingPeer([
    "Contact: <sip:far@192.0.2.99>",
    "Record-Route: <sip:192.0.2.98>, <sip:strict@192.0.2.9?x=y>",
  ]);
  const [ack] = peer.requests("ACK");
  assert.equal(startLineOf(ack!), "ACK sip:strict@192.0.2.9 SIP/2.0");
  assert.deepEqual(routeLines(ack!), ["Route: <sip:192.0.2.98>", "Route: <sip:far@192.0.2.99>"]);
});

test("the 2xx brings its own route set; the 1xx's is forgotten (§13.2.2.4)", async () => {
  const { endpoint, peer, toPeer, settle } = await endpointAndPeer();
  const side = new RecordingCaller();
  endpoint.invite(toPeer(), side);
  await settle();
  peer.send(
    rawResponse(peer.received[0]!, 180, {
      tag: "t",
      headers: ["Contact: <sip:a@192.0.2.9>", "Record-Route: <sip:192.0.2.50;lr>"],
    }),
  );
  peer.send(rawResponse(peer.received[0]!, 200, { tag: "t", headers: ["Contact: <sip:b@192.0.2.9>"] }));
  await settle();
  side.dialogs[0]!.ack();
  await settle();
  assert.equal(startLineOf(peer.requests("ACK")[0]!), "ACK sip:b@192.0.2.9 SIP/2.0");
  assert.deepEqual(routeLines(peer.requests("ACK")[0]!), []);
});

test("Record-Route is copied into the answers that make a dialog (§12.1.1)", async () => {
  const { peer } = await calledByPeer(["Record-Route: <sip:192.0.2.9;lr>"]);
  assert.equal(headerOf(peer.received[0]!, "Record-Route"), "<sip:192.0.2.9;lr>");
});

test("a request with a lower CSeq than one before gets 500 and does not reach the user (§12.2.2)", async () => {
  const { say, dialogUser, dialog } = await calledByPeer();
  assert.equal(await say("INFO", 12), 200);
  assert.equal(await say("INFO", 11), 500);
  assert.equal(await say("BYE", 9), 500);
  assert.equal(dialog.state, "confirmed");
  assert.deepEqual(dialogUser.seen, ["ACK", "INFO"]);
});

test("a second INVITE while the first is unanswered gets 500 with Retry-After of 0 to 10 s (§14.2)", async () => {
  const { say, dialogUser, peer } = await calledByPeer();
  dialogUser.answer = undefined;
  await say("INVITE", 11);
  assert.equal(await say("INVITE", 12), 500);
  assert.match(headerOf(peer.received.at(-1)!, "Retry-After")!, /^(\d|10)$/);
  assert.deepEqual(dialogUser.seen, ["ACK", "INVITE"]);
});

test("an INVITE that crosses ours gets 491 (§14.2); once ours is answered the next one passes", async () => {
  const { say, dialog, dialogUser, peer, settle } = await calledByPeer();
  const side = new RecordingCaller();
  dialog.request({ method: "INVITE" }, side);
  await settle();
  assert.equal(await say("INVITE", 11), 491);
  peer.send(rawResponse(peer.requests("INVITE")[0]!, 200, { headers: ["Contact: <sip:moved@192.0.2.9>"] }));
  await settle();
  dialog.ack();
  await settle();
  assert.equal(startLineOf(peer.requests("ACK").at(-1)!), "ACK sip:moved@192.0.2.9 SIP/2.0");
  assert.equal(await say("INVITE", 12), 200);
  assert.deepEqual(dialogUser.seen, ["ACK", "INVITE"]);
  assert.deepEqual(side.seen, ["alive", "answer 200"]);
});

test("a target refresh moves where requests go: re-INVITE and UPDATE, not INFO (§12.2.2, RFC 3311 §5.1)", async () => {
  const { say, dialog } = await calledByPeer();
  await say("INVITE", 11, { contact: "<sip:two@192.0.2.9>" });
  assert.equal(dialog.remoteTarget, "sip:two@192.0.2.9");
  await say("UPDATE", 12, { contact: "<sip:three@192.0.2.9>" });
  await say("INFO", 13, { contact: "<sip:four@192.0.2.9>" });
  assert.equal(dialog.remoteTarget, "sip:three@192.0.2.9");
});

test("the 2xx of a re-INVITE is repeated until its own ACK; an ACK of an earlier one does not count", async () => {
  const { say, dialogUser, peer, clock, settle, toTag } = await calledByPeer();
  await say("INVITE", 11);
  const before = peer.statuses.length;
  peer.send(rawRequest({ method: "ACK", via, branch: "z9hG4bKold", cseq: 10, toTag }));
  clock.advance(1600);
  assert.equal(peer.statuses.length, before + 2);
  peer.send(rawRequest({ method: "ACK", via, branch: "z9hG4bKnew", cseq: 11, toTag }));
  await settle(60_000);
  assert.equal(peer.statuses.length, before + 2);
  assert.deepEqual(dialogUser.seen, ["ACK", "INVITE", "ACK"]);
});

test("ACKs of two INVITEs are kept apart: a repeat of the first 2xx gets the first ACK", async () => {
  const { dialog, peer, settle } = await callingPeer(["Contact: <sip:far@192.0.2.9>"]);
  dialog.request({ method: "INVITE" }, new RecordingCaller());
  await settle();
  const [first, second] = peer.requests("INVITE");
  peer.send(rawResponse(second!, 200, { headers: ["Contact: <sip:far@192.0.2.9>"] }));
  await settle();
  dialog.ack();
  peer.send(rawResponse(first!, 200, { tag: "theirs" }));
  await settle();
  assert.deepEqual(
    peer.requests("ACK").map((ack) => headerOf(ack, "CSeq")),
    ["1 ACK", "2 ACK", "1 ACK"],
  );
});

test("after BYE the dialog is gone: what comes for it gets 481", async () => {
  const { say, dialogUser, dialog, endpoint } = await calledByPeer();
  assert.equal(await say("BYE", 11), 200);
  assert.equal(dialog.state, "terminated");
  assert.equal(await say("INFO", 12), 481);
  assert.deepEqual(dialogUser.seen, ["ACK", "BYE"]);
  assert.equal(endpoint.load.dialogs, 0);
});

test("BYEs that cross both reach their users and both get 200", async () => {
  const { callerDialog, calledDialog, callerUser, calledUser, caller, called, settle } = await establishedCall();
  const sides = [new RecordingCaller(), new RecordingCaller()] as const;
  callerDialog.request({ method: "BYE" }, sides[0]);
  calledDialog.request({ method: "BYE" }, sides[1]);
  await settle();
  assert.deepEqual(
    sides.map((side) => side.seen),
    [
      ["alive", "200"],
      ["alive", "200"],
    ],
  );
  assert.deepEqual([callerUser.seen, calledUser.seen], [["BYE"], ["ACK", "BYE"]]);
  assert.deepEqual([caller.endpoint.load.dialogs, called.endpoint.load.dialogs], [0, 0]);
});

test("a BYE that is challenged leaves the dialog up, ours and the peer's (RFC 3261 §22.2)", async () => {
  const { say, dialog, dialogUser, peer, settle } = await calledByPeer();
  dialogUser.answer = 401;
  assert.equal(await say("BYE", 11), 401);
  assert.equal(dialog.state, "confirmed");
  dialog.request({ method: "BYE" }, new RecordingCaller());
  assert.equal(dialog.state, "terminated");
  await settle();
  peer.send(rawResponse(peer.requests("BYE")[0]!, 407));
  await settle();
  assert.equal(dialog.state, "confirmed");
  dialogUser.answer = 200;
  assert.equal(await say("BYE", 12), 200);
  assert.equal(dialog.state, "terminated");
});

test("a BYE that nobody answers is reported as a local 408 and the dialog goes", async () => {
  const { dialog, endpoint, clock } = await calledByPeer();
  const side = new RecordingCaller();
  dialog.request({ method: "BYE" }, side);
  clock.advance(60_000);
  assert.deepEqual(side.seen, ["408 local"]);
  assert.deepEqual(endpoint.load, { transactions: 0, dialogs: 0, timers: 0 });
});

test("requests that come before the user is set wait for it", async () => {
  const { peer, user, settle } = await endpointAndPeer();
  peer.send(rawRequest({ method: "INVITE", via }));
  await settle();
  user.invites[0]!.respond({ status: 183 });
  await settle();
  const toTag = tagOf(headerOf(peer.received[0]!, "To"))!;
  peer.send(rawRequest({ method: "UPDATE", via, branch: "z9hG4bKu", cseq: 2, toTag }));
  await settle();
  const dialogUser = new RecordingDialogUser();
  user.invites[0]!.dialog()!.user = dialogUser;
  await settle();
  assert.deepEqual(dialogUser.seen, ["UPDATE"]);
  assert.deepEqual(peer.statuses, [183, 200]);
});

test("requests that waited for a user who never came get 481 when the dialog is discarded", async () => {
  const { peer, user, settle } = await endpointAndPeer();
  peer.send(rawRequest({ method: "INVITE", via, cseq: 10 }));
  await settle();
  user.invites[0]!.respond({ status: 200 });
  await settle();
  const toTag = tagOf(headerOf(peer.received.at(-1)!, "To"))!;
  peer.send(rawRequest({ method: "ACK", via, branch: "z9hG4bKack", cseq: 10, toTag }));
  peer.send(rawRequest({ method: "INFO", via, branch: "z9hG4bKinfo", cseq: 11, toTag }));
  peer.send(rawRequest({ method: "BYE", via, branch: "z9hG4bKbye", cseq: 12, toTag }));
  await settle();
  user.invites[0]!.dialog()!.discard();
  await settle();
  assert.deepEqual(peer.statuses, [200, 481, 481]);
});

test("a dialog restored from its snapshot sends BYE and answers, as if nothing had happened", async () => {
  const first = await calledByPeer(["Record-Route: <sip:192.0.2.9;lr>"]);
  first.dialog.request({ method: "INFO" }, new RecordingCaller());
  const snapshot = JSON.parse(JSON.stringify(first.dialog.snapshot())) as ReturnType<typeof first.dialog.snapshot>;
  const second = await endpointAndPeer();
  const dialog = second.endpoint.restoreDialog(snapshot);
  const dialogUser = new RecordingDialogUser();
  dialog.user = dialogUser;
  second.peer.send(rawRequest({ method: "INFO", via, branch: "z9hG4bKinfo", cseq: 11, toTag: first.toTag }));
  await second.settle();
  assert.deepEqual(second.peer.statuses, [200]);
  dialog.request({ method: "BYE" }, new RecordingCaller());
  await second.settle();
  const [bye] = second.peer.requests("BYE");
  assert.equal(startLineOf(bye!), "BYE sip:raw@192.0.2.9:5060 SIP/2.0");
  assert.deepEqual(routeLines(bye!), ["Route: <sip:192.0.2.9;lr>"]);
  assert.equal(headerOf(bye!, "CSeq"), "2 BYE");
  assert.equal(headerOf(bye!, "From"), `<sip:+12025550102@192.0.2.1>;tag=${first.toTag}`);
  assert.equal(headerOf(bye!, "To"), "<sip:+12025550101@192.0.2.9>;tag=raw");
});

test("discard forgets the dialog without a word", async () => {
  const { dialog, say, network, endpoint } = await calledByPeer();
  const before = network.log.length;
  dialog.discard();
  assert.equal(network.log.length, before);
  assert.equal(await say("INFO", 11), 481);
  assert.equal(endpoint.load.dialogs, 0);
});

test("the user may take a request for an unknown dialog and answer it itself", async () => {
  const { peer, user, settle } = await endpointAndPeer();
  user.takeStrayRequests = true;
  peer.send(rawRequest({ method: "BYE", via, toTag: "earlier-life" }));
  await settle();
  assert.deepEqual(user.seen, ["stray BYE"]);
  user.requests[0]!.respond({ status: 200 });
  await settle();
  assert.deepEqual(peer.statuses, [200]);
});

test("a Contact with a host name is looked up; while it is, nothing is sent; a name that fails falls back to the flow of the peer", async () => {
  let found: (() => void) | undefined;
  const resolver = {
    cached: () => undefined,
    resolve: (hop: string) =>
      hop.includes("known")
        ? new Promise<readonly { protocol: "udp"; address: string; port: number }[]>((resolve) => {
            found = () => resolve([{ protocol: "udp", address: "192.0.2.9", port: 5060 }]);
          })
        : Promise.reject(new Error("no such name")),
  };
  const { endpoint, peer, toPeer, settle } = await endpointAndPeer({ options: { resolver } });
  for (const host of ["known.example.com", "gone.example.com"]) {
    const side = new RecordingCaller();
    endpoint.invite(toPeer(), side);
    await settle();
    peer.send(rawResponse(peer.requests("INVITE").at(-1)!, 200, { tag: "t", headers: [`Contact: <sip:a@${host}>`] }));
    await settle();
    const before = peer.requests("ACK").length;
    side.dialogs[0]!.ack();
    if (host.startsWith("known")) {
      await settle();
      assert.equal(peer.requests("ACK").length, before);
      found!();
    }
    await settle();
    await settle();
    assert.equal(startLineOf(peer.requests("ACK").at(-1)!), `ACK sip:a@${host} SIP/2.0`);
    assert.equal(peer.requests("ACK").length, before + 1);
  }
});
