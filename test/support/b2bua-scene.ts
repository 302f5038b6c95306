import type { CalledId, CallerId, Cdr, TrunkId } from "../../detection/index.js";
import { EmbeddedSipEndpoint } from "../../gateway/adapters/sip-embedded/embedded-endpoint.js";
import { B2bua, B2BUA_DEFAULTS } from "../../gateway/call/b2bua.js";
import type { Admission, LiveCall, TrunkPolicy } from "../../gateway/call/contracts.js";
import { DEFAULT_MEDIA_OPTIONS } from "../../gateway/call/media/call-media.js";
import { MediaAnchors } from "../../gateway/call/media/media-anchors.js";
import { silentLog } from "../../gateway/core/log.js";
import { noMetrics } from "../../gateway/core/metrics.js";
import type { MediaAnchor } from "../../gateway/ports/media-anchor.js";
import type { HeaderEntries, IncomingInvite, OutgoingRequest } from "../../gateway/ports/sip-endpoint.js";
import { plainPolicy } from "./call-doubles.js";
import { FakeClock } from "./fake-clock.js";
import { SeededRandom } from "./seeded-random.js";
import { SipNetwork } from "./sip-network.js";
import { RecordingCaller, RecordingUser } from "./sip-pair.js";

export interface B2buaSceneOptions {
  /** Carries media where the policy says so. */
  readonly anchor?: MediaAnchor | undefined;
  /** Default: all are let in. */
  readonly admission?: (clock: FakeClock) => Admission;
  /** Of the gateway. */
  readonly maxTransactions?: number;
}

/** Caller, gateway and called side as three embedded endpoints on one network in memory and one clock. */
export class B2buaScene {
  readonly clock = new FakeClock();
  readonly network = new SipNetwork(this.clock);
  readonly phone = new RecordingUser();
  readonly cdrs: Cdr[] = [];
  readonly live: LiveCall[] = [];
  readonly b2bua: B2bua;
  readonly hop: EmbeddedSipEndpoint;
  readonly #caller: EmbeddedSipEndpoint;
  readonly #start: () => Promise<unknown>;

  private constructor(policy: Partial<TrunkPolicy>, { anchor, admission, maxTransactions = 1_000 }: B2buaSceneOptions) {
    const make = (address: string, salt: number): EmbeddedSipEndpoint =>
      new EmbeddedSipEndpoint({
        transports: this.network.transports(`${address}:5060`),
        clock: this.clock,
        random: new SeededRandom(salt),
        maxTransactions,
      });
    const id = "t" as TrunkId;
    const trunk = { ...plainPolicy, id, ...policy };
    const identity = { trunk: id, caller: "a" as CallerId, called: "b" as CalledId, emergency: false };
    this.hop = make("192.0.2.2", 2);
    const called = make("192.0.2.3", 3);
    this.#caller = make("192.0.2.1", 1);
    this.b2bua = new B2bua(B2BUA_DEFAULTS, {
      endpoint: this.hop,
      admission: admission?.(this.clock) ?? { admit: () => ({ ok: true, identity, trunk }) },
      screen: {
        callStarted: () => ({ verdict: "allow", detected: false, wouldRefuse: false, actions: [] }),
        callAnswered: () => undefined,
        callEnded: () => undefined,
      },
      hops: {
        choose: () => [{ name: "b", targets: [{ protocol: "udp", address: "192.0.2.3", port: 5060 }] }],
        report: () => undefined,
      },
      observers: [{ onStarted: (call) => this.live.push(call), onEnded: (_call, cdr) => this.cdrs.push(cdr) }],
      clock: this.clock,
      random: new SeededRandom(9),
      onActions: () => undefined,
      ...(anchor === undefined ? {} : { media: this.#anchors(anchor) }),
    });
    const started = [this.#caller.start(new RecordingUser()), this.hop.start(this.b2bua), called.start(this.phone)];
    this.#start = () => Promise.all(started);
  }

  /** @param anchor See `B2buaSceneOptions`. */
  static async make(
    policy: Partial<TrunkPolicy> = {},
    anchor?: MediaAnchor,
    more: Omit<B2buaSceneOptions, "anchor"> = {},
  ): Promise<B2buaScene> {
    const scene = new B2buaScene(policy, { anchor, ...more });
    await scene.#start();
    return scene;
  }

  #anchors(relay: MediaAnchor): MediaAnchors {
    const deps = { anchors: { relay }, clock: this.clock, metrics: noMetrics, log: silentLog };
    return new MediaAnchors(DEFAULT_MEDIA_OPTIONS, deps);
  }

  /** Lets messages arrive and microtasks run. */
  async settle(ms = 50): Promise<void> {
    await Promise.resolve();
    this.clock.advance(ms);
    await Promise.resolve();
  }

  /** The same in small steps, so that what waits for a turn between two messages gets it. */
  async settleSlowly(ms = 50): Promise<void> {
    for (let passed = 0; passed < ms; passed += 5) {
      this.clock.advance(5);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** The caller's INVITE, as far as the called side. */
  async call(
    headers: HeaderEntries = [],
    body = "",
    waitMs = 50,
  ): Promise<{ caller: RecordingCaller; outgoing: OutgoingRequest; invite: IncomingInvite }> {
    const caller = new RecordingCaller();
    const outgoing = this.#caller.invite(
      {
        method: "INVITE",
        uri: "sip:+12025550199@192.0.2.2",
        from: "<sip:+12025550101@192.0.2.1>",
        to: "<sip:+12025550199@192.0.2.2>",
        targets: [{ protocol: "udp", address: "192.0.2.2", port: 5060 }],
        headers,
        body: Buffer.from(body, "latin1"),
      },
      caller,
    );
    await (body === "" ? this.settle(waitMs) : this.settleSlowly(waitMs));
    const invite = this.phone.invites.at(-1);
    if (invite === undefined) throw new Error("the INVITE did not arrive");
    return { caller, outgoing, invite };
  }
}
