import assert from "node:assert/strict";
import { test } from "node:test";
import { B2buaBench } from "../../support/b2bua-bench.js";
import { headerOf } from "../../support/fake-sip-endpoint.js";

test("BYEs that cross both get 200, and one CDR is written", () => {
  const bench = new B2buaBench();
  const { a, b } = bench.answered();
  const fromA = a.receive("BYE");
  const fromB = b.receive("BYE");
  assert.deepEqual(fromB.statuses, [200]);
  b.last("BYE").final(481);
  assert.deepEqual(fromA.statuses, [200], "its own leg is over whatever the other says");
  assert.equal(bench.cdrs.length, 1);
  assert.deepEqual([a.methods(), b.methods()], [[], ["BYE"]]);
});

test("a BYE read in the same turn as the 200 ends both legs (drachtio fault 1)", () => {
  const bench = new B2buaBench();
  const invite = bench.invite();
  const b = bench.out.answer({ tag: "bob" });
  const bye = b.receive("BYE");
  assert.deepEqual(bye.statuses, [200]);
  const a = invite.dialog()!;
  assert.deepEqual(a.methods(), [], "no BYE to the caller before its ACK (RFC 3261 §15)");
  invite.ack();
  assert.deepEqual(a.methods(), ["BYE"]);
  a.last("BYE").final(200);
  assert.equal(bench.b2bua.size, 0);
});

test("a BYE that waits for the caller's ACK goes out when the ACK never comes", () => {
  const bench = new B2buaBench();
  const invite = bench.invite();
  bench.out.answer({ tag: "bob" }).receive("BYE");
  const a = invite.dialog()!;
  a.ackTimeout();
  a.last("BYE").local(408);
  assert.equal(bench.b2bua.size, 0);
});

test("the caller's BYE before its ACK: the called side gets its ACK first, then the BYE", () => {
  const bench = new B2buaBench();
  const invite = bench.invite();
  const b = bench.out.answer({ tag: "bob" });
  const bye = invite.dialog()!.receive("BYE");
  assert.equal(b.acks.length, 1);
  b.last("BYE").final(200);
  assert.deepEqual(bye.statuses, [200]);
});

test("a 200 that is never ACKed ends both legs (RFC 3261 §13.3.1.4)", () => {
  const bench = new B2buaBench();
  const invite = bench.invite();
  const b = bench.out.answer({ tag: "bob" });
  invite.dialog()!.ackTimeout();
  assert.equal(b.acks.length, 1);
  invite.dialog()!.last("BYE").final(200);
  b.last("BYE").final(200);
  assert.equal(bench.cdr.cause, "dead");
});

test("a BYE that is challenged passes the challenge, and both legs stay up for the next one (RFC 3261 §22.2)", () => {
  const bench = new B2buaBench();
  const { a, b } = bench.answered();
  const first = a.receive("BYE");
  b.last("BYE").final(407, { headers: [["Proxy-Authenticate", 'Digest realm="r"']] });
  assert.equal(first.final?.status, 407);
  assert.equal(headerOf(first.final, "Proxy-Authenticate"), 'Digest realm="r"');
  assert.equal(bench.call.phase, "answered");
  const info = b.receive("INFO");
  a.last("INFO").final(200);
  assert.deepEqual(info.statuses, [200], "the call goes on");
  const second = a.receive("BYE", { headers: [["Proxy-Authorization", "Digest x"]] });
  assert.equal(headerOf(b.last("BYE").spec, "Proxy-Authorization"), "Digest x");
  b.last("BYE").final(200);
  assert.deepEqual(second.statuses, [200]);
  assert.equal(bench.cdrs.length, 1);
});

test("a re-INVITE that was open when a BYE was challenged does not block later ones", () => {
  const bench = new B2buaBench();
  const { a, b } = bench.answered();
  const open = a.receive("INVITE");
  a.receive("BYE");
  assert.deepEqual(open.statuses, [487]);
  b.last("INVITE").final(500);
  b.last("BYE").final(401);
  const next = b.receive("INVITE");
  a.last("INVITE").answer();
  assert.deepEqual(next.statuses, [200]);
});

