import assert from "node:assert/strict";
import { test } from "node:test";
import type { SipTarget } from "../../../../gateway/ports/sip-endpoint.js";
import { headerOf, rawResponse, startLineOf } from "../../../support/raw-message.js";
import { endpointAndPeer, RecordingCaller } from "../../../support/sip-pair.js";

const nobody: SipTarget = { protocol: "tcp", address: "192.0.2.77", port: 5060 };

test("targets are tried in order on transport errors, each with a branch of its own", async () => {
  const { endpoint, peer, toPeer, settle } = await endpointAndPeer({ protocols: ["udp", "tcp"] });
  const side = new RecordingCaller();
  endpoint.invite(toPeer({ targets: [nobody, { ...nobody, port: 5070 }, toPeer().targets[0]!] }), side);
  await settle();
  const [invite] = peer.requests("INVITE");
  assert.match(headerOf(invite!, "Via")!, /^SIP\/2\.0\/UDP 192\.0\.2\.1:5060;rport;branch=z9hG4bK[0-9a-f]{42}$/);
  assert.equal(headerOf(invite!, "Contact"), "<sip:192.0.2.1:5060>");
  peer.send(rawResponse(invite!, 486, { tag: "t" }));
  await settle();
  assert.deepEqual(side.seen, ["alive", "486"]);
});

test("when no target can be reached a local 503 is reported once, after the call of invite has returned", async () => {
  const { endpoint, toPeer, settle, clock } = await endpointAndPeer({ protocols: ["udp", "tcp"] });
  for (const targets of [[nobody], [], [{ ...nobody, protocol: "tls" as const }]]) {
    const side = new RecordingCaller();
    endpoint.invite(toPeer({ targets }), side);
    assert.deepEqual(side.seen, []);
    await settle();
    assert.deepEqual(side.seen, ["503 local"]);
  }
  clock.advance(60_000);
  assert.deepEqual(endpoint.load, { transactions: 0, dialogs: 0, timers: 0 });
});

test("a request over 1,300 bytes goes by TCP, by UDP where TCP is refused, and by UDP where the target says so (§18.1.1)", async () => {
  const { endpoint, peer, network, toPeer, settle } = await endpointAndPeer({ protocols: ["udp", "tcp"] });
  const body = Buffer.alloc(1400, "v");
  const udp = { protocol: "udp" as const, address: "192.0.2.9", port: 5060 };
  const send = async (target: SipTarget): Promise<string> => {
    endpoint.invite(toPeer({ targets: [target], body }), new RecordingCaller());
    await settle();
    return headerOf(peer.requests("INVITE").at(-1)!, "Via")!.slice(8, 11);
  };
  assert.equal(await send(udp), "TCP");
  assert.equal(headerOf(peer.requests("INVITE").at(-1)!, "Contact"), "<sip:192.0.2.1:5060;transport=tcp>");
  assert.equal(await send({ ...udp, mtuSwitch: false }), "UDP");
  network.refuse = (_from, to) => to.protocol === "tcp";
  assert.equal(await send(udp), "UDP");
  assert.equal(peer.requests("INVITE").length, 3);
});

test("a hop that says nothing is given up after noResponseMs; a late answer still comes and can be ended", async () => {
  const { endpoint, peer, toPeer, settle, clock } = await endpointAndPeer();
  const side = new RecordingCaller();
  const outgoing = endpoint.invite(toPeer({ noResponseMs: 2000 }), side);
  clock.advance(2100);
  assert.deepEqual(side.seen, ["408 local"]);
  assert.equal(peer.requests("INVITE").length, 3);
  clock.advance(5000);
  assert.equal(peer.requests("INVITE").length, 3, "no repeats after giving up");
  const [invite] = peer.received;
  peer.send(rawResponse(invite!, 180, { tag: "t" }));
  await settle();
  outgoing.cancel();
  await settle();
  assert.equal(peer.requests("CANCEL").length, 1);
  peer.send(rawResponse(invite!, 200, { tag: "t", headers: ["Contact: <sip:192.0.2.9>"] }));
  await settle();
  assert.deepEqual(side.seen, ["408 local", "alive", "180", "answer 200"]);
  side.dialogs.at(-1)!.ack();
  await settle();
  assert.equal(peer.requests("ACK").length, 1);
});

