import assert from "node:assert/strict";
import { test } from "node:test";
import type { TeardownReport } from "../../../gateway/call/contracts.js";
import { drainReason } from "../../../gateway/call/end-reasons.js";
import { B2buaBench, FRAUD } from "../../support/b2bua-bench.js";
import { headerOf } from "../../support/fake-sip-endpoint.js";

/** Phase and, for each leg, outcome, means and status. */
const short = ({ phase, a, b }: TeardownReport): string =>
  `${phase}: ${a.outcome} ${a.by} ${a.status}, ${b.outcome} ${b.by} ${b.status}`;

test("an answered call: BYE on both legs with Reason, confirmed by both answers, and the time between", async () => {
  const bench = new B2buaBench();
  const { a, b } = bench.answered();
  const report = bench.call.end(FRAUD);
  for (const dialog of [a, b])
    assert.equal(headerOf(dialog.last("BYE").spec, "Reason"), 'Q.850;cause=21;text="masking"');
  bench.clock.advance(30);
  a.last("BYE").final(200);
  bench.clock.advance(12);
  b.last("BYE").final(200);
  assert.equal(short(await report), "answered: confirmed BYE 200, confirmed BYE 200");
  assert.equal((await report).tookMs, 42);
  const { cdr } = bench;
  assert.deepEqual(
    [cdr.endedBy, cdr.cause, cdr.q850, cdr.incidentId, cdr.status],
    ["gateway", "fraud", 21, "inc-1", 200],
  );
  assert.equal(bench.b2bua.size, 0);
});

test("legs that are gone already (481, or 408 of the peer) are no proof of ours, silence and refusals are none at all", async () => {
  const cases = [
    { status: 481, local: false, says: "already-gone BYE 481" },
    { status: 408, local: false, says: "already-gone BYE 408" },
    { status: 408, local: true, says: "timed-out BYE 0" },
    { status: 503, local: true, says: "timed-out BYE 0" },
    { status: 401, local: false, says: "timed-out BYE 401" },
    { status: 500, local: false, says: "timed-out BYE 500" },
  ] as const;
  for (const { status, local, says } of cases) {
    const bench = new B2buaBench();
    const { a, b } = bench.answered();
    const report = bench.call.end(FRAUD);
    a.last("BYE").final(200);
    if (local) b.last("BYE").local(status);
    else b.last("BYE").final(status);
    assert.equal(short(await report), `answered: confirmed BYE 200, ${says}`);
    assert.equal(bench.b2bua.size, 0);
  }
});

test("a call that rings: final refusal on the caller's leg, CANCEL on the other", async () => {
  const bench = new B2buaBench();
  const invite = bench.invite();
  bench.out.provisional(180, { tag: "bob" });
  const report = bench.call.end({ ...FRAUD, refusalStatus: 607 });
  assert.equal(invite.final?.status, 607);
  assert.equal(headerOf(invite.final, "Reason"), 'Q.850;cause=21;text="masking"');
  assert.deepEqual(bench.out.cancels, [
    [
      ["Reason", 'Q.850;cause=21;text="masking"'],
      ["Reason", 'SIP;cause=607;text="masking"'],
    ],
  ]);
  bench.out.final(487);
  invite.onRefusalAcked?.();
  assert.equal(short(await report), "ringing: confirmed refusal 200, confirmed CANCEL 487");
  assert.equal(bench.cdr.status, 607);
});

test("608 names whom to complain to, where configured (RFC 8688)", () => {
  const bench = new B2buaBench({ options: { redressUrl: "https://redress.example/card" } });
  const invite = bench.invite();
  void bench.call.end({ ...FRAUD, refusalStatus: 608 });
  assert.equal(headerOf(invite.final, "Call-Info"), "<https://redress.example/card>;purpose=jwscard");
});

