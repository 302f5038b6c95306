import type { Action, Cdr, Decision } from "../../detection/index.js";
import { unixMs } from "../core/time.js";
import type { Clock } from "../core/clock.js";
import { noMetrics, type Counter, type Metrics } from "../core/metrics.js";
import { monoMs } from "../core/time.js";
import type { Random } from "../core/random.js";
import type { JournalEntry } from "../ports/dialog-journal.js";
import type {
  IncomingInvite,
  IncomingRequest,
  ResponseSpec,
  SipDialog,
  SipEndpoint,
  SipSource,
  SipUser,
  TurnedAway,
} from "../ports/sip-endpoint.js";
import { parseMaxForwards } from "../sip/message/header-values.js";
import type { SipRequest, SipResponse } from "../sip/message/sip-message.js";
import { ownText } from "../sip/message/text.js";
import { ownAnswer } from "./answers.js";
import { turnAway, turnedAway } from "./turn-away.js";
import { hangUp } from "./branch.js";
import { CallNames } from "./call-names.js";
import { Call } from "./call.js";
import type { CallOptions } from "./call-options.js";
import type { CallOwner, CallServices } from "./call-services.js";
import type {
  Admission,
  CallIdentity,
  CallMediaEvent,
  CallObserver,
  CallRestorer,
  CallScreen,
  HopSelector,
  LiveCall,
  TrunkPolicy,
} from "./contracts.js";
import { DialogIndex } from "./dialog-index.js";
import { drainReason, refusedReason, SETUP_TIMEOUT } from "./end-reasons.js";
import type { SignedCall } from "./identity/identity-contracts.js";
import type { MediaAnchors } from "./media/media-anchors.js";
import type { CallOrigins } from "./origin/call-origins.js";
import { allowed, answerOptions, StandaloneRelay, type RelayListener } from "./out-of-dialog.js";
import { unknownOptions, type PassRules } from "./pass-headers.js";
import { restoredDialog } from "./restored-dialog.js";
import { dialogName, Subscription, type SubscriptionOwner } from "./subscription.js";

export interface B2buaOptions extends CallOptions {
  /** An INVITE without a final answer for this long is ended with 408; emergency calls are not. Timer C, RFC 3261 §16.6: over 3 min. */
  readonly setupTimeoutMs: number;
  /** Relayed requests outside of calls that may be under way at once, subscriptions included; further ones get 503. */
  readonly maxStandalone: number;
}

export const B2BUA_DEFAULTS: B2buaOptions = {
  ownHost: "ringfence.invalid",
  serverName: "Ringfence",
  maxCalls: 100_000,
  maxForks: 16,
  maxPendingRequests: 16,
  endTimeoutMs: 32_000,
  passRedirects: true,
  setupTimeoutMs: 300_000,
  maxStandalone: 10_000,
};

export interface B2buaDeps {
  readonly endpoint: SipEndpoint;
  readonly admission: Admission;
  readonly screen: CallScreen;
  readonly hops: HopSelector;
  readonly observers: readonly CallObserver[];
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics?: Metrics;
  /** Carries out what a decision orders. Called once the call itself has been allowed or refused. Must not throw. */
  onActions(actions: readonly Action[]): void;
  /** The answer of a trunk in redirect mode to a call that is not refused. */
  redirect?(policy: TrunkPolicy, identity: CallIdentity, requestUri: string): ResponseSpec;
  /** A 2xx came to an INVITE of a process that died; it has been ACKed and ended. */
  onStrayAnswer?(callId: string): void;
  /** While it says so, OPTIONS get 503: whoever pings us sends its calls elsewhere. Default: never. */
  isDraining?(): boolean;
  /** Absent: media passes us by, whatever the trunks say. */
  readonly media?: MediaAnchors;
  /** See `CallServices.markLeg`. */
  readonly markLeg?: CallServices["markLeg"];
  /** Absent: nobody asks which call led to which. */
  readonly origins?: CallOrigins;
  /** Whether a call that is not the hop's has that name, or something is kept under it: see `CallNames`. */
  readonly isNameTaken?: (name: string) => boolean;
  /** A request got 405: scanners ask for everything. */
  onNotAllowed?(request: IncomingRequest): void;
}

