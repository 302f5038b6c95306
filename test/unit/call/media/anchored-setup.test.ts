import assert from "node:assert/strict";
import { test } from "node:test";
import type { CalledId, CallerId } from "../../../../detection/index.js";
import type { Admission, CallIdentity } from "../../../../gateway/call/contracts.js";
import { AnchoredBench, SDP_TYPE, turns } from "../../../support/anchored-bench.js";
import { ALLOW } from "../../../support/b2bua-bench.js";
import { ANCHOR_ADDRESS, audioSdp, FakeMediaAnchor, placeOf } from "../../../support/fake-media-anchor.js";
import { bodyText, headerOf } from "../../../support/fake-sip-endpoint.js";

const B_SDP = audioSdp("192.0.2.20", 20_000);
const RELIABLE = [["Require", "100rel"] as const, ["RSeq", "1"] as const];
const PRACK = (cseq: number) => ({ headers: [["RAck", `1 ${cseq} INVITE`] as const] });

test("offer and answer cross with our addresses, and nothing else of them changes", async () => {
  const bench = new AnchoredBench();
  const invite = bench.offer();
  await turns();
  assert.equal(placeOf(bench.out.spec.body), `${ANCHOR_ADDRESS}:40000`);
  bench.out.answer({ tag: "bob", headers: SDP_TYPE, body: B_SDP });
  await turns();
  assert.equal(placeOf(invite.final?.body), `${ANCHOR_ADDRESS}:40002`);
  const back = bodyText(invite.final?.body).replace(ANCHOR_ADDRESS, "192.0.2.20").replace("40002", "20000");
  assert.equal(back, B_SDP);
  assert.deepEqual(bench.anchor.session.asked, ["a offer", "b answer bob", "answered bob"]);
  assert.deepEqual(bench.anchor.session.call, {
    callId: "call1@caller.example",
    trunk: "t1",
    listen: true,
    calledSide: "callee",
    learnSource: false,
  });
});

test("a trunk that anchors nothing stays synchronous: not a turn later, byte for byte", () => {
  const bench = new AnchoredBench({ media: { anchor: "none" } });
  const invite = bench.offer();
  assert.equal(placeOf(bench.out.spec.body), "192.0.2.10:10000");
  bench.out.answer({ tag: "bob", headers: SDP_TYPE, body: B_SDP });
  assert.equal(bodyText(invite.final?.body), B_SDP);
  assert.equal(bench.anchor.sessions.length, 0);
  assert.equal(bench.call.media, undefined);
});

test("emergency calls are never anchored, whatever their trunk says", () => {
  const bench = new AnchoredBench({ emergency: true });
  bench.offer();
  assert.equal(placeOf(bench.out.spec.body), "192.0.2.10:10000");
  assert.equal(bench.anchor.sessions.length, 0);
});

test("a refused call opens no session", () => {
  const bench = new AnchoredBench({ decide: () => ({ ...ALLOW, verdict: "refuse" }) });
  assert.equal(bench.offer().final?.status, 603);
  assert.equal(bench.anchor.sessions.length, 0);
});

test("early media: an unreliable 183 is a preview, asked once for the same text; the answer settles", async () => {
  const bench = new AnchoredBench();
  const invite = bench.offer();
  await turns();
  for (let i = 0; i < 3; i++) bench.out.provisional(183, { tag: "bob", headers: SDP_TYPE, body: B_SDP });
  await turns();
  assert.deepEqual(
    invite.responses.map((each) => placeOf(each.body)),
    Array<string>(3).fill(`${ANCHOR_ADDRESS}:40002`),
  );
  bench.out.answer({ tag: "bob", headers: SDP_TYPE, body: B_SDP });
  await turns();
  assert.deepEqual(bench.anchor.session.asked, ["a offer", "b preview bob", "b answer bob", "answered bob"]);
});

