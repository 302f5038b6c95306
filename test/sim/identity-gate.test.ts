import assert from "node:assert/strict";
import { test } from "node:test";
import type { SignedCall, SignedCallTaker } from "../../gateway/call/identity/identity-contracts.js";
import type { IncomingInvite } from "../../gateway/ports/sip-endpoint.js";
import type { NetworkFaults } from "../support/sip-network.js";
import { RecordingCaller, RecordingUser, sipPair } from "../support/sip-pair.js";
import { identityScene, settled, type IdentitySceneSettings } from "../support/identity-scene.js";
import { shakenIdentity } from "../support/shaken.js";

/** Stands where the B2BUA would: answers every INVITE that gets through. */
class Called extends RecordingUser implements SignedCallTaker {
  readonly signed: (SignedCall | undefined)[] = [];
  override onInvite(invite: IncomingInvite, signed?: SignedCall): void {
    super.onInvite(invite);
    this.signed.push(signed);
    invite.respond({ status: 180 });
    invite.respond({ status: 200 });
  }
}

async function scene(settings: IdentitySceneSettings = {}, faults: NetworkFaults = {}, seed = 1) {
  const pair = await sipPair({ seed, faults });
  const called = new Called();
  const gate = identityScene(called, pair.clock, settings);
  await pair.called.endpoint.start(gate.gate);
  const caller = new RecordingCaller();
  const invite = (wish = {}) => {
    const spec = {
      ...pair.spec(),
      uri: "sip:+12025550199@192.0.2.2",
      headers: [["Identity", shakenIdentity(gate.signer.key, gate.iat(), wish)]] as const,
    };
    return pair.caller.endpoint.invite(spec, caller);
  };
  return { ...pair, ...gate, calledUser: called, callerSide: caller, invite };
}

test("an INVITE that waits is repeated by an impatient caller, and reaches the B2BUA once", async () => {
  const { clock, network, invite, certificates, calledUser, callerSide, gate } = await scene({
    options: { budgetMs: 5_000 },
  });
  // No 100 gets back, so that the caller repeats.
  network.refuse = (_from, _to, text) => text.startsWith("SIP/2.0 100");
  certificates.holds = true;
  invite();
  clock.advance(4_000);
  const sent = network.log.filter((line) => line.includes("INVITE sip:")).length;
  assert.ok(sent >= 4, `the INVITE was sent ${sent} times`);
  assert.equal(gate.waiting, 1);
  certificates.release();
  await settled(() => calledUser.invites.length > 0);
  clock.advance(100);
  assert.deepEqual([calledUser.invites.length, callerSide.seen.includes("answer 200")], [1, true]);
  assert.equal(calledUser.signed[0]?.identity?.verdict, "verified");
});

test("CANCEL on the wire while it waits: 200 to the CANCEL, 487 to the INVITE, no call", async () => {
  const { clock, network, invite, certificates, calledUser, callerSide, gate } = await scene();
  certificates.holds = true;
  const outgoing = invite();
  clock.advance(250);
  outgoing.cancel();
  clock.advance(100);
  assert.ok(callerSide.seen.includes("487"), callerSide.seen.join(", "));
  assert.ok(network.log.some((line) => line.includes("CANCEL")));
  certificates.release();
  clock.advance(1_000);
  await settled(() => gate.waiting === 0);
  assert.equal(calledUser.invites.length, 0);
});

test("certificates that never come cost budgetMs and nothing else", async () => {
  const { clock, invite, certificates, calledUser, callerSide } = await scene();
  certificates.holds = true;
  invite();
  clock.advance(490);
  assert.equal(calledUser.invites.length, 0);
  clock.advance(30);
  assert.equal(calledUser.invites.length, 1);
  assert.deepEqual(calledUser.signed[0]?.identity, { verdict: "unverified", reason: "time-out" });
  clock.advance(100);
  assert.ok(callerSide.seen.includes("answer 200"));
});

for (const seed of [11, 12, 13]) {
  test(`40 calls over a network that loses, doubles and reorders (seed ${seed}): each gets through once or is cancelled`, async () => {
    const faults = { loss: 0.2, duplicates: 0.2, delayMs: [1, 80] } as const;
    const { clock, invite, certificates, calledUser, gate } = await scene({}, faults, seed);
    certificates.holds = true;
    const outgoing = Array.from({ length: 40 }, () => {
      const each = invite();
      clock.advance(30);
      return each;
    });
    for (const [i, each] of outgoing.entries()) if (i % 4 === 0) each.cancel();
    certificates.release();
    certificates.holds = false;
    for (let i = 0; i < 100; i++) {
      clock.advance(400);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(gate.waiting, 0);
    const callIds = calledUser.invites.map(({ request }) => request.headers.get("call-id"));
    assert.equal(new Set(callIds).size, callIds.length, "no call came twice");
    assert.ok(callIds.length >= 30, `${callIds.length} calls`);
    assert.ok(calledUser.signed.every((each) => each?.identity !== undefined));
  });
}
