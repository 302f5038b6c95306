import type { CdrMedia } from "../../../detection/index.js";
import type { MediaSide } from "../../ports/media-anchor.js";
import type { IncomingRequest, OutgoingUser, SipDialog } from "../../ports/sip-endpoint.js";
import { parseCSeq } from "../../sip/message/header-values.js";
import type { SipHeaders } from "../../sip/message/sip-headers.js";
import type { SipMessage, SipRequest, SipResponse } from "../../sip/message/sip-message.js";
import type { OfferAnswerStep } from "../../sip/sdp/offer-answer.js";
import { coveredAnswer, ownAnswer } from "../answers.js";
import type { AttemptsOwner } from "../attempts-owner.js";
import type { CallOptions } from "../call-options.js";
import type { EndReason, LiveMedia } from "../contracts.js";
import { INTERNAL_FAULT } from "../end-reasons.js";
import type { Leg, LegGate } from "../leg.js";
import { coversBody, type PassRules } from "../pass-headers.js";
import type { RelayedRequest } from "../relayed-request.js";
import type { CallMedia, Described, MediaOptions } from "./call-media.js";
import { GatedRequest } from "./gated-request.js";
import { Lane } from "./lane.js";
import { MediaExchange, otherSide, replacement, type Rewritten, type Said } from "./media-exchange.js";
import { sdpBodyOf, withSdp, type SdpBody } from "./sdp-body.js";

/** What the gate needs of its call. */
export interface GatedCall {
  readonly rules: PassRules;
  readonly options: CallOptions;
  readonly isOver: boolean;
  end(reason: EndReason): void;
}

/** The way of one message. */
interface Way {
  readonly lane: Lane;
  readonly from: MediaSide;
  readonly exchange: MediaExchange;
  readonly step: OfferAnswerStep;
  readonly sdp: SdpBody | undefined;
  /** Nothing that comes after it may overtake it. */
  readonly holdsAll?: boolean;
}

/** What stands in a body that a digest covers. */
export const ANCHORED = "a session description";

/**
 * Stands between the SIP endpoint and a call whose media is anchored: what either side says reaches the call later, with our
 * addresses in its session description, as if the network had been slower. Each direction keeps its order. BYE overtakes what
 * waits, but for a 2xx to the call's INVITE; CANCEL never waits. What waits when the call ends goes on at once, as it is.
 *
 * An offer that meets an open one is refused here, with 491 or 500: RFC 3311 §5.2, RFC 3261 §14.2.
 */
export class MediaGate {
  readonly #call: GatedCall;
  readonly #media: CallMedia;
  readonly #report: (fault: unknown) => void;
  readonly #toA: Lane;
  readonly #toB: Lane;
  /** By To tag of the called side; empty: a 1xx without one. */
  readonly #exchanges = new Map<string, MediaExchange>();
  #inviteCseq = -1;
  #offered: Said | undefined;
  #isAnswered = false;

  constructor(call: GatedCall, media: CallMedia, options: MediaOptions, report: (fault: unknown) => void) {
    const onFault = (fault: unknown): void => this.#onFault(fault);
    this.#call = call;
    this.#media = media;
    this.#report = report;
    this.#toA = new Lane(options.maxWaiting, onFault);
    this.#toB = new Lane(options.maxWaiting, onFault);
  }

  get live(): LiveMedia | undefined {
    return this.#media.live;
  }

  /**
   * The caller's INVITE, on its way out. What it offers is rewritten once, for all hops that are tried.
   * @param refuse Called instead of `send` where the caller's digest covers the body.
   */
  start(invite: SipRequest, send: (request: SipRequest) => void, refuse: () => void): void {
    const sdp = sdpBodyOf(invite.headers, invite.body);
    this.#inviteCseq = cseqOf(invite.headers);
    if (sdp === undefined) {
      send(invite);
      return;
    }
    const raw = Uint8Array.from(sdp.sdp);
    const asked = this.#media.inTurn(() => this.#media.ask({ from: "a", step: "offer", sdp: raw }));
    const onDescribed = (described: Described): void => {
      if (this.#call.isOver) return;
      const sent = replacement(described);
      this.#offered = { raw, described };
      this.#guarded(() => {
        if (sent !== undefined && coversBody(invite.headers)) refuse();
        else send(withRewritten(invite, sdp, sent));
      });
    };
    asked.then(onDescribed, (fault: unknown) => this.#onFault(fault));
  }