test("the answer stands in a reliable 183: the 200 that repeats it goes out as the 183 did, and is not asked for again", async () => {
  const bench = new AnchoredBench();
  const invite = bench.offer();
  await turns();
  bench.out.provisional(183, { tag: "bob", headers: [...SDP_TYPE, ...RELIABLE], body: B_SDP });
  await turns();
  const prack = invite.dialog()!.receive("PRACK", PRACK(7));
  bench.out.dialogs.get("bob")!.last("PRACK").final(200);
  assert.equal(prack.final?.status, 200);
  bench.out.answer({ tag: "bob", headers: SDP_TYPE, body: audioSdp("192.0.2.20", 29_999) });
  await turns();
  assert.equal(bodyText(invite.final?.body), bodyText(invite.responses[0]?.body));
  assert.deepEqual(bench.anchor.session.asked, ["a offer", "b answer bob", "answered bob"]);
});

test("late offer: the 200 offers, the ACK answers", async () => {
  const bench = new AnchoredBench();
  const invite = bench.invite([], "");
  const { out } = bench;
  const b = out.answer({ tag: "bob", headers: SDP_TYPE, body: B_SDP });
  await turns();
  assert.equal(placeOf(invite.final?.body), `${ANCHOR_ADDRESS}:40000`);
  invite.ack({ headers: [["CSeq", "7 ACK"], ...SDP_TYPE], body: audioSdp("192.0.2.10", 10_000) });
  assert.equal(b.acks.length, 0, "it waits for its description");
  await turns();
  assert.equal(placeOf(b.acks[0]?.body), `${ANCHOR_ADDRESS}:40002`);
  assert.deepEqual(bench.anchor.session.asked, ["b offer bob", "answered bob", "a answer bob"]);
});

test("late offer in a reliable 183: the PRACK answers; its own 200 passes", async () => {
  const bench = new AnchoredBench();
  const invite = bench.invite([], "");
  bench.out.provisional(183, { tag: "bob", headers: [...SDP_TYPE, ...RELIABLE], body: B_SDP });
  await turns();
  const a = invite.dialog()!;
  const b = bench.out.dialogs.get("bob")!;
  const prack = a.receive("PRACK", {
    headers: [...PRACK(7).headers, ...SDP_TYPE],
    body: audioSdp("192.0.2.10", 10_000),
  });
  await turns();
  assert.equal(placeOf(b.last("PRACK").spec.body), `${ANCHOR_ADDRESS}:40002`);
  b.last("PRACK").final(200);
  assert.equal(prack.final?.status, 200);
  assert.deepEqual(bench.anchor.session.asked, ["b offer bob", "a answer bob"]);
});

test("late offer previewed by an unreliable 183: both go out alike", async () => {
  const bench = new AnchoredBench();
  const invite = bench.invite([], "");
  bench.out.provisional(183, { tag: "bob", headers: SDP_TYPE, body: B_SDP });
  await turns();
  bench.out.answer({ tag: "bob", headers: SDP_TYPE, body: B_SDP });
  await turns();
  assert.equal(bodyText(invite.responses[0]?.body), bodyText(invite.final?.body));
  assert.equal(placeOf(invite.final?.body), `${ANCHOR_ADDRESS}:40000`);
});

test("forks: each early dialog has its own exchange, and the one that answers is settled last", async () => {
  const bench = new AnchoredBench();
  const invite = bench.offer();
  await turns();
  const { out } = bench;
  for (const tag of ["x", "y"]) {
    out.provisional(183, {
      tag,
      headers: [...SDP_TYPE, ...RELIABLE],
      body: audioSdp("192.0.2.20", tag === "x" ? 20_000 : 21_000),
    });
    await turns();
  }
  out.answer({ tag: "x" });
  await turns();
  assert.equal(invite.final?.status, 200);
  assert.deepEqual(bench.anchor.session.asked, ["a offer", "b answer x", "b answer y", "answered x"]);
});

test("forks: a second answer is ended in its turn and not described", async () => {
  const bench = new AnchoredBench();
  const invite = bench.offer();
  await turns();
  bench.anchor.pause();
  const x = bench.out.answer({ tag: "x", headers: SDP_TYPE, body: B_SDP });
  const y = bench.out.answer({ tag: "y", headers: SDP_TYPE, body: B_SDP });
  await turns();
  assert.deepEqual([invite.final, y.methods()], [undefined, []], "the first one is still waiting");
  bench.anchor.resume();
  await turns();
  assert.equal(invite.final?.status, 200);
  assert.deepEqual([x.methods(), y.methods()], [[], ["BYE"]]);
  assert.deepEqual(bench.anchor.session.asked, ["a offer", "b answer x", "answered x"]);
});

