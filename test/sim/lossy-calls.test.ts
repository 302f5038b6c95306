import assert from "node:assert/strict";
import { test } from "node:test";
import type {
  IncomingInvite,
  IncomingRequest,
  SipDialog,
  SipDialogUser,
  SipUser,
} from "../../gateway/ports/sip-endpoint.js";
import type { SipResponse } from "../../gateway/sip/message/sip-message.js";
import { EmbeddedSipEndpoint } from "../../gateway/adapters/sip-embedded/embedded-endpoint.js";
import { FakeClock } from "../support/fake-clock.js";
import { SeededRandom } from "../support/seeded-random.js";
import { SipNetwork, type NetworkFaults } from "../support/sip-network.js";
import { monoMs } from "../../gateway/core/time.js";

/** What became of one call at its two ends. */
interface Fate {
  invites: number;
  answered: boolean;
  acked: boolean;
  reinvited: boolean;
  infos: number;
  ended: "by caller" | "by called" | undefined;
  byes: number;
  failed: string | undefined;
}

const newFate = (): Fate => ({
  invites: 0,
  answered: false,
  acked: false,
  reinvited: false,
  infos: 0,
  ended: undefined,
  byes: 0,
  failed: undefined,
});

/** The called end: rings, answers after a while, answers whatever comes. */
class Called implements SipUser {
  readonly #clock: FakeClock;
  readonly #fates: Map<string, Fate>;
  constructor(clock: FakeClock, fates: Map<string, Fate>) {
    this.#clock = clock;
    this.#fates = fates;
  }

  onInvite(invite: IncomingInvite): void {
    const callId = invite.request.headers.get("call-id")!;
    const fate = this.#fates.get(callId)!;
    fate.invites++;
    invite.respond({ status: 180 });
    this.#clock.callAt(monoMs(this.#clock.mono() + 300), () => {
      invite.respond({ status: 200 });
      invite.dialog()!.user = this.#dialogUser(invite.dialog()!, fate);
    });
  }

  #dialogUser(dialog: SipDialog, fate: Fate): SipDialogUser {
    return {
      onRequest: (request: IncomingRequest) => {
        const { method } = request.request;
        if (method === "BYE") fate.byes++;
        if (method === "INFO") fate.infos++;
        request.respond({ status: 200 });
      },
      onAck: (ack) => {
        if (ack.headers.get("cseq")!.startsWith("1 ")) fate.acked = true;
        else fate.reinvited = true;
      },
      onAckTimeout: () => {
        fate.failed = "no ACK";
        dialog.request({ method: "BYE" }, { onFinal: () => undefined });
      },
    };
  }

  onRequest(request: IncomingRequest): void {
    request.respond({ status: 501 });
  }
}

/** One call: INVITE, answer, INFO, re-INVITE, BYE. */
function placeCall(clock: FakeClock, endpoint: EmbeddedSipEndpoint, callId: string, fate: Fate): void {
  const spec = {
    method: "INVITE",
    uri: "sip:+12025550102@192.0.2.2",
    from: "<sip:+12025550101@192.0.2.1>",
    to: "<sip:+12025550102@192.0.2.2>",
    targets: [{ protocol: "udp" as const, address: "192.0.2.2", port: 5060 }],
    callId,
  };
  const failed = (what: string) => (response: SipResponse) => {
    if (response.status >= 300) fate.failed ??= `${what} ${response.status}`;
  };
  const hangUp = (dialog: SipDialog): void =>
    void dialog.request(
      { method: "BYE" },
      {
        onFinal: (response) => {
          failed("BYE")(response);
          fate.ended = "by caller";
        },
      },
    );
  const reinvite = (dialog: SipDialog): void =>
    void dialog.request(
      { method: "INVITE" },
      {
        onAnswer: () => {
          dialog.ack();
          hangUpLater(dialog);
        },
        onFinal: failed("re-INVITE"),
      },
    );
  // Later than the last repeat of a lost ACK: a BYE that overtakes the ACK ends the wait for it.
  const hangUpLater = (dialog: SipDialog): void =>
    void clock.callAt(monoMs(clock.mono() + 40_000), () => hangUp(dialog));
  endpoint.invite(spec, {
    onFinal: failed("INVITE"),
    onAnswer: (_response, dialog) => {
      fate.answered = true;
      dialog.user = { onRequest: (request) => void request.respond({ status: 200 }) };
      dialog.ack();
      dialog.request(
        { method: "INFO" },
        {
          onFinal: (response) => {
            failed("INFO")(response);
            reinvite(dialog);
          },
        },
      );
    },
  });
}

