import assert from "node:assert/strict";
import { test } from "node:test";
import { ConsentObserver } from "../../../gateway/call/consent-observer.js";
import { ListeningObserver } from "../../../gateway/call/listening-observer.js";
import { AnchoredBench, SDP_TYPE, turns, type AnchoredSettings } from "../../support/anchored-bench.js";
import { LogDouble } from "../../support/call-doubles.js";
import { audioSdp } from "../../support/fake-media-anchor.js";

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
    bench.offer();
    await turns();
    bench.anchor.session.deaf.add(side);
    bench.out.answer({ tag: "bob", headers: SDP_TYPE, body: B_SDP });
    await turns();
    assert.deepEqual(warnings(), [`media.consent-not-played ${side}`]);
    assert.deepEqual(heard, ["open call1@caller.example", "close call1@caller.example"]);
    assert.equal(bench.call.phase, "answered");
  });
}

test("consent: a trunk that does not listen announces nothing", async () => {
  const { bench, played } = consentBench({ media: { listen: false } });
  await bench.anchored();
  assert.deepEqual(played(), []);
});
