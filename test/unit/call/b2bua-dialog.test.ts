import assert from "node:assert/strict";
import { test } from "node:test";
import { B2buaBench } from "../../support/b2bua-bench.js";
import { bodyText, FakeIncoming, headerOf, type FakeDialog } from "../../support/fake-sip-endpoint.js";

/** Both directions: who asks, who is asked. */
function bothWays(bench: B2buaBench): { from: FakeDialog; to: FakeDialog; name: string }[] {
  const { a, b } = bench.answered();
  return [
    { from: a, to: b, name: "A to B" },
    { from: b, to: a, name: "B to A" },
  ];
}

for (const method of ["INFO", "REFER", "NOTIFY", "MESSAGE", "OPTIONS", "UPDATE", "SUBSCRIBE", "FOO"]) {
  test(`${method} in the dialog passes both ways with headers, body and answer`, () => {
    for (const { from, to, name } of bothWays(new B2buaBench())) {
      const asked = from.receive(method, {
        headers: [
          ["Max-Forwards", "30"],
          ["X-Test", name],
        ],
        body: "payload",
      });
      const relayed = to.last(method);
      assert.equal(headerOf(relayed.spec, "X-Test"), name);
      assert.equal(bodyText(relayed.spec.body), "payload");
      assert.deepEqual(asked.statuses, []);
      relayed.final(299, { headers: [["X-Answer", "yes"]], body: "reply" });
      assert.equal(asked.final?.status, 299);
      assert.equal(headerOf(asked.final, "X-Answer"), "yes");
      assert.equal(bodyText(asked.final.body), "reply");
    }
  });
}

test("requests of one side may be under way together, and answers find their own", () => {
  const { a, b } = new B2buaBench().answered();
  const first = a.receive("INFO", { body: "1" });
  const second = a.receive("INFO", { body: "2" });
  b.sent[1]?.final(202);
  b.sent[0]?.final(200);
  assert.deepEqual([first.statuses, second.statuses], [[200], [202]]);
});

test("requests above the limit get 500 with Retry-After", () => {
  const { a, b } = new B2buaBench({ options: { maxPendingRequests: 2 } }).answered();
  a.receive("INFO");
  a.receive("INFO");
  const third = a.receive("INFO");
  assert.equal(third.final?.status, 500);
  assert.equal(headerOf(third.final, "Retry-After"), "1");
  b.sent[0]?.final(200);
  a.receive("INFO");
  assert.equal(b.sent.length, 3, "room again");
});

test("re-INVITE: offer, answer and ACK pass end to end, both ways", () => {
  for (const { from, to } of bothWays(new B2buaBench())) {
    const acksBefore = to.acks.length;
    const reinvite = from.receive("INVITE", { body: "new offer" });
    const relayed = to.last("INVITE");
    assert.equal(bodyText(relayed.spec.body), "new offer");
    relayed.answer({ body: "new answer" });
    assert.equal(bodyText(reinvite.final?.body), "new answer");
    assert.equal(to.acks.length, acksBefore, "the ACK waits");
    reinvite.ack({ body: "late" });
    assert.equal(bodyText(to.acks.at(-1)?.body), "late");
  }
});

test("a re-INVITE before the ACK: the called side gets its ACK first, as the caller has had its 200; the late ACK changes nothing", () => {
  const bench = new B2buaBench();
  const invite = bench.invite();
  const b = bench.out.answer({ tag: "bob", body: "answer" });
  const a = invite.dialog()!;
  const reinvite = a.receive("INVITE", { body: "new offer" });
  assert.equal(b.acks.length, 1);
  b.last("INVITE").answer({ body: "new answer" });
  invite.ack({ headers: [["CSeq", "7 ACK"]] });
  assert.equal(b.acks.length, 1, "it is the first INVITE's, not the second one's");
  const cseq = reinvite.request.headers.get("cseq")!.replace("INVITE", "ACK");
  reinvite.ack({
    headers: [
      ["CSeq", cseq],
      ["X-Ack", "second"],
    ],
  });
  assert.equal(headerOf(b.acks[1], "X-Ack"), "second");
});

test("a re-INVITE before an ACK that has to bring the answer gets 500 with Retry-After: nobody can make that up", () => {
  const bench = new B2buaBench();
  const invite = bench.invite([], "");
  const b = bench.out.answer({ tag: "bob", body: "late offer" });
  const early = invite.dialog()!.receive("INVITE", { body: "new offer" });
  assert.deepEqual([early.final?.status, headerOf(early.final, "Retry-After"), b.methods()], [500, "1", []]);
  invite.ack({ headers: [["CSeq", "7 ACK"]], body: "late answer" });
  assert.equal(bodyText(b.acks[0]?.body), "late answer");
  invite.dialog()!.receive("INVITE", { body: "new offer" });
  assert.deepEqual(b.methods(), ["INVITE"]);
});