test("forks beyond the limit are not shown and not described", async () => {
  const bench = new AnchoredBench({ options: { maxForks: 2 } });
  const invite = bench.offer();
  await turns();
  for (const tag of ["x", "y", "z"]) bench.out.provisional(183, { tag, headers: SDP_TYPE, body: B_SDP });
  await turns();
  assert.deepEqual(invite.statuses, [183, 183]);
  assert.deepEqual(bench.anchor.session.asked, ["a offer", "b preview x", "b preview y"]);
});

test("the next hop gets the same rewritten offer: it is asked for once", async () => {
  const bench = new AnchoredBench();
  bench.offer();
  await turns();
  const first = bench.out;
  first.final(503);
  assert.notEqual(bench.out, first);
  assert.equal(bodyText(bench.out.spec.body), bodyText(first.spec.body));
  bench.out.answer({ tag: "bob", headers: SDP_TYPE, body: B_SDP });
  await turns();
  assert.deepEqual(bench.anchor.session.asked, ["a offer", "b answer bob", "answered bob"]);
});

test("only the SDP part of a multipart INVITE changes", async () => {
  const bench = new AnchoredBench();
  const isup = "--q\r\nContent-Type: application/isup\r\n\r\n\x01\x02\xfe\r\n";
  const body = (sdp: string): string => `${isup}--q\r\nContent-Type: application/sdp\r\n\r\n${sdp}\r\n--q--\r\n`;
  bench.invite([["Content-Type", "multipart/mixed;boundary=q"]], body(audioSdp("192.0.2.10", 10_000)));
  await turns();
  const expected = audioSdp(ANCHOR_ADDRESS, 40_000).replace(
    `IN IP4 ${ANCHOR_ADDRESS}\r\ns=`,
    "IN IP4 192.0.2.10\r\ns=",
  );
  assert.equal(bodyText(bench.out.spec.body), body(expected));
  assert.equal(headerOf(bench.out.spec, "Content-Type"), "multipart/mixed;boundary=q");
});

test("untouched is remembered: the session is told the answer as well, but whatever it makes of it, that goes on as it is", async () => {
  const anchor = new FakeMediaAnchor();
  anchor.script = () => ({ kind: "untouched", why: "ice" });
  const bench = new AnchoredBench({ anchor });
  const invite = bench.offer();
  await turns();
  assert.equal(placeOf(bench.out.spec.body), "192.0.2.10:10000");
  anchor.script = () => undefined;
  bench.out.answer({ tag: "bob", headers: SDP_TYPE, body: B_SDP });
  await turns();
  assert.equal(bodyText(invite.final?.body), B_SDP);
  assert.deepEqual(anchor.session.asked, ["a offer", "b answer bob"]);
  assert.equal(bench.call.media, undefined);
  assert.deepEqual(bench.events, [{ kind: "untouched", why: "ice" }]);
});

test("an answer that nobody asked for is not made an anchored one; a call without any SDP is none either", async () => {
  const bench = new AnchoredBench();
  const invite = bench.invite([], "");
  bench.out.answer({ tag: "bob" });
  assert.equal(invite.final?.status, 200);
  invite.ack();
  await turns();
  assert.deepEqual(bench.anchor.session.asked, []);
});

