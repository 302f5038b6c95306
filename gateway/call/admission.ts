import type { Cdr } from "../../detection/index.js";
import type { Clock } from "../core/clock.js";
import { sensitiveAddress, type Log } from "../core/log.js";
import type { Counter, Metrics } from "../core/metrics.js";
import type { MonoMs } from "../core/time.js";
import type { Random } from "../core/random.js";
import type { SipSource } from "../ports/sip-endpoint.js";
import type { SipRequest } from "../sip/message/sip-message.js";
import { uriScheme } from "../sip/message/uri.js";
import type { Admission, CallIdentity, CallObserver, LiveCall, Refusal, TrunkPolicy } from "./contracts.js";
import { identifyCall, trunkNameOf } from "./identify-call.js";
import type { OverloadGuard } from "./overload-guard.js";
import { ScannerAgents } from "./scanner-agents.js";
import type { SourceLimits } from "./source-limits.js";
import type { SourceFacts, Trunk, TrunkTable } from "./trunks.js";

export interface AdmissionOptions {
  /** Drop what known scanners send, and shut out sources that probe. */
  readonly blockScanners: boolean;
}

export interface AdmissionDeps {
  readonly trunks: TrunkTable;
  readonly limits: SourceLimits;
  readonly overload: OverloadGuard;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly log: Log;
}

type Answer = ReturnType<Admission["admit"]>;
type Refused = Extract<Answer, { readonly ok: false }>;

/** Label of `ringfence_requests_refused_total`. */
const WHY = ["acl", "unknown-source", "shut-out", "scanner", "flood", "overload", "uri-scheme"] as const;
type Why = (typeof WHY)[number];

const FORBIDDEN: Refusal = { status: 403, reason: "Forbidden" };
const SILENCE: Refusal = { status: 403, reason: "Forbidden", drop: true };
const UNSUPPORTED_SCHEME: Refusal = { status: 416, reason: "Unsupported URI Scheme" };
const NO_ROOM: Refusal = { status: 503, reason: "Service Unavailable", headers: [["Retry-After", "0"]] };

/** Weight of a strike: one that nobody does by mistake counts more. */
const STRIKE_SCANNER = 30;
const STRIKE = 1;
/** Calls of strangers whose end is waited for, at most; then they are forgotten together. */
const MOST_STRANGERS = 10_000;

/**
 * Says who may call, before anything is known of fraud: the trunk of the source or the one that a trusted hop names, its ACL, then
 * scanners, floods and overload. Emergency calls pass everything but the ACL. Sources named in the configuration (and loopback) are
 * never shut out as a whole for what passes through them: a single INVITE of a scanner is dropped, the trunk goes on.
 */
export class CallAdmission implements Admission, CallObserver {
  readonly #options: AdmissionOptions;
  readonly #deps: AdmissionDeps;
  readonly #agents = new ScannerAgents();
  readonly #refused: Readonly<Record<Why, Counter>>;
  /** Call-ID → address of calls from sources that are not named anywhere, while they last. */
  readonly #strangers = new Map<string, string>();
  #trunks: TrunkTable;

  constructor(options: AdmissionOptions, deps: AdmissionDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#trunks = deps.trunks;
    const refused = deps.metrics.counter(
      "ringfence_requests_refused_total",
      "Requests refused or dropped before any decision about fraud",
      ["why"],
    );
    this.#refused = Object.fromEntries(WHY.map((why) => [why, refused.labels(why)])) as Record<Why, Counter>;
  }

  get trunks(): TrunkTable {
    return this.#trunks;
  }

  /** New requests follow the new table; calls that are up keep their trunk. */
  reload(trunks: TrunkTable): void {
    this.#trunks = trunks;
  }

  admit(request: SipRequest, source: SipSource): Answer {
    const facts = this.#trunks.source(source.address);
    const trunk = this.#letIn(request, source, facts);
    if ("refusal" in trunk) return trunk;
    const identity = identifyCall(request, trunk);
    if (identity.emergency) return admitted(identity, trunk.policy);
    const refused = this.#unwanted(request, source, facts) ?? this.#refusalFor(request, source, facts, trunk);
    if (refused !== undefined) return refused;
    if (!facts.known) this.#remember(request, source);
    return admitted(identity, trunk.policy);
  }

