import type {
  HeaderEntries,
  IncomingRequest,
  OutgoingUser,
  RequestSpec,
  SipDialog,
  SipDialogUser,
} from "../ports/sip-endpoint.js";
import { parseCSeq, parseMaxForwards } from "../sip/message/header-values.js";
import type { SipHeaders } from "../sip/message/sip-headers.js";
import type { SipRequest } from "../sip/message/sip-message.js";
import { coveredAnswer, ownAnswer } from "./answers.js";
import type { CallOptions } from "./call-options.js";
import type { LiveCall } from "./contracts.js";
import type { IndexedLeg } from "./dialog-index.js";
import { mapDialogInfo } from "./identifier-mapping.js";
import { coversBody, passHeaders, type PassRules } from "./pass-headers.js";
import { RelayedRequest } from "./relayed-request.js";

/** What a leg needs of its call. */
export interface LegOwner {
  readonly rules: PassRules;
  readonly options: CallOptions;
  /** False once the call is being ended, and for early dialogs that lost against an answer. */
  carries(leg: Leg): boolean;
  onBye(leg: Leg, bye: IncomingRequest): void;
  /** An INVITE or UPDATE that was relayed has been accepted: it may have moved either side. RFC 3261 §12.2, RFC 3311 */
  onTargetRefresh(): void;
  /** Our 2xx was never ACKed. RFC 3261 §13.3.1.4 */
  onAckTimeout(leg: Leg): void;
  /** Absent: it is no call. */
  readonly live?: LiveCall;
  /** A REFER of that leg goes on to the other one; `refused`: which does not do so. RFC 3515 */
  onRefer?(leg: Leg, refer: SipRequest, what: "passed" | "refused"): void;
  /** Where the call's media is anchored; it is asked once a leg. */
  gateOf?(leg: Leg): LegGate | undefined;
}

/** Stands between a leg's dialog and the leg, and between the leg's requests and their answers. */
export interface LegGate extends SipDialogUser {
  /** @returns Who is to be told of the answers to `incoming` before `relayed` is. */
  answers(incoming: IncomingRequest, relayed: RelayedRequest): OutgoingUser;
}

/**
 * One dialog of a call, at our end: `a` towards the caller, `b` towards the called side. Every request in it but BYE goes on
 * to the other leg and its answer comes back; ACKs go from end to end.
 */
export class Leg implements SipDialogUser, IndexedLeg {
  readonly side: "a" | "b";
  readonly dialog: SipDialog;
  peer: Leg | undefined;
  byeSent = false;
  byeReceived = false;
  /** CSeq numbers of this side's last INVITE, here and on the other leg, for RAck. */
  #inviteCseq = -1;
  #inviteCseqOut = -1;
  #deferredBye: { readonly spec: RequestSpec; readonly user: OutgoingUser } | undefined;
  readonly #owner: LegOwner;
  #awaitsAck = false;
  /** CSeq number of the INVITE that our last 2xx answered. */
  #ackCseq = -1;
  /** This side's 2xx has not been ACKed by us. `answer`: the ACK has to carry one. */
  #owesAck: "nothing" | "ack" | "answer" = "nothing";
  #gate: LegGate | undefined;
  /** Requests of this side that the other has not answered. */
  #open: RelayedRequest[] | undefined;
  #inviteOpen = false;
  #target: string;

  constructor(owner: LegOwner, side: "a" | "b", dialog: SipDialog) {
    this.#owner = owner;
    this.side = side;
    this.dialog = dialog;
    this.#target = dialog.remoteTarget;
  }

  /** @param invite The INVITE that made the dialog, where this side sent it. */
  setInviteCseq(invite: SipHeaders, inviteOut: SipHeaders | undefined): void {
    this.#inviteCseq = cseqOf(invite);
    this.#inviteCseqOut = inviteOut === undefined ? -1 : cseqOf(inviteOut);
  }

  /** Takes over its dialog. */
  listen(): void {
    this.#gate ??= this.#owner.gateOf?.(this);
    this.dialog.user = this.#gate ?? this;
  }

