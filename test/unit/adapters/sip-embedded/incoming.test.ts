import assert from "node:assert/strict";
import { test } from "node:test";
import { headerOf, rawRequest, startLineOf, tagOf } from "../../../support/raw-message.js";
import { endpointAndPeer, RecordingDialogUser } from "../../../support/sip-pair.js";

const via = "192.0.2.9:5060";
const invite = (more: Partial<Parameters<typeof rawRequest>[0]> = {}) => rawRequest({ method: "INVITE", via, ...more });

test("a repeated INVITE reaches the user once and gets 100 again while the user is silent (RFC 3261 §17.2.1)", async () => {
  const { user, peer, settle } = await endpointAndPeer();
  peer.send(invite());
  await settle(100);
  peer.send(invite());
  await settle();
  assert.deepEqual(user.seen, ["INVITE"]);
  assert.deepEqual(peer.statuses, [100]);
});

test("100 is sent after 200 ms, not at all when the user answers before", async () => {
  const { user, peer, settle } = await endpointAndPeer();
  peer.send(invite({ headers: ["Timestamp: 54"] }));
  await settle(300);
  assert.deepEqual(peer.statuses, [100]);
  assert.equal(headerOf(peer.received[0]!, "Timestamp"), "54");
  assert.equal(tagOf(headerOf(peer.received[0]!, "To")), undefined);
  peer.send(invite({ branch: "z9hG4bKraw2", callId: "second" }));
  await settle();
  user.invites[1]!.respond({ status: 180 });
  await settle(1000);
  assert.deepEqual(peer.statuses, [100, 180]);
});

test("answers go to the port that a request came from where rport asks for it, and say so (RFC 3581 §4)", async () => {
  const { user, peer, settle } = await endpointAndPeer();
  peer.send(invite({ via: "10.0.0.1:5999" }));
  await settle();
  user.invites[0]!.respond({ status: 180 });
  await settle();
  assert.match(
    headerOf(peer.received[0]!, "Via")!,
    /^SIP\/2\.0\/UDP 10\.0\.0\.1:5999;branch=z9hG4bKraw1;rport=5060;received=192\.0\.2\.9$/,
  );
});

test("without rport answers go to the address it came from at the port in Via (RFC 3261 §18.2.2)", async () => {
  const { user, peer, network, settle } = await endpointAndPeer();
  peer.send(invite({ via: "10.0.0.1:5999", viaParams: "" }));
  await settle();
  user.invites[0]!.respond({ status: 180 });
  await settle();
  assert.ok(network.log.at(-1)!.includes("> udp:192.0.2.9:5999 "), network.log.at(-1));
});

test("a received parameter that the client wrote is not believed, maddr is not followed", async () => {
  const { user, peer, network, settle } = await endpointAndPeer();
  peer.send(invite({ viaParams: ";received=203.0.113.1;maddr=203.0.113.2" }));
  await settle();
  user.invites[0]!.respond({ status: 486 });
  await settle();
  assert.ok(network.log.at(-1)!.includes("> udp:192.0.2.9:5060 "));
  assert.match(headerOf(peer.received[0]!, "Via")!, /;received=192\.0\.2\.9$/);
});

test("CANCEL is answered 200 and told to the user once; the user's 487 gets its ACK (RFC 3261 §9.2)", async () => {
  const { user, peer, settle } = await endpointAndPeer();
  peer.send(invite());
  await settle();
  user.invites[0]!.respond({ status: 180 });
  await settle();
  for (let i = 0; i < 2; i++) {
    peer.send(rawRequest({ method: "CANCEL", via }));
    await settle();
  }
  assert.deepEqual(user.seen, ["INVITE", "cancelled"]);
  assert.deepEqual(peer.statuses, [180, 200, 200]);
  const [ringing, cancelAnswer] = peer.received;
  assert.equal(tagOf(headerOf(cancelAnswer!, "To")), tagOf(headerOf(ringing!, "To")));
  user.invites[0]!.respond({ status: 487 });
  await settle();
  peer.send(rawRequest({ method: "ACK", via, toTag: tagOf(headerOf(ringing!, "To"))! }));
  await settle(2000);
  assert.deepEqual(peer.statuses, [180, 200, 200, 487]);
  assert.deepEqual(user.seen, ["INVITE", "cancelled", "refusal acked"]);
});

test("CANCEL for nothing is answered 481; one that comes after the answer is answered 200 and changes nothing", async () => {
  const { user, peer, settle } = await endpointAndPeer();
  peer.send(rawRequest({ method: "CANCEL", via }));
  await settle();
  assert.deepEqual(peer.statuses, [481]);
  peer.send(invite({ branch: "z9hG4bKother" }));
  await settle();
  user.invites[0]!.respond({ status: 200 });
  peer.send(rawRequest({ method: "CANCEL", via, branch: "z9hG4bKother" }));
  await settle();
  assert.deepEqual(peer.statuses, [481, 200, 200]);
  assert.deepEqual(user.seen, ["INVITE"]);
});

