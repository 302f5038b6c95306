import type { UnixMs } from "../core/time.js";
import type {
  DialogSnapshot,
  HeaderEntries,
  IncomingInvite,
  IncomingRequest,
  OutgoingRequest,
  ResponseSpec,
  SipDialog,
} from "../ports/sip-endpoint.js";
import type { Cdr } from "../../detection/index.js";
import { getTag } from "../sip/message/name-addr.js";
import type { SipRequest, SipResponse } from "../sip/message/sip-message.js";
import { ownAnswer, passResponse, q850Of, reasonHeaders, refusalHeaders } from "./answers.js";
import { hangUp } from "./branch.js";
import { factsOf, newRecord, noteReason } from "./call-record.js";
import type { CallOptions, CallOwner, CallServices, CallStart } from "./call-services.js";
import { ALREADY_GONE, byeReport, cancelReport, CallEnding, LegBye, type ByeOwner } from "./call-teardown.js";
import { buildCdr } from "./cdr-builder.js";
import type {
  CallIdentity,
  CallPhase,
  EndReason,
  LegReport,
  LiveCall,
  TeardownReport,
  TrunkPolicy,
} from "./contracts.js";
import { ACK_MISSING, CALLER_LOST, NEVER_FOR_EMERGENCY, PRACK_MISSING } from "./end-reasons.js";
import { Forks } from "./forks.js";
import { HopAttempts, type AttemptsOwner } from "./hop-attempts.js";
import { Leg, oneLess, type LegOwner } from "./leg.js";
import { passHeaders, type PassRules } from "./pass-headers.js";

/**
 * One call: the caller's leg, the called side's, and all early dialogs until one is answered.
 *
 * It is over when both legs are. Each leg's end is proved by the peer's own answer or by the endpoint's time-out, so a call is
 * over within 64·T1 of its first BYE, CANCEL or refusal; twice that where a BYE waits for an ACK that never comes.
 */
export class Call implements LiveCall, LegOwner, AttemptsOwner, ByeOwner {
  readonly callId: string;
  readonly identity: CallIdentity;
  readonly policy: TrunkPolicy;
  readonly startedAt: UnixMs;
  readonly rules: PassRules;
  readonly #services: CallServices;
  readonly #owner: CallOwner;
  /** Until it is answered: the message is not kept for as long as people talk. */
  #invite: IncomingInvite | undefined;
  readonly #forks: Forks;
  readonly #record = newRecord();
  #attempts: HopAttempts | undefined;
  #phase: CallPhase = "early";
  /** The B leg that answered. */
  #up: Leg | undefined;
  readonly #ending: CallEnding;

  constructor(services: CallServices, owner: CallOwner, start: CallStart, invite: IncomingInvite | undefined) {
    this.#services = services;
    this.#owner = owner;
    this.#invite = invite;
    this.callId = start.callId;
    this.identity = start.identity;
    this.policy = start.policy;
    this.startedAt = start.startedAt;
    this.rules = services.rulesFor(start.policy);
    this.#ending = new CallEnding(start.callId, services.clock);
    this.#forks = new Forks(this, services.index, services.endpoint.capabilities.forkedEarlyDialogs);
    if (invite === undefined) return;
    invite.onCancel = (cancel) => this.#cancelled(cancel);
    invite.onGone = () => this.#callerGone();
    invite.onPrackTimeout = () => void this.end(PRACK_MISSING);
  }

  get phase(): CallPhase {
    return this.#phase;
  }
  get answeredAt(): UnixMs | undefined {
    return this.#record.answeredAt;
  }
  get nextHop(): string | undefined {
    return this.#record.nextHop;
  }
  get options(): CallOptions {
    return this.#services.options;
  }