test("a silent hop's late refusal is acknowledged and not reported again", async () => {
  const { endpoint, peer, toPeer, settle, clock } = await endpointAndPeer();
  const side = new RecordingCaller();
  endpoint.invite(toPeer({ noResponseMs: 2000 }), side);
  clock.advance(2100);
  peer.send(rawResponse(peer.received[0]!, 486, { tag: "t" }));
  await settle();
  assert.deepEqual(side.seen, ["408 local", "alive"]);
  assert.equal(peer.requests("ACK").length, 1);
  clock.advance(60_000);
  assert.deepEqual(endpoint.load, { transactions: 0, dialogs: 0, timers: 0 });
});

test("noResponseMs ends a request that is no INVITE", async () => {
  const { endpoint, toPeer, clock } = await endpointAndPeer();
  const side = new RecordingCaller();
  endpoint.request(toPeer({ method: "OPTIONS", noResponseMs: 2000, targets: [{ ...nobody, protocol: "udp" }] }), side);
  clock.advance(60_000);
  assert.deepEqual(side.seen, ["408 local"]);
  assert.deepEqual(endpoint.load, { transactions: 0, dialogs: 0, timers: 0 });
});

test("CANCEL waits for a provisional response and goes the INVITE's way with its branch (RFC 3261 §9.1)", async () => {
  const { endpoint, peer, toPeer, settle } = await endpointAndPeer();
  const side = new RecordingCaller();
  const outgoing = endpoint.invite(toPeer({ routes: ["<sip:192.0.2.9;lr>"] }), side);
  await settle();
  outgoing.cancel([["Reason", 'SIP;cause=200;text="Call completed elsewhere"']]);
  outgoing.cancel();
  await settle();
  assert.equal(peer.requests("CANCEL").length, 0);
  const [invite] = peer.received;
  peer.send(rawResponse(invite!, 100));
  await settle();
  const [cancel] = peer.requests("CANCEL");
  for (const name of ["Via", "From", "To", "Call-ID", "Route"])
    assert.equal(headerOf(cancel!, name), headerOf(invite!, name), name);
  assert.equal(headerOf(cancel!, "CSeq"), "1 CANCEL");
  assert.equal(headerOf(cancel!, "Reason"), 'SIP;cause=200;text="Call completed elsewhere"');
  peer.send(rawResponse(cancel!, 200, { tag: "t" }));
  peer.send(rawResponse(invite!, 487, { tag: "t" }));
  await settle();
  assert.deepEqual(side.seen, ["alive", "487"]);
  assert.equal(peer.requests("CANCEL").length, 1);
});

test("a 2xx that crosses the CANCEL comes to the user (§9.1)", async () => {
  const { endpoint, peer, toPeer, settle } = await endpointAndPeer();
  const side = new RecordingCaller();
  const outgoing = endpoint.invite(toPeer(), side);
  await settle();
  peer.send(rawResponse(peer.received[0]!, 180, { tag: "t" }));
  await settle();
  outgoing.cancel();
  peer.send(rawResponse(peer.received[0]!, 200, { tag: "t" }));
  await settle();
  assert.deepEqual(side.seen, ["alive", "180", "answer 200"]);
});

test("a cancelled INVITE that never ends is reported as 408 64·T1 after the CANCEL (§9.1)", async () => {
  const { endpoint, peer, toPeer, settle, clock } = await endpointAndPeer();
  const side = new RecordingCaller();
  const outgoing = endpoint.invite(toPeer(), side);
  await settle();
  peer.send(rawResponse(peer.received[0]!, 180, { tag: "t" }));
  await settle();
  outgoing.cancel();
  clock.advance(31_000);
  assert.deepEqual(side.seen, ["alive", "180"]);
  clock.advance(60_000);
  assert.deepEqual(side.seen, ["alive", "180", "408 local"]);
  assert.deepEqual(endpoint.load, { transactions: 0, dialogs: 0, timers: 0 });
});

