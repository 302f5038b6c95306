import assert from "node:assert/strict";
import { test } from "node:test";
import type { CalledId, CallerId, Cdr, TrunkId } from "../../detection/index.js";
import { EmbeddedSipEndpoint } from "../../gateway/adapters/sip-embedded/embedded-endpoint.js";
import { B2bua, B2BUA_DEFAULTS } from "../../gateway/call/b2bua.js";
import { DEFAULT_MEDIA_OPTIONS } from "../../gateway/call/media/call-media.js";
import { MediaAnchors } from "../../gateway/call/media/media-anchors.js";
import { silentLog } from "../../gateway/core/log.js";
import { noMetrics } from "../../gateway/core/metrics.js";
import { monoMs } from "../../gateway/core/time.js";
import type { DescribedMedia } from "../../gateway/ports/media-anchor.js";
import type { IncomingInvite, SipDialog, SipUser } from "../../gateway/ports/sip-endpoint.js";
import { ANCHORED, SDP_TYPE } from "../support/anchored-bench.js";
import { plainPolicy } from "../support/call-doubles.js";
import { FakeClock } from "../support/fake-clock.js";
import { ANCHOR_ADDRESS, audioSdp, FakeMediaAnchor, placeOf } from "../support/fake-media-anchor.js";
import { SeededRandom } from "../support/seeded-random.js";
import { SipNetwork, type NetworkFaults } from "../support/sip-network.js";

interface AnchorFaults {
  readonly delayMs: readonly [min: number, max: number];
  /** Share of descriptions that are never answered, and that fail. */
  readonly hang?: number;
  readonly fail?: number;
}

/** One exchange as its ends saw it: where the answerer was told to send, and where the offerer was. */
interface Exchange {
  offer: string;
  answer: string;
}

interface Fate {
  readonly exchanges: Exchange[];
  infos: number[];
  over: boolean;
  failed: string | undefined;
}

const A_SDP = (version: number): string => audioSdp("192.0.2.1", 10_000, { version });
const B_SDP = audioSdp("192.0.2.3", 20_000);
const withSdp = (text: string) => ({ headers: SDP_TYPE, body: Buffer.from(text, "latin1") });

/** Caller, hop and called side on one lossy network, with an anchor that is slow and sometimes fails. */
class Simulation {
  readonly clock = new FakeClock();
  readonly fates = new Map<string, Fate>();
  readonly cdrs: Cdr[] = [];
  readonly anchor = new FakeMediaAnchor();
  readonly b2bua: B2bua;
  readonly #random: SeededRandom;
  readonly #caller: EmbeddedSipEndpoint;
  readonly #called: EmbeddedSipEndpoint;
  readonly #hop: EmbeddedSipEndpoint;

  constructor(seed: number, faults: NetworkFaults, anchorFaults: AnchorFaults) {
    const { clock } = this;
    this.#random = new SeededRandom(seed * 7 + 1);
    const network = new SipNetwork(clock, seed, faults);
    const make = (address: string, salt: number): EmbeddedSipEndpoint =>
      new EmbeddedSipEndpoint({
        transports: network.transports(address),
        clock,
        random: new SeededRandom(seed + salt),
      });
    this.#caller = make("192.0.2.1:5060", 1);
    this.#hop = make("192.0.2.2:5060", 2);
    this.#called = make("192.0.2.3:5060", 3);
    this.anchor.script = () => this.#describe(anchorFaults);
    const id = "t" as TrunkId;
    const trunk = { ...plainPolicy, id, hopTimeoutMs: 0, media: ANCHORED };
    const identity = { trunk: id, caller: "a" as CallerId, called: "b" as CalledId, emergency: false };
    this.b2bua = new B2bua(B2BUA_DEFAULTS, {
      endpoint: this.#hop,
      admission: { admit: () => ({ ok: true, identity, trunk }) },
      screen: {
        callStarted: () => ({ verdict: "allow", detected: false, wouldRefuse: false, actions: [] }),
        callAnswered: () => undefined,
        callEnded: () => undefined,
      },
      hops: {
        choose: () => [{ name: "b", targets: [{ protocol: "udp", address: "192.0.2.3", port: 5060 }] }],
        report: () => undefined,
      },
      observers: [{ onEnded: (_call, cdr) => this.cdrs.push(cdr) }],
      clock,
      random: new SeededRandom(seed + 9),
      onActions: () => undefined,
      media: new MediaAnchors(DEFAULT_MEDIA_OPTIONS, {
        anchors: { relay: this.anchor },
        clock,
        metrics: noMetrics,
        log: silentLog,
      }),
    });
  }

  async run(calls: number): Promise<void> {
    await this.#caller.start({ onInvite: () => undefined, onRequest: () => undefined });
    await this.#hop.start(this.b2bua);
    await this.#called.start(this.#phone());
    for (let i = 0; i < calls; i++) {
      this.#place(`call-${i}`);
      await this.#pass(20, 10);
    }
    await this.#pass(160_000, 50);
  }