test("BYE before the ACK, behind a re-INVITE that waits: the ACK of the first 200 lets it go", () => {
  const bench = new B2buaBench();
  const invite = bench.invite();
  const b = bench.out.answer({ tag: "bob", body: "answer" });
  const a = invite.dialog()!;
  a.receive("INVITE", { body: "new offer" });
  b.receive("BYE");
  assert.deepEqual(a.methods(), [], "RFC 3261 §15: its 200 is not ACKed");
  invite.ack({ headers: [["CSeq", "7 ACK"]] });
  assert.deepEqual(a.methods(), ["BYE"]);
});

test("an 18x to a re-INVITE does not lose the 200 that follows (drachtio fault 5)", () => {
  const { a, b } = new B2buaBench().answered();
  const reinvite = a.receive("INVITE");
  const relayed = b.last("INVITE");
  relayed.provisional(183, { body: "early" });
  relayed.answer();
  assert.deepEqual(reinvite.statuses, [183, 200]);
});

test("after a re-INVITE that failed with 491 the next one goes through (drachtio fault 3)", () => {
  const { a, b } = new B2buaBench().answered();
  const first = a.receive("INVITE");
  b.last("INVITE").final(491);
  assert.deepEqual(first.statuses, [491]);
  const second = a.receive("INVITE");
  b.last("INVITE").answer();
  assert.deepEqual(second.statuses, [200]);
});

test("glare: re-INVITEs that cross get 491 on both sides (RFC 3261 §14)", () => {
  for (const { from, to } of bothWays(new B2buaBench())) {
    const ours = from.receive("INVITE");
    const crossing = to.receive("INVITE");
    assert.deepEqual(crossing.statuses, [491]);
    to.last("INVITE").final(491);
    assert.deepEqual(ours.statuses, [491]);
    const again = to.receive("INVITE");
    from.last("INVITE").answer();
    assert.deepEqual(again.statuses, [200]);
    again.ack();
  }
});

test("glare above an endpoint that lets the crossing INVITE through: the call itself answers 491", () => {
  const bench = new B2buaBench();
  const { a, b } = bench.answered();
  a.receive("INVITE");
  const template = b.receive("OPTIONS").request;
  const crossing = new FakeIncoming(bench.endpoint, { ...template, method: "INVITE" }, b);
  b.user!.onRequest(crossing);
  assert.deepEqual(crossing.statuses, [491]);
  assert.deepEqual(a.methods(), ["OPTIONS"]);
});

test("a CANCEL of a re-INVITE passes with its Reason, and the other side's final answer decides", () => {
  const { a, b } = new B2buaBench().answered();
  const reinvite = a.receive("INVITE");
  const relayed = b.last("INVITE");
  reinvite.cancel([["Reason", "SIP;cause=600"]]);
  assert.deepEqual(relayed.cancels, [[["Reason", "SIP;cause=600"]]]);
  relayed.final(487);
  assert.deepEqual(reinvite.statuses, [487]);
  const late = a.receive("INVITE");
  late.cancel();
  b.last("INVITE").answer();
  assert.deepEqual(late.statuses, [200], "it came too late, and both sides agree on that");
});

test("100rel: RSeq passes, and the RAck of the PRACK names the CSeq of the B leg's INVITE (RFC 3262)", () => {
  const bench = new B2buaBench();
  const invite = bench.invite([["Supported", "100rel"]]);
  const b = bench.out.provisional(183, {
    tag: "bob",
    headers: [
      ["Require", "100rel"],
      ["RSeq", "4711"],
    ],
  });
  const [progress] = invite.responses;
  assert.equal(headerOf(progress, "RSeq"), "4711");
  assert.equal(headerOf(progress, "Require"), "100rel");
  const prack = invite.dialog()!.receive("PRACK", { headers: [["RAck", "4711 7 INVITE"]], body: "offer 2" });
  const relayed = b!.last("PRACK");
  assert.equal(headerOf(relayed.spec, "RAck"), "4711 8 INVITE");
  relayed.final(200, { body: "answer 2" });
  assert.equal(bodyText(prack.final?.body), "answer 2");
});

test("forks with the same RSeq: each PRACK goes to the fork whose early dialog it is in", () => {
  const bench = new B2buaBench();
  const invite = bench.invite();
  const headers: [string, string][] = [["RSeq", "1"]];
  const b1 = bench.out.provisional(183, { tag: "b1", headers })!;
  const b2 = bench.out.provisional(183, { tag: "b2", headers })!;
  invite.dialog("b2")!.receive("PRACK", { headers: [["RAck", "1 7 INVITE"]] });
  assert.deepEqual([b1.methods(), b2.methods()], [[], ["PRACK"]]);
  invite.dialog()!.receive("PRACK", { headers: [["RAck", "1 7 INVITE"]] });
  assert.deepEqual(b1.methods(), ["PRACK"]);
});

test("the RAck of a re-INVITE's PRACK is mapped too", () => {
  const { a, b } = new B2buaBench().answered();
  const reinvite = a.receive("INVITE");
  const relayed = b.last("INVITE");
  relayed.provisional(183, { headers: [["RSeq", "5"]] });
  const inside = reinvite.request.headers.get("cseq")!.split(" ")[0]!;
  const outside = relayed.request.headers.get("cseq")!.split(" ")[0]!;
  assert.notEqual(inside, outside);
  a.receive("PRACK", { headers: [["RAck", `5 ${inside} INVITE`]] });
  assert.equal(headerOf(b.last("PRACK").spec, "RAck"), `5 ${outside} INVITE`);
});

