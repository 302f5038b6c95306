import assert from "node:assert/strict";
import { test } from "node:test";
import { ConsentObserver } from "../../../gateway/call/consent-observer.js";
import { ListeningObserver } from "../../../gateway/call/listening-observer.js";
import { AnchoredBench, SDP_TYPE, turns, type AnchoredSettings } from "../../support/anchored-bench.js";
import { FRAUD } from "../../support/b2bua-bench.js";
import { LogDouble } from "../../support/call-doubles.js";
import { audioSdp } from "../../support/fake-media-anchor.js";
import { bodyText } from "../../support/fake-sip-endpoint.js";

const ANNOUNCEMENT = { sampleRateHz: 8_000, samples: new Float32Array(800) };
const A_SDP = audioSdp("192.0.2.10", 10_000);
const B_SDP = audioSdp("192.0.2.20", 20_000);

function consentBench(settings: AnchoredSettings = {}) {
  const heard: string[] = [];
  const log = new LogDouble();
  const listening = new ListeningObserver({
    open: ({ callId }) => heard.push(`open ${callId}`),
    close: (callId) => heard.push(`close ${callId}`),
  });
  const consent = new ConsentObserver(ANNOUNCEMENT, { log, unheard: (call) => listening.stop(call) });
  const bench = new AnchoredBench({ observers: [listening, consent], ...settings });
  const played = () => bench.anchor.session.played;
  const warnings = () => log.lines.map(({ event, fields }) => `${event} ${String(fields?.["side"])}`);
  return { bench, heard, played, warnings };
}

/** A prompt whose end the test tells. */
function pending(): { readonly promise: Promise<boolean>; readonly resolve: (isPlayed: boolean) => void } {
  let resolve: (isPlayed: boolean) => void = () => undefined;
  const promise = new Promise<boolean>((settle) => (resolve = settle));
  return { promise, resolve: (isPlayed) => resolve(isPlayed) };
}

test("consent: both sides hear the announcement once the call is answered, once", async () => {
  const { bench, heard, played, warnings } = consentBench();
  const invite = bench.offer();
  await turns();
  bench.out.provisional(183, { tag: "bob", headers: SDP_TYPE, body: B_SDP });
  await turns();
  assert.deepEqual(played(), [], "not while it rings");
  const b = bench.out.answer({ tag: "bob", headers: SDP_TYPE, body: B_SDP });
  await turns();
  invite.ack();
  await turns();
  assert.deepEqual(played(), ["a", "b"]);
  b.receive("INVITE", { headers: SDP_TYPE, body: B_SDP });
  await turns();
  invite.dialog()!.last("INVITE").final(200, { headers: SDP_TYPE, body: A_SDP });
  await turns();
  assert.deepEqual([played(), warnings()], [["a", "b"], []]);
  assert.deepEqual(heard, ["open call1@caller.example"]);
});

test("consent: of a late offer the announcement comes with the ACK's answer, before which it cannot be played", async () => {
  const { bench, heard, played, warnings } = consentBench();
  const invite = bench.invite([], "");
  bench.out.answer({ tag: "bob", headers: SDP_TYPE, body: B_SDP });
  await turns();
  assert.deepEqual([played(), heard], [[], []]);
  invite.ack({ headers: [["CSeq", "7 ACK"], ...SDP_TYPE], body: A_SDP });
  await turns();
  assert.deepEqual([played(), warnings()], [["a", "b"], []]);
  assert.deepEqual(heard, ["open call1@caller.example"]);
});

test("consent: a late offer that the PRACK answered is announced with the 200", async () => {
  const { bench, played } = consentBench();
  const invite = bench.invite([], "");
  const reliable = [
    ["RSeq", "1"],
    ["Require", "100rel"],
  ] as const;
  bench.out.provisional(183, { tag: "bob", headers: [...SDP_TYPE, ...reliable], body: B_SDP });
  await turns();
  invite.dialog()!.receive("PRACK", { headers: [["RAck", "1 7 INVITE"], ...SDP_TYPE], body: A_SDP });
  await turns();
  assert.deepEqual(played(), []);
  bench.out.answer({ tag: "bob" });
  await turns();
  assert.deepEqual(played(), ["a", "b"]);
});