test("an INVITE that rings longer than ringingTimeoutMs is cancelled; each 1xx starts the time anew", async () => {
  const { endpoint, peer, toPeer, settle, clock } = await endpointAndPeer({ options: { ringingTimeoutMs: 60_000 } });
  endpoint.invite(toPeer(), new RecordingCaller());
  await settle();
  const ring = () => peer.send(rawResponse(peer.received[0]!, 180, { tag: "t" }));
  ring();
  clock.advance(50_000);
  ring();
  clock.advance(50_000);
  assert.equal(peer.requests("CANCEL").length, 0);
  clock.advance(11_000);
  assert.ok(peer.requests("CANCEL").length > 0);
});

test("each To tag of a forked INVITE is a dialog; each 2xx is answered with an ACK of its own, repeats with the same", async () => {
  const { endpoint, peer, toPeer, settle } = await endpointAndPeer();
  const side = new RecordingCaller();
  endpoint.invite(toPeer(), side);
  await settle();
  const [invite] = peer.received;
  const answer = (status: number, tag: string) =>
    peer.send(rawResponse(invite!, status, { tag, headers: [`Contact: <sip:${tag}@192.0.2.9>`] }));
  answer(180, "one");
  answer(183, "two");
  await settle();
  assert.deepEqual(
    side.dialogs.map((dialog) => `${dialog.remoteTag} ${dialog.state} ${dialog.remoteTarget}`),
    ["one early sip:one@192.0.2.9", "two early sip:two@192.0.2.9"],
  );
  answer(200, "two");
  answer(200, "three");
  await settle();
  assert.deepEqual(side.seen, ["alive", "180", "183", "answer 200", "answer 200"]);
  assert.equal(side.dialogs[2], side.dialogs[1], "one dialog object for its whole life");
  side.dialogs[2]!.ack();
  side.dialogs[3]!.ack();
  answer(200, "two");
  await settle();
  assert.deepEqual(peer.requests("ACK").map(startLineOf), [
    "ACK sip:two@192.0.2.9 SIP/2.0",
    "ACK sip:three@192.0.2.9 SIP/2.0",
    "ACK sip:two@192.0.2.9 SIP/2.0",
  ]);
  assert.equal(peer.requests("ACK")[0], peer.requests("ACK")[2]);
  assert.deepEqual(side.seen, ["alive", "180", "183", "answer 200", "answer 200"]);
});

test("when the call is over a repeat of its 2xx is absorbed and a fork that answers only now is a stray", async () => {
  const { endpoint, peer, user, toPeer, settle, clock } = await endpointAndPeer();
  const side = new RecordingCaller();
  endpoint.invite(toPeer(), side);
  await settle();
  const [invite] = peer.received;
  const answer = (tag: string) => peer.send(rawResponse(invite!, 200, { tag, headers: ["Contact: <sip:192.0.2.9>"] }));
  answer("one");
  await settle();
  side.dialogs[0]!.ack();
  side.dialogs[0]!.request({ method: "BYE" }, new RecordingCaller());
  await settle();
  peer.send(rawResponse(peer.requests("BYE")[0]!, 200));
  await settle();
  answer("one");
  answer("two");
  await settle();
  assert.deepEqual(user.seen, ["stray 200"]);
  assert.equal(user.strays[0]!.dialog.remoteTag, "two");
  assert.deepEqual(side.seen, ["alive", "answer 200"]);
  user.strays[0]!.dialog.discard();
  clock.advance(60_000);
  assert.deepEqual(endpoint.load, { transactions: 0, dialogs: 0, timers: 0 });
});

test("a repeated reliable 1xx is not reported again (RFC 3262 §4)", async () => {
  const { endpoint, peer, toPeer, settle } = await endpointAndPeer();
  const side = new RecordingCaller();
  endpoint.invite(toPeer(), side);
  await settle();
  for (const rseq of [5, 5, 6, 5]) {
    peer.send(rawResponse(peer.received[0]!, 183, { tag: "t", headers: [`RSeq: ${rseq}`] }));
    await settle();
  }
  assert.deepEqual(side.seen, ["alive", "183", "183"]);
});

test("when the INVITE fails its early dialogs are gone: a request for one gets 481", async () => {
  const { endpoint, peer, toPeer, settle } = await endpointAndPeer();
  const side = new RecordingCaller();
  endpoint.invite(toPeer(), side);
  await settle();
  peer.send(rawResponse(peer.received[0]!, 180, { tag: "t" }));
  await settle();
  peer.send(rawResponse(peer.received[0]!, 404, { tag: "t" }));
  await settle();
  assert.equal(side.dialogs[0]!.state, "terminated");
  assert.equal(endpoint.load.dialogs, 0);
});

