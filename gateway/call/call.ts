import type { CdrIdentity, CdrOrigin, Decision } from "../../detection/index.js";
import type { UnixMs } from "../core/time.js";
import type {
  DialogSnapshot,
  HeaderEntries,
  IncomingInvite,
  IncomingRequest,
  ResponseSpec,
  SipDialog,
} from "../ports/sip-endpoint.js";
import type { SipRequest } from "../sip/message/sip-message.js";
import { ownAnswer, reasonHeaders, refusalHeaders } from "./answers.js";
import { CallCore } from "./call-core.js";
import { CallHangUps } from "./call-hang-ups.js";
import { noteReason } from "./call-record.js";
import type { CallOptions } from "./call-options.js";
import type { CallOwner, CallServices, CallStart } from "./call-services.js";
import { CallSetup } from "./call-setup.js";
import type {
  CallIdentity,
  CallPhase,
  EndReason,
  LiveCall,
  LiveMedia,
  TeardownReport,
  TrunkPolicy,
} from "./contracts.js";
import { ACK_MISSING, NEVER_FOR_EMERGENCY, PRACK_MISSING } from "./end-reasons.js";
import { Leg, type LegGate, type LegOwner } from "./leg.js";
import type { PassRules } from "./pass-headers.js";
import { riskOf } from "./risk.js";

const CREDENTIALS = ["authorization", "proxy-authorization"];

/**
 * One call: the caller's leg, the called side's, and all early dialogs until one is answered. How it is set up is in `CallSetup`,
 * how it ends in `CallHangUps`; `CallCore` is what both share.
 *
 * It is over when both legs are. Each leg's end is proved by the peer's own answer or by the endpoint's time-out, so a call is
 * over within 64·T1 of its first BYE, CANCEL or refusal; twice that where a BYE waits for an ACK that never comes.
 */
export class Call implements LiveCall, LegOwner {
  readonly callId: string;
  readonly sipCallId: string;
  readonly identity: CallIdentity;
  readonly policy: TrunkPolicy;
  readonly startedAt: UnixMs;
  readonly signedIdentity: CdrIdentity | undefined;
  readonly hadCredentials: boolean;
  readonly origin: CdrOrigin | undefined;
  readonly #core: CallCore;
  readonly #hangUps: CallHangUps;
  #risk = 0;

  constructor(services: CallServices, owner: CallOwner, start: CallStart, invite: IncomingInvite | undefined) {
    this.callId = start.callId;
    this.sipCallId = start.sipCallId;
    this.identity = start.identity;
    this.policy = start.policy;
    this.startedAt = start.startedAt;
    this.signedIdentity = start.signed?.identity;
    this.origin = start.origin;
    this.hadCredentials = CREDENTIALS.some((name) => invite?.request.headers.get(name) !== undefined);
    this.#core = new CallCore(this, services, owner, start, invite);
    this.#hangUps = new CallHangUps(this.#core);
    if (invite === undefined) return;
    invite.onCancel = (cancel) => this.#hangUps.cancelled(cancel);
    invite.onGone = () => this.#hangUps.callerGone();
    invite.onPrackTimeout = () => void this.end(PRACK_MISSING);
  }

  get phase(): CallPhase {
    return this.#core.phase;
  }
  get answeredAt(): UnixMs | undefined {
    return this.#core.record.answeredAt;
  }
  get nextHop(): string | undefined {
    return this.#core.record.nextHop;
  }
  get risk(): number {
    return this.#risk;
  }
  get media(): LiveMedia | undefined {
    return this.#core.media?.live;
  }
  get options(): CallOptions {
    return this.#core.options;
  }
  get rules(): PassRules {
    return this.#core.rules;
  }

  /** What detection made of its INVITE. */
  screened(decision: Decision): void {
    this.#risk = riskOf(decision, this.signedIdentity);
  }