test("the same request by two ways is answered 482, by the same way to another target it is not (RFC 3261 §8.2.2.2)", async () => {
  const { user, peer, settle } = await endpointAndPeer();
  peer.send(invite());
  await settle();
  peer.send(invite({ branch: "z9hG4bKelsewhere" }));
  await settle();
  assert.deepEqual(peer.statuses, [482]);
  peer.send(invite({ branch: "z9hG4bKforked", uri: "sip:+12025550199@192.0.2.1" }));
  await settle();
  assert.deepEqual(user.seen, ["INVITE", "INVITE"]);
});

test("a proxy that tries again after our refusal is not told 482", async () => {
  const { user, peer, settle } = await endpointAndPeer();
  peer.send(invite());
  await settle();
  user.invites[0]!.respond({ status: 503 });
  await settle();
  peer.send(invite({ branch: "z9hG4bKagain" }));
  await settle();
  assert.deepEqual(user.seen, ["INVITE", "INVITE"]);
});

test("a request without the magic cookie is matched by the rules of RFC 2543 (§17.2.3)", async () => {
  const { user, peer, settle } = await endpointAndPeer();
  const old = { branch: "1" };
  peer.send(invite(old));
  await settle();
  peer.send(invite(old));
  await settle();
  assert.deepEqual(user.seen, ["INVITE"]);
  user.invites[0]!.respond({ status: 486 });
  await settle();
  peer.send(rawRequest({ method: "ACK", via, branch: "1", toTag: tagOf(headerOf(peer.received.at(-1)!, "To"))! }));
  await settle(2000);
  assert.deepEqual(peer.statuses, [100, 486]);
  assert.deepEqual(user.seen, ["INVITE", "refusal acked"]);
});

const refusals = [
  { name: "483 at Max-Forwards 0", send: invite({ maxForwards: 0 }), status: 483 },
  {
    name: "420 for an unknown Proxy-Require, naming it",
    send: invite({ headers: ["Proxy-Require: foo, bar"] }),
    status: 420,
    header: ["Unsupported", "foo, bar"],
  },
  { name: "416 for an unknown URI scheme", send: invite({ uri: "foo:bar" }), status: 416 },
  { name: "505 for another version", send: invite().replace(" SIP/2.0", " SIP/3.0"), status: 505 },
  { name: "400 without a Call-ID", send: invite().replace(/Call-ID.*\r\n/, ""), status: 400 },
  { name: "400 when CSeq names another method", send: invite().replace("1 INVITE", "1 OPTIONS"), status: 400 },
  { name: "481 for a dialog that is not here", send: rawRequest({ method: "BYE", via, toTag: "nobody" }), status: 481 },
] as const;
for (const refusal of refusals) {
  test(`the endpoint itself answers ${refusal.name}`, async () => {
    const { user, peer, settle } = await endpointAndPeer();
    peer.send(refusal.send);
    await settle();
    assert.deepEqual(peer.statuses, [refusal.status]);
    assert.notEqual(tagOf(headerOf(peer.received[0]!, "To")), undefined);
    if ("header" in refusal) assert.equal(headerOf(peer.received[0]!, refusal.header[0]), refusal.header[1]);
    assert.deepEqual(
      user.seen.filter((each) => !each.startsWith("stray")),
      [],
    );
  });
}

test("OPTIONS at Max-Forwards 0 is the user's to answer (RFC 3261 §11)", async () => {
  const { user, peer, settle } = await endpointAndPeer();
  peer.send(rawRequest({ method: "OPTIONS", via, maxForwards: 0 }));
  await settle();
  assert.deepEqual(user.seen, ["OPTIONS"]);
});

test("malformed ACKs, responses and noise are dropped without a word", async () => {
  const { user, peer, settle } = await endpointAndPeer();
  peer.send(rawRequest({ method: "ACK", via }).replace(/CSeq.*\r\n/, ""));
  peer.send(rawRequest({ method: "ACK", via, toTag: "nobody" }));
  peer.send("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKnone\r\n\r\n");
  peer.send("\0\x01\0\x08!\x12\xa4Bxxxxxxxxxxxx");
  await settle(1000);
  assert.deepEqual(peer.received, []);
  assert.deepEqual(user.seen, []);
});