  turnAway(request: SipRequest, source: SipSource, stray: boolean): Refusal | undefined {
    const facts = this.#trunks.source(source.address);
    if (stray) return !facts.known && this.#isShutOut(source) ? this.#refuse("shut-out", SILENCE).refusal : undefined;
    const trunk = this.#letIn(request, source, facts);
    if ("refusal" in trunk) return trunk.refusal;
    if (!this.#isUnwanted(request, source, facts) || identifyCall(request, trunk).emergency) return undefined;
    return this.#unwanted(request, source, facts)?.refusal;
  }

  /** For who asks from an address that he may not ask from: silence, once he has asked too often. */
  refuseStranger(source: SipSource): Refusal {
    this.note(source, "not-allowed");
    return !this.#trunks.source(source.address).known && this.#isShutOut(source) ? SILENCE : FORBIDDEN;
  }

  /** The trunk of a call that `admit` would not turn away for its source, without counting it anywhere. */
  trunkOf(request: SipRequest, { address }: SipSource): Trunk | undefined {
    const trunk = this.#trunkOf(request, this.#trunks.source(address));
    return trunk?.allowFrom?.has(address) === false ? undefined : trunk;
  }

  isEmergency(request: SipRequest, source: SipSource): boolean {
    const trunk = this.#trunkOf(request, this.#trunks.source(source.address));
    return trunk !== undefined && identifyCall(request, trunk).emergency;
  }

  note(source: Pick<SipSource, "address">, what: "malformed" | "not-found" | "not-allowed"): void {
    this.#strike(source, what, STRIKE);
  }

  /** Who dials numbers that do not exist, one after the other, looks for some that do. */
  onEnded(call: LiveCall, cdr: Cdr): void {
    if (this.#strangers.size === 0) return;
    const address = this.#strangers.get(call.sipCallId);
    if (address === undefined) return;
    this.#strangers.delete(call.sipCallId);
    if (cdr.status === 404 || cdr.status === 484 || cdr.status === 604) this.note({ address }, "not-found");
  }

  #remember(request: SipRequest, { address }: SipSource): void {
    const callId = request.headers.get("call-id");
    if (request.method !== "INVITE" || callId === undefined) return;
    if (this.#strangers.size >= MOST_STRANGERS) this.#strangers.clear();
    this.#strangers.set(callId, address);
  }

  #trunkOf(request: SipRequest, facts: SourceFacts): Trunk | undefined {
    if (!facts.trustedHop) return facts.trunk;
    const name = trunkNameOf(request);
    return (name === undefined ? undefined : this.#trunks.named(name)) ?? facts.trunk;
  }

  /** The trunk, or why there is none for this source. */
  #letIn(request: SipRequest, source: SipSource, facts: SourceFacts): Trunk | Refused {
    const trunk = this.#trunkOf(request, facts);
    if (trunk === undefined) return this.#refuse("unknown-source", this.refuseStranger(source));
    if (trunk.allowFrom?.has(source.address) !== false) return trunk;
    this.note(source, "not-allowed");
    return this.#refuse("acl", trunk.settings.onForbidden === "drop" ? SILENCE : FORBIDDEN);
  }

  #isUnwanted(request: SipRequest, source: SipSource, facts: SourceFacts): boolean {
    return (!facts.known && this.#isShutOut(source)) || this.#isScanner(request);
  }

  /** What is dropped whatever it asks for. */
  #unwanted(request: SipRequest, source: SipSource, facts: SourceFacts): Refused | undefined {
    if (!facts.known && this.#isShutOut(source)) return this.#refuse("shut-out", SILENCE);
    if (!this.#isScanner(request)) return undefined;
    this.#strike(source, "scanner", STRIKE_SCANNER);
    return this.#refuse("scanner", SILENCE);
  }

  /** Floods and overload, in the order of what they cost to find. */
  #refusalFor(request: SipRequest, source: SipSource, facts: SourceFacts, trunk: Trunk): Refused | undefined {
    const { limits, clock } = this.#deps;
    const now = clock.mono();
    const scheme = uriScheme(request.uri);
    if (scheme !== "sip" && scheme !== "sips" && scheme !== "tel" && scheme !== "urn")
      return this.#refuse("uri-scheme", UNSUPPORTED_SCHEME);
    if (request.method !== "INVITE") return undefined;
    // What a hop sends for a trunk is that trunk's: one that floods does not use up the share of the others.
    const sender = facts.trustedHop && trunk !== facts.trunk ? `trunk:${trunk.id}` : source.address;
    if (!limits.take(sender, now)) return this.#refuse("flood", this.#comeBackLater());
    return this.#overload(now);
  }

  #isScanner(request: SipRequest): boolean {
    if (!this.#options.blockScanners) return false;
    const agent = request.headers.get("user-agent");
    return agent !== undefined && this.#agents.isScanner(agent);
  }

  #overload(now: MonoMs): Refused | undefined {
    switch (this.#deps.overload.level(now)) {
      case "normal":
        return undefined;
      case "calls":
        return this.#refuse("overload", NO_ROOM);
      case "full":
        return this.#refuse("overload", this.#comeBackLater());
    }
  }

  /** RFC 3261 §21.5.4. Spread, so that those who were refused together do not come back together. */
  #comeBackLater(): Refusal {
    const seconds = 1 + Math.floor(this.#deps.random.next() * 5);
    return { status: 503, reason: "Service Unavailable", headers: [["Retry-After", String(seconds)]] };
  }

  #strike(source: Pick<SipSource, "address">, what: string, weight: number): void {
    if (!this.#options.blockScanners || this.#trunks.source(source.address).known) return;
    if (!this.#deps.limits.strike(source.address, this.#deps.clock.mono(), weight)) return;
    this.#deps.log.warn("source.shut-out", { source: sensitiveAddress(source.address), what });
  }

  #isShutOut({ address }: SipSource): boolean {
    return this.#options.blockScanners && this.#deps.limits.isShutOut(address, this.#deps.clock.mono());
  }

  #refuse(why: Why, refusal: Refusal): Refused {
    this.#refused[why].inc();
    return { ok: false, refusal };
  }
}

function admitted(identity: CallIdentity, trunk: TrunkPolicy): Answer {
  return { ok: true, identity, trunk };
}
