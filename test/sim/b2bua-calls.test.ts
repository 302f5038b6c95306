import assert from "node:assert/strict";
import { test } from "node:test";
import type { CalledId, CallerId, Cdr, TrunkId } from "../../detection/index.js";
import { EmbeddedSipEndpoint } from "../../gateway/adapters/sip-embedded/embedded-endpoint.js";
import { B2bua, B2BUA_DEFAULTS } from "../../gateway/call/b2bua.js";
import type { LiveCall } from "../../gateway/call/contracts.js";
import { monoMs } from "../../gateway/core/time.js";
import type {
  IncomingInvite,
  IncomingRequest,
  OutgoingUser,
  SipDialog,
  SipDialogUser,
  SipTarget,
  SipUser,
} from "../../gateway/ports/sip-endpoint.js";
import { plainPolicy } from "../support/call-doubles.js";
import { FakeClock } from "../support/fake-clock.js";
import { SeededRandom } from "../support/seeded-random.js";
import { SipNetwork, type NetworkFaults } from "../support/sip-network.js";

const ALLOW = { verdict: "allow", detected: false, wouldRefuse: false, actions: [] } as const;
const target = (address: string): SipTarget => ({ protocol: "udp", address, port: 5060 });

interface Scene {
  readonly clock: FakeClock;
  readonly random: SeededRandom;
  /** Every dialog that a phone has had. */
  readonly dialogs: SipDialog[];
  byesAtPhones: number;
}

const after = (scene: Scene, ms: number, fn: () => void): void => {
  scene.clock.callAt(monoMs(scene.clock.mono() + ms), fn);
};

/** A phone's end of a dialog: answers everything, and hangs up when it is told to or its 200 is not ACKed. */
class Phone implements SipDialogUser {
  readonly #scene: Scene;
  readonly dialog: SipDialog;
  isOver = false;

  constructor(scene: Scene, dialog: SipDialog) {
    this.#scene = scene;
    this.dialog = dialog;
    dialog.user = this;
    if (!scene.dialogs.includes(dialog)) scene.dialogs.push(dialog);
  }

  onRequest(request: IncomingRequest): void {
    if (request.request.method === "BYE") {
      this.isOver = true;
      this.#scene.byesAtPhones++;
    }
    request.respond({ status: 200 });
  }

  onAckTimeout(): void {
    this.hangUp();
  }

  hangUp(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.dialog.request({ method: "BYE" }, { onFinal: () => undefined });
  }
}

/** The called side: refuses one call in eight, lets one in eight ring for ever, hangs up on one in four. */
function calledSide(scene: Scene): SipUser {
  const { random } = scene;
  return {
    onInvite: (invite: IncomingInvite) => {
      const dice = random.below(8);
      let isOver = false;
      invite.onCancel = () => {
        isOver = true;
        invite.respond({ status: 487 });
      };
      invite.respond({ status: 180 });
      const early = invite.dialog();
      if (early !== undefined) scene.dialogs.push(early);
      if (dice === 0) return;
      after(scene, random.below(2_000), () => {
        if (isOver || !invite.respond({ status: dice === 1 ? 486 : 200 }) || dice === 1) return;
        const phone = new Phone(scene, invite.dialog()!);
        if (dice > 5) after(scene, random.below(5_000), () => phone.hangUp());
      });
    },
    onRequest: (request) => void request.respond({ status: 501 }),
  };
}

/** A caller: hangs up after a while; one in four loses patience early. */
function callFrom(scene: Scene, endpoint: EmbeddedSipEndpoint): void {
  const { random } = scene;
  let isOver = false;
  const user: OutgoingUser = {
    onProvisional: (_response, dialog) => {
      if (dialog !== undefined && !scene.dialogs.includes(dialog)) scene.dialogs.push(dialog);
    },
    onFinal: () => (isOver = true),
    onAnswer: (_response, dialog) => {
      isOver = true;
      dialog.ack();
      const phone = new Phone(scene, dialog);
      after(scene, 1_000 + random.below(10_000), () => phone.hangUp());
    },
  };
  const from = `<sip:+1202555${1000 + random.below(9000)}@192.0.2.1>`;
  const to = "<sip:+12025550199@192.0.2.2>";
  const outgoing = endpoint.invite(
    { method: "INVITE", uri: "sip:+12025550199@192.0.2.2", from, to, targets: [target("192.0.2.2")] },
    user,
  );
  const patienceMs = random.below(4) === 0 ? random.below(1_500) : 20_000;
  after(scene, patienceMs, () => {
    if (!isOver) outgoing.cancel();
  });
}