  onRequest(incoming: IncomingRequest): void {
    if (incoming.request.method === "BYE") {
      this.#owner.onBye(this, incoming);
      return;
    }
    const peer = this.peer;
    const { options } = this.#owner;
    if (peer === undefined || peer.dialog.state === "terminated" || !this.#owner.carries(this)) {
      incoming.respond(ownAnswer(481, options.serverName));
      return;
    }
    const isInvite = incoming.request.method === "INVITE";
    // Our ACK to the other side waits for this side's, which may be lost or late. It is implied, unless it has to bring the answer.
    if (isInvite && peer.#owesAck === "answer") {
      incoming.respond(ownAnswer(500, options.serverName, [["Retry-After", "1"]]));
      return;
    }
    // RFC 3261 §14.2: we have sent an INVITE to this side that it has not answered.
    if (isInvite && peer.#inviteOpen) {
      incoming.respond(ownAnswer(491, options.serverName));
      return;
    }
    if (this.#open !== undefined && this.#open.length >= options.maxPendingRequests) {
      incoming.respond(ownAnswer(500, options.serverName, [["Retry-After", "1"]]));
      return;
    }
    if (isInvite) peer.ackNow();
    this.#relay(incoming, peer, isInvite);
  }

  #relay(incoming: IncomingRequest, peer: Leg, isInvite: boolean): void {
    const { request } = incoming;
    const body = this.#bodyFor(request);
    if (body !== request.body && coversBody(request.headers)) {
      const { options, rules } = this.#owner;
      incoming.respond(coveredAnswer(options.serverName, rules.ownHost, "dialog identifiers"));
      return;
    }
    const relayed = new RelayedRequest(this, incoming, isInvite);
    (this.#open ??= []).push(relayed);
    if (isInvite) {
      this.#inviteOpen = true;
      incoming.onCancel = (cancel) => relayed.cancel(passHeaders(cancel.headers, this.#owner.rules));
    }
    const user = this.#gate?.answers(incoming, relayed) ?? relayed;
    const outgoing = peer.dialog.request(this.#specFor(request, body), user);
    if (isInvite) this.setInviteCseq(request.headers, outgoing.request.headers);
    if (request.method === "REFER") this.#owner.onRefer?.(this, request, "passed");
    relayed.sent(outgoing);
  }

  #specFor(request: SipRequest, body: Uint8Array): RequestSpec {
    const { method, headers } = request;
    const hops = headers.get("max-forwards");
    const rack = method === "PRACK" ? (cseq: number) => this.#cseqOut(cseq) : undefined;
    const spec = { method, headers: passHeaders(headers, this.#owner.rules, rack), body };
    return hops === undefined ? spec : { ...spec, maxForwards: oneLess(hops) };
  }

  /** Dialog-event bodies name dialogs of the sender's side; all others pass byte for byte. */
  #bodyFor({ headers, body }: SipRequest): Uint8Array {
    if (body.byteLength === 0) return body;
    const type = headers.get("content-type");
    return type !== undefined && namesDialogs(type) ? mapDialogInfo(body, this.#owner.rules.index) : body;
  }

  #cseqOut(cseq: number): number {
    return cseq === this.#inviteCseq && this.#inviteCseqOut >= 0 ? this.#inviteCseqOut : cseq;
  }

  get rules(): PassRules {
    return this.#owner.rules;
  }

  get call(): LiveCall | undefined {
    return this.#owner.live;
  }

  /** OPTIONS in the dialog. @returns The final status; 408: none came. */
  ping(): Promise<number> {
    return new Promise((resolve) => {
      this.dialog.request({ method: "OPTIONS" }, { onFinal: (response) => resolve(response.status) });
    });
  }

  /** INFO in the dialog. @returns The final status; 408: none came. RFC 6086 */
  info(headers: HeaderEntries, body: Uint8Array | undefined): Promise<number> {
    return new Promise((resolve) => {
      const spec = { method: "INFO", headers, ...(body === undefined ? {} : { body }) };
      this.dialog.request(spec, { onFinal: (response) => resolve(response.status) });
    });
  }

  /** @returns True when the peer's Contact is another one than at the last asking. */
  hasMoved(): boolean {
    const before = this.#target;
    this.#target = this.dialog.remoteTarget;
    return before !== this.#target;
  }

  /** A request of this side that refreshes targets was accepted. */
  refreshed(): void {
    this.#owner.onTargetRefresh();
  }

  /** A request of this side was not accepted. */
  refused(request: SipRequest): void {
    if (request.method === "REFER") this.#owner.onRefer?.(this, request, "refused");
  }

  /** The other leg's answer to this side's request is there, or none will be. */
  closed(relayed: RelayedRequest): void {
    const open = this.#open;
    const at = open?.indexOf(relayed) ?? -1;
    if (open !== undefined && at >= 0) open.splice(at, 1);
    if (relayed.isInvite) this.#inviteOpen = false;
  }

  /** Answers what this side still waits for: the call is over. RFC 3261 §15.1.2 */
  terminatePending(): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    this.#inviteOpen = false;
    for (const relayed of open) relayed.terminate(ownAnswer(487, this.#owner.options.serverName));
  }

  onAck(ack: SipRequest): void {
    const cseq = cseqOf(ack.headers);
    // Of an earlier 2xx: the ACK that it was to bring has gone already.
    if (cseq >= 0 && this.#ackCseq >= 0 && cseq !== this.#ackCseq) return;
    this.#awaitsAck = false;
    const { peer } = this;
    peer?.ackNow({ headers: passHeaders(ack.headers, this.#owner.rules), body: ack.body });
    this.#sendDeferredBye();
  }

  /** Our 2xx to this side's last INVITE has not been ACKed: no BYE may be sent to it yet. RFC 3261 §15 */
  get awaitsAck(): boolean {
    return this.#awaitsAck;
  }

  /** Our 2xx to `invite` of this side is about to leave. */
  awaitAck(invite: SipRequest): void {
    this.#awaitsAck = true;
    this.#ackCseq = cseqOf(invite.headers);
  }

  /** This side has accepted `invite`, which came from the other one. */
  owes(invite: SipRequest): void {
    this.#owesAck = invite.body.byteLength === 0 ? "answer" : "ack";
  }

  ackNow(spec?: Parameters<SipDialog["ack"]>[0]): void {
    if (this.#owesAck === "nothing") return;
    this.#owesAck = "nothing";
    this.dialog.ack(spec);
  }

  onAckTimeout(): void {
    this.#awaitsAck = false;
    if (this.#deferredBye === undefined) this.#owner.onAckTimeout(this);
    else this.#sendDeferredBye();
  }

  /** Sends BYE as soon as the RFC lets us: an owed ACK goes first, an awaited one is waited for. */
  bye(spec: RequestSpec, user: OutgoingUser): void {
    this.byeSent = true;
    if (this.#awaitsAck) {
      this.#deferredBye = { spec, user };
      return;
    }
    this.ackNow();
    this.dialog.request(spec, user);
  }

  /**
   * This side has hung up by itself: it neither ACKs nor wants a BYE any more.
   * @returns True when a BYE of ours is on its way to it, so that its answer is still to come.
   */
  hungUp(): boolean {
    const onItsWay = this.byeSent && this.#deferredBye === undefined;
    this.byeReceived = true;
    this.#awaitsAck = false;
    this.#deferredBye = undefined;
    return onItsWay;
  }

  #sendDeferredBye(): void {
    const bye = this.#deferredBye;
    if (bye === undefined) return;
    this.#deferredBye = undefined;
    this.bye(bye.spec, bye.user);
  }
}

function namesDialogs(contentType: string): boolean {
  return /^(?:application\/dialog-info\+xml|multipart\/)/i.test(contentType);
}

function cseqOf(headers: SipHeaders): number {
  return parseCSeq(headers.get("cseq") ?? "")?.number ?? -1;
}

/** RFC 3261 §16.6 step 3, RFC 7332. The endpoint has refused 0 already. */
export function oneLess(maxForwards: string): number {
  return Math.max(0, (parseMaxForwards(maxForwards) ?? 70) - 1);
}
