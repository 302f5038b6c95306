import type { HeaderEntries, OutgoingRequest, OutgoingUser, RequestSpec, SipDialog } from "../ports/sip-endpoint.js";
import type { SipResponse } from "../sip/message/sip-message.js";
import type { HopChoice } from "./contracts.js";

/** What a branch tells the call that it was opened for. */
export interface BranchOwner {
  onBranchProvisional(branch: Branch, response: SipResponse, dialog: SipDialog | undefined): void;
  onBranchAnswer(branch: Branch, response: SipResponse, dialog: SipDialog): void;
  onBranchFinal(branch: Branch, response: SipResponse, local: boolean): void;
}

/**
 * One INVITE towards one next hop. When its call has moved on it lives alone until its transaction is over: a late 1xx is
 * cancelled and a late 2xx gets ACK and BYE, so that no hop is left with a leg that nobody has.
 */
export class Branch implements OutgoingUser {
  readonly hop: HopChoice;
  #owner: BranchOwner | undefined;
  #outgoing: OutgoingRequest | undefined;
  #cancel: { readonly headers: HeaderEntries | undefined } | undefined;
  #heard = false;
  #over = false;

  constructor(owner: BranchOwner, hop: HopChoice) {
    this.#owner = owner;
    this.hop = hop;
  }

  /** A 101–199 came: the called side has the call, no other hop may get it. */
  get heard(): boolean {
    return this.#heard;
  }

  /** To be given the request as soon as it is made; answers may have come before. */
  sent(outgoing: OutgoingRequest): void {
    this.#outgoing = outgoing;
    if (this.#cancel !== undefined && !this.#over) outgoing.cancel(this.#cancel.headers);
  }

  /** Once; the endpoint holds the CANCEL back until a provisional response is there. RFC 3261 §9.1 */
  cancel(headers?: HeaderEntries): void {
    if (this.#cancel !== undefined) return;
    this.#cancel = { headers };
    if (!this.#over) this.#outgoing?.cancel(headers);
  }

  /** Its call wants no more of it. */
  abandon(): void {
    this.#owner = undefined;
  }

  onProvisional(response: SipResponse, dialog: SipDialog | undefined): void {
    this.#heard = true;
    if (this.#owner === undefined) this.cancel();
    else this.#owner.onBranchProvisional(this, response, dialog);
  }

  /** The first response of any kind, 100 too: one that nobody waits for any more is cancelled. */
  onTrying(): void {
    if (this.#owner === undefined) this.cancel();
  }

  onAnswer(response: SipResponse, dialog: SipDialog): void {
    if (this.#owner === undefined) hangUp(dialog, nobody);
    else this.#owner.onBranchAnswer(this, response, dialog);
  }

  onFinal(response: SipResponse, local: boolean): void {
    // After a local 408 the transaction may live on and still bring something to be cancelled.
    this.#over = !local;
    this.#owner?.onBranchFinal(this, response, local);
  }
}

const nobody: OutgoingUser = { onFinal: () => undefined };
const BYE: RequestSpec = { method: "BYE" };

/** ACK and BYE for a 2xx that nobody wants. RFC 3261 §13.2.2.4, §15 */
export function hangUp(dialog: SipDialog, user: OutgoingUser = nobody, spec: RequestSpec = BYE): void {
  dialog.ack();
  dialog.request(spec, user);
}
