import assert from "node:assert/strict";
import { test } from "node:test";
import { AnchoredBench, SDP_TYPE, turns } from "../../../support/anchored-bench.js";
import { FRAUD } from "../../../support/b2bua-bench.js";
import { audioSdp, FakeMediaAnchor } from "../../../support/fake-media-anchor.js";
import { headerOf } from "../../../support/fake-sip-endpoint.js";
import type { MediaStats, SideStats } from "../../../../gateway/ports/media-anchor.js";

const B_SDP = audioSdp("192.0.2.20", 20_000);
const side = (packets: number, mos: number | undefined): SideStats => ({
  packets,
  bytes: packets * 172,
  lost: 3,
  jitterMs: 1.5,
  mos,
  strangers: 2,
});
const STATS: MediaStats = { a: side(500, 4.2), b: side(400, undefined), forkDropped: 0 };

function heard(): FakeMediaAnchor {
  const anchor = new FakeMediaAnchor();
  anchor.stats = STATS;
  return anchor;
}

async function hungUp(bench: AnchoredBench): Promise<void> {
  const { a, b } = await bench.anchored();
  a.receive("BYE");
  b.last("BYE").final(200);
}

test("what passed stands in the Cdr and in the metrics", async () => {
  const bench = new AnchoredBench({ anchor: heard() });
  await hungUp(bench);
  await turns();
  assert.deepEqual(bench.cdr.media, {
    anchor: "relay",
    a: { packets: 500, lost: 3, jitterMs: 1.5, mos: 4.2 },
    b: { packets: 400, lost: 3, jitterMs: 1.5 },
  });
  const { metrics } = bench;
  metrics.scrape();
  assert.equal(metrics.get("ringfence_call_media_packets_total{a}"), 500);
  assert.equal(metrics.get("ringfence_call_media_lost_total{b}"), 3);
  assert.equal(metrics.get("ringfence_call_media_strangers_total{a}"), 2);
  assert.equal(metrics.get("ringfence_call_media_total{anchored}"), 1);
  assert.equal(metrics.get("ringfence_call_media_sessions"), 0);
  assert.deepEqual(metrics.observed.get("ringfence_call_media_mos"), [4.2]);
  assert.equal(metrics.get("ringfence_call_media_descriptions_total{anchored}"), 2);
});

test("figures that do not come are not waited for longer than the limit; the call is over all the same", async () => {
  const anchor = heard();
  const bench = new AnchoredBench({ anchor });
  const { a, b } = await bench.anchored();
  anchor.session.close = () => new Promise(() => undefined);
  a.receive("BYE");
  b.last("BYE").final(200);
  await turns();
  assert.deepEqual([bench.cdrs.length, bench.call.phase], [0, "ended"]);
  bench.clock.advance(500);
  await turns();
  assert.deepEqual(bench.cdr.media, { anchor: "relay" });
  assert.equal(bench.b2bua.size, 0);
});

test("a session whose closing fails costs its figures alone", async () => {
  const anchor = heard();
  const bench = new AnchoredBench({ anchor });
  const { a, b } = await bench.anchored();
  anchor.session.close = () => Promise.reject(new Error("gone"));
  a.receive("BYE");
  b.last("BYE").final(200);
  await turns();
  assert.deepEqual(bench.cdr.media, { anchor: "relay" });
});

test("the Cdr's times are those of the call, not of its figures", async () => {
  const anchor = heard();
  const bench = new AnchoredBench({ anchor });
  const { a, b } = await bench.anchored();
  bench.clock.advance(10_000);
  anchor.session.close = () => new Promise(() => undefined);
  a.receive("BYE");
  b.last("BYE").final(200);
  bench.clock.advance(500);
  await turns();
  assert.equal(bench.cdr.durationMs, 10_000);
});

