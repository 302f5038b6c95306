import assert from "node:assert/strict";
import { test } from "node:test";
import { EmbeddedSipEndpoint } from "../../../../gateway/adapters/sip-embedded/embedded-endpoint.js";
import { CountingMetrics } from "../../../support/counting-metrics.js";
import { MemoryPeer } from "../../../support/memory-peer.js";
import { headerOf, rawResponse, startLineOf } from "../../../support/raw-message.js";
import { SeededRandom } from "../../../support/seeded-random.js";
import { endpointAndPeer, RecordingCaller, RecordingUser, type PairOptions } from "../../../support/sip-pair.js";

const VICTIM = "Contact: <sip:victim@192.0.2.66>";
const OVER_MS = 70_000;

/** An INVITE that nobody has answered and that no transaction waits for any more. */
async function unansweredInvite(pairOptions: PairOptions = {}) {
  const metrics = new CountingMetrics();
  const scene = await endpointAndPeer({ ...pairOptions, options: { metrics, ...pairOptions.options } });
  const side = new RecordingCaller();
  scene.endpoint.invite(scene.toPeer(), side);
  await scene.settle();
  scene.clock.advance(OVER_MS);
  await scene.settle();
  assert.deepEqual([side.seen, scene.endpoint.load.transactions], [["408 local"], 0]);
  const victim = new MemoryPeer(scene.network, "192.0.2.66:5060");
  const answer = (headers = [VICTIM], tag = "late") => rawResponse(scene.peer.received[0]!, 200, { tag, headers });
  const forged = (): number => metrics.value("ringfence_sip_dropped_total", "forged-answer");
  return { ...scene, victim, answer, forged };
}

const branchOf = (text: string): string => /branch=(z9hG4bK[0-9a-f]+)/.exec(text)?.[1] ?? "";

const FORGERIES: readonly (readonly [what: string, forge: (answer: string) => string])[] = [
  ["a branch that we never made", (answer) => answer.replace(branchOf(answer), "z9hG4bKguess")],
  ["a branch with another end", (answer) => answer.replace(/(branch=z9hG4bK[0-9a-f]+)[0-9a-f]/, "$1x")],
  ["a branch cut short", (answer) => answer.replace(/(branch=z9hG4bK[0-9a-f]{20})[0-9a-f]+/, "$1")],
  ["another Call-ID", (answer) => answer.replace(/(Call-ID: ).*/, "$1other")],
  ["another From tag", (answer) => answer.replace(/(From: .*tag=).*/, "$1other")],
  ["another CSeq number", (answer) => answer.replace("CSeq: 1 INVITE", "CSeq: 2 INVITE")],
];
for (const [what, forge] of FORGERIES) {
  test(`a 2xx to an INVITE that we never sent makes us send nothing: ${what}`, async () => {
    const { peer, user, victim, answer, endpoint, network, forged, settle } = await unansweredInvite();
    const before = network.log.length;
    peer.send(forge(answer()));
    await settle();
    assert.deepEqual(user.seen, []);
    assert.deepEqual([victim.received, network.log.length], [[], before + 1], "nothing but the forgery was sent");
    assert.deepEqual(endpoint.load, { transactions: 0, dialogs: 0, timers: 0 });
    assert.equal(forged(), 1);
  });
}

test("a branch proves nothing two hours later: whoever has seen it cannot have BYEs sent for ever", async () => {
  const { peer, user, victim, answer, network, forged, settle, clock } = await unansweredInvite();
  clock.advance(7_200_000);
  const before = network.log.length;
  peer.send(answer());
  await settle();
  assert.deepEqual([user.seen, victim.received, network.log.length, forged()], [[], [], before + 1, 1]);
});

test("a 2xx from another address than the INVITE went to is one to it: clusters answer so", async () => {
  const { user, network, answer, forged, settle } = await unansweredInvite();
  new MemoryPeer(network, "192.0.2.77:5060").send(answer());
  await settle();
  assert.deepEqual([user.seen, forged()], [["stray 200"], 0]);
});

test("the branch of a request that is no INVITE proves nothing", async () => {
  const { peer, user, toPeer, endpoint, answer, forged, settle, clock } = await unansweredInvite();
  endpoint.request(toPeer({ method: "OPTIONS" }), new RecordingCaller());
  await settle();
  const options = peer.requests("OPTIONS")[0]!;
  peer.send(rawResponse(options, 200));
  clock.advance(OVER_MS);
  const ids = (text: string): string => text.replace(/(Call-ID: ).*/, "$1same").replace(/(From: .*tag=).*/, "$1same");
  peer.send(ids(answer()).replace(branchOf(answer()), branchOf(options)));
  await settle();
  assert.deepEqual([user.seen, forged()], [[], 1]);
});

test("a 2xx that comes after its transaction is over makes a dialog that the user can end (§13.2.2.4)", async () => {
  const { peer, user, answer, forged, settle } = await unansweredInvite();
  peer.send(answer(["Contact: <sip:late@192.0.2.9>"]));
  await settle();
  assert.deepEqual([user.seen, forged()], [["stray 200"], 0]);
  user.strays[0]!.dialog.ack();
  user.strays[0]!.dialog.request({ method: "BYE" }, new RecordingCaller());
  await settle();
  const [ack, bye] = [peer.requests("ACK")[0]!, peer.requests("BYE")[0]!];
  assert.deepEqual(
    [startLineOf(ack), startLineOf(bye)],
    ["ACK sip:late@192.0.2.9 SIP/2.0", "BYE sip:late@192.0.2.9 SIP/2.0"],
  );
  assert.deepEqual([headerOf(ack, "CSeq"), headerOf(bye, "CSeq")], ["1 ACK", "2 BYE"]);
});

for (const [what, sameKey] of [
  ["the key of the process that died knows its INVITEs", true],
  ["another key does not", false],
] as const) {
  test(`after a restart ${what}`, async () => {
    const sealKey = new Uint8Array(32).fill(7);
    const { peer, endpoint, network, clock, answer, settle } = await unansweredInvite({ options: { sealKey } });
    await endpoint.close();
    const user = new RecordingUser();
    const again = new EmbeddedSipEndpoint({
      ...{ transports: network.transports("192.0.2.1:5060"), clock, random: new SeededRandom(99) },
      sealKey: sameKey ? sealKey : new Uint8Array(32).fill(8),
    });
    await again.start(user);
    peer.send(answer());
    await settle();
    assert.deepEqual(user.seen, sameKey ? ["stray 200"] : []);
  });
}

test("who knows a branch of ours gets a bounded number of dialogs out of it, and a repeat finds room again", async () => {
  const { peer, user, answer, settle, clock } = await unansweredInvite();
  for (let i = 0; i < 1_000; i++) peer.send(answer([VICTIM], `fork${i}`));
  await settle();
  const first = user.strays.length;
  assert.ok(first > 0 && first <= 200, String(first));
  clock.advance(1_000);
  peer.send(answer([VICTIM], "fork999"));
  await settle();
  assert.equal(user.strays.length, first + 1);
});
