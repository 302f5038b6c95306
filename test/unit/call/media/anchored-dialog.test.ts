import assert from "node:assert/strict";
import { test } from "node:test";
import { AnchoredBench, SDP_TYPE, turns } from "../../../support/anchored-bench.js";
import { ANCHOR_ADDRESS, audioSdp, placeOf } from "../../../support/fake-media-anchor.js";
import { bodyText, headerOf } from "../../../support/fake-sip-endpoint.js";

const A_SDP = audioSdp("192.0.2.10", 10_000);
const B_SDP = audioSdp("192.0.2.20", 20_000);
const A_HOLD = audioSdp("192.0.2.10", 10_000, { version: 2, direction: "sendonly" });
const withSdp = (body: string) => ({ headers: SDP_TYPE, body });

/** What the session was asked since the call was up. */
const since = (bench: AnchoredBench): string[] => bench.anchor.session.asked.slice(3);

for (const method of ["INVITE", "UPDATE"]) {
  test(`${method} from either side: offer and answer are rewritten, whoever asks`, async () => {
    const bench = new AnchoredBench();
    const { a, b } = await bench.anchored();
    const ways = [
      { from: a, to: b, offer: A_HOLD, answer: B_SDP },
      { from: b, to: a, offer: B_SDP, answer: A_SDP },
    ];
    for (const { from, to, offer, answer } of ways) {
      const asked = from.receive(method, withSdp(offer));
      assert.equal(to.methods().includes(method), false, "it waits");
      await turns();
      const relayed = to.last(method);
      assert.match(placeOf(relayed.spec.body), new RegExp(`^${ANCHOR_ADDRESS}:`));
      if (method === "INVITE") relayed.answer(withSdp(answer));
      else relayed.final(200, withSdp(answer));
      assert.deepEqual(asked.statuses, [], "so does its answer");
      await turns();
      assert.match(placeOf(asked.final?.body), new RegExp(`^${ANCHOR_ADDRESS}:`));
      if (method === "INVITE")
        asked.ack({ headers: [["CSeq", asked.request.headers.get("cseq")!.replace("INVITE", "ACK")]] });
      await turns();
    }
    assert.deepEqual(since(bench), ["a offer bob", "b answer bob", "b offer bob", "a answer bob"]);
  });
}

test("re-INVITE without an offer: the 200 offers, the ACK answers", async () => {
  const bench = new AnchoredBench();
  const { a, b } = await bench.anchored();
  const asked = b.receive("INVITE");
  a.last("INVITE").answer(withSdp(A_SDP));
  await turns();
  assert.match(placeOf(asked.final?.body), new RegExp(`^${ANCHOR_ADDRESS}:`));
  const cseq = asked.request.headers.get("cseq")!.replace("INVITE", "ACK");
  asked.ack({ headers: [["CSeq", cseq], ...SDP_TYPE], body: B_SDP });
  await turns();
  assert.match(placeOf(a.acks.at(-1)?.body), new RegExp(`^${ANCHOR_ADDRESS}:`));
  assert.deepEqual(since(bench), ["a offer bob", "b answer bob"]);
});

test("an offer that is refused leaves the session as it was agreed: both descriptions are told again (RFC 3264 §8)", async () => {
  const bench = new AnchoredBench();
  const { a, b } = await bench.anchored();
  const seen: string[] = [];
  bench.anchor.script = ({ sdp }) => void seen.push(placeOf(sdp));
  const moved = a.receive("INVITE", withSdp(audioSdp("192.0.2.10", 11_000, { version: 2 })));
  await turns();
  b.last("INVITE").final(488);
  await turns();
  assert.equal(moved.final?.status, 488);
  assert.deepEqual(since(bench), ["a offer bob", "a offer bob", "b answer bob"]);
  assert.deepEqual(seen, ["192.0.2.10:11000", "192.0.2.10:10000", "192.0.2.20:20000"]);
});

test("glare: an offer that meets an open one gets 491 here; a second one of the same side 500 with Retry-After", async () => {
  const bench = new AnchoredBench();
  const { a, b } = await bench.anchored();
  const first = a.receive("UPDATE", withSdp(A_HOLD));
  const crossing = b.receive("UPDATE", withSdp(B_SDP));
  const second = a.receive("UPDATE", withSdp(A_SDP));
  assert.equal(crossing.final?.status, 491);
  assert.deepEqual([second.final?.status, headerOf(second.final, "Retry-After")], [500, "1"]);
  await turns();
  b.last("UPDATE").final(200, withSdp(B_SDP));
  await turns();
  assert.equal(first.final?.status, 200);
  const later = b.receive("UPDATE", withSdp(B_SDP));
  await turns();
  assert.equal(later.final, undefined, "the exchange is closed: the next one goes through");
  assert.deepEqual(a.methods(), ["UPDATE"]);
});