/** How often calls without a final answer are looked at. */
const SETUP_SWEEP_MS = 5_000;

/**
 * The back-to-back user agent: every INVITE becomes a `Call` with two legs of its own, decided upon in the turn in which it came.
 *
 * Memory: at most `maxCalls` calls, plus emergency calls. Above it new INVITEs get 503 with a Retry-After of 1 to 5 s, at random
 * so that they do not all come back together.
 */
export class B2bua implements SipUser, CallOwner, CallRestorer {
  readonly #deps: B2buaDeps;
  readonly #services: CallServices;
  #options: B2buaOptions;
  readonly #calls = new Set<Call>();
  readonly #names: CallNames;
  /** Something may be kept of these, though nobody answers. */
  readonly #heard = new WeakSet<LiveCall>();
  /** Calls without a final answer, oldest first. */
  readonly #setup = new Set<LiveCall>();
  readonly #refused: Readonly<Record<"full" | "extension" | "hops" | "decision", Counter>>;
  #open: PassRules;
  #hidden: PassRules;
  /** Requests outside of calls that are under way, and subscriptions. */
  #standalone = 0;
  readonly #subscriptions = new Set<Subscription>();
  readonly #subscriptionOwner: SubscriptionOwner = {
    unnotified: new Map(),
    ended: (subscription) => {
      if (this.#subscriptions.delete(subscription)) this.#standalone--;
    },
  };
  #stopSweep: (() => void) | undefined;