  /** Sends the INVITE on. */
  proceed(): void {
    const { invite, isOver } = this.#core;
    if (invite === undefined || isOver) return;
    new CallSetup(this.#core, this.#hangUps).start(invite.request);
  }

  /** Takes up an answered call of a process that died. */
  resume(a: SipDialog, b: SipDialog, answeredAt: UnixMs, nextHop: string): void {
    const core = this.#core;
    core.up = new Leg(this, "b", b);
    core.forks.adopt(new Leg(this, "a", a), core.up);
    core.phase = "answered";
    Object.assign(core.record, { answeredAt, nextHop, status: 200, bCallId: b.callId });
  }

  /** Answers an INVITE that is not to go out. The call is over at once: nobody waits for the caller's ACK. */
  refuse(reason: EndReason, blockId?: string): void {
    const { serverName, redressUrl } = this.options;
    const { record } = this.#core;
    noteReason(record, reason);
    record.blockId = blockId;
    this.#core.answerFinally(
      "gateway",
      ownAnswer(reason.refusalStatus, serverName, refusalHeaders(reason, redressUrl)),
    );
  }

  /** Redirect mode: the answer stands in place of a called side. */
  redirect(answer: ResponseSpec): void {
    this.#core.record.cause = "normal";
    this.#core.answerFinally("gateway", answer);
  }

  end(reason: EndReason): Promise<TeardownReport> {
    const core = this.#core;
    const { ending, phase } = core;
    const known = ending.report;
    if (known !== undefined) return known;
    if (this.identity.emergency && NEVER_FOR_EMERGENCY.has(reason.cause)) return ending.spare(phase);
    const report = ending.order(phase, this.options.endTimeoutMs, () => core.finish());
    if (phase === "ended") {
      ending.tell();
      return report;
    }
    const answered = core.isAnswered;
    if (phase !== "ending") {
      noteReason(core.record, reason);
      core.beginEnding("gateway", answered ? 200 : reason.refusalStatus);
    }
    const headers = reasonHeaders(reason, answered);
    this.#hangUps.endA(reason, headers);
    this.#hangUps.endB(headers);
    return report;
  }

  /** Ends it without waiting for proof: the process goes. */
  leave(reason: EndReason): void {
    void this.end(reason);
    this.#core.finish();
    this.#core.tellNow();
  }

  ping(side: "a" | "b"): Promise<number> {
    const { up } = this.#core;
    const leg = side === "a" ? up?.peer : up;
    return leg === undefined || this.phase !== "answered" ? Promise.resolve(0) : leg.ping();
  }

  sendInfo(side: "a" | "b", headers: HeaderEntries, body?: Uint8Array): Promise<number> {
    const { up } = this.#core;
    const leg = side === "a" ? up?.peer : up;
    return leg === undefined || this.phase !== "answered" ? Promise.resolve(0) : leg.info(headers, body);
  }

  snapshots(): { readonly a: DialogSnapshot; readonly b: DialogSnapshot } | undefined {
    const b = this.#core.up;
    if (b?.peer === undefined || this.phase !== "answered") return undefined;
    return { a: b.peer.dialog.snapshot(), b: b.dialog.snapshot() };
  }

  gateOf(leg: Leg): LegGate | undefined {
    return this.#core.media?.gateOf(leg);
  }

  carries(leg: Leg): boolean {
    return this.phase === "answered" ? this.#core.isUp(leg) : this.phase === "ringing";
  }

  onBye(leg: Leg, bye: IncomingRequest): void {
    this.#hangUps.onBye(leg, bye);
  }

  onTargetRefresh(): void {
    const b = this.#core.up;
    // Both are asked: asking is remembering.
    const moved = [b?.hasMoved(), b?.peer?.hasMoved()].includes(true);
    if (moved) for (const observer of this.#core.services.observers) observer.onMoved?.(this);
  }

  get live(): LiveCall {
    return this;
  }

  onRefer(leg: Leg, refer: SipRequest, what: "passed" | "refused"): void {
    const { origins, index } = this.#core.services;
    const { peer } = leg;
    if (origins === undefined || peer === undefined) return;
    if (what === "refused") origins.refused(refer);
    else {
      const address = peer.dialog.snapshot().lastTarget?.address;
      origins.referred({ call: this, receiver: peer.side, address, refer }, index);
    }
  }

  onAckTimeout(leg: Leg): void {
    if (this.carries(leg)) void this.end(ACK_MISSING);
  }
}