  /** Sends the INVITE on. */
  proceed(): void {
    if (this.#invite === undefined || this.#isOver()) return;
    this.#attempts = new HopAttempts(this.#services, this, this.#invite.request, this.rules, this.policy);
    this.#attempts.start();
  }

  /** Takes up an answered call of a process that died. */
  resume(a: SipDialog, b: SipDialog, answeredAt: UnixMs, nextHop: string): void {
    this.#up = new Leg(this, "b", b);
    this.#forks.adopt(new Leg(this, "a", a), this.#up);
    this.#phase = "answered";
    Object.assign(this.#record, { answeredAt, nextHop, status: 200, bCallId: b.callId });
  }

  /** Answers an INVITE that is not to go out. The call is over at once: nobody waits for the caller's ACK. */
  refuse(reason: EndReason, blockId?: string): void {
    const { serverName, redressUrl } = this.options;
    noteReason(this.#record, reason);
    this.#record.blockId = blockId;
    this.#answerFinally("gateway", ownAnswer(reason.refusalStatus, serverName, refusalHeaders(reason, redressUrl)));
  }

  /** Redirect mode: the answer stands in place of a called side. */
  redirect(answer: ResponseSpec): void {
    this.#record.cause = "normal";
    this.#answerFinally("gateway", answer);
  }

  end(reason: EndReason): Promise<TeardownReport> {
    const known = this.#ending.report;
    if (known !== undefined) return known;
    const phase = this.#phase;
    if (this.identity.emergency && NEVER_FOR_EMERGENCY.has(reason.cause)) return this.#ending.spare(phase);
    const report = this.#ending.order(phase, this.options.endTimeoutMs, () => this.#finish());
    if (phase === "ended") {
      this.#ending.tell();
      return report;
    }
    const answered = this.answeredAt !== undefined;
    if (this.#phase !== "ending") {
      noteReason(this.#record, reason);
      this.#beginEnding("gateway", answered ? 200 : reason.refusalStatus);
    }
    const headers = reasonHeaders(reason, answered);
    this.#endA(reason, headers);
    this.#endB(headers);
    return report;
  }

  /** Ends it without waiting for proof: the process goes. */
  leave(reason: EndReason): void {
    void this.end(reason);
    this.#finish();
  }

  #endA(reason: EndReason, headers: HeaderEntries): void {
    const invite = this.#invite;
    if (this.#ending.isSettled("a")) return;
    if (this.answeredAt !== undefined || invite === undefined) {
      this.#byeTo(this.#up?.peer, headers);
      return;
    }
    const { serverName, redressUrl } = this.options;
    invite.onRefusalAcked = () => this.#settle("a", { outcome: "confirmed", by: "refusal", status: 200 });
    const sent = invite.respond(ownAnswer(reason.refusalStatus, serverName, refusalHeaders(reason, redressUrl)));
    if (!sent) this.#settle("a", ALREADY_GONE);
  }

  #endB(headers: HeaderEntries): void {
    if (this.#ending.isSettled("b")) return;
    if (this.answeredAt !== undefined) this.#byeTo(this.#up, headers);
    else if (this.#attempts?.cancel(headers) !== true) this.#settle("b", ALREADY_GONE);
  }

  /** Not a second one where one is under way: its answer is the proof. */
  #byeTo(leg: Leg | undefined, headers: HeaderEntries): void {
    if (leg !== undefined && !leg.byeSent) leg.bye({ method: "BYE", headers }, new LegBye(this, leg));
  }

  ping(side: "a" | "b"): Promise<number> {
    const leg = side === "a" ? this.#up?.peer : this.#up;
    return leg === undefined || this.#phase !== "answered" ? Promise.resolve(0) : leg.ping();
  }

  snapshots(): { readonly a: DialogSnapshot; readonly b: DialogSnapshot } | undefined {
    const b = this.#up;
    if (b?.peer === undefined || this.#phase !== "answered") return undefined;
    return { a: b.peer.dialog.snapshot(), b: b.dialog.snapshot() };
  }

  onInvited(outgoing: OutgoingRequest, hop: string): void {
    const { headers } = outgoing.request;
    const sent = headers.get("call-id") ?? "";
    const bCallId = sent === this.callId ? this.callId : sent; // not the slice that keeps the message alive
    this.#record.nextHop = hop;
    this.#record.bCallId = bCallId;
    const fromTag = getTag(headers.get("from") ?? "") ?? "";
    for (const observer of this.#services.observers) observer.onInvited?.(this, bCallId, fromTag);
  }

  onProvisional(response: SipResponse, dialog: SipDialog | undefined): void {
    const invite = this.#invite;
    if (invite === undefined || this.#isOver() || this.#up !== undefined) return;
    const leg = dialog === undefined ? undefined : this.#forks.legOf(dialog, this.options.maxForks);
    if (dialog !== undefined && leg === undefined) return;
    if (this.#phase === "early") {
      this.#phase = "ringing";
      this.#record.ringingAt = this.#services.clock.unix();
    }
    invite.respond(passResponse(response, this.rules, leg === undefined ? undefined : this.#forks.nameOf(leg)));
    if (leg !== undefined) this.#forks.pair(leg, invite, this.#attempts?.outgoing);
  }

  onAnswer(response: SipResponse, dialog: SipDialog): void {
    const invite = this.#invite;
    if (this.#isOver()) {
      // Our CANCEL crossed it: RFC 3261 §9.1, §15. Its BYE is the proof, unless another answer had been taken before.
      const isProof = this.answeredAt === undefined && !this.#ending.isSettled("b");
      hangUp(dialog, isProof ? new LegBye(this, new Leg(this, "b", dialog)) : undefined);
      return;
    }
    // A second fork that answers has to be ended: §13.2.2.4. One that was not shown for want of room may answer.
    const leg = this.#up === undefined ? this.#forks.legOf(dialog, Infinity) : undefined;
    if (leg === undefined || invite === undefined) {
      hangUp(dialog);
      return;
    }
    this.#answered(invite, response, leg);
  }

  #answered(invite: IncomingInvite, response: SipResponse, leg: Leg): void {
    const { clock, screen, observers } = this.#services;
    const at = clock.unix();
    this.#up = leg;
    this.#phase = "answered";
    this.#record.answeredAt = at;
    this.#record.status = 200;
    leg.owesAck = true;
    // Before the 200 leaves: its ACK may be back at once.
    const isNew = leg.peer === undefined;
    if (leg.peer !== undefined) leg.peer.awaitsAck = true;
    const sent = invite.respond(passResponse(response, this.rules, this.#forks.nameOf(leg)));
    this.#forks.pair(leg, invite, this.#attempts?.outgoing);
    this.#forks.keepOnly(leg);
    this.#invite = undefined;
    this.#attempts = undefined;
    if (!sent || leg.peer === undefined) {
      this.#settle("a", ALREADY_GONE);
      void this.end(CALLER_LOST);
      return;
    }
    if (isNew) leg.peer.awaitsAck = true;
    this.#owner.answered(this);
    screen.callAnswered({ kind: "call.answered", callId: this.callId, at });
    for (const observer of observers) observer.onAnswered?.(this);
  }

  onFailed(response: SipResponse | undefined, local: boolean): void {
    if (this.#phase === "ending") {
      if (this.answeredAt === undefined) this.#settle("b", cancelReport(response?.status ?? 408, local));
      return;
    }
    if (this.#isOver() || this.#up !== undefined) return;
    const { serverName, passRedirects } = this.options;
    const status = response?.status ?? 503;
    if (local) this.#record.cause = "no-hop";
    if (response === undefined || local || (status < 400 && !passRedirects)) {
      this.#answerFinally(local ? "gateway" : "called", ownAnswer(status < 400 ? 480 : status, serverName));
      return;
    }
    this.#record.q850 = q850Of(response.headers);
    this.#answerFinally("called", passResponse(response, this.rules));
  }

  #answerFinally(by: Cdr["endedBy"], answer: ResponseSpec): void {
    if (this.#isOver() || this.#invite === undefined) return;
    this.#beginEnding(by, answer.status);
    this.#invite.respond(answer);
    this.#settle("a", ALREADY_GONE);
    this.#settle("b", ALREADY_GONE);
  }

  #cancelled({ headers }: SipRequest): void {
    if (this.#isOver() || this.#up !== undefined || this.#invite === undefined) return;
    this.#record.q850 = q850Of(headers);
    this.#beginEnding("caller", 487);
    this.#invite.respond(ownAnswer(487, this.options.serverName));
    this.#settle("a", ALREADY_GONE);
    if (this.#attempts?.cancel(passHeaders(headers, this.rules)) !== true) this.#settle("b", ALREADY_GONE);
  }

  #callerGone(): void {
    if (this.#ending.isSettled("a") || this.answeredAt !== undefined) return;
    if (this.#phase !== "ending") this.#beginEnding("caller", 408);
    this.#settle("a", { outcome: "timed-out", by: "refusal", status: 0 });
    if (!this.#ending.isSettled("b") && this.#attempts?.cancel() !== true) this.#settle("b", ALREADY_GONE);
  }

  carries(leg: Leg): boolean {
    return this.#phase === "answered" ? this.#isUp(leg) : this.#phase === "ringing";
  }

  #isUp(leg: Leg): boolean {
    return this.#up !== undefined && (leg === this.#up || leg === this.#up.peer);
  }

  onBye(leg: Leg, bye: IncomingRequest): void {
    const peer = leg.peer;
    if (!this.#isUp(leg) || peer === undefined) {
      this.#earlyBye(leg, bye);
      return;
    }
    const oursIsOnItsWay = leg.hungUp();
    const { serverName } = this.options;
    if (peer.byeSent || peer.byeReceived || this.#isOver()) {
      bye.respond(ownAnswer(200, serverName));
      if (!oursIsOnItsWay) this.#settle(leg.side, ALREADY_GONE);
      return;
    }
    const { headers, body } = bye.request;
    this.#record.q850 = q850Of(headers);
    this.#beginEnding(leg.side === "a" ? "caller" : "called", 200);
    this.#settle(leg.side, ALREADY_GONE);
    // A BYE that has to wait for an ACK cannot bring the other side's answer back in time.
    const waits = peer.awaitsAck;
    if (waits) bye.respond(ownAnswer(200, serverName));
    const maxForwards = oneLess(headers.get("max-forwards") ?? "70");
    const spec = { method: "BYE", headers: passHeaders(headers, this.rules), body, maxForwards };
    peer.bye(spec, new LegBye(this, peer, waits ? undefined : bye));
  }

  /** Only the caller may end an early dialog by BYE (§15): the only one ends the call, one of several that fork. */
  #earlyBye(leg: Leg, bye: IncomingRequest): void {
    const { serverName } = this.options;
    if (leg.side === "b" || this.#phase !== "ringing") {
      bye.respond(ownAnswer(481, serverName));
      return;
    }
    bye.respond(ownAnswer(200, serverName));
    const b = leg.peer;
    if (this.#forks.count > 1 && b !== undefined) {
      this.#forks.end(b, passHeaders(bye.request.headers, this.rules));
    } else this.#cancelled(bye.request);
  }

  onByeFinal(leg: Leg, response: SipResponse, local: boolean, relayed: IncomingRequest | undefined): void {
    const { status } = response;
    if (relayed !== undefined) {
      const challenged = !local && (status === 401 || status === 407);
      if (challenged && this.#ending.report === undefined && leg.dialog.state === "confirmed") {
        this.#goOn(leg);
        relayed.respond(passResponse(response, this.rules));
        return;
      }
      relayed.respond(status < 300 ? passResponse(response, this.rules) : ownAnswer(200, this.options.serverName));
    }
    this.#settle(leg.side, byeReport(status, local));
  }

  /** The BYE has to come again with credentials: both legs are up still. RFC 3261 §22.2 */
  #goOn(leg: Leg): void {
    leg.byeSent = false;
    if (leg.peer !== undefined) leg.peer.byeReceived = false;
    this.#ending.reopen();
    this.#record.endedAt = undefined;
    this.#phase = "answered";
  }

  onTargetRefresh(): void {
    const b = this.#up;
    // Both are asked: asking is remembering.
    const moved = [b?.hasMoved(), b?.peer?.hasMoved()].includes(true);
    if (moved) for (const observer of this.#services.observers) observer.onMoved?.(this);
  }

  onAckTimeout(leg: Leg): void {
    if (this.carries(leg)) void this.end(ACK_MISSING);
  }

  #isOver(): boolean {
    return this.#phase === "ending" || this.#phase === "ended";
  }

  #beginEnding(by: Cdr["endedBy"], status: number): void {
    this.#phase = "ending";
    this.#record.endedBy = by;
    this.#record.status = status;
    this.#record.endedAt = this.#services.clock.unix();
    this.#forks.terminatePending();
  }

  #settle(side: "a" | "b", report: LegReport): void {
    this.#ending.settle(side, report);
    if (this.#ending.isOver && this.#phase === "ending") this.#finish();
  }

  /** Both legs are over, or an ordered end has reached its time limit: then they go on ending by themselves. */
  #finish(): void {
    if (this.#phase === "ended") return;
    this.#phase = "ended";
    this.#attempts?.close();
    this.#forks.clear();
    const { clock, screen } = this.#services;
    const endedAt = this.#record.endedAt ?? clock.unix();
    // A call that was only asked about goes on where it was sent.
    const goesOn = this.policy.mode === "redirect" && this.#record.cause === "normal";
    if (!goesOn) screen.callEnded({ kind: "call.ended", callId: this.callId, at: endedAt });
    this.#ending.tell();
    this.#owner.ended(this, buildCdr(factsOf(this, this.#record, endedAt), this.#services.cdrId()));
  }
}