  async #pass(ms: number, stepMs: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.clock.advance(stepMs);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #later(ms: number, fn: () => void): void {
    this.clock.callAt(monoMs(this.clock.mono() + ms), fn);
  }

  #describe({ delayMs, hang = 0, fail = 0 }: AnchorFaults): Promise<DescribedMedia | undefined> {
    const [least, most] = delayMs;
    const chance = this.#random.next();
    if (chance < hang) return new Promise(() => undefined);
    return new Promise((resolve, reject) => {
      this.#later(least + this.#random.next() * (most - least), () => {
        if (chance < hang + fail) reject(new Error("anchor failed"));
        else resolve(undefined);
      });
    });
  }

  /** Answers after a while; takes whatever comes. */
  #phone(): SipUser {
    return {
      onInvite: (invite) => this.#ring(invite),
      onRequest: (request) => void request.respond({ status: 501 }),
    };
  }

  #ring(invite: IncomingInvite): void {
    const fate = this.fates.get(invite.request.headers.get("call-id") ?? "");
    if (fate === undefined) return;
    fate.exchanges.push({ offer: placeOf(invite.request.body), answer: "" });
    invite.respond({ status: 183, ...withSdp(B_SDP) });
    this.#later(400, () => {
      invite.respond({ status: 200, ...withSdp(B_SDP) });
      const dialog = invite.dialog();
      if (dialog === undefined) return;
      dialog.user = {
        onRequest: (request) => {
          const { method, body } = request.request;
          if (method === "INVITE") fate.exchanges.push({ offer: placeOf(body), answer: "" });
          if (method === "INFO") fate.infos.push(Number(Buffer.from(body).toString()));
          request.respond(method === "INVITE" ? { status: 200, ...withSdp(B_SDP) } : { status: 200 });
        },
        onAckTimeout: () => (fate.failed ??= "no ACK"),
      };
    });
  }

  /** INVITE, then a re-INVITE, INFOs, BYE. */
  #place(callId: string): void {
    const fate: Fate = { exchanges: [], infos: [], over: false, failed: undefined };
    this.fates.set(callId, fate);
    const spec = {
      method: "INVITE",
      uri: "sip:+12025550102@192.0.2.2",
      from: "<sip:+12025550101@192.0.2.1>",
      to: "<sip:+12025550102@192.0.2.2>",
      targets: [{ protocol: "udp" as const, address: "192.0.2.2", port: 5060 }],
      callId,
      ...withSdp(A_SDP(1)),
    };
    this.#caller.invite(spec, {
      onProvisional: () => undefined,
      onFinal: ({ status }) => (fate.failed ??= `INVITE ${status}`),
      onAnswer: ({ body }, dialog) => {
        this.#answered(fate, body);
        dialog.user = { onRequest: (request) => void request.respond({ status: 200 }) };
        dialog.ack();
        this.#later(1_000, () => this.#talk(fate, dialog));
      },
    });
  }

  #answered(fate: Fate, body: Uint8Array): void {
    const last = fate.exchanges.at(-1);
    if (last !== undefined) last.answer = placeOf(body);
  }

  #talk(fate: Fate, dialog: SipDialog): void {
    dialog.request(
      { method: "INVITE", ...withSdp(A_SDP(2)) },
      {
        onFinal: ({ status }) => (fate.failed ??= `re-INVITE ${status}`),
        onAnswer: ({ body }) => {
          this.#answered(fate, body);
          dialog.ack();
          info(1);
        },
      },
    );
    const info = (n: number): void =>
      void dialog.request({ method: "INFO", body: Buffer.from(String(n)) }, { onFinal: () => n < 3 && info(n + 1) });
    this.#later(45_000, () =>
      dialog.request({ method: "BYE" }, { onFinal: ({ status }) => (fate.over = status === 200 || status === 481) }),
    );
  }
}

const isOurs = (place: string): boolean => place.startsWith(`${ANCHOR_ADDRESS}:`);
const SEEDS = [1, 2, 3];

for (const seed of SEEDS) {
  test(`seed ${seed}: loss, reordering and a slow anchor: every description at either end is anchored`, async () => {
    const faults = { loss: 0.1, duplicates: 0.1, delayMs: [1, 30] as const };
    const simulation = new Simulation(seed, faults, { delayMs: [0, 120] });
    await simulation.run(25);
    for (const [id, fate] of simulation.fates) {
      const where = `seed ${seed}, ${id}`;
      assert.equal(fate.failed, undefined, where);
      assert.deepEqual([fate.exchanges.length, fate.infos, fate.over], [2, [1, 2, 3], true], where);
      for (const { offer, answer } of fate.exchanges) assert.ok(isOurs(offer) && isOurs(answer), where);
    }
    assert.equal(simulation.cdrs.length, 25);
    assert.equal(simulation.b2bua.size, 0);
    assert.deepEqual([...new Set(simulation.anchor.sessions.map(({ closes }) => closes))], [1]);
  });

  test(`seed ${seed}: an anchor that hangs and fails: every call goes through, and no offer that passed untouched gets an anchored answer`, async () => {
    const faults = { loss: 0.05, delayMs: [1, 20] as const };
    const simulation = new Simulation(seed, faults, { delayMs: [0, 60], hang: 0.15, fail: 0.15 });
    await simulation.run(40);
    let untouched = 0;
    for (const [id, fate] of simulation.fates) {
      const where = `seed ${seed}, ${id}`;
      assert.equal(fate.failed, undefined, where);
      assert.deepEqual([fate.exchanges.length, fate.infos, fate.over], [2, [1, 2, 3], true], where);
      for (const { offer, answer } of fate.exchanges) {
        if (!isOurs(offer)) untouched++;
        assert.ok(isOurs(offer) || !isOurs(answer), where);
      }
    }
    assert.ok(untouched > 5, "the faults were there");
    assert.deepEqual([...new Set(simulation.anchor.sessions.map(({ closes }) => closes))], [1]);
    assert.equal(simulation.b2bua.size, 0);
  });
}