test("an offer that the gateway itself refuses leaves nothing open: the next one is taken", async () => {
  const bench = new AnchoredBench({ options: { maxPendingRequests: 1 } });
  const { a, b } = await bench.anchored();
  a.receive("INFO");
  const refused = a.receive("UPDATE", withSdp(A_HOLD));
  await turns();
  assert.equal(refused.final?.status, 500, "too many are open");
  b.last("INFO").final(200);
  const next = b.receive("UPDATE", withSdp(B_SDP));
  await turns();
  assert.equal(next.final, undefined);
  assert.deepEqual(a.methods(), ["UPDATE"]);
});

test("order: what follows a description waits for it, in both directions", async () => {
  const bench = new AnchoredBench();
  const { a, b } = await bench.anchored();
  bench.anchor.pause();
  const update = a.receive("UPDATE", withSdp(A_HOLD));
  a.receive("INFO", { body: "after" });
  await turns();
  assert.deepEqual(b.methods(), []);
  const back = b.receive("INFO", { body: "other way" });
  assert.deepEqual(a.methods(), ["INFO"], "the other direction is not held up");
  bench.anchor.resume();
  await turns();
  assert.deepEqual(b.methods(), ["UPDATE", "INFO"]);
  bench.anchor.pause();
  b.last("UPDATE").final(200, withSdp(B_SDP));
  b.last("INFO").final(200);
  a.last("INFO").final(200);
  await turns();
  assert.deepEqual(update.statuses, []);
  assert.equal(back.final?.status, 200);
  bench.anchor.resume();
  await turns();
  assert.equal(update.final?.status, 200);
});

test("auth-int over an offer that would be rewritten gets 403 with a Warning, and the session is as before", async () => {
  const bench = new AnchoredBench();
  const { a, b } = await bench.anchored();
  const auth: [string, string] = ["Authorization", 'Digest qop="auth-int"'];
  const asked = a.receive("INVITE", { headers: [...SDP_TYPE, auth], body: A_HOLD });
  await turns();
  assert.equal(asked.final?.status, 403);
  assert.match(headerOf(asked.final, "Warning") ?? "", /a session description/);
  assert.deepEqual(b.methods(), []);
  assert.deepEqual(since(bench), ["a offer bob", "a offer bob", "b answer bob"]);
});

test("CANCEL of a re-INVITE that still waits: 487 here, and it never goes on", async () => {
  const bench = new AnchoredBench();
  const { a, b } = await bench.anchored();
  bench.anchor.pause();
  const asked = a.receive("INVITE", withSdp(A_HOLD));
  await turns();
  asked.cancel();
  assert.equal(asked.final?.status, 487);
  bench.anchor.resume();
  await turns();
  assert.deepEqual(b.methods(), []);
  assert.deepEqual(since(bench), ["a offer bob", "a offer bob", "b answer bob"]);
});

test("CANCEL of a re-INVITE without a description that waits behind another message: 487 here, and it never goes on", async () => {
  const bench = new AnchoredBench();
  const { a, b } = await bench.anchored();
  bench.anchor.pause();
  const update = a.receive("UPDATE", withSdp(A_HOLD));
  const asked = a.receive("INVITE");
  await turns();
  asked.cancel();
  assert.equal(asked.final?.status, 487);
  bench.anchor.resume();
  await turns();
  assert.deepEqual(b.methods(), ["UPDATE"]);
  b.last("UPDATE").final(200, withSdp(B_SDP));
  await turns();
  assert.equal(update.final?.status, 200);
});

test("a re-INVITE without a description that waited goes on in its turn, and its CANCEL with it", async () => {
  const bench = new AnchoredBench();
  const { a, b } = await bench.anchored();
  bench.anchor.pause();
  a.receive("INFO", { body: "first" });
  a.receive("UPDATE", withSdp(A_HOLD));
  const asked = a.receive("INVITE");
  bench.anchor.resume();
  await turns();
  assert.deepEqual(b.methods(), ["INFO", "UPDATE", "INVITE"]);
  asked.cancel();
  assert.equal(b.last("INVITE").isCancelled, true);
});

test("CANCEL of a re-INVITE that has gone on reaches the other side", async () => {
  const bench = new AnchoredBench();
  const { a, b } = await bench.anchored();
  const asked = a.receive("INVITE", withSdp(A_HOLD));
  await turns();
  asked.cancel();
  assert.equal(b.last("INVITE").isCancelled, true);
});

test("provisional answers to a re-INVITE are rewritten as well", async () => {
  const bench = new AnchoredBench();
  const { a, b } = await bench.anchored();
  const asked = a.receive("INVITE", withSdp(A_HOLD));
  await turns();
  b.last("INVITE").provisional(183, withSdp(B_SDP));
  await turns();
  b.last("INVITE").answer(withSdp(B_SDP));
  await turns();
  assert.deepEqual(asked.statuses, [183, 200]);
  assert.equal(placeOf(asked.responses[0]?.body), placeOf(asked.responses[1]?.body));
  assert.deepEqual(since(bench), ["a offer bob", "b preview bob", "b answer bob"]);
});

