import assert from "node:assert/strict";
import { test } from "node:test";
import { CallAdmission } from "../../../gateway/call/admission.js";
import { DEFAULT_OVERLOAD, OverloadGuard } from "../../../gateway/call/overload-guard.js";
import { DEFAULT_SOURCE_LIMITS, SourceLimits } from "../../../gateway/call/source-limits.js";
import { TrunkTable, type TrunkTableOptions } from "../../../gateway/call/trunks.js";
import type { Clock } from "../../../gateway/core/clock.js";
import { B2buaScene } from "../../support/b2bua-scene.js";
import { LogDouble, MetricsDouble, RandomDouble, trunkSettings } from "../../support/call-doubles.js";
import { MemoryPeer } from "../../support/memory-peer.js";
import { headerOf, rawRequest } from "../../support/raw-message.js";

const HOP = { protocol: "udp", address: "192.0.2.2", port: 5060 } as const;
/** Transactions that the gateway has room for: few, so that a flood of few messages shows. */
const ROOM = 40;
const FLOOD = 100;
const STRANGER = "203.0.113.5:5060";

/** A gateway that knows 192.0.2.1 only, before a called side. */
async function guarded(table: Partial<TrunkTableOptions> = {}) {
  const metrics = new MetricsDouble();
  const made = TrunkTable.of({
    trunks: [trunkSettings("north", { sources: ["192.0.2.1"] })],
    defaultTrunk: trunkSettings("default"),
    ...{ trustedHops: [], unknownSources: "refuse", ...table },
  });
  assert.ok(made.ok);
  const admission = (clock: Clock): CallAdmission =>
    new CallAdmission(
      { blockScanners: true },
      {
        trunks: made.value,
        limits: new SourceLimits(DEFAULT_SOURCE_LIMITS, 42),
        overload: new OverloadGuard({ ...DEFAULT_OVERLOAD, maxCalls: 10 }, { liveCalls: () => 0, lagMs: () => 0 }),
        clock,
        random: new RandomDouble(),
        metrics,
        log: new LogDouble(),
      },
    );
  const scene = await B2buaScene.make({}, undefined, { admission, maxTransactions: ROOM });
  const stranger = new MemoryPeer(scene.network, STRANGER);
  const refused = (why: string): number => metrics.get(`ringfence_requests_refused_total{${why}}`);
  return { scene, stranger, refused };
}

const ask = (method: string, more: Partial<Parameters<typeof rawRequest>[0]> = {}): string =>
  rawRequest({ method, via: STRANGER, uri: "sip:+12025550199@192.0.2.2", ...more });

/** `FLOOD` requests, each a transaction of its own. */
async function flood(
  { scene, stranger }: Awaited<ReturnType<typeof guarded>>,
  text: (n: number) => string,
): Promise<void> {
  for (let n = 0; n < FLOOD; n++) stranger.send(text(n), HOP);
  await scene.settle();
}
const own = (n: number) => ({ branch: `z9hG4bKflood${n}`, callId: `flood${n}` });

const FLOODS: readonly (readonly [what: string, text: (n: number) => string])[] = [
  ["INVITEs from outside the ACL", (n) => ask("INVITE", own(n))],
  ["OPTIONS from outside the ACL", (n) => ask("OPTIONS", own(n))],
  ["INVITEs that would be refused for what they require", (n) => ask("INVITE", { ...own(n), maxForwards: 0 })],
  ["BYEs of dialogs that are not there", (n) => ask("BYE", { ...own(n), toTag: "none" })],
  ["re-INVITEs of dialogs that are not there", (n) => ask("INVITE", { ...own(n), toTag: "none" })],
  ["NOTIFYs of dialogs that are not there", (n) => ask("NOTIFY", { ...own(n), toTag: "none" })],
  ["CANCELs of nothing", (n) => ask("CANCEL", own(n))],
];
for (const [what, text] of FLOODS) {
  test(`a flood leaves room for an honest call: ${what}`, async () => {
    const made = await guarded();
    await flood(made, text);
    assert.equal(made.scene.hop.load.transactions, 0);
    const { caller } = await made.scene.call();
    assert.deepEqual(caller.seen, []);
    assert.equal(made.scene.phone.invites.length, 1);
  });
}

test("a refusal of a stranger's INVITE goes out once, not again until an ACK that his victim never sends", async () => {
  const { scene, stranger, refused } = await guarded();
  stranger.send(ask("INVITE"), HOP);
  await scene.settle();
  scene.clock.advance(40_000);
  assert.deepEqual([stranger.statuses, refused("unknown-source")], [[403], 1]);
});

test("a stranger who has knocked too often gets no answer to anything any more", async () => {
  const made = await guarded();
  await flood(made, (n) => ask("INVITE", own(n)));
  const before = made.stranger.statuses.length;
  assert.equal(before, DEFAULT_SOURCE_LIMITS.strikes - 1);
  for (const text of [
    ask("INVITE"),
    ask("OPTIONS", { branch: "z9hG4bKo" }),
    ask("BYE", { branch: "z9hG4bKb", toTag: "none" }),
    ask("CANCEL", { branch: "z9hG4bKc" }),
  ])
    made.stranger.send(text, HOP);
  await made.scene.settle();
  assert.equal(made.stranger.statuses.length, before);
});

test("a request of a dialog that is over gets 481 with one tag, and its sender is not struck for it", async () => {
  const made = await guarded();
  await flood(made, () => ask("BYE", { toTag: "none" }));
  assert.deepEqual([...new Set(made.stranger.statuses)], [481]);
  assert.equal(new Set(made.stranger.received.map((text) => headerOf(text, "To"))).size, 1);
  made.stranger.send(ask("OPTIONS", own(1)), HOP);
  await made.scene.settle();
  assert.equal(made.stranger.statuses.at(-1), 403, "not silent");
});

test("who may call but is shut out keeps his emergency calls", async () => {
  const made = await guarded({ unknownSources: "accept" });
  const scanner = ["User-Agent: friendly-scanner"];
  await flood(made, (n) => ask("OPTIONS", { ...own(n), headers: scanner }));
  assert.deepEqual(made.stranger.statuses, []);
  made.stranger.send(ask("INVITE", own(1)), HOP);
  await made.scene.settle();
  assert.equal(made.scene.phone.invites.length, 0);
  made.stranger.send(ask("INVITE", { ...own(2), uri: "sip:911@192.0.2.2" }), HOP);
  await made.scene.settle();
  assert.equal(made.scene.phone.invites.length, 1);
  assert.equal(made.refused("shut-out"), FLOOD);
});
