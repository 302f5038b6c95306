import type { SipDialog } from "../ports/sip-endpoint.js";
import type { LiveCall } from "./contracts.js";

/** One dialog of a call at our end, and the one at the other end of the same call. */
export interface IndexedLeg {
  readonly dialog: SipDialog;
  readonly peer: IndexedLeg | undefined;
  /** Absent: it belongs to a subscription. */
  readonly call?: LiveCall | undefined;
}

/** How one dialog is named: by its Call-ID, the tag of our end and the tag of the peer's. */
export interface DialogName {
  readonly callId: string;
  readonly ours: string;
  readonly theirs: string;
}

/** Legs under one of our tags. With topology hiding off the B leg's is the caller's own tag, so a caller can make many alike. */
const MOST_PER_TAG = 16;

/**
 * Finds a leg by dialog identifiers that somebody wrote into a message, to name the other leg's instead.
 *
 * Memory: two entries a call with a To tag. A tag that is in use by 16 legs takes no more: those calls cannot be transferred,
 * nothing else is lost.
 */
export class DialogIndex {
  readonly #byTag = new Map<string, IndexedLeg | IndexedLeg[]>();

  get size(): number {
    return this.#byTag.size;
  }

  add(leg: IndexedLeg): void {
    const tag = leg.dialog.localTag;
    const known = this.#byTag.get(tag);
    if (known === undefined) this.#byTag.set(tag, leg);
    else if (!Array.isArray(known)) this.#byTag.set(tag, [known, leg]);
    else if (known.length < MOST_PER_TAG) known.push(leg);
  }

  remove(leg: IndexedLeg): void {
    const tag = leg.dialog.localTag;
    const known = this.#byTag.get(tag);
    if (known === leg) this.#byTag.delete(tag);
    else if (Array.isArray(known)) {
      const at = known.indexOf(leg);
      if (at >= 0) known.splice(at, 1);
      if (known.length === 0) this.#byTag.delete(tag);
    }
  }

  /** @returns The leg whose dialog is exactly this one. */
  find(name: DialogName): IndexedLeg | undefined {
    const known = this.#byTag.get(name.ours);
    if (known === undefined) return undefined;
    if (!Array.isArray(known)) return isNamed(known, name) ? known : undefined;
    return known.find((leg) => isNamed(leg, name));
  }

  /**
   * The dialog that the far end of the call knows in place of this one. Where that end is again a dialog with us (a call that
   * passes the gateway twice), it is followed, at most four times.
   * @returns Undefined when no call of ours has that dialog.
   */
  farEnd(name: DialogName): DialogName | undefined {
    let found: DialogName | undefined;
    let ask = name;
    for (let times = 0; times < 4; times++) {
      const peer = this.find(ask)?.peer?.dialog;
      if (peer === undefined) break;
      found = { callId: peer.callId, ours: peer.localTag, theirs: peer.remoteTag };
      // The far end's own tag is ours as well when it is a leg of another call of this gateway.
      ask = { callId: peer.callId, ours: peer.remoteTag, theirs: peer.localTag };
    }
    return found;
  }
}

function isNamed({ dialog }: IndexedLeg, name: DialogName): boolean {
  return dialog.remoteTag === name.theirs && dialog.callId === name.callId;
}
