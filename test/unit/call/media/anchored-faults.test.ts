import assert from "node:assert/strict";
import { test } from "node:test";
import { AnchoredBench, SDP_TYPE, turns } from "../../../support/anchored-bench.js";
import { FRAUD } from "../../../support/b2bua-bench.js";
import { ANCHOR_ADDRESS, audioSdp, FakeMediaAnchor, placeOf } from "../../../support/fake-media-anchor.js";

const B_SDP = audioSdp("192.0.2.20", 20_000);
const A_HOLD = audioSdp("192.0.2.10", 10_000, { version: 2, direction: "sendonly" });
const withSdp = (body: string) => ({ headers: SDP_TYPE, body });
const described = (bench: AnchoredBench, result: string): number =>
  bench.metrics.get(`ringfence_call_media_descriptions_total{${result}}`);

test("an offer that is not rewritten in time goes out as it came, and so does its answer; counted, unheard", async () => {
  const bench = new AnchoredBench();
  bench.anchor.pause();
  const invite = bench.offer();
  await turns();
  bench.clock.advance(499);
  await turns();
  assert.equal(bench.endpoint.invites.length, 0);
  bench.clock.advance(1);
  await turns();
  assert.equal(placeOf(bench.out.spec.body), "192.0.2.10:10000");
  bench.anchor.resume();
  await turns();
  bench.out.answer({ tag: "bob", ...withSdp(B_SDP) });
  await turns();
  assert.equal(placeOf(invite.final?.body), "192.0.2.20:20000");
  assert.deepEqual(bench.anchor.session.asked, ["a offer"]);
  assert.equal(described(bench, "timed-out"), 1);
  assert.deepEqual(bench.events, [{ kind: "untouched", why: "unavailable" }]);
});

test("this thread stood still: the anchor's answer, which waits to be read, counts", async () => {
  const bench = new AnchoredBench();
  bench.anchor.pause();
  bench.offer();
  await turns();
  bench.clock.stall(3_000);
  bench.anchor.resume();
  await turns();
  assert.match(placeOf(bench.out.spec.body), new RegExp(`^${ANCHOR_ADDRESS}`));
  assert.equal(described(bench, "timed-out"), 0);
  assert.ok(bench.events.every(({ kind }) => kind !== "untouched"));
});

test("this thread stood still, and the anchor says nothing: it is waited for no longer than a moment", async () => {
  const bench = new AnchoredBench();
  bench.anchor.pause();
  bench.offer();
  await turns();
  bench.clock.stall(3_000);
  bench.clock.advance(100);
  await turns();
  assert.equal(placeOf(bench.out.spec.body), "192.0.2.10:10000");
});

test("while an answer of the anchor is overdue nothing more is waited for", async () => {
  const bench = new AnchoredBench();
  const { a, b } = await bench.anchored();
  bench.anchor.pause();
  a.receive("UPDATE", withSdp(A_HOLD));
  await turns();
  bench.clock.advance(500);
  await turns();
  b.last("UPDATE").final(200, withSdp(B_SDP));
  await turns();
  a.receive("UPDATE", withSdp(A_HOLD));
  await turns();
  assert.equal(b.sent.length, 2, "no further half second");
  assert.equal(placeOf(b.last("UPDATE").spec.body), "192.0.2.10:10000");
  b.last("UPDATE").final(200, withSdp(B_SDP));
  bench.anchor.resume();
  await turns();
  a.receive("UPDATE", withSdp(A_HOLD));
  await turns();
  assert.match(placeOf(b.last("UPDATE").spec.body), new RegExp(`^${ANCHOR_ADDRESS}`), "it is back");
});

for (const [name, fail] of [
  ["rejects", () => Promise.reject(new Error("relay died"))],
  [
    "throws",
    () => {
      throw new Error("relay died");
    },
  ],
] as const) {
  test(`an anchor that ${name} is one that leaves the description untouched`, async () => {
    const bench = new AnchoredBench();
    bench.anchor.script = fail;
    const invite = bench.offer();
    await turns();
    assert.equal(placeOf(bench.out.spec.body), "192.0.2.10:10000");
    bench.out.answer({ tag: "bob", ...withSdp(B_SDP) });
    await turns();
    assert.equal(placeOf(invite.final?.body), "192.0.2.20:20000");
    assert.equal(described(bench, "failed"), 1);
    assert.equal(bench.mediaLog.lines[0]?.event, "media.failed");
    invite.ack();
    bench.out.dialogs.get("bob")!.receive("BYE");
    invite.dialog()!.last("BYE").final(200);
    await turns();
    assert.deepEqual(bench.cdr.media, { notHeard: "unavailable" });
  });
}

test("CANCEL while the offer is being rewritten: 487 at once, and no INVITE leaves", async () => {
  const bench = new AnchoredBench();
  bench.anchor.pause();
  const invite = bench.offer();
  await turns();
  invite.cancel();
  assert.equal(invite.final?.status, 487);
  await turns();
  bench.anchor.resume();
  await turns();
  assert.equal(bench.endpoint.invites.length, 0);
  assert.deepEqual([bench.cdr.cause, bench.anchor.session.closes, bench.b2bua.size], ["cancelled", 1, 0]);
});

