import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/** What names an INVITE and comes back in each answer to it. */
export interface InviteNames {
  readonly callId: string;
  readonly fromTag: string;
  readonly cseq: number;
}

/** RFC 3261 §8.1.1.7 */
const COOKIE = "z9hG4bK";
/** 64 bits: each guess costs its sender a datagram. */
const MAC_DIGITS = 16;

/**
 * Branches of our INVITEs, each with a keyed hash of the INVITE's names: so an answer that no transaction waits for any more shows by
 * itself that it answers an INVITE of ours. Nothing is remembered, and with the same key a process that was restarted knows the
 * INVITEs of the one before. Where an answer comes from proves nothing: a cluster may answer by another of its addresses.
 */
export class BranchSeal {
  readonly #key: Uint8Array;

  /** @param key At least 32 bytes, secret; absent: one for this run. */
  constructor(key: Uint8Array = randomBytes(32)) {
    // The key may have other uses.
    this.#key = createHmac("sha256", key).update("ringfence sip branch").digest();
  }

  /** @param nonce Lower-case hex that no other branch has. */
  branch(nonce: string, invite: InviteNames): string {
    return `${COOKIE}${nonce}${this.#mac(nonce, invite)}`;
  }

  /** Whether this is the branch of such an INVITE. */
  proves(branch: string, invite: InviteNames): boolean {
    const end = branch.length - MAC_DIGITS;
    if (end <= COOKIE.length || !branch.startsWith(COOKIE)) return false;
    const given = Buffer.from(branch.slice(end), "latin1");
    const wanted = Buffer.from(this.#mac(branch.slice(COOKIE.length, end), invite), "latin1");
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  }

  #mac(nonce: string, { callId, fromTag, cseq }: InviteNames): string {
    // No part has a blank in it but, in messages that are not honest, the Call-ID: it comes last.
    const text = `${nonce} ${cseq} ${fromTag} ${callId}`;
    return createHmac("sha256", this.#key).update(text, "latin1").digest("hex").slice(0, MAC_DIGITS);
  }
}
