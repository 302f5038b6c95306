/** Which end of the dialog said it. */
export type Side = "local" | "remote";

/** The SIP message that may carry a session description. */
export interface Carrier {
  readonly method: string;
  /** Of the CSeq header. */
  readonly cseq: number;
  /** Undefined for a request. */
  readonly status?: number;
  /** A 1xx that carries RSeq (RFC 3262). */
  readonly reliable?: boolean;
}

export type OfferAnswerStep =
  /** Nothing to do with offers. */
  | { readonly kind: "none" }
  /** This description is an offer; it is open now. */
  | { readonly kind: "offer" }
  /** This description answers the open offer. */
  | { readonly kind: "answer" }
  /** A description in an unreliable 1xx, ahead of the answer. RFC 3261 §13.2.1 */
  | { readonly kind: "preview" }
  /** A description where the exchange is already complete: to be ignored. RFC 3261 §13.2.1 */
  | { readonly kind: "repeat" }
  /** The request that carried the offer was refused: the session stays as it was. RFC 3264 §8 */
  | { readonly kind: "rejected" }
  /** The message that had to carry the answer came without: the offer is closed, nothing is agreed. RFC 3261 §13.2.1 */
  | { readonly kind: "no-answer" }
  /** Both ends offer at once: 491. RFC 3261 §14.1, RFC 3311 §5.2 */
  | { readonly kind: "glare"; readonly status: 491 }
  /** The same end offers again before it was answered: 500 with Retry-After. RFC 3261 §14.2, RFC 3311 §5.2 */
  | { readonly kind: "overlap"; readonly status: 500 };

interface OpenOffer {
  readonly by: Side;
  readonly method: string;
  readonly cseq: number;
  /** The offer stands in a response to that request, not in the request itself. */
  readonly inResponse: boolean;
}

interface Invite {
  readonly by: Side;
  readonly cseq: number;
  /** An offer has been made in it or in an answer to it. */
  offered: boolean;
}

const NONE: OfferAnswerStep = { kind: "none" };
const OFFER: OfferAnswerStep = { kind: "offer" };
const ANSWER: OfferAnswerStep = { kind: "answer" };
const PREVIEW: OfferAnswerStep = { kind: "preview" };
const REPEAT: OfferAnswerStep = { kind: "repeat" };
const REJECTED: OfferAnswerStep = { kind: "rejected" };
const NO_ANSWER: OfferAnswerStep = { kind: "no-answer" };
const GLARE: OfferAnswerStep = { kind: "glare", status: 491 };
const OVERLAP: OfferAnswerStep = { kind: "overlap", status: 500 };

/**
 * Who has offered and who has to answer, in one dialog. RFC 3264 §4 over SIP: the exchanges of RFC 6337 table 1
 * (INVITE and 2xx or reliable 1xx; 2xx and ACK; reliable 1xx and PRACK; PRACK, UPDATE and their 2xx).
 *
 * Told of every message of the dialog that could carry a description, in the order of the wire, once each (repeats left
 * out). Knows neither sockets nor what the descriptions say. Forked early dialogs need one each.
 */
export class OfferAnswer {
  #open: OpenOffer | undefined;
  #invite: Invite | undefined;
  #agreed = false;

  /** Whose offer waits for an answer. */
  get openBy(): Side | undefined {
    return this.#open?.by;
  }

  /** At least one exchange has been completed. */
  get agreed(): boolean {
    return this.#agreed;
  }

  /** @param hasSdp Whether the message carries a session description. */
  on(side: Side, carrier: Carrier, hasSdp: boolean): OfferAnswerStep {
    return carrier.status === undefined
      ? this.#onRequest(side, carrier, hasSdp)
      : this.#onResponse(side, carrier, carrier.status, hasSdp);
  }

  #onRequest(side: Side, carrier: Carrier, hasSdp: boolean): OfferAnswerStep {
    const { method, cseq } = carrier;
    const open = this.#open;
    const answersResponse = open !== undefined && open.inResponse && open.by !== side;
    switch (method) {
      case "ACK":
        if (answersResponse && open.cseq === cseq) return this.#close(hasSdp);
        return hasSdp ? REPEAT : NONE;
      case "PRACK":
        if (answersResponse) return this.#close(hasSdp);
        return hasSdp ? this.#offer({ by: side, method, cseq, inResponse: false }) : NONE;
      case "INVITE": {
        const step = hasSdp ? this.#offer({ by: side, method, cseq, inResponse: false }) : NONE;
        if (step === NONE || step === OFFER) this.#invite = { by: side, cseq, offered: hasSdp };
        return step;
      }
      case "UPDATE":
        return hasSdp ? this.#offer({ by: side, method, cseq, inResponse: false }) : NONE;
      default:
        return NONE;
    }
  }

  #onResponse(side: Side, carrier: Carrier, status: number, hasSdp: boolean): OfferAnswerStep {
    const { method, cseq } = carrier;
    const open = this.#open;
    const isReliable = status >= 200 || carrier.reliable === true;
    if (open !== undefined && !open.inResponse && open.by !== side && open.method === method && open.cseq === cseq) {
      if (status >= 300) return this.#reject();
      if (status < 200 && !hasSdp) return NONE;
      return isReliable ? this.#close(hasSdp) : PREVIEW;
    }
    const invite = this.#invite;
    const isOfInvite = method === "INVITE" && invite?.cseq === cseq && invite.by !== side;
    if (isOfInvite && status >= 300 && open?.inResponse === true && open.cseq === cseq) return this.#reject();
    if (!hasSdp || status >= 300) return NONE;
    if (!isOfInvite || invite.offered) return REPEAT;
    if (!isReliable) return PREVIEW;
    const step = this.#offer({ by: side, method, cseq, inResponse: true });
    if (step === OFFER) invite.offered = true;
    return step;
  }

  #offer(offer: OpenOffer): OfferAnswerStep {
    if (this.#open !== undefined) return this.#open.by === offer.by ? OVERLAP : GLARE;
    this.#open = offer;
    return OFFER;
  }

  #close(hasSdp: boolean): OfferAnswerStep {
    this.#open = undefined;
    if (!hasSdp) return NO_ANSWER;
    this.#agreed = true;
    return ANSWER;
  }

  #reject(): OfferAnswerStep {
    this.#open = undefined;
    return REJECTED;
  }
}