test("a call whose hop has not said anything: the CANCEL is handed over at once, the endpoint holds it back", async () => {
  const bench = new B2buaBench();
  const invite = bench.invite();
  const report = bench.call.end(FRAUD);
  assert.equal(invite.final?.status, 603);
  assert.equal(bench.out.cancels.length, 1);
  invite.onRefusalAcked?.();
  bench.out.local(408);
  assert.equal(short(await report), "early: confirmed refusal 200, timed-out CANCEL 0");
});

test("a refusal that the caller never ACKs is not proved", async () => {
  const bench = new B2buaBench();
  const invite = bench.invite();
  bench.out.provisional(180, { tag: "bob" });
  const report = bench.call.end(FRAUD);
  bench.out.final(487);
  invite.onGone?.();
  assert.equal(short(await report), "ringing: timed-out refusal 0, confirmed CANCEL 487");
});

test("a called side that refuses by itself while the CANCEL is on its way was gone already", async () => {
  const bench = new B2buaBench();
  const invite = bench.invite();
  bench.out.provisional(180, { tag: "bob" });
  const report = bench.call.end(FRAUD);
  invite.onRefusalAcked?.();
  bench.out.final(486);
  assert.equal(short(await report), "ringing: confirmed refusal 200, already-gone none 486");
});

test("our CANCEL crosses the 200: ACK and BYE, and their answer is the proof", async () => {
  const bench = new B2buaBench();
  const invite = bench.invite();
  bench.out.provisional(180, { tag: "bob" });
  const report = bench.call.end(FRAUD);
  const b = bench.out.answer({ tag: "bob" });
  assert.equal(b.acks.length, 1);
  invite.onRefusalAcked?.();
  b.last("BYE").final(200);
  assert.equal(short(await report), "ringing: confirmed refusal 200, confirmed BYE 200");
  assert.deepEqual(invite.statuses, [180, 603], "the caller never hears of the 200");
});

test("answered but not ACKed: the called side gets ACK and BYE at once, the caller its BYE after the ACK (RFC 3261 §15)", async () => {
  const bench = new B2buaBench();
  const invite = bench.invite();
  const b = bench.out.answer({ tag: "bob" });
  const a = invite.dialog()!;
  const report = bench.call.end(FRAUD);
  assert.equal(b.acks.length, 1);
  assert.deepEqual([b.methods(), a.methods()], [["BYE"], []]);
  b.last("BYE").final(200);
  invite.ack();
  a.last("BYE").final(200);
  assert.equal(short(await report), "answered: confirmed BYE 200, confirmed BYE 200");
  assert.equal(b.acks.length, 1, "one ACK");
});

test("answered and never ACKed: the caller's BYE goes out at the transaction's end", () => {
  const bench = new B2buaBench();
  const invite = bench.invite();
  bench.out.answer({ tag: "bob" });
  void bench.call.end(FRAUD);
  const a = invite.dialog()!;
  a.ackTimeout();
  assert.deepEqual(a.methods(), ["BYE"]);
});

test("while a re-INVITE of the caller waits for its ACK no BYE is sent to it", () => {
  const bench = new B2buaBench();
  const { a, b } = bench.answered();
  const reinvite = a.receive("INVITE");
  b.last("INVITE").answer();
  void bench.call.end(FRAUD);
  assert.deepEqual(a.methods(), []);
  reinvite.ack();
  assert.deepEqual(a.methods(), ["BYE"]);
});

test("half torn: the BYE that is under way is the proof, and no second one is sent", async () => {
  const bench = new B2buaBench();
  const { a, b } = bench.answered();
  a.receive("BYE");
  const report = bench.call.end(FRAUD);
  assert.deepEqual(b.methods(), ["BYE"]);
  b.last("BYE").final(200);
  assert.equal(short(await report), "half-torn: already-gone none 0, confirmed BYE 200");
  assert.deepEqual([bench.cdr.endedBy, bench.cdr.cause], ["caller", "normal"], "the caller was first");
});

