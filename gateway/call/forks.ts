import type { HeaderEntries, IncomingInvite, OutgoingRequest, SipDialog } from "../ports/sip-endpoint.js";
import type { DialogIndex } from "./dialog-index.js";
import { Leg, type LegOwner } from "./leg.js";

/** The early dialogs of one INVITE until one of them answers: a leg pair for each To tag of the called side. RFC 3261 §13.2.2.4 */
export class Forks {
  readonly #owner: LegOwner;
  readonly #index: DialogIndex;
  /** False: the endpoint can give the caller one early dialog only; all forks share it. */
  readonly #canFork: boolean;
  /** B legs, in the order in which they came. */
  #legs: Leg[] = [];
  #first: Leg | undefined;

  constructor(owner: LegOwner, index: DialogIndex, canFork: boolean) {
    this.#owner = owner;
    this.#index = index;
    this.#canFork = canFork;
  }

  get count(): number {
    return this.#legs.length;
  }

  /**
   * The B leg of that dialog, made where it is new.
   * @param most New ones beyond this many are not made: undefined.
   */
  legOf(dialog: SipDialog, most: number): Leg | undefined {
    for (const leg of this.#legs) if (leg.dialog === dialog || leg.dialog.remoteTag === dialog.remoteTag) return leg;
    if (this.#legs.length >= most) return undefined;
    const leg = new Leg(this.#owner, "b", dialog);
    this.#legs.push(leg);
    this.#first ??= leg;
    return leg;
  }

  /** For `ResponseSpec.fork`. The first early dialog has the default name, so that a 1xx without a To tag belongs to it. */
  nameOf(leg: Leg): string | undefined {
    return this.#first === leg || !this.#canFork ? undefined : leg.dialog.remoteTag;
  }

  /** Joins a B leg to the A-side dialog of its fork, once the caller has been told of it. `out`: the INVITE that went to B. */
  pair(b: Leg, invite: IncomingInvite, out: OutgoingRequest | undefined): void {
    const dialog = invite.dialog(this.nameOf(b));
    if (dialog === undefined || dialog === b.peer?.dialog) return;
    const shared = this.#legs.find((leg) => leg.peer?.dialog === dialog)?.peer;
    const a = shared ?? new Leg(this.#owner, "a", dialog);
    if (shared === undefined) a.setInviteCseq(invite.request.headers, out?.request.headers);
    this.join(a, b);
  }

  join(a: Leg, b: Leg): void {
    const isNew = a.peer === undefined;
    a.peer = b;
    b.peer = a;
    a.listen();
    b.listen();
    if (isNew) this.#index.add(a);
    this.#index.add(b);
  }

  adopt(a: Leg, b: Leg): void {
    this.#legs.push(b);
    this.join(a, b);
  }

  /** One has answered: the others are no longer carried. */
  keepOnly(winner: Leg): void {
    if (this.#legs.length === 1) return;
    for (const leg of this.#legs) if (leg !== winner) this.#unlink(leg, leg.peer === winner.peer);
    this.#legs = [winner];
  }

  /** The caller wants no more of this one. */
  end(leg: Leg, headers: HeaderEntries): void {
    this.#legs = this.#legs.filter((each) => each !== leg);
    this.#unlink(leg, false);
    leg.bye({ method: "BYE", headers }, { onFinal: () => undefined });
  }

  /** Answers all requests that wait for the other side. */
  terminatePending(): void {
    for (const leg of this.#legs) {
      leg.terminatePending();
      leg.peer?.terminatePending();
    }
  }

  clear(): void {
    for (const leg of this.#legs) this.#unlink(leg, false);
  }

  #unlink(b: Leg, keepsPeer: boolean): void {
    this.#index.remove(b);
    b.terminatePending();
    if (b.peer === undefined || keepsPeer) return;
    this.#index.remove(b.peer);
    b.peer.terminatePending();
  }
}