  /** @returns What the hop attempts are to tell instead of `inner`. */
  between(inner: AttemptsOwner): AttemptsOwner {
    return {
      onInvited: (outgoing, hop) => inner.onInvited(outgoing, hop),
      onProvisional: (response, dialog) => this.#onProvisional(inner, response, dialog),
      onAnswer: (response, dialog) => this.#onAnswer(inner, response, dialog),
      onFailed: (response, local) => this.#toA.pass(() => inner.onFailed(response, local)),
      end: (reason) => inner.end(reason),
    };
  }

  gateOf(leg: Leg): LegGate {
    return {
      onRequest: (incoming) => this.#onRequest(leg, incoming),
      onAck: (ack) => this.#onAck(leg, ack),
      onAckTimeout: () => leg.onAckTimeout(),
      answers: (incoming, relayed) => this.#answersTo(leg, incoming.request, relayed),
    };
  }

  /** The call ends, or an end is tried. */
  release(): void {
    this.#media.release();
  }

  close(): Promise<CdrMedia> {
    return this.#media.close();
  }

  abandon(): CdrMedia {
    return this.#media.abandon();
  }

  #onProvisional(inner: AttemptsOwner, response: SipResponse, dialog: SipDialog | undefined): void {
    if (this.#toA.isFull) return;
    const deliver = (message: SipResponse): void => inner.onProvisional(message, dialog);
    this.#onResponse(this.#exchangeFor(dialog, this.#call.options.maxForks), response, deliver, false);
  }