/** 60 calls through the gateway, a fifth of them ended by the gateway itself at a random moment. */
async function run(seed: number, faults: NetworkFaults, topologyHiding: boolean) {
  const clock = new FakeClock();
  const random = new SeededRandom(seed);
  const scene: Scene = { clock, random, dialogs: [], byesAtPhones: 0 };
  const network = new SipNetwork(clock, seed, faults);
  const make = (address: string, salt: number): EmbeddedSipEndpoint =>
    new EmbeddedSipEndpoint({
      transports: network.transports(`${address}:5060`),
      clock,
      random: new SeededRandom(seed * 31 + salt),
    });
  const caller = make("192.0.2.1", 1);
  const hop = make("192.0.2.2", 2);
  const called = make("192.0.2.3", 3);
  const cdrs: Cdr[] = [];
  const outcomes: string[] = [];
  let ordered = 0;
  const policy = { ...plainPolicy, id: "t" as TrunkId, topologyHiding };
  const identity = { trunk: policy.id, caller: "a" as CallerId, called: "b" as CalledId, emergency: false };
  const endSome = (call: LiveCall): void => {
    if (random.below(5) !== 0) return;
    ordered++;
    after(scene, random.below(3_000), () => {
      void call
        .end({ cause: "fraud", q850: 21, text: "x", refusalStatus: 603 })
        .then(({ a, b }) => outcomes.push(a.outcome, b.outcome));
    });
  };
  const b2bua = new B2bua(
    { ...B2BUA_DEFAULTS, setupTimeoutMs: 60_000 },
    {
      endpoint: hop,
      admission: { admit: () => ({ ok: true, identity, trunk: policy }) },
      screen: { callStarted: () => ALLOW, callAnswered: () => undefined, callEnded: () => undefined },
      hops: {
        choose: () => [
          { name: "dead", targets: [target("192.0.2.66")] },
          { name: "live", targets: [target("192.0.2.3")] },
        ],
        report: () => undefined,
      },
      observers: [{ onStarted: endSome, onEnded: (_call, cdr) => cdrs.push(cdr) }],
      clock,
      random,
      onActions: () => undefined,
    },
  );
  const quiet: SipUser = { onInvite: () => undefined, onRequest: () => undefined };
  await Promise.all([caller.start(quiet), hop.start(b2bua), called.start(calledSide(scene))]);
  for (let i = 0; i < 60; i++) after(scene, i * 50, () => callFrom(scene, caller));
  for (let s = 0; s < 300; s++) {
    clock.advance(1_000);
    await Promise.resolve();
  }
  return { b2bua, cdrs, outcomes, ordered, scene };
}

const CASES = [
  { name: "a clean network", seed: 11, faults: {}, hiding: false },
  { name: "a clean network, topology hidden", seed: 12, faults: {}, hiding: true },
  {
    name: "20 % loss, duplicates, reordering",
    seed: 13,
    faults: { loss: 0.2, duplicates: 0.1, delayMs: [1, 400] as const },
    hiding: false,
  },
];
for (const { name, seed, faults, hiding } of CASES) {
  test(`60 calls through the B2BUA over ${name} (seed ${seed}): one CDR each, and no leg stays up anywhere`, async () => {
    const { b2bua, cdrs, outcomes, ordered, scene } = await run(seed, faults, hiding);
    assert.equal(b2bua.size, 0, "live calls");
    assert.equal(cdrs.length, 60);
    assert.equal(new Set(cdrs.map((cdr) => cdr.id)).size, 60);
    const answered = cdrs.filter((cdr) => cdr.answeredAt !== undefined).length;
    assert.ok(answered > 15 && answered < 60, `${answered} were answered`);
    assert.ok(ordered > 3);
    assert.equal(outcomes.length, 2 * ordered, "every order to end a call has its report");
    const up = scene.dialogs.filter((dialog) => dialog.state !== "terminated");
    assert.deepEqual(
      up.map(({ callId, state }) => ({ callId, state })),
      [],
    );
    assert.ok(scene.byesAtPhones > 0);
  });
}