test("the order to end a call whose offer is being rewritten: refused at once, and no INVITE leaves", async () => {
  const bench = new AnchoredBench();
  bench.anchor.pause();
  const invite = bench.offer();
  await turns();
  const report = bench.call.end(FRAUD);
  assert.equal(invite.final?.status, 603);
  invite.onRefusalAcked?.();
  assert.equal((await report).a.outcome, "confirmed");
  await turns();
  assert.deepEqual([bench.endpoint.invites.length, bench.anchor.session.closes, bench.b2bua.size], [0, 1, 0]);
});

test("the caller's transaction goes away while the offer is being rewritten", async () => {
  const bench = new AnchoredBench();
  bench.anchor.pause();
  const invite = bench.offer();
  await turns();
  invite.onGone?.();
  await turns();
  assert.deepEqual([bench.endpoint.invites.length, bench.anchor.session.closes, bench.b2bua.size], [0, 1, 0]);
});

test("CANCEL while a 200 waits: the caller gets 487, the 200 is ACKed and ended at once", async () => {
  const bench = new AnchoredBench();
  const invite = bench.offer();
  await turns();
  bench.out.provisional(180, { tag: "bob" });
  bench.anchor.pause();
  const b = bench.out.answer({ tag: "bob", ...withSdp(B_SDP) });
  await turns();
  invite.cancel();
  assert.deepEqual(invite.statuses, [180, 487]);
  await turns();
  assert.deepEqual([b.acks.length, b.methods()], [1, ["BYE"]], "without waiting for the anchor");
  assert.equal(bench.b2bua.size, 1);
  b.last("BYE").final(200);
  await turns();
  assert.deepEqual([bench.cdr.cause, bench.b2bua.size, bench.anchor.session.closes], ["cancelled", 0, 1]);
  bench.anchor.resume();
  await turns();
  assert.deepEqual(b.methods(), ["BYE"]);
});

test("the order to end a call while its 200 waits: the BYE to the called side is the proof", async () => {
  const bench = new AnchoredBench();
  const invite = bench.offer();
  await turns();
  bench.anchor.pause();
  const b = bench.out.answer({ tag: "bob", ...withSdp(B_SDP) });
  await turns();
  const report = bench.call.end(FRAUD);
  invite.onRefusalAcked?.();
  await turns();
  b.last("BYE").final(200);
  const told = await report;
  assert.deepEqual([told.a.by, told.b.by, told.b.outcome], ["refusal", "BYE", "confirmed"]);
});

test("BYE of the called side behind its own 200 that waits: the call comes up and ends, in this order", async () => {
  const bench = new AnchoredBench();
  const invite = bench.offer();
  await turns();
  bench.out.provisional(180, { tag: "bob" });
  bench.anchor.pause();
  const b = bench.out.answer({ tag: "bob", ...withSdp(B_SDP) });
  const bye = b.receive("BYE");
  await turns();
  assert.deepEqual([invite.statuses, bye.final], [[180], undefined]);
  bench.anchor.resume();
  await turns();
  assert.deepEqual(invite.statuses, [180, 200]);
  assert.equal(bye.final?.status, 200);
  invite.ack();
  assert.deepEqual(invite.dialog()!.methods(), ["BYE"]);
});

test("BYE overtakes a request that waits; that one gets 487", async () => {
  const bench = new AnchoredBench();
  const { a, b } = await bench.anchored();
  bench.anchor.pause();
  const update = a.receive("UPDATE", withSdp(A_HOLD));
  await turns();
  const bye = a.receive("BYE");
  assert.deepEqual(b.methods(), ["BYE"]);
  await turns();
  assert.equal(update.final?.status, 487);
  b.last("BYE").final(200);
  assert.equal(bye.final?.status, 200);
  await turns();
  assert.deepEqual([b.methods(), bench.cdr.endedBy], [["BYE"], "caller"]);
});

test("BYE overtakes an ACK that waits: the called side gets its ACK first all the same (RFC 3261 §15)", async () => {
  const bench = new AnchoredBench();
  const invite = bench.invite([], "");
  const b = bench.out.answer({ tag: "bob", ...withSdp(B_SDP) });
  await turns();
  bench.anchor.pause();
  invite.ack({ headers: [["CSeq", "7 ACK"], ...SDP_TYPE], body: audioSdp("192.0.2.10", 10_000) });
  await turns();
  invite.dialog()!.receive("BYE");
  assert.deepEqual([b.acks.length, b.methods()], [1, ["BYE"]]);
  bench.anchor.resume();
  await turns();
  assert.equal(b.acks.length, 1, "not a second one");
});