const ends: readonly (readonly [name: string, end: (bench: AnchoredBench) => Promise<unknown>])[] = [
  ["hung up", hungUp],
  [
    "refused by the called side",
    async (bench) => {
      bench.offer();
      await turns();
      bench.out.final(486);
    },
  ],
  [
    "no hop left",
    async (bench) => {
      bench.offer();
      await turns();
      bench.out.final(503);
      bench.out.local(408);
    },
  ],
  [
    "cancelled while it rings",
    async (bench) => {
      const invite = bench.offer();
      await turns();
      bench.out.provisional(180, { tag: "bob" });
      invite.cancel();
      bench.out.final(487);
    },
  ],
  [
    "ended by order",
    async (bench) => {
      const { a, b } = await bench.anchored();
      void bench.call.end(FRAUD);
      a.last("BYE").final(200);
      b.last("BYE").final(200);
    },
  ],
  [
    "ended by order, and no leg answers",
    async (bench) => {
      await bench.anchored();
      void bench.call.end(FRAUD);
      bench.clock.advance(32_000);
    },
  ],
  [
    "the caller is gone",
    async (bench) => {
      const invite = bench.offer();
      await turns();
      bench.out.provisional(180, { tag: "bob" });
      invite.onGone?.();
      bench.out.final(487);
    },
  ],
  [
    "never ACKed",
    async (bench) => {
      const invite = bench.offer();
      await turns();
      const b = bench.out.answer({ tag: "bob", headers: SDP_TYPE, body: B_SDP });
      await turns();
      invite.dialog()!.ackTimeout();
      invite.dialog()!.last("BYE").final(200);
      b.last("BYE").final(200);
    },
  ],
  [
    "no final answer for the set-up time",
    async (bench) => {
      bench.offer();
      await turns();
      bench.out.provisional(180, { tag: "bob" });
      bench.clock.advance(310_000);
      bench.out.final(487);
      bench.clock.advance(32_000);
    },
  ],
  [
    "the process goes while it rings",
    async (bench) => {
      bench.offer();
      await turns();
      bench.b2bua.close();
    },
  ],
];

for (const [name, end] of ends) {
  test(`the session is closed exactly once and there is one Cdr: ${name}`, async () => {
    const bench = new AnchoredBench({ anchor: heard() });
    await end(bench);
    await turns();
    assert.deepEqual([bench.anchor.session.closes, bench.cdrs.length, bench.b2bua.size], [1, 1, 0]);
    await turns();
    assert.equal(bench.anchor.session.closes, 1);
  });
}

test("the process goes while figures are waited for: the Cdr is written at once, and only one", async () => {
  const anchor = heard();
  const bench = new AnchoredBench({ anchor });
  const { a, b } = await bench.anchored();
  let got: (stats: MediaStats) => void = () => undefined;
  anchor.session.close = () => new Promise((resolve) => (got = resolve));
  a.receive("BYE");
  b.last("BYE").final(200);
  assert.equal(bench.cdrs.length, 0);
  bench.b2bua.close();
  assert.deepEqual([bench.cdrs.length, bench.cdr.media, bench.b2bua.size], [1, { anchor: "relay" }, 0]);
  got(STATS);
  await turns();
  assert.equal(bench.cdrs.length, 1);
});

test("no packet of either side: both legs get BYE, with a cause of its own", async () => {
  const bench = new AnchoredBench({ anchor: heard() });
  const { a, b } = await bench.anchored();
  bench.anchor.session.emit({ kind: "idle" });
  assert.deepEqual([a.methods(), b.methods()], [["BYE"], ["BYE"]]);
  assert.match(headerOf(a.last("BYE").spec, "Reason") ?? "", /^Q\.850;cause=102;text="no media"/);
  a.last("BYE").final(200);
  b.last("BYE").local(408);
  await turns();
  assert.deepEqual([bench.cdr.cause, bench.cdr.q850, bench.cdr.endedBy], ["no-media", 102, "gateway"]);
});