async function simulate(seed: number, faults: NetworkFaults, calls: number) {
  const clock = new FakeClock();
  const network = new SipNetwork(clock, seed, faults);
  const fates = new Map<string, Fate>();
  const make = (address: string, salt: number) =>
    new EmbeddedSipEndpoint({ transports: network.transports(address), clock, random: new SeededRandom(seed + salt) });
  const caller = make("192.0.2.1:5060", 1);
  const called = make("192.0.2.2:5060", 2);
  await caller.start({ onInvite: () => undefined, onRequest: () => undefined });
  await called.start(new Called(clock, fates));
  for (let i = 0; i < calls; i++) {
    const fate = newFate();
    fates.set(`call-${i}`, fate);
    placeCall(clock, caller, `call-${i}`, fate);
    clock.advance(20);
  }
  for (let i = 0; i < 1600; i++) {
    clock.advance(100);
    await Promise.resolve();
  }
  return { fates, caller, called, network };
}

const SEEDS = [1, 2, 3, 4, 5];

for (const seed of SEEDS) {
  test(`seed ${seed}: duplicates and reordering change nothing about a call`, async () => {
    const { fates, caller, called } = await simulate(seed, { duplicates: 0.3, delayMs: [1, 40] }, 50);
    for (const [id, fate] of fates) {
      assert.deepEqual(
        { id, ...fate },
        {
          id,
          invites: 1,
          answered: true,
          acked: true,
          reinvited: true,
          infos: 1,
          ended: "by caller",
          byes: 1,
          failed: undefined,
        },
        `seed ${seed}`,
      );
    }
    assert.deepEqual(
      [caller.load, called.load],
      [
        { transactions: 0, dialogs: 0, timers: 0 },
        { transactions: 0, dialogs: 0, timers: 0 },
      ],
    );
  });

  test(`seed ${seed}: calls survive 30 % loss with reordering and duplicates, and nothing is left of them`, async () => {
    const { fates, caller, called } = await simulate(seed, { loss: 0.3, duplicates: 0.1, delayMs: [1, 60] }, 50);
    let whole = 0;
    for (const [id, fate] of fates) {
      assert.ok(fate.invites <= 1, `seed ${seed}, ${id}: the INVITE reached the user ${fate.invites} times`);
      assert.ok(fate.infos <= 1, `seed ${seed}, ${id}: the INFO reached the user ${fate.infos} times`);
      if (fate.failed === undefined && fate.ended !== undefined && fate.acked && fate.reinvited) whole++;
    }
    // 7 to 11 tries a message: the odds that one of a call's five exchanges fails at all are about 1 in 100.
    assert.ok(
      whole >= 47,
      `seed ${seed}: only ${whole} of ${fates.size} calls went through: ${JSON.stringify([...fates.values()].filter((each) => each.ended === undefined || each.failed !== undefined))}`,
    );
    assert.deepEqual(
      [caller.load, called.load],
      [
        { transactions: 0, dialogs: 0, timers: 0 },
        { transactions: 0, dialogs: 0, timers: 0 },
      ],
    );
  });
}

test("when the network dies in the middle nothing is left after the time-outs, INVITEs that rang included", async () => {
  const clock = new FakeClock();
  const network = new SipNetwork(clock, 9, { delayMs: [10, 10] });
  const all = new Map<string, Fate>();
  const a = new EmbeddedSipEndpoint({
    transports: network.transports("192.0.2.1:5060"),
    clock,
    random: new SeededRandom(1),
    ringingTimeoutMs: 300_000,
  });
  const b = new EmbeddedSipEndpoint({
    transports: network.transports("192.0.2.2:5060"),
    clock,
    random: new SeededRandom(2),
  });
  await a.start({ onInvite: () => undefined, onRequest: () => undefined });
  await b.start(new Called(clock, all));
  for (let i = 0; i < 100; i++) {
    all.set(`call-${i}`, newFate());
    placeCall(clock, a, `call-${i}`, all.get(`call-${i}`)!);
    clock.advance(7);
  }
  network.faults = { loss: 1 };
  for (let i = 0; i < 4000; i++) {
    clock.advance(100);
    await Promise.resolve();
  }
  assert.deepEqual([a.load.transactions, a.load.timers, b.load.transactions, b.load.timers], [0, 0, 0, 0]);
});
