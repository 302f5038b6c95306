import assert from "node:assert/strict";
import type { Action, CalledId, CallerId, Cdr, Decision, TrunkId } from "../../detection/index.js";
import { B2bua, B2BUA_DEFAULTS, type B2buaDeps, type B2buaOptions } from "../../gateway/call/b2bua.js";
import type {
  Admission,
  CallObserver,
  EndReason,
  HopChoice,
  LiveCall,
  TrunkPolicy,
} from "../../gateway/call/contracts.js";
import type { HeaderEntries, SipCapabilities } from "../../gateway/ports/sip-endpoint.js";
import { plainPolicy, RandomDouble } from "./call-doubles.js";
import { FakeClock } from "./fake-clock.js";
import { FakeSipEndpoint, type FakeDialog, type FakeIncoming, type FakeOutgoing } from "./fake-sip-endpoint.js";

export const ALLOW: Decision = { verdict: "allow", detected: false, wouldRefuse: false, actions: [] };
export const FRAUD: EndReason = { cause: "fraud", q850: 21, text: "masking", refusalStatus: 603, incidentId: "inc-1" };
export const CALLED = "sip:+12025550199@192.0.2.1";

export interface BenchSettings {
  readonly options?: Partial<B2buaOptions>;
  readonly policy?: Partial<TrunkPolicy>;
  readonly hops?: readonly string[];
  readonly emergency?: boolean;
  readonly decide?: (callId: string) => Decision;
  readonly refuse?: Admission;
  readonly capabilities?: Partial<SipCapabilities>;
  readonly deps?: Partial<B2buaDeps>;
  readonly clock?: FakeClock;
  /** Told after the bench's own. */
  readonly observers?: readonly CallObserver[];
}

/** A B2BUA between a caller and next hops that the test plays, with everything around it on record. */
export class B2buaBench {
  readonly endpoint: FakeSipEndpoint;
  readonly clock: FakeClock;
  readonly b2bua: B2bua;
  readonly log: string[] = [];
  readonly cdrs: Cdr[] = [];
  readonly live: LiveCall[] = [];
  readonly reports: string[] = [];
  readonly actions: Action[] = [];
  readonly policy: TrunkPolicy;
  #calls = 0;

  constructor(settings: BenchSettings = {}) {
    this.endpoint = new FakeSipEndpoint(settings.capabilities);
    this.clock = settings.clock ?? new FakeClock();
    this.policy = { ...plainPolicy, id: "t1" as TrunkId, ...settings.policy };
    const names = settings.hops ?? ["hop1", "hop2"];
    const hops = names.map((name, at): HopChoice => ({
      name,
      targets: [{ protocol: "udp", address: `192.0.2.${50 + at}`, port: 5060 }],
    }));
    const observer: CallObserver = {
      onStarted: (call) => this.live.push(call),
      onInvited: (_call, bCallId, bFromTag) => this.log.push(`invited ${bCallId} ${bFromTag}`),
      onAnswered: () => this.log.push("answered"),
      onMoved: () => this.log.push("moved"),
      onEnded: (call, cdr) => {
        this.cdrs.push(cdr);
        this.live.splice(this.live.indexOf(call), 1);
      },
    };
    const identity = {
      trunk: this.policy.id,
      caller: "+12025550101" as CallerId,
      called: "+12025550199" as CalledId,
      emergency: settings.emergency ?? false,
    };
    this.b2bua = new B2bua(
      { ...B2BUA_DEFAULTS, serverName: "", ownHost: "hop.example", ...settings.options },
      {
        endpoint: this.endpoint,
        admission: settings.refuse ?? { admit: () => ({ ok: true, identity, trunk: this.policy }) },
        screen: {
          callStarted: (event) => {
            this.log.push(`started ${event.callId}`);
            return settings.decide?.(event.callId) ?? ALLOW;
          },
          callAnswered: (event) => this.log.push(`detect-answered ${event.callId}`),
          callEnded: (event) => this.log.push(`detect-ended ${event.callId}`),
        },
        hops: {
          choose: () => hops,
          report: (hop, outcome, retryAfterMs) =>
            this.reports.push(`${hop} ${outcome}${retryAfterMs === undefined ? "" : ` ${retryAfterMs}`}`),
        },
        observers: [observer, ...(settings.observers ?? [])],
        clock: this.clock,
        random: new RandomDouble(),
        onActions: (actions) => this.actions.push(...actions),
        ...settings.deps,
      },
    );
    void this.endpoint.start(this.b2bua);
  }

  /** A caller's INVITE. `headers` come after the ones that every INVITE has and replace those of the same name. */
  invite(headers: HeaderEntries = [], body = "offer", uri = CALLED): FakeIncoming {
    const n = ++this.#calls;
    const usual: HeaderEntries = [
      ["Via", "SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKa"],
      ["Max-Forwards", "70"],
      ["From", `"Alice" <sip:+12025550101@caller.example:5070>;tag=alice${n}`],
      ["To", "<sip:+12025550199@caller.example>"],
      ["Call-ID", `call${n}@caller.example`],
      ["CSeq", "7 INVITE"],
      ["Contact", "<sip:alice@192.0.2.10:5070>"],
    ];
    const given = new Set(headers.map(([name]) => name.toLowerCase()));
    return this.endpoint.receive(
      "INVITE",
      uri,
      [...usual.filter(([name]) => !given.has(name.toLowerCase())), ...headers],
      body,
    );
  }

  /** The INVITE that left last. */
  get out(): FakeOutgoing {
    const out = this.endpoint.invites.at(-1);
    assert.ok(out !== undefined, "no INVITE left");
    return out;
  }

  get cdr(): Cdr {
    const cdr = this.cdrs.at(-1);
    assert.ok(cdr !== undefined, "no CDR was written");
    return cdr;
  }

  get call(): LiveCall {
    const call = this.live.at(-1);
    assert.ok(call !== undefined, "no live call");
    return call;
  }

  /** An answered call with both dialogs confirmed and ACKed. */
  answered(
    headers: HeaderEntries = [],
    tag = "bob",
  ): { invite: FakeIncoming; out: FakeOutgoing; a: FakeDialog; b: FakeDialog } {
    const invite = this.invite(headers);
    const { out } = this;
    out.provisional(180, { tag });
    const b = out.answer({ tag, body: "answer" });
    const a = invite.dialog();
    assert.ok(a !== undefined);
    invite.ack();
    return { invite, out, a, b };
  }
}