test("an order to end the call while its ACK waits: the BYE to the caller goes out as soon as the ACK has been taken", async () => {
  const bench = new AnchoredBench();
  const invite = bench.invite([], "");
  bench.out.answer({ tag: "bob", ...withSdp(B_SDP) });
  await turns();
  bench.anchor.pause();
  invite.ack({ headers: [["CSeq", "7 ACK"], ...SDP_TYPE], body: audioSdp("192.0.2.10", 10_000) });
  await turns();
  void bench.call.end(FRAUD);
  await turns();
  assert.deepEqual(invite.dialog()!.methods(), ["BYE"]);
});

test("a BYE that is challenged leaves an anchored call up, and it is anchored still", async () => {
  const bench = new AnchoredBench();
  const { a, b } = await bench.anchored();
  const bye = a.receive("BYE");
  b.last("BYE").final(401);
  assert.equal(bye.final?.status, 401);
  await turns();
  assert.equal(bench.anchor.session.closes, 0);
  a.receive("UPDATE", withSdp(A_HOLD));
  await turns();
  assert.match(placeOf(b.last("UPDATE").spec.body), new RegExp(`^${ANCHOR_ADDRESS}`));
});

test("provisional answers beyond the limit are dropped while a description is pending; the final one never is", async () => {
  const bench = new AnchoredBench({ mediaOptions: { maxWaiting: 2 } });
  const invite = bench.offer();
  await turns();
  bench.anchor.pause();
  bench.out.provisional(183, { tag: "bob", ...withSdp(B_SDP) });
  for (let i = 0; i < 10; i++) bench.out.provisional(180, { tag: "bob" });
  bench.out.answer({ tag: "bob", ...withSdp(B_SDP) });
  await turns();
  bench.anchor.resume();
  await turns();
  assert.deepEqual(invite.statuses, [183, 180, 200]);
});

test("a refusal of the called side waits behind its own 183", async () => {
  const bench = new AnchoredBench();
  const invite = bench.offer();
  await turns();
  bench.anchor.pause();
  bench.out.provisional(183, { tag: "bob", ...withSdp(B_SDP) });
  bench.out.final(486);
  await turns();
  assert.deepEqual(invite.statuses, []);
  bench.anchor.resume();
  await turns();
  assert.deepEqual(invite.statuses, [183, 486]);
  assert.deepEqual([bench.anchor.session.closes, bench.cdr.status], [1, 486]);
});

test("a bug of ours in a delayed delivery ends that call and is reported", async () => {
  const fault = new Error("ours");
  const choose = (): never => {
    throw fault;
  };
  const bench = new AnchoredBench({ deps: { hops: { choose, report: () => undefined } } });
  const invite = bench.offer();
  await turns();
  assert.deepEqual(bench.faults, [fault]);
  assert.equal(invite.final?.status, 500);
  invite.onRefusalAcked?.();
  await turns();
  assert.deepEqual([bench.cdr.cause, bench.anchor.session.closes], ["failed", 1]);
});

test("a bug of ours in an observer of an answer that waited ends that call and is reported", async () => {
  const fault = new Error("ours");
  const onAnswered = (): never => {
    throw fault;
  };
  const bench = new AnchoredBench({ observers: [{ onAnswered }] });
  const { a, b } = await bench.anchored();
  assert.deepEqual(bench.faults, [fault]);
  assert.deepEqual([a.methods(), b.methods()], [["BYE"], ["BYE"]]);
});

test("a bug of ours in an observer of media ends that call and is reported; what waits behind it goes on", async () => {
  const fault = new Error("ours");
  const onMedia = (): never => {
    throw fault;
  };
  const bench = new AnchoredBench({ observers: [{ onMedia }] });
  const invite = bench.offer();
  await turns();
  const bob = bench.out.answer({ tag: "bob", ...withSdp(B_SDP) });
  await turns();
  assert.deepEqual(bench.faults, [fault]);
  assert.deepEqual([invite.final?.status, bench.out.cancels.length], [500, 1]);
  assert.deepEqual(bob.methods(), ["BYE"], "its 2xx is ACKed and ended");
});

test("a bug of ours in an observer of the first offer ends that call and is reported", async () => {
  const fault = new Error("ours");
  const onMedia = (): never => {
    throw fault;
  };
  const anchor = new FakeMediaAnchor();
  anchor.script = () => Promise.resolve({ kind: "untouched", why: "ice" });
  const bench = new AnchoredBench({ anchor, observers: [{ onMedia }] });
  const invite = bench.offer();
  await turns();
  assert.deepEqual(bench.faults, [fault]);
  assert.deepEqual([invite.final?.status, bench.endpoint.invites.length], [500, 0]);
});

test("descriptions that are not SDP at all pass without harm", async () => {
  const anchor = new FakeMediaAnchor();
  const bench = new AnchoredBench({ anchor });
  for (const body of ["", "v=0", "\x00\xff".repeat(500), "m=audio 1 RTP/AVP 0"]) {
    bench.invite(SDP_TYPE, body);
    await turns();
    assert.equal(Buffer.from(bench.out.spec.body ?? []).toString("latin1"), body);
  }
});