test("descriptions in other messages are not the session's: they pass", async () => {
  const bench = new AnchoredBench();
  const { a, b } = await bench.anchored();
  a.receive("INFO", withSdp(A_SDP));
  assert.equal(bodyText(b.last("INFO").spec.body), A_SDP);
  const options = b.receive("OPTIONS");
  a.last("OPTIONS").final(200, withSdp(A_SDP));
  await turns();
  assert.deepEqual([options.final?.status, since(bench)], [200, []]);
});

test("a call without an anchor is anchored by a later exchange, where the anchor then can", async () => {
  const bench = new AnchoredBench();
  bench.anchor.script = () => ({ kind: "untouched", why: "no-audio" });
  const { a, b } = await bench.anchored();
  bench.anchor.script = () => undefined;
  assert.equal(bench.call.media, undefined);
  const asked = a.receive("INVITE", withSdp(A_SDP));
  await turns();
  b.last("INVITE").answer(withSdp(B_SDP));
  await turns();
  assert.match(placeOf(asked.final?.body), new RegExp(`^${ANCHOR_ADDRESS}:`));
  assert.notEqual(bench.call.media, undefined);
});

test("an answered call that is anchored only now is told of as answered then; while it passes us by its silence ends nothing", async () => {
  const bench = new AnchoredBench();
  bench.anchor.script = () => ({ kind: "untouched", why: "no-audio" });
  const { a, b } = await bench.anchored();
  assert.deepEqual(bench.anchor.session.asked, ["a offer", "b answer bob"], "it is not told that it is answered");
  bench.anchor.session.emit({ kind: "idle" });
  assert.equal(bench.call.phase, "answered");
  bench.anchor.script = () => undefined;
  a.receive("INVITE", withSdp(A_SDP));
  await turns();
  b.last("INVITE").answer(withSdp(B_SDP));
  await turns();
  assert.deepEqual(bench.anchor.session.asked.slice(1), [
    "b answer bob",
    "a offer bob",
    "b answer bob",
    "answered bob",
  ]);
});

test("a call that changes to T.38 passes us by from then on: its silence ends nothing", async () => {
  const bench = new AnchoredBench();
  const { a, b } = await bench.anchored();
  const fax = audioSdp("192.0.2.10", 10_000).replace(/m=audio[\s\S]*/, "m=image 10000 udptl t38\r\n");
  a.receive("INVITE", withSdp(fax));
  await turns();
  assert.equal(bodyText(b.last("INVITE").spec.body), fax);
  b.last("INVITE").answer(withSdp(fax));
  await turns();
  bench.anchor.session.emit({ kind: "idle" });
  assert.equal(bench.call.phase, "answered");
});

test("an audio offer that is refused after T.38 leaves the call as it is: past us, so that silence ends nothing", async () => {
  const bench = new AnchoredBench();
  bench.anchor.script = () => ({ kind: "untouched", why: "no-audio" });
  const { a, b } = await bench.anchored();
  bench.anchor.script = () => undefined;
  a.receive("INVITE", withSdp(A_SDP));
  await turns();
  b.last("INVITE").final(488);
  await turns();
  bench.anchor.session.emit({ kind: "idle" });
  assert.equal(bench.call.phase, "answered");
});

test("more requests than may wait get 500 with Retry-After", async () => {
  const bench = new AnchoredBench({ mediaOptions: { maxWaiting: 2 } });
  const { a } = await bench.anchored();
  bench.anchor.pause();
  a.receive("UPDATE", withSdp(A_HOLD));
  a.receive("INFO");
  const third = a.receive("INFO");
  assert.deepEqual([third.final?.status, headerOf(third.final, "Retry-After")], [500, "1"]);
  bench.anchor.resume();
  await turns();
});

test("early dialogs: UPDATE before the answer belongs to its own fork", async () => {
  const bench = new AnchoredBench();
  const invite = bench.offer();
  await turns();
  const reliable = [...SDP_TYPE, ["Require", "100rel"] as const, ["RSeq", "1"] as const];
  const { out } = bench;
  for (const tag of ["x", "y"]) out.provisional(183, { tag, headers: reliable, body: B_SDP });
  await turns();
  const y = invite.dialog("y")!;
  y.receive("UPDATE", withSdp(A_HOLD));
  await turns();
  out.dialogs.get("y")!.last("UPDATE").final(200, withSdp(B_SDP));
  await turns();
  assert.deepEqual(bench.anchor.session.asked.slice(3), ["a offer y", "b answer y"]);
});

test("forks share one early dialog where the engine has but one: descriptions still find their fork", async () => {
  const bench = new AnchoredBench({ capabilities: { forkedEarlyDialogs: false } });
  const invite = bench.offer();
  await turns();
  for (const tag of ["x", "y"]) bench.out.provisional(183, { tag, ...withSdp(B_SDP) });
  await turns();
  bench.out.answer({ tag: "y", ...withSdp(B_SDP) });
  await turns();
  invite.ack();
  const a = invite.dialog()!;
  a.receive("UPDATE", withSdp(A_HOLD));
  await turns();
  assert.deepEqual(bench.anchor.session.asked, [
    "a offer",
    "b preview x",
    "b preview y",
    "b answer y",
    "answered y",
    "a offer y",
  ]);
});