test("a reliable 18x that is never PRACKed ends the call with 504 on the caller's side", () => {
  const bench = new B2buaBench();
  const invite = bench.invite();
  bench.out.provisional(183, { tag: "bob", headers: [["RSeq", "1"]] });
  invite.onPrackTimeout?.();
  assert.equal(invite.final?.status, 504);
  assert.equal(bench.out.isCancelled, true);
});

test("UPDATE passes both ways in an early dialog", () => {
  const bench = new B2buaBench();
  const invite = bench.invite();
  const b = bench.out.provisional(183, { tag: "bob" })!;
  const fromCaller = invite.dialog()!.receive("UPDATE");
  b.last("UPDATE").final(200);
  const fromCalled = b.receive("UPDATE");
  invite.dialog()!.last("UPDATE").final(491);
  assert.deepEqual([fromCaller.statuses, fromCalled.statuses], [[200], [491]]);
});

test("what the other side never answers comes back as 408", () => {
  const { a, b } = new B2buaBench().answered();
  const info = a.receive("INFO");
  b.last("INFO").local(408);
  assert.equal(info.final?.status, 408);
});

test("requests that wait when a BYE comes get 487 (RFC 3261 §15.1.2), and their late answers reach nobody", () => {
  const bench = new B2buaBench();
  const { a, b } = bench.answered();
  const reinvite = a.receive("INVITE");
  const info = b.receive("INFO");
  a.receive("BYE");
  assert.deepEqual([reinvite.statuses, info.statuses], [[487], [487]]);
  const acks = b.acks.length;
  b.sent[0]?.answer();
  assert.equal(b.acks.length, acks + 1, "a late 2xx is ACKed");
  a.sent[0]?.final(200);
  assert.deepEqual([reinvite.statuses, info.statuses], [[487], [487]]);
});

test("a request in an early dialog that lost against the answer gets 481", () => {
  const bench = new B2buaBench();
  const invite = bench.invite();
  bench.out.provisional(180, { tag: "b1" });
  const loser = bench.out.provisional(180, { tag: "b2" })!;
  bench.out.answer({ tag: "b1" });
  assert.deepEqual(loser.receive("INFO").statuses, [481]);
  assert.deepEqual(invite.dialog("b2")!.receive("INFO").statuses, [481]);
});

test("a digest challenge to a re-INVITE passes, and so does its repetition with credentials", () => {
  const { a, b } = new B2buaBench().answered();
  const first = a.receive("INVITE");
  b.last("INVITE").final(401, { headers: [["WWW-Authenticate", 'Digest realm="r"']] });
  assert.equal(headerOf(first.final, "WWW-Authenticate"), 'Digest realm="r"');
  const second = a.receive("INVITE", { headers: [["Authorization", "Digest x"]] });
  assert.equal(headerOf(b.last("INVITE").spec, "Authorization"), "Digest x");
  b.last("INVITE").answer();
  assert.equal(second.final?.status, 200);
});

test("a re-INVITE or UPDATE that moves a peer is told to the journal, one that does not is not", () => {
  const bench = new B2buaBench();
  const { a, b } = bench.answered();
  const moves = (): number => bench.log.filter((line) => line === "moved").length;
  a.receive("INVITE");
  b.last("INVITE").answer();
  assert.equal(moves(), 0);
  a.receive("INVITE");
  b.remoteTarget = "sip:peer@192.0.2.21";
  b.last("INVITE").answer();
  assert.equal(moves(), 1);
  b.receive("UPDATE");
  b.remoteTarget = "sip:peer@192.0.2.22";
  a.last("UPDATE").final(200);
  assert.equal(moves(), 2);
  b.receive("UPDATE");
  b.remoteTarget = "sip:peer@192.0.2.23";
  a.last("UPDATE").final(488);
  assert.equal(moves(), 2, "refused: nothing has moved");
});

test("a body of any size passes in a dialog, one after the other (drachtio fault 4)", () => {
  const { a, b } = new B2buaBench().answered();
  const bodies = Array.from({ length: 8 }, (_, n) => String(n).repeat(30_000));
  for (const body of bodies) a.receive("MESSAGE", { body });
  assert.deepEqual(
    b.sent.map((each) => bodyText(each.spec.body)),
    bodies,
  );
});

test("re-INVITE, INFO with DTMF and REFER are relayed, not swallowed (drachtio fault 7)", () => {
  const { a, b } = new B2buaBench().answered();
  a.receive("INVITE");
  a.receive("INFO", { headers: [["Content-Type", "application/dtmf-relay"]], body: "Signal=5" });
  a.receive("REFER", { headers: [["Refer-To", "<sip:carol@192.0.2.30>"]] });
  assert.deepEqual(b.methods(), ["INVITE", "INFO", "REFER"]);
});