for (const side of ["a", "b"] as const) {
  test(`consent: where side ${side} cannot hear the announcement the call goes on, unheard`, async () => {
    const { bench, heard, warnings } = consentBench();
    const invite = bench.offer();
    await turns();
    bench.anchor.session.deaf.add(side);
    const b = bench.out.answer({ tag: "bob", headers: SDP_TYPE, body: B_SDP });
    await turns();
    assert.deepEqual(warnings(), [`media.consent-not-played ${side}`]);
    assert.deepEqual(heard, ["open call1@caller.example", "close call1@caller.example"]);
    assert.equal(bench.call.phase, "answered");
    invite.ack();
    b.receive("BYE");
    invite.dialog()!.last("BYE").final(200);
    await turns();
    assert.deepEqual([bench.cdr.media?.anchor, bench.cdr.media?.notHeard], ["relay", "consent"]);
    assert.equal(bench.metrics.get("ringfence_call_media_not_heard_total{consent}"), 1);
  });
}

const cut: readonly (readonly [what: string, prompts: readonly boolean[], played: string[], isHeard: boolean])[] = [
  ["to one side is played to it again", [false], ["a", "b", "a"], true],
  ["to both is played to both again", [false, false], ["a", "b", "a", "b"], true],
  ["twice is none: the call is unheard", [false, true, false], ["a", "b", "a"], false],
];
for (const [what, prompts, expected, isHeard] of cut)
  test(`consent: an announcement that was cut short ${what}`, async () => {
    const { bench, heard, played, warnings } = consentBench();
    bench.offer();
    await turns();
    bench.anchor.session.prompts.push(...prompts.map((each) => Promise.resolve(each)));
    bench.out.answer({ tag: "bob", headers: SDP_TYPE, body: B_SDP });
    await turns();
    assert.deepEqual(played(), expected);
    assert.deepEqual(warnings(), isHeard ? [] : ["media.consent-not-played a"]);
    assert.equal(heard.includes("close call1@caller.example"), !isHeard);
    assert.equal(bench.call.phase, "answered");
  });

test("consent: cut short by a change to what cannot be coded, the call is unheard", async () => {
  const { bench, heard, warnings } = consentBench();
  bench.offer();
  await turns();
  const { session } = bench.anchor;
  const { promise, resolve } = pending();
  session.prompts.push(promise);
  bench.out.answer({ tag: "bob", headers: SDP_TYPE, body: B_SDP });
  await turns();
  session.deaf.add("a");
  resolve(false);
  await turns();
  assert.deepEqual(warnings(), ["media.consent-not-played a"]);
  assert.ok(heard.includes("close call1@caller.example"));
});

test("consent: replaced by a warning it comes again behind the warning, not over it", async () => {
  const { bench, played } = consentBench();
  bench.offer();
  await turns();
  const { session } = bench.anchor;
  const [first, warning] = [pending(), pending()];
  session.prompts.push(Promise.resolve(true), first.promise, warning.promise);
  bench.out.answer({ tag: "bob", headers: SDP_TYPE, body: B_SDP });
  await turns();
  const warned = bench.call.media!.play("b", ANNOUNCEMENT);
  first.resolve(false);
  await turns();
  assert.deepEqual(played(), ["a", "b", "b"]);
  warning.resolve(true);
  await turns();
  assert.deepEqual(played(), ["a", "b", "b", "b"]);
  assert.equal(await warned, true);
});

test("consent: a call whose announcement the call's end cuts short is no failure", async () => {
  const { bench, played, warnings } = consentBench();
  bench.offer();
  await turns();
  const { promise, resolve } = pending();
  bench.anchor.session.prompts.push(promise);
  bench.out.answer({ tag: "bob", headers: SDP_TYPE, body: B_SDP });
  await turns();
  void bench.call.end(FRAUD);
  resolve(false);
  await turns();
  assert.deepEqual([played(), warnings()], [["a", "b"], []]);
});

test("consent: a call that passes the gateway twice is announced once", async () => {
  const { bench, played } = consentBench();
  const same: [string, string] = ["Call-ID", "same@caller.example"];
  bench.offer([same]);
  await turns();
  const outs = [bench.out];
  bench.offer([same], bodyText(bench.out.spec.body));
  await turns();
  outs.push(bench.out);
  for (const out of outs.toReversed()) out.answer({ tag: "bob", headers: SDP_TYPE, body: B_SDP });
  await turns();
  const [first, second] = bench.anchor.sessions;
  assert.deepEqual([first?.played, second?.played], [["a", "b"], []]);
  assert.deepEqual(played(), []);
});

test("consent: a trunk that does not listen announces nothing", async () => {
  const { bench, played } = consentBench({ media: { listen: false } });
  await bench.anchored();
  assert.deepEqual(played(), []);
});