test("forks of one INVITE have a To tag each, the answered one stays, the others are gone (§12.3)", async () => {
  const { user, peer, settle } = await endpointAndPeer();
  peer.send(invite());
  await settle();
  const [call] = user.invites;
  call!.respond({ status: 180, fork: "one" });
  call!.respond({ status: 183, fork: "two" });
  call!.respond({ status: 183, fork: "one" });
  await settle();
  const tags = peer.received.map((text) => tagOf(headerOf(text, "To")));
  assert.equal(tags[0], tags[2]);
  assert.notEqual(tags[0], tags[1]);
  call!.respond({ status: 200, fork: "two" });
  assert.equal(call!.dialog("two")!.state, "confirmed");
  assert.equal(call!.dialog("one")!.state, "terminated");
  assert.equal(call!.respond({ status: 200, fork: "one" }), false);
  await settle();
  peer.send(rawRequest({ method: "BYE", via, branch: "z9hG4bKbye", toTag: tags[0]!, cseq: 2 }));
  await settle();
  assert.equal(peer.statuses.at(-1), 481);
});

test("a 2xx is repeated until its ACK, which the user sees once (§13.3.1.4)", async () => {
  const { user, peer, settle, clock } = await endpointAndPeer();
  peer.send(invite());
  await settle();
  user.invites[0]!.respond({ status: 200 });
  const dialogUser = new RecordingDialogUser();
  user.invites[0]!.dialog()!.user = dialogUser;
  clock.advance(1600);
  assert.deepEqual(peer.statuses, [200, 200, 200]);
  const toTag = tagOf(headerOf(peer.received[0]!, "To"))!;
  const ack = (branch: string) => rawRequest({ method: "ACK", via, branch, toTag });
  peer.send(ack("z9hG4bKack1"));
  peer.send(ack("z9hG4bKack2"));
  await settle(40_000);
  assert.deepEqual(peer.statuses, [200, 200, 200]);
  assert.deepEqual(dialogUser.seen, ["ACK"]);
});

test("a 2xx that is never acknowledged is repeated for 64·T1 and then told to the user", async () => {
  const { user, peer, settle, clock } = await endpointAndPeer();
  peer.send(invite());
  await settle();
  user.invites[0]!.respond({ status: 200 });
  const dialogUser = new RecordingDialogUser();
  user.invites[0]!.dialog()!.user = dialogUser;
  clock.advance(60_000);
  assert.equal(peer.statuses.length, 11);
  assert.deepEqual(dialogUser.seen, ["ack timeout"]);
});

test("a refusal that is never acknowledged is told as gone", async () => {
  const { user, peer, settle, clock } = await endpointAndPeer();
  peer.send(invite());
  await settle();
  user.invites[0]!.respond({ status: 603 });
  clock.advance(60_000);
  assert.equal(peer.statuses.length, 11);
  assert.deepEqual(user.seen, ["INVITE", "gone"]);
});

test("a reliable 1xx is repeated until the PRACK that names it, which still goes to the user (RFC 3262 §3)", async () => {
  const { user, peer, settle, clock } = await endpointAndPeer();
  peer.send(invite());
  await settle();
  user.invites[0]!.respond({
    status: 183,
    headers: [
      ["Require", "100rel"],
      ["RSeq", "7"],
    ],
  });
  const dialogUser = new RecordingDialogUser();
  user.invites[0]!.dialog()!.user = dialogUser;
  clock.advance(600);
  assert.deepEqual(peer.statuses, [183, 183]);
  const toTag = tagOf(headerOf(peer.received[0]!, "To"))!;
  const prack = (rack: string, cseq: number) =>
    rawRequest({ method: "PRACK", via, branch: `z9hG4bKprack${cseq}`, toTag, cseq, headers: [`RAck: ${rack}`] });
  peer.send(prack("6 1 INVITE", 2));
  await settle(1000);
  assert.deepEqual(peer.statuses, [183, 183, 200, 183]);
  peer.send(prack("7 1 INVITE", 3));
  await settle(40_000);
  assert.deepEqual(peer.statuses, [183, 183, 200, 183, 200]);
  assert.deepEqual(dialogUser.seen, ["PRACK", "PRACK"]);
});

test("a reliable 1xx without PRACK is given up at 64·T1 and told to the user", async () => {
  const { user, peer, settle, clock } = await endpointAndPeer();
  peer.send(invite());
  await settle();
  user.invites[0]!.respond({ status: 183, headers: [["RSeq", "7"]] });
  clock.advance(60_000);
  assert.equal(peer.statuses.length, 7);
  assert.deepEqual(user.seen, ["INVITE", "prack timeout"]);
});

test("an ignored request is never answered, repeats are absorbed, and nothing of it stays", async () => {
  const { user, endpoint, peer, settle, clock } = await endpointAndPeer();
  peer.send(invite());
  peer.send(rawRequest({ method: "OPTIONS", via, branch: "z9hG4bKoptions", callId: "other" }));
  await settle();
  user.invites[0]!.ignore!();
  user.requests[0]!.ignore!();
  await settle(1000);
  peer.send(invite());
  await settle(1000);
  assert.deepEqual(peer.received, []);
  assert.deepEqual(user.seen, ["INVITE", "OPTIONS"]);
  clock.advance(60_000);
  assert.deepEqual(endpoint.load, { transactions: 0, dialogs: 0, timers: 0 });
});