test("half torn by the caller's CANCEL: the called side's answer is waited for", async () => {
  const bench = new B2buaBench();
  const invite = bench.invite();
  bench.out.provisional(180, { tag: "bob" });
  invite.cancel();
  const report = bench.call.end(FRAUD);
  assert.equal(bench.out.cancels.length, 1);
  bench.out.final(487);
  assert.equal(short(await report), "half-torn: already-gone none 0, confirmed CANCEL 487");
});

test("a call that is over was gone on both legs", async () => {
  const bench = new B2buaBench();
  bench.invite();
  const { call } = bench;
  bench.out.final(486);
  assert.equal(short(await call.end(FRAUD)), "gone: already-gone none 0, already-gone none 0");
  assert.equal(bench.cdrs.length, 1);
});

test("a peer's BYE that crosses ours gets 200, and our BYE's answer stays the proof", async () => {
  const bench = new B2buaBench();
  const { a, b } = bench.answered();
  const report = bench.call.end(FRAUD);
  assert.deepEqual(a.receive("BYE").statuses, [200]);
  a.last("BYE").final(481);
  b.last("BYE").final(200);
  assert.equal(short(await report), "answered: already-gone BYE 481, confirmed BYE 200");
});

test("the caller hangs up while our BYE waits for its ACK: gone, and no BYE follows", async () => {
  const bench = new B2buaBench();
  const invite = bench.invite();
  const b = bench.out.answer({ tag: "bob" });
  const a = invite.dialog()!;
  const report = bench.call.end(FRAUD);
  assert.deepEqual(a.receive("BYE").statuses, [200]);
  b.last("BYE").final(200);
  assert.equal(short(await report), "answered: already-gone none 0, confirmed BYE 200");
  assert.deepEqual(a.methods(), []);
});

test("everybody who orders the end gets the same report, and one BYE a leg is sent", async () => {
  const bench = new B2buaBench();
  const { a, b } = bench.answered();
  const { call } = bench;
  const first = call.end(FRAUD);
  const second = call.end({ ...FRAUD, cause: "operator" });
  assert.equal(first, second);
  a.last("BYE").final(200);
  b.last("BYE").final(200);
  assert.equal(await first, await call.end(FRAUD));
  assert.deepEqual([a.methods(), b.methods(), bench.cdr.cause], [["BYE"], ["BYE"], "fraud"]);
});

test("after 64·T1 the report says what is known, the call is forgotten, and the waiting BYE still goes out", async () => {
  const bench = new B2buaBench();
  const invite = bench.invite();
  const b = bench.out.answer({ tag: "bob" });
  const report = bench.call.end(FRAUD);
  b.last("BYE").final(200);
  bench.clock.advance(32_000);
  assert.equal(short(await report), "answered: timed-out none 0, confirmed BYE 200");
  assert.equal(bench.b2bua.size, 0);
  invite.dialog()!.ackTimeout();
  assert.deepEqual(invite.dialog()!.methods(), ["BYE"]);
});

test("requests that wait when the gateway ends the call get 487", () => {
  const bench = new B2buaBench();
  const { a } = bench.answered();
  const reinvite = a.receive("INVITE");
  void bench.call.end(FRAUD);
  assert.deepEqual(reinvite.statuses, [487]);
});

test("a second fork that answers while the call is being ended is hung up and proves nothing about the first", async () => {
  const bench = new B2buaBench();
  const { a, b, out } = bench.answered();
  const report = bench.call.end(FRAUD);
  const late = out.answer({ tag: "b2" });
  late.last("BYE").final(200);
  a.last("BYE").final(200);
  b.last("BYE").final(481);
  assert.equal(short(await report), "answered: confirmed BYE 200, already-gone BYE 481");
});