  constructor(options: B2buaOptions, deps: B2buaDeps) {
    const metrics = deps.metrics ?? noMetrics;
    const refused = metrics.counter("ringfence_invites_refused_total", "INVITEs that the B2BUA refused", ["why"]);
    const index = new DialogIndex();
    this.#deps = deps;
    this.#names = new CallNames(deps.random, deps.isNameTaken);
    this.#options = options;
    this.#open = { topologyHiding: false, ownHost: options.ownHost, index };
    this.#hidden = { topologyHiding: true, ownHost: options.ownHost, index };
    this.#refused = {
      full: refused.labels("full"),
      extension: refused.labels("extension"),
      hops: refused.labels("hops"),
      decision: refused.labels("decision"),
    };
    this.#services = this.#makeServices(index, metrics);
    this.#armSweep();
  }

  #makeServices(index: DialogIndex, metrics: Metrics): CallServices {
    const { endpoint, clock, random, screen, hops, observers, media, origins, markLeg } = this.#deps;
    const options = (): CallOptions => this.#options;
    return {
      endpoint,
      clock,
      random,
      screen,
      hops,
      observers: [...observers, { onMedia: (call, event) => this.#note(call, event) }],
      index,
      get options() {
        return options();
      },
      ...(media === undefined ? {} : { media }),
      ...(origins === undefined ? {} : { origins }),
      ...(markLeg === undefined ? {} : { markLeg }),
      failovers: metrics.counter("ringfence_hop_failovers_total", "INVITEs sent on to a further next hop"),
      cdrId: () => random.token(16),
      rulesFor: (policy) => (policy.topologyHiding ? this.#hidden : this.#open),
    };
  }

  /** Live calls, those that are ending included. */
  get size(): number {
    return this.#calls.size;
  }

  calls(): IterableIterator<LiveCall> {
    return this.#calls.values();
  }

  /** New limits hold at once, for calls that are up too. */
  reconfigure(options: B2buaOptions): void {
    this.#options = options;
    this.#open = { ...this.#open, ownHost: options.ownHost };
    this.#hidden = { ...this.#hidden, ownHost: options.ownHost };
  }

  /**
   * The process goes. Calls that nobody has answered are over now, emergency calls too: nobody could connect them any more. Their
   * Cdrs are written without waiting for the called sides. Calls that are up are left as they are: the journal knows them.
   */
  close(): void {
    this.#stopSweep?.();
    this.#stopSweep = undefined;
    for (const call of this.#calls)
      if (call.answeredAt === undefined || call.phase === "ended") call.leave(drainReason);
  }

  isUrgent(request: SipRequest, source: SipSource): boolean {
    return this.#deps.admission.isEmergency?.(request, source) ?? false;
  }

  turnAway(request: SipRequest, source: SipSource, stray: boolean): TurnedAway | undefined {
    return turnedAway(this.#deps.admission.turnAway?.(request, source, stray), this.#options.serverName);
  }

  onInvite(invite: IncomingInvite, signed?: SignedCall): void {
    const { request, source } = invite;
    const admitted = this.#deps.admission.admit(request, source);
    if (!admitted.ok) {
      turnAway(invite, admitted.refusal, this.#options.serverName);
      return;
    }
    const { identity, trunk } = admitted;
    if (!this.#isAcceptable(invite, trunk, identity.emergency)) return;
    const startedAt = this.#deps.clock.unix();
    const sipCallId = ownText(request.headers.get("call-id") ?? "");
    const callId = this.#names.take(sipCallId);
    const { origins, index } = this.#services;
    const origin = origins?.find(invite, identity, index);
    const known = { callId, sipCallId, identity, policy: trunk, startedAt, origin };
    const start = signed === undefined ? known : { ...known, signed };
    const call = new Call(this.#services, this, start, invite);
    this.#calls.add(call);
    this.#setup.add(call);
    origins?.started(call);
    for (const observer of this.#deps.observers) observer.onStarted?.(call);
    const { screen } = this.#deps;
    const { caller, called, trunk: trunkId, emergency } = identity;
    const decision = screen.callStarted({
      kind: "call.started",
      callId,
      isNew: true,
      caller,
      called,
      trunk: trunkId,
      at: startedAt,
      arrivedAt: startedAt,
      source: "hop",
      emergency,
    });
    this.#carryOut(call, trunk, decision, request.uri);
  }

  #carryOut(call: Call, trunk: TrunkPolicy, decision: Decision, requestUri: string): void {
    const deps = this.#deps;
    call.screened(decision);
    const cause = call.identity.emergency ? undefined : refusalCause(decision, call.callId);
    if (cause !== undefined) {
      this.#refused.decision.inc();
      call.refuse(refusedReason(trunk, cause, decision.incidentId), decision.blockId);
    }
    if (decision.actions.length > 0) deps.onActions(decision.actions);
    if (cause !== undefined) return;
    const answer = trunk.mode === "redirect" ? deps.redirect?.(trunk, call.identity, requestUri) : undefined;
    if (answer === undefined) call.proceed();
    else call.redirect(answer);
  }

  #isAcceptable(invite: IncomingInvite, trunk: TrunkPolicy, emergency: boolean): boolean {
    const { headers } = invite.request;
    const { serverName, maxCalls } = this.#options;
    if (this.#calls.size >= maxCalls && !emergency) {
      this.#refused.full.inc();
      const seconds = 1 + Math.floor(this.#deps.random.next() * 5);
      invite.respond(ownAnswer(503, serverName, [["Retry-After", String(seconds)]]));
      return false;
    }
    if (parseMaxForwards(headers.get("max-forwards") ?? "70") === 0) {
      this.#refused.hops.inc();
      invite.respond(ownAnswer(483, serverName));
      return false;
    }
    const unknown = trunk.requirePolicy === "reject" && !emergency ? unknownOptions(headers) : [];
    if (unknown.length > 0) {
      this.#refused.extension.inc();
      invite.respond(ownAnswer(420, serverName, [["Unsupported", unknown.join(", ")]]));
      return false;
    }
    return true;
  }

  onRequest(request: IncomingRequest): void {
    const { serverName, maxStandalone } = this.#options;
    const admitted = this.#deps.admission.admit(request.request, request.source);
    if (!admitted.ok) {
      turnAway(request, admitted.refusal, this.#options.serverName);
      return;
    }
    const { method } = request.request;
    const { trunk } = admitted;
    if (method === "OPTIONS") answerOptions(request, trunk, serverName, this.#deps.isDraining?.() === true);
    else if (method === "BYE" || method === "PRACK" || method === "UPDATE") request.respond(ownAnswer(481, serverName));
    else if (!trunk.relayOutOfDialog) {
      request.respond(ownAnswer(405, serverName, [allowed(trunk)]));
      this.#deps.onNotAllowed?.(request);
    } else if (this.#standalone >= maxStandalone) request.respond(ownAnswer(503, serverName, [["Retry-After", "1"]]));
    else this.#relay(request, trunk);
  }

  #relay(request: IncomingRequest, trunk: TrunkPolicy): void {
    const { method } = request.request;
    let listener: RelayListener;
    this.#standalone++;
    if (method === "SUBSCRIBE" || method === "REFER") {
      const subscription = new Subscription(this.#services, this.#subscriptionOwner, request, trunk);
      this.#subscriptions.add(subscription);
      listener = subscription;
    } else listener = { onOver: () => this.#standalone-- };
    new StandaloneRelay(this.#services, request, trunk, listener).start();
  }

  /** The first NOTIFY of a subscription may come before the 2xx that makes its dialog. RFC 6665 §4.1.2.4 */
  onStrayRequest(request: SipRequest): ((request: IncomingRequest) => void) | undefined {
    const { unnotified } = this.#subscriptionOwner;
    if (request.method !== "NOTIFY" || unnotified.size === 0) return undefined;
    return unnotified.get(dialogName(request.headers, "to"))?.takesNotify(request);
  }

  /** We were restarted, or it came too late: nobody has that call. RFC 3261 §13.2.2.4 */
  onStrayAnswer(_response: SipResponse, dialog: SipDialog): void {
    hangUp(dialog);
    this.#deps.onStrayAnswer?.(dialog.callId);
  }

  /** What an earlier process has left keeps these names, until it is over or restored. To be called before the first INVITE. */
  holdNames(names: Iterable<string>): void {
    for (const name of names) this.#names.hold(name);
  }

  /** What was left under a name that is held is over. */
  releaseName(name: string, wasAnswered: boolean): void {
    this.#names.letGo(name, wasAnswered);
  }

  restore(entry: Extract<JournalEntry, { kind: "answered" }>, policy: TrunkPolicy): LiveCall {
    const { endpoint, observers } = this.#deps;
    const { facts } = entry;
    const sipCallId = entry.a.callId;
    // Under the name that it had: the journal has entries of others yet, which may be called as this one came.
    const callId = this.#names.takeUp(entry.callId);
    const identity = {
      trunk: facts.trunk,
      caller: facts.caller,
      called: facts.called,
      emergency: facts.emergency,
    } as CallIdentity;
    const startedAt = unixMs(facts.startedAt);
    const start = { callId, sipCallId, identity, policy, startedAt, origin: facts.origin };
    const call = new Call(this.#services, this, start, undefined);
    const a = endpoint.restoreDialog(restoredDialog(entry.a));
    const b = endpoint.restoreDialog(restoredDialog(entry.b));
    call.resume(a, b, unixMs(facts.answeredAt), facts.nextHop);
    this.#calls.add(call);
    this.#services.origins?.started(call);
    for (const observer of observers) observer.onStarted?.(call);
    return call;
  }

  answered(call: LiveCall): void {
    this.#setup.delete(call);
  }

  ended(call: Call, cdr: Cdr): void {
    this.#setup.delete(call);
    this.#calls.delete(call);
    this.#services.origins?.ended(call);
    for (const observer of this.#deps.observers) observer.onEnded?.(call, cdr);
    this.#names.release(call.callId, call.answeredAt !== undefined || this.#heard.has(call));
  }

  #note(call: LiveCall, event: CallMediaEvent): void {
    if (event.kind === "settling" && event.listen) this.#heard.add(call);
  }

  #armSweep(): void {
    const { clock } = this.#deps;
    this.#stopSweep = clock.callAt(monoMs(clock.mono() + SETUP_SWEEP_MS), () => {
      this.#sweep(clock.unix() - this.#options.setupTimeoutMs);
      for (const subscription of this.#subscriptions) subscription.expire(clock.unix());
      this.#armSweep();
    });
  }

  #sweep(before: number): void {
    for (const call of this.#setup) {
      if (call.startedAt > before) break;
      if (!call.identity.emergency) void call.end(SETUP_TIMEOUT);
    }
  }
}

/** Whether a new call is refused, and as what: by the verdict, or because an order to end calls names it already. */
function refusalCause(decision: Decision, callId: string): "refused" | "fraud" | undefined {
  if (decision.verdict === "refuse") return "refused";
  for (const action of decision.actions)
    if (action.kind === "end-calls" && action.callIds.includes(callId)) return "fraud";
  return undefined;
}