for (const when of ["answered", "ringing"] as const) {
  test(`what carried the media has died, ${when}: the call is ended, as nobody hears anything any more`, async () => {
    const bench = new AnchoredBench({ anchor: heard() });
    const invite = bench.offer();
    await turns();
    bench.out.provisional(183, { tag: "bob", headers: SDP_TYPE, body: B_SDP });
    if (when === "answered") bench.out.answer({ tag: "bob", headers: SDP_TYPE, body: B_SDP });
    await turns();
    if (when === "answered") invite.ack();
    bench.anchor.session.emit({ kind: "lost" });
    assert.deepEqual(invite.statuses, when === "answered" ? [183, 200] : [183, 503]);
    if (when === "answered") assert.deepEqual(invite.dialog()!.methods(), ["BYE"]);
    else assert.equal(bench.out.isCancelled, true);
    bench.clock.advance(32_000);
    await turns();
    assert.equal(bench.cdr.cause, "no-media");
  });
}

test("silence before the answer ends nothing: telephones may ring for long", async () => {
  const bench = new AnchoredBench();
  bench.offer();
  await turns();
  bench.out.provisional(180, { tag: "bob" });
  bench.anchor.session.emit({ kind: "idle" });
  assert.deepEqual([bench.call.phase, bench.out.isCancelled], ["ringing", false]);
});

test("a call that cannot be heard on one side says so in its Cdr; observers get every event", async () => {
  const bench = new AnchoredBench({ anchor: heard() });
  const { a, b } = await bench.anchored();
  bench.anchor.session.emit({ kind: "not-heard", side: "b", why: "srtp" });
  bench.anchor.session.emit({ kind: "digit", side: "a", digit: "5", durationMs: 100 });
  assert.deepEqual(
    bench.events.map((event) => event.kind),
    ["settling", "agreed", "not-heard", "digit"],
  );
  a.receive("BYE");
  b.last("BYE").final(200);
  await turns();
  assert.equal(bench.cdr.media?.notHeard, "srtp");
  bench.anchor.session.emit({ kind: "idle" });
  assert.equal(bench.events.length, 4, "nothing is told of a call that is over");
});

test("the ladder's handles: play, hold and figures while the media is anchored, nothing after the end", async () => {
  const bench = new AnchoredBench({ anchor: heard() });
  const { a, b } = await bench.anchored();
  const { call } = bench;
  const { media } = call;
  assert.ok(media !== undefined);
  await media.play("b", { sampleRateHz: 8_000, samples: new Float32Array(8) });
  media.hold(true);
  media.hold(false);
  assert.deepEqual([bench.anchor.session.played, bench.anchor.session.holds], [["b"], [true, false]]);
  assert.equal((await media.stats()).a.packets, 500);
  a.receive("BYE");
  b.last("BYE").final(200);
  await turns();
  assert.equal(call.media, undefined);
});

test("INFO of our own, inside either dialog of an answered call", async () => {
  const bench = new AnchoredBench();
  bench.offer();
  await turns();
  assert.equal(await bench.call.sendInfo("b", []), 0, "not answered yet");
  const { a, b } = await bench.anchored("carol");
  const sent = bench.call.sendInfo("b", [["Info-Package", "x"]], Buffer.from("text"));
  assert.equal(headerOf(b.last("INFO").spec, "Info-Package"), "x");
  assert.equal(Buffer.from(b.last("INFO").spec.body ?? []).toString(), "text");
  b.last("INFO").final(200);
  assert.equal(await sent, 200);
  const other = bench.call.sendInfo("a", []);
  a.last("INFO").local(408);
  assert.equal(await other, 408);
});

test("risk is what detection said of the INVITE", () => {
  for (const [decision, risk] of [
    [{ detected: false, wouldRefuse: false }, 0],
    [{ detected: true, wouldRefuse: false }, 0.5],
    [{ detected: true, wouldRefuse: true }, 0.8],
  ] as const) {
    const bench = new AnchoredBench({ decide: () => ({ verdict: "allow", actions: [], ...decision }) });
    bench.offer();
    assert.equal(bench.call.risk, risk);
  }
});