test("header fields that the endpoint owns and line ends in values cannot be injected by the user", async () => {
  const { user, peer, settle } = await endpointAndPeer();
  peer.send(invite());
  await settle();
  user.invites[0]!.respond({
    status: 486,
    reason: "Busy\r\nX-Evil: 1",
    headers: [
      ["Via", "SIP/2.0/UDP evil"],
      ["l", "3"],
      ["X-Note", "a\r\nX-Evil: 2"],
    ],
  });
  await settle();
  const [answer] = peer.received;
  assert.equal(startLineOf(answer!), "SIP/2.0 486 Busy X-Evil: 1");
  assert.equal(headerOf(answer!, "X-Evil"), undefined);
  assert.equal(headerOf(answer!, "X-Note"), "a X-Evil: 2");
  assert.equal(headerOf(answer!, "Content-Length"), "0");
});

test("a user that throws costs its own call only: 500, and the next call goes on", async () => {
  const { user, peer, endpoint, settle, clock } = await endpointAndPeer();
  const onInvite = user.onInvite.bind(user);
  user.onInvite = () => {
    user.onInvite = onInvite;
    throw new Error("a bug of ours");
  };
  peer.send(invite());
  await settle();
  assert.deepEqual(peer.statuses, [500]);
  peer.send(invite({ branch: "z9hG4bKnext", callId: "next" }));
  await settle();
  user.invites[0]!.respond({ status: 200 });
  user.invites[0]!.dialog()!.user = {
    onRequest: () => undefined,
    onAckTimeout: () => {
      throw new Error("another");
    },
  };
  clock.advance(60_000);
  user.invites[0]!.dialog()!.discard();
  assert.deepEqual(endpoint.load, { transactions: 0, dialogs: 0, timers: 0 });
});

test("while draining new INVITEs get 503 with Retry-After and everything else goes on", async () => {
  const { user, endpoint, peer, settle } = await endpointAndPeer({ options: { serverName: "Ringfence" } });
  endpoint.drain();
  peer.send(invite());
  peer.send(rawRequest({ method: "OPTIONS", via, branch: "z9hG4bKo" }));
  await settle();
  assert.deepEqual(peer.statuses, [503]);
  assert.equal(headerOf(peer.received[0]!, "Retry-After"), "0");
  assert.equal(headerOf(peer.received[0]!, "Server"), "Ringfence");
  assert.deepEqual(user.seen, ["OPTIONS"]);
});

test("an INVITE that the user calls urgent is let in while draining and above the shedding limit, as long as there is room", async () => {
  const { user, endpoint, peer, settle } = await endpointAndPeer({ options: { maxTransactions: 3 } });
  Object.assign(user, { isUrgent: (request: { uri: string }) => request.uri.includes("911") });
  endpoint.drain();
  for (const called of ["911", "12025550101", "911", "911", "911"])
    peer.send(
      invite({
        uri: `sip:${called}@192.0.2.1`,
        branch: `z9hG4bK${called}${Math.random()}`,
        callId: `c${Math.random()}`,
      }),
    );
  await settle();
  assert.equal(user.invites.length, 3, "three fit");
  assert.deepEqual(peer.statuses, [503, 503], "the ordinary one, and the fourth urgent one");
});

test("above 9/10 of the transactions new INVITEs are shed first, then other requests, and dialogs go on", async () => {
  const { user, peer, settle } = await endpointAndPeer({ options: { maxTransactions: 10 } });
  peer.send(invite());
  await settle();
  user.invites[0]!.respond({ status: 180 });
  await settle();
  const toTag = tagOf(headerOf(peer.received[0]!, "To"))!;
  for (let i = 0; i < 10; i++) {
    peer.send(rawRequest({ method: "OPTIONS", via, branch: `z9hG4bKo${i}`, callId: `o${i}` }));
    await settle();
  }
  assert.equal(user.seen.filter((each) => each === "OPTIONS").length, 9);
  assert.deepEqual(peer.statuses, [180, 503]);
  peer.send(invite({ branch: "z9hG4bKlate", callId: "late" }));
  await settle();
  assert.deepEqual(peer.statuses, [180, 503, 503]);
  assert.match(headerOf(peer.received.at(-1)!, "Retry-After")!, /^[1-5]$/);
  user.requests.forEach((request) => request.respond({ status: 200 }));
  await settle(40_000);
  peer.send(rawRequest({ method: "INFO", via, branch: "z9hG4bKinfo", toTag, cseq: 2 }));
  const dialogUser = new RecordingDialogUser();
  user.invites[0]!.dialog()!.user = dialogUser;
  await settle();
  assert.deepEqual(dialogUser.seen, ["INFO"]);
});
