import assert from "node:assert/strict";
import { test } from "node:test";
import type { HeaderEntries } from "../../../../gateway/ports/sip-endpoint.js";
import { AnchoredBench, SDP_TYPE, turns, type AnchoredSettings } from "../../../support/anchored-bench.js";
import { audioSdp } from "../../../support/fake-media-anchor.js";
import type { FakeIncoming, FakeOutgoing } from "../../../support/fake-sip-endpoint.js";

const CALL_ID = "forked@proxy.example";
const SAME: HeaderEntries = [["Call-ID", CALL_ID]];
const EARLY_MEDIA = { tag: "bob", headers: SDP_TYPE, body: audioSdp("192.0.2.20", 20_000) };

type Ends = (invite: FakeIncoming, out: FakeOutgoing) => void;

/** A proxy tries one after the other under one Call-ID. @returns What the two calls are called. */
async function namesOfTwo(rings: (out: FakeOutgoing) => void, ends: Ends, settings: AnchoredSettings = {}) {
  const bench = new AnchoredBench(settings);
  const invite = bench.offer(SAME);
  await turns();
  const { out } = bench;
  const first = bench.call.callId;
  rings(out);
  await turns();
  ends(invite, out);
  await turns();
  assert.equal(bench.b2bua.size, 0);
  bench.offer(SAME);
  await turns();
  return [first, bench.call.callId] as const;
}

const refused: Ends = (_invite, out) => out.final(486);
const ends: Readonly<Record<string, Ends>> = {
  "is refused": refused,
  "is not found": (_invite, out) => out.final(404),
  "is cancelled": (invite, out) => {
    invite.cancel();
    out.final(487);
  },
};
for (const [how, end] of Object.entries(ends))
  for (const status of [180, 183])
    test(`a call that was heard behind a ${status} and ${how} keeps its name: the next one under its Call-ID gets another`, async () => {
      const [first, second] = await namesOfTwo((out) => out.provisional(status, EARLY_MEDIA), end);
      assert.equal(first, CALL_ID);
      assert.match(second, /^forked@proxy\.example~/);
    });

test("a call of which nothing was heard gives its name back", async () => {
  const ringsOnly = (out: FakeOutgoing) => void out.provisional(180, { tag: "bob" });
  assert.deepEqual(await namesOfTwo(ringsOnly, refused), [CALL_ID, CALL_ID]);
  const carried = { media: { listen: false } };
  assert.deepEqual(await namesOfTwo((out) => out.provisional(183, EARLY_MEDIA), refused, carried), [CALL_ID, CALL_ID]);
});