  #onAnswer(inner: AttemptsOwner, response: SipResponse, dialog: SipDialog): void {
    const deliver = (message: SipResponse): void => inner.onAnswer(message, dialog);
    if (this.#isAnswered || this.#call.isOver) {
      // It is ended, in its turn: only one fork may answer.
      this.#toA.pass(() => deliver(response));
      return;
    }
    this.#isAnswered = true;
    const exchange = this.#exchangeFor(dialog, Infinity);
    this.#onResponse(exchange, response, deliver, true);
    this.#media.answered(dialog.remoteTag);
  }

  #onResponse(
    exchange: MediaExchange | undefined,
    response: SipResponse,
    deliver: (response: SipResponse) => void,
    holdsAll: boolean,
  ): void {
    if (exchange === undefined) {
      this.#toA.pass(() => deliver(response));
      return;
    }
    const sdp = sdpBodyOf(response.headers, response.body);
    const carrier = { method: "INVITE", cseq: this.#inviteCseq, ...statusOf(response) };
    const step = exchange.take("b", carrier, sdp !== undefined);
    this.#carry({ lane: this.#toA, from: "b", exchange, step, sdp, holdsAll }, response, deliver);
  }

  #onRequest(leg: Leg, incoming: IncomingRequest): void {
    const { request } = incoming;
    const { method, headers } = request;
    const lane = this.#laneFrom(leg.side);
    const exchange = this.#exchangeOf(leg);
    if (method === "BYE") {
      lane.overtake(() => leg.onRequest(incoming));
      return;
    }
    if (exchange === undefined || this.#call.isOver) {
      lane.pass(() => leg.onRequest(incoming));
      return;
    }
    const { serverName } = this.#call.options;
    const retry = [["Retry-After", "1"]] as const;
    if (lane.isFull) {
      incoming.respond(ownAnswer(500, serverName, retry));
      return;
    }
    const cseq = cseqOf(headers);
    const sdp = sdpBodyOf(headers, request.body);
    const step = exchange.take(leg.side, { method, cseq }, sdp !== undefined);
    const clashes = step.kind === "glare" || step.kind === "overlap";
    if (clashes && method !== "PRACK") {
      incoming.respond(ownAnswer(step.status, serverName, step.kind === "overlap" ? retry : []));
      return;
    }
    if (sdp === undefined && (method !== "INVITE" || lane.isEmpty)) {
      lane.pass(() => leg.onRequest(incoming));
      return;
    }
    // Also an INVITE without a description waits behind others, and may be cancelled meanwhile.
    const gated = new GatedRequest(incoming, serverName, (status) =>
      this.#refused(exchange, exchange.take(otherSide(leg.side), { method, cseq, status }, false)),
    );
    this.#carry({ lane, from: leg.side, exchange, step, sdp }, request, (message) => {
      if (gated.leaves(message)) this.#deliver(leg, gated, message.body !== request.body);
    });
  }

  #deliver(leg: Leg, gated: GatedRequest, rewritten: boolean): void {
    const { options, rules, isOver } = this.#call;
    if (isOver) gated.respond(ownAnswer(487, options.serverName));
    else if (rewritten && coversBody(gated.request.headers)) {
      gated.respond(coveredAnswer(options.serverName, rules.ownHost, ANCHORED));
    } else leg.onRequest(gated);
  }

  #onAck(leg: Leg, ack: SipRequest): void {
    const lane = this.#laneFrom(leg.side);
    const exchange = this.#exchangeOf(leg);
    if (exchange === undefined) {
      lane.pass(() => leg.onAck(ack));
      return;
    }
    const sdp = sdpBodyOf(ack.headers, ack.body);
    const step = exchange.take(leg.side, { method: "ACK", cseq: cseqOf(ack.headers) }, sdp !== undefined);
    this.#carry({ lane, from: leg.side, exchange, step, sdp }, ack, (message) => leg.onAck(message));
  }

  /** The other leg's answers to a request of this one. */
  #answersTo(leg: Leg, request: SipRequest, relayed: RelayedRequest): OutgoingUser {
    const lane = this.#laneFrom(otherSide(leg.side));
    const from = otherSide(leg.side);
    const exchange = this.#exchangeOf(leg);
    const { method } = request;
    const cseq = cseqOf(request.headers);
    const carry = (response: SipResponse, deliver: (response: SipResponse) => void): void => {
      if (exchange === undefined) {
        lane.pass(() => deliver(response));
        return;
      }
      const sdp = response.status < 300 ? sdpBodyOf(response.headers, response.body) : undefined;
      const step = exchange.take(from, { method, cseq, ...statusOf(response) }, sdp !== undefined);
      this.#carry({ lane, from, exchange, step, sdp }, response, deliver);
    };
    return {
      onProvisional: (response) => {
        if (!lane.isFull) carry(response, (message) => relayed.onProvisional(message));
      },
      onAnswer: (response) => carry(response, (message) => relayed.onAnswer(message)),
      onFinal: (response) => carry(response, (message) => relayed.onFinal(message)),
    };
  }

  #carry<M extends SipMessage>(way: Way, message: M, deliver: (message: M) => void): void {
    const { lane, from, exchange, step, sdp, holdsAll } = way;
    this.#refused(exchange, step);
    if (sdp === undefined || !isRewritten(step.kind) || this.#call.isOver) {
      lane.pass(() => deliver(message), holdsAll);
      return;
    }
    const { kind } = step;
    const go = lane.hold(holdsAll);
    const rewriting = this.#media.inTurn(() => exchange.rewrite(from, kind, sdp.sdp));
    rewriting.then(
      (sent) => go(() => deliver(withRewritten(message, sdp, sent))),
      (fault: unknown) => {
        this.#onFault(fault);
        // What stands behind it in the lane, an ACK or the BYE of the end, must not wait for ever.
        go(() => deliver(message));
      },
    );
  }

  #refused(exchange: MediaExchange, { kind }: OfferAnswerStep): void {
    if (kind !== "rejected" && kind !== "no-answer") return;
    this.#media.inTurn(() => exchange.refused()).catch((fault: unknown) => this.#onFault(fault));
  }

  #laneFrom(side: MediaSide): Lane {
    return side === "a" ? this.#toB : this.#toA;
  }

  #exchangeOf(leg: Leg): MediaExchange | undefined {
    const b = leg.side === "b" ? leg : leg.peer;
    return b === undefined ? undefined : this.#exchanges.get(b.dialog.remoteTag);
  }

  /** @returns Undefined: there are too many forks already, this one is not shown to the caller. */
  #exchangeFor(dialog: SipDialog | undefined, most: number): MediaExchange | undefined {
    const fork = dialog?.remoteTag ?? "";
    const known = this.#exchanges.get(fork);
    if (known !== undefined || this.#exchanges.size >= most) return known;
    const exchange = new MediaExchange(this.#media, dialog?.remoteTag);
    exchange.invited(this.#inviteCseq, this.#offered);
    this.#exchanges.set(fork, exchange);
    return exchange;
  }

  /** Runs what nobody above us would catch for the call. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (fault) {
      this.#onFault(fault);
    }
  }

  /** Our own bug ends the call that it happened in. */
  #onFault(fault: unknown): void {
    this.#report(fault);
    this.#call.end(INTERNAL_FAULT);
  }
}

const isRewritten = (kind: OfferAnswerStep["kind"]): kind is Rewritten =>
  kind === "offer" || kind === "answer" || kind === "preview" || kind === "repeat";

/** RFC 3262 §3: a 1xx with RSeq is a reliable one. */
function statusOf({ status, headers }: SipResponse): { readonly status: number; readonly reliable: boolean } {
  return { status, reliable: status < 200 && headers.has("rseq") };
}

function cseqOf(headers: SipHeaders): number {
  return parseCSeq(headers.get("cseq") ?? "")?.number ?? -1;
}

function withRewritten<M extends SipMessage>(message: M, sdp: SdpBody, sent: Uint8Array | undefined): M {
  return sent === undefined ? message : { ...message, body: withSdp(sdp, sent) };
}