test("auth-int: an INVITE whose digest covers the offer is refused with 403 and a Warning, and leaves no session behind", async () => {
  const bench = new AnchoredBench();
  const auth: [string, string] = ["Proxy-Authorization", 'Digest username="a", realm="r", qop=auth-int, response="0"'];
  const invite = bench.offer([auth]);
  await turns();
  assert.equal(invite.final?.status, 403);
  assert.match(headerOf(invite.final, "Warning") ?? "", /^399 hop\.example "qop=auth-int covers a session description/);
  assert.equal(bench.endpoint.invites.length, 0);
  assert.equal(bench.anchor.session.closes, 1);
  assert.equal(bench.cdr.status, 403);
});

test("auth-int with an offer that stays untouched passes", async () => {
  const anchor = new FakeMediaAnchor();
  anchor.script = () => ({ kind: "untouched", why: "srtp" });
  const bench = new AnchoredBench({ anchor });
  bench.offer([["Authorization", "Digest qop=auth-int"]]);
  await turns();
  assert.equal(placeOf(bench.out.spec.body), "192.0.2.10:10000");
});

test("no anchor of that kind, or one that is not well: the call goes on at once, untouched, and its CDR says so", () => {
  const sick = new FakeMediaAnchor();
  sick.ok = false;
  for (const settings of [{ anchor: sick }, { media: { anchor: "rtpengine" as const } }]) {
    const bench = new AnchoredBench(settings);
    const invite = bench.offer();
    assert.equal(placeOf(bench.out.spec.body), "192.0.2.10:10000");
    bench.out.final(486);
    assert.equal(invite.final?.status, 486);
    assert.deepEqual(bench.cdr.media, { notHeard: "unavailable" });
    assert.equal(bench.metrics.get("ringfence_call_media_total{unavailable}"), 1);
  }
});

test("whoever listens is told before the first answer is described, once", async () => {
  const bench = new AnchoredBench();
  bench.offer();
  await turns();
  assert.deepEqual(bench.events, []);
  bench.anchor.pause();
  bench.out.provisional(183, { tag: "bob", headers: SDP_TYPE, body: B_SDP });
  await turns();
  assert.deepEqual(bench.events, [{ kind: "settling", listen: true }], "while the description is still being made");
  bench.anchor.resume();
  await turns();
  bench.out.answer({ tag: "bob", headers: SDP_TYPE, body: B_SDP });
  await turns();
  assert.deepEqual(bench.events.slice(1), [{ kind: "agreed" }]);
});

const SAME: [string, string] = ["Call-ID", "same@caller.example"];

test("a call that passes the gateway twice is listened to once, and anew when it comes again", async () => {
  const bench = new AnchoredBench();
  const first = bench.offer([SAME]);
  await turns();
  const onward = bodyText(bench.out.spec.body);
  bench.offer([SAME], onward);
  await turns();
  const heard = () => bench.anchor.sessions.map(({ call }) => call.listen);
  assert.deepEqual(heard(), [true, false]);
  assert.equal(placeOf(bench.out.spec.body), `${ANCHOR_ADDRESS}:40002`, "it is carried");
  first.cancel();
  bench.endpoint.invites[0]!.final(487);
  await turns();
  bench.offer([SAME], onward);
  assert.deepEqual(heard(), [true, false, true]);
});

test("what is like a call that is listened to, but for one thing, is listened to itself", async () => {
  const identity = { caller: "+12025550101" as CallerId, called: "+12025550199" as CalledId, emergency: false };
  const others: Partial<CallIdentity>[] = [
    { called: "+12025550198" as CalledId },
    { caller: "+12025550102" as CallerId },
  ];
  for (const other of [...others, {}]) {
    const next = [{}, other];
    const admit: Admission["admit"] = () => ({
      ok: true,
      identity: { ...identity, trunk: bench.policy.id, ...next.shift() },
      trunk: bench.policy,
    });
    const bench: AnchoredBench = new AnchoredBench({ refuse: { admit } });
    bench.offer([SAME]);
    await turns();
    const onward = bodyText(bench.out.spec.body);
    const isOther = Object.keys(other).length > 0;
    // Of the same two, media from elsewhere: a second call, whatever its Call-ID says.
    bench.offer([SAME], isOther ? onward : onward.replace("m=audio 40000", "m=audio 40002"));
    await turns();
    assert.deepEqual(
      bench.anchor.sessions.map(({ call }) => call.listen),
      [true, true],
      JSON.stringify(other),
    );
  }
});

test("each of several calls with one Call-ID is listened to, under a name of its own: a decoy switches off no listening", async () => {
  const bench = new AnchoredBench();
  const same: [string, string] = ["Call-ID", "same@caller.example"];
  const decoy = bench.offer([same]);
  bench.offer([same]);
  await turns();
  assert.deepEqual(
    bench.anchor.sessions.map(({ call }) => call.listen),
    [true, true],
  );
  const names = bench.anchor.sessions.map(({ call }) => call.callId);
  assert.deepEqual([names[0], names[1] === names[0]], ["same@caller.example", false]);
  decoy.cancel();
  bench.endpoint.invites[0]!.final(487);
  await turns();
  bench.offer([same]);
  assert.deepEqual([bench.anchor.session.call.listen, bench.anchor.session.call.callId], [true, names[0]]);
});
