import type { CalledId, CallerId, Cdr, TrunkId } from "../../detection/index.js";
import { EmbeddedSipEndpoint } from "../../gateway/adapters/sip-embedded/embedded-endpoint.js";
import { B2bua, B2BUA_DEFAULTS } from "../../gateway/call/b2bua.js";
import type { LiveCall, TrunkPolicy } from "../../gateway/call/contracts.js";
import type { HeaderEntries, IncomingInvite, OutgoingRequest } from "../../gateway/ports/sip-endpoint.js";
import { plainPolicy } from "./call-doubles.js";
import { FakeClock } from "./fake-clock.js";
import { SeededRandom } from "./seeded-random.js";
import { SipNetwork } from "./sip-network.js";
import { RecordingCaller, RecordingUser } from "./sip-pair.js";

/** Caller, gateway and called side as three embedded endpoints on one network in memory and one clock. */
export class B2buaScene {
  readonly clock = new FakeClock();
  readonly network = new SipNetwork(this.clock);
  readonly phone = new RecordingUser();
  readonly cdrs: Cdr[] = [];
  readonly live: LiveCall[] = [];
  readonly b2bua: B2bua;
  readonly #caller: EmbeddedSipEndpoint;
  readonly #start: () => Promise<unknown>;

  private constructor(policy: Partial<TrunkPolicy>) {
    const make = (address: string, salt: number): EmbeddedSipEndpoint =>
      new EmbeddedSipEndpoint({
        transports: this.network.transports(`${address}:5060`),
        clock: this.clock,
        random: new SeededRandom(salt),
      });
    const id = "t" as TrunkId;
    const trunk = { ...plainPolicy, id, ...policy };
    const identity = { trunk: id, caller: "a" as CallerId, called: "b" as CalledId, emergency: false };
    const hop = make("192.0.2.2", 2);
    const called = make("192.0.2.3", 3);
    this.#caller = make("192.0.2.1", 1);
    this.b2bua = new B2bua(B2BUA_DEFAULTS, {
      endpoint: hop,
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
      observers: [{ onStarted: (call) => this.live.push(call), onEnded: (_call, cdr) => this.cdrs.push(cdr) }],
      clock: this.clock,
      random: new SeededRandom(9),
      onActions: () => undefined,
    });
    const started = [this.#caller.start(new RecordingUser()), hop.start(this.b2bua), called.start(this.phone)];
    this.#start = () => Promise.all(started);
  }

  static async make(policy: Partial<TrunkPolicy> = {}): Promise<B2buaScene> {
    const scene = new B2buaScene(policy);
    await scene.#start();
    return scene;
  }

  /** Lets messages arrive and microtasks run. */
  async settle(ms = 50): Promise<void> {
    await Promise.resolve();
    this.clock.advance(ms);
    await Promise.resolve();
  }

  /** The caller's INVITE, as far as the called side. */
  async call(
    headers: HeaderEntries = [],
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
      },
      caller,
    );
    await this.settle();
    const invite = this.phone.invites.at(-1);
    if (invite === undefined) throw new Error("the INVITE did not arrive");
    return { caller, outgoing, invite };
  }
}