test("several early dialogs are ended by one CANCEL and one refusal", () => {
  const bench = new B2buaBench();
  const invite = bench.invite();
  bench.out.provisional(180, { tag: "b1" });
  bench.out.provisional(180, { tag: "b2" });
  void bench.call.end(FRAUD);
  assert.deepEqual([bench.out.cancels.length, invite.final?.status], [1, 603]);
});

test("an emergency call is not ended for fraud, by an operator or for its length, but when it is dead", async () => {
  for (const cause of ["fraud", "operator", "max-duration"] as const) {
    const bench = new B2buaBench({ emergency: true });
    const { a, b } = bench.answered();
    const report = await bench.call.end({ ...FRAUD, cause });
    assert.equal(report.spared, true);
    assert.deepEqual([a.methods(), b.methods(), bench.call.phase], [[], [], "answered"]);
  }
  const bench = new B2buaBench({ emergency: true });
  const { a } = bench.answered();
  void bench.call.end({ ...FRAUD, cause: "dead" });
  assert.deepEqual(a.methods(), ["BYE"]);
});

test("ping sends OPTIONS in either leg's dialog and tells the answer", async () => {
  const bench = new B2buaBench();
  const invite = bench.invite();
  assert.equal(await bench.call.ping("a"), 0, "not answered yet");
  const b = bench.out.answer({ tag: "bob" });
  invite.ack();
  const ofA = bench.call.ping("a");
  invite.dialog()!.last("OPTIONS").final(200);
  const ofB = bench.call.ping("b");
  b.last("OPTIONS").final(481);
  assert.deepEqual([await ofA, await ofB], [200, 481]);
});

test("snapshots are there while the call is answered", () => {
  const bench = new B2buaBench();
  const invite = bench.invite();
  const { call } = bench;
  assert.equal(call.snapshots(), undefined);
  const b = bench.out.answer({ tag: "bob" });
  invite.ack();
  assert.deepEqual([call.snapshots()?.a.localTag, call.snapshots()?.b.remoteTag], [invite.dialog()!.localTag, "bob"]);
  b.receive("BYE");
  assert.equal(call.snapshots(), undefined);
});

test("close: a call that rings and was ended by the drain has its Cdr, though the called side never answers the CANCEL", () => {
  const bench = new B2buaBench();
  const invite = bench.invite();
  bench.out.provisional(180, { tag: "bob" });
  void bench.call.end(drainReason);
  assert.equal(bench.cdrs.length, 0);
  bench.b2bua.close();
  assert.deepEqual([bench.cdr.cause, bench.cdr.status, bench.cdr.endedBy], ["drain", 503, "gateway"]);
  assert.deepEqual([invite.statuses, bench.b2bua.size], [[180, 503], 0]);
});

for (const emergency of [false, true])
  test(`close: ${emergency ? "an emergency call" : "a call"} that still rings is refused and cancelled: nobody could connect it any more`, () => {
    const bench = new B2buaBench({ emergency });
    const invite = bench.invite();
    bench.out.provisional(180, { tag: "bob" });
    bench.b2bua.close();
    assert.deepEqual([invite.statuses, bench.out.isCancelled], [[180, 503], true]);
    assert.deepEqual(
      [bench.cdr.cause, bench.cdrs.length, bench.log.at(-1)],
      ["drain", 1, "detect-ended call1@caller.example"],
    );
  });

test("close: a called side that answers after it gets ACK and BYE", () => {
  const bench = new B2buaBench();
  bench.invite();
  bench.out.provisional(180, { tag: "bob" });
  bench.b2bua.close();
  const late = bench.out.answer({ tag: "bob" });
  assert.deepEqual([late.acks.length, late.methods(), bench.cdrs.length], [1, ["BYE"], 1]);
});

test("close: a call that is up is left to the journal", () => {
  const bench = new B2buaBench();
  const { a, b } = bench.answered();
  bench.b2bua.close();
  assert.deepEqual([a.methods(), b.methods(), bench.cdrs.length, bench.b2bua.size], [[], [], 0, 1]);
});