test("responses that are not ours are dropped: other branch, other method, several Vias, another sent-by (§17.1.3, §18.1.2)", async () => {
  const { endpoint, peer, user, toPeer, settle } = await endpointAndPeer();
  const side = new RecordingCaller();
  endpoint.invite(toPeer(), side);
  await settle();
  const ok = rawResponse(peer.received[0]!, 200, { tag: "t" });
  peer.send(ok.replace(/branch=z9hG4bK[0-9a-f]+/, "branch=z9hG4bKguess").replace("192.0.2.1:5060", "192.0.2.50:5060"));
  peer.send(ok.replace("1 INVITE", "1 BYE"));
  peer.send(ok.replace(/(Via: .*)/, "$1\r\nVia: SIP/2.0/UDP 192.0.2.9"));
  await settle();
  assert.deepEqual(side.seen, []);
  assert.deepEqual(user.seen, []);
});

test("a 2xx repeated after its transaction is over is acknowledged again", async () => {
  const { endpoint, peer, user, toPeer, settle, clock } = await endpointAndPeer();
  const side = new RecordingCaller();
  endpoint.invite(toPeer(), side);
  await settle();
  const answer = rawResponse(peer.received[0]!, 200, { tag: "t", headers: ["Contact: <sip:192.0.2.9>"] });
  peer.send(answer);
  await settle();
  side.dialogs[0]!.ack();
  clock.advance(40_000);
  peer.send(answer);
  await settle();
  assert.equal(peer.requests("ACK").length, 2);
  assert.deepEqual(user.seen, []);
});

test("identifiers, first CSeq and header fields are used as given", async () => {
  const { endpoint, peer, toPeer, settle } = await endpointAndPeer();
  endpoint.invite(
    toPeer({
      callId: "given@host",
      fromTag: "given",
      cseq: 17,
      maxForwards: 69,
      contactUser: "me",
      contactParams: ";isfocus",
      headers: [["X-A", "1"]],
    }),
    new RecordingCaller(),
  );
  await settle();
  const [invite] = peer.received;
  const seen = Object.fromEntries(
    ["Call-ID", "From", "CSeq", "Max-Forwards", "Contact", "X-A"].map((name) => [name, headerOf(invite!, name)]),
  );
  assert.deepEqual(seen, {
    "Call-ID": "given@host",
    From: "<sip:+12025550101@192.0.2.1>;tag=given",
    CSeq: "17 INVITE",
    "Max-Forwards": "69",
    Contact: "<sip:me@192.0.2.1:5060>;isfocus",
    "X-A": "1",
  });
});

test("the Contact of a REGISTER goes out as given, in every try (RFC 3261 §10.2)", async () => {
  const { endpoint, peer, toPeer, settle } = await endpointAndPeer({ protocols: ["udp", "tcp"] });
  const contact = "<sip:phone@192.0.2.200>;expires=60";
  endpoint.request(
    toPeer({ method: "REGISTER", contact, targets: [nobody, toPeer().targets[0]!] }),
    new RecordingCaller(),
  );
  await settle();
  assert.equal(headerOf(peer.requests("REGISTER")[0]!, "Contact"), contact);
});

test("the tap sees every message, repeats included, both ways", async () => {
  const seen: string[] = [];
  const { endpoint, peer, toPeer, settle, clock } = await endpointAndPeer({
    options: {
      onWire: (direction, bytes, to) =>
        seen.push(`${direction} ${to.port} ${startLineOf(Buffer.from(bytes).toString("latin1"))}`),
    },
  });
  endpoint.request(toPeer({ method: "OPTIONS" }), new RecordingCaller());
  clock.advance(600);
  peer.send(rawResponse(peer.received[0]!, 200, { tag: "t" }));
  await settle();
  endpoint.tap(undefined);
  endpoint.request(toPeer({ method: "OPTIONS" }), new RecordingCaller());
  const options = "out 5060 OPTIONS sip:+12025550103@192.0.2.9 SIP/2.0";
  assert.deepEqual(seen, [options, options, "in 5060 SIP/2.0 200 OK"]);
});