test("CANCEL while the called side rings: 487 to the caller, CANCEL with its Reason to the called side", () => {
  const bench = new B2buaBench();
  const invite = bench.invite();
  bench.out.provisional(180, { tag: "bob" });
  invite.cancel([["Reason", 'SIP;cause=200;text="Call completed elsewhere"']]);
  assert.deepEqual(invite.statuses, [180, 487]);
  assert.deepEqual(bench.out.cancels, [[["Reason", 'SIP;cause=200;text="Call completed elsewhere"']]]);
  assert.equal(bench.b2bua.size, 1, "until the called side has answered");
  bench.out.final(487);
  assert.deepEqual([bench.cdr.status, bench.cdr.endedBy, bench.cdr.cause], [487, "caller", "cancelled"]);
  assert.equal(bench.b2bua.size, 0);
});

test("CANCEL before any provisional response of the called side ends its leg (drachtio fault 2)", () => {
  const bench = new B2buaBench();
  const invite = bench.invite();
  invite.cancel();
  assert.deepEqual(invite.statuses, [487]);
  assert.equal(bench.out.cancels.length, 1, "the endpoint holds it until the provisional response");
  bench.out.provisional(180, { tag: "bob" });
  assert.deepEqual(invite.statuses, [487]);
  bench.out.final(487);
  assert.equal(bench.b2bua.size, 0);
});

test("CANCEL that crosses the 200 becomes ACK and BYE (RFC 3261 §9.1, §15)", () => {
  const bench = new B2buaBench();
  const invite = bench.invite();
  bench.out.provisional(180, { tag: "bob" });
  invite.cancel();
  const b = bench.out.answer({ tag: "bob" });
  assert.equal(b.acks.length, 1);
  assert.deepEqual(b.methods(), ["BYE"]);
  b.last("BYE").final(200);
  assert.deepEqual(invite.statuses, [180, 487]);
  assert.deepEqual([bench.cdr.status, bench.cdr.cause], [487, "cancelled"]);
});

test("a cancelled call tries no further hop", () => {
  const bench = new B2buaBench();
  bench.invite().cancel();
  bench.out.final(503);
  assert.equal(bench.endpoint.invites.length, 1);
  assert.equal(bench.b2bua.size, 0);
});

test("a caller whose transport goes away while it rings: the called side is cancelled", () => {
  const bench = new B2buaBench();
  const invite = bench.invite();
  bench.out.provisional(180, { tag: "bob" });
  invite.onGone?.();
  assert.equal(bench.out.isCancelled, true);
  bench.out.final(487);
  assert.equal(bench.cdr.endedBy, "caller");
});

test("the caller's BYE in its only early dialog ends the call (RFC 3261 §15)", () => {
  const bench = new B2buaBench();
  const invite = bench.invite();
  bench.out.provisional(180, { tag: "bob" });
  const bye = invite.dialog()!.receive("BYE");
  assert.deepEqual(bye.statuses, [200]);
  assert.equal(invite.final?.status, 487);
  assert.equal(bench.out.isCancelled, true);
});

test("the caller's BYE in one of several early dialogs ends that fork", () => {
  const bench = new B2buaBench();
  const invite = bench.invite();
  const b1 = bench.out.provisional(180, { tag: "b1" })!;
  const b2 = bench.out.provisional(180, { tag: "b2" })!;
  assert.deepEqual(invite.dialog("b2")!.receive("BYE").statuses, [200]);
  assert.deepEqual([b1.methods(), b2.methods(), bench.out.isCancelled], [[], ["BYE"], false]);
});

test("after the first fork was ended by the caller the others keep their tags", () => {
  const bench = new B2buaBench();
  const invite = bench.invite();
  bench.out.provisional(180, { tag: "b1" });
  bench.out.provisional(180, { tag: "b2" });
  invite.dialog()!.receive("BYE");
  bench.out.answer({ tag: "b2" });
  assert.equal(invite.final?.fork, "b2");
});

test("the called side's BYE in an early dialog is not allowed and gets 481", () => {
  const bench = new B2buaBench();
  bench.invite();
  const b = bench.out.provisional(180, { tag: "bob" })!;
  assert.deepEqual(b.receive("BYE").statuses, [481]);
  assert.equal(bench.call.phase, "ringing");
});
