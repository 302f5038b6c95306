import type { HeaderEntries, OutgoingRequest, SipDialog } from "../ports/sip-endpoint.js";
import type { SipRequest, SipResponse } from "../sip/message/sip-message.js";
import { retryAfterMs } from "./answers.js";
import type { AttemptsOwner } from "./attempts-owner.js";
import { Branch, type BranchOwner } from "./branch.js";
import type { CallServices } from "./call-services.js";
import type { HopChoice, TrunkPolicy } from "./contracts.js";
import { INTERNAL_FAULT } from "./end-reasons.js";
import type { SignedCall } from "./identity/identity-contracts.js";
import { outgoingSpec } from "./invite-spec.js";
import type { PassRules } from "./pass-headers.js";

/** RFC 3261 §21.4.9, §21.5: the hop cannot serve, another one may. */
export const NEXT_HOP_ON: ReadonlySet<number> = new Set([408, 500, 502, 503, 504]);

/**
 * Brings one INVITE to the first hop that takes it, in order. The next hop is tried on 408, 500, 502–504, a transport error or
 * silence for `hopTimeoutMs`, never after a 101–199 and never once the call is cancelled. A hop that was given up is left to its
 * `Branch`.
 */
export class HopAttempts implements BranchOwner {
  readonly #services: CallServices;
  readonly #owner: AttemptsOwner;
  readonly #request: SipRequest;
  readonly #rules: PassRules;
  readonly #policy: TrunkPolicy;
  readonly #onward: SignedCall["onward"];
  #hops: readonly HopChoice[] = [];
  #tried = 0;
  #branch: Branch | undefined;
  #outgoing: OutgoingRequest | undefined;
  /** The last answer that a peer gave; what we made up ourselves counts only without one. */
  #best: SipResponse | undefined;
  #bestIsLocal = true;
  #cancelled = false;
  #closed = false;

  constructor(
    services: CallServices,
    owner: AttemptsOwner,
    request: SipRequest,
    rules: PassRules,
    policy: TrunkPolicy,
    onward?: SignedCall["onward"],
  ) {
    this.#services = services;
    this.#owner = owner;
    this.#request = request;
    this.#rules = rules;
    this.#policy = policy;
    this.#onward = onward;
  }

  /** The INVITE that is out now or was last. */
  get outgoing(): OutgoingRequest | undefined {
    return this.#outgoing;
  }

  start(): void {
    const hops = this.#services.hops.choose(this.#policy);
    if (!(hops instanceof Promise)) {
      this.#begin(hops);
      return;
    }
    hops.then(
      (chosen) => this.#begin(chosen),
      () => this.#begin([]),
    );
  }

  #begin(hops: readonly HopChoice[]): void {
    if (this.#cancelled || this.#closed) return;
    this.#hops = hops;
    try {
      this.#tryNext();
    } catch (fault) {
      this.#endAfter(fault);
    }
  }

  #tryNext(): void {
    const hop = this.#hops[this.#tried];
    if (hop === undefined) {
      this.#owner.onFailed(this.#best, this.#bestIsLocal);
      return;
    }
    const attempt = this.#tried++;
    if (attempt > 0) this.#services.failovers.inc();
    const plain = outgoingSpec(this.#request, this.#rules, hop, attempt);
    const spec = this.#onward?.(plain) ?? plain;
    const { hopTimeoutMs } = this.#policy;
    const branch = new Branch(this, hop);
    this.#branch = branch;
    const outgoing = this.#services.endpoint.invite(
      hopTimeoutMs > 0 ? { ...spec, noResponseMs: hopTimeoutMs } : spec,
      branch,
    );
    branch.sent(outgoing);
    if (this.#branch !== branch) return;
    this.#outgoing = outgoing;
    this.#owner.onInvited(outgoing, hop.name);
  }

  /** @returns False when nothing is out that could be cancelled: the called side is over. */
  cancel(headers?: HeaderEntries): boolean {
    this.#cancelled = true;
    if (this.#branch === undefined) return false;
    this.#branch.cancel(headers);
    return true;
  }

  /** The call needs no more of this; what still comes is ended by the branch itself. */
  close(): void {
    this.#closed = true;
    this.#branch?.abandon();
  }

  onBranchProvisional(_branch: Branch, response: SipResponse, dialog: SipDialog | undefined): void {
    try {
      this.#owner.onProvisional(response, dialog);
    } catch (fault) {
      this.#endAfter(fault);
    }
  }

  onBranchAnswer(branch: Branch, response: SipResponse, dialog: SipDialog): void {
    try {
      this.#services.hops.report(branch.hop.name, "answered");
      this.#owner.onAnswer(response, dialog);
    } catch (fault) {
      this.#endAfter(fault);
    }
  }

  onBranchFinal(branch: Branch, response: SipResponse, local: boolean): void {
    if (branch !== this.#branch) return;
    try {
      this.#takeFinal(branch, response, local);
    } catch (fault) {
      this.#endAfter(fault);
    }
  }

  /** Our own bug ends the call that it happened in: nobody would answer its caller any more. The endpoint counts it. */
  #endAfter(fault: unknown): never {
    try {
      this.#owner.end(INTERNAL_FAULT);
    } catch {
      // The call is too broken to be ended in order; what made it so is what matters.
    }
    throw fault;
  }

  #takeFinal(branch: Branch, response: SipResponse, local: boolean): void {
    const mayServe = !local && !NEXT_HOP_ON.has(response.status);
    this.#report(branch, response, local, mayServe);
    if (!local || this.#bestIsLocal) {
      this.#best = response;
      this.#bestIsLocal = local;
    }
    if (mayServe || branch.heard || this.#cancelled) {
      this.#owner.onFailed(response, local);
      return;
    }
    branch.abandon();
    this.#branch = undefined;
    this.#tryNext();
  }

  #report({ hop, heard }: Branch, response: SipResponse, local: boolean, mayServe: boolean): void {
    if (local && (heard || this.#cancelled)) return;
    const silent = local && response.status === 408;
    const outcome = mayServe ? "answered" : silent ? "silent" : "failed";
    this.#services.hops.report(hop.name, outcome, retryAfterMs(response));
  }
}
