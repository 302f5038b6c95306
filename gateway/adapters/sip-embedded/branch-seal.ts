import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Clock } from "../../core/clock.js";

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
/** Of the hour since 1970 in which it was made. */
const HOUR_DIGITS = 6;
const HOUR_MS = 3_600_000;

/**
 * Branches of our INVITEs, each with a keyed hash of the INVITE's names: so an answer that no transaction waits for any more shows by
 * itself that it answers an INVITE of ours. Nothing is remembered, and with the same key a process that was restarted knows the
 * INVITEs of the one before. Where an answer comes from proves nothing: a cluster may answer by another of its addresses. It proves
 * what it does for this hour and the next: whoever has seen a branch cannot use it for ever.
 */
export class BranchSeal {
  readonly #key: Uint8Array;
  readonly #clock: Pick<Clock, "unix">;

  /** @param key At least 32 bytes, secret; absent: one for this run. */
  constructor(clock: Pick<Clock, "unix">, key: Uint8Array = randomBytes(32)) {
    this.#clock = clock;
    // The key may have other uses.
    this.#key = createHmac("sha256", key).update("ringfence sip branch").digest();
  }

  /** @param nonce Lower-case hex that no other branch has. */
  branch(nonce: string, invite: InviteNames): string {
    const dated = `${nonce}${this.#hour().toString(16).padStart(HOUR_DIGITS, "0")}`;
    return `${COOKIE}${dated}${this.#mac(dated, invite)}`;
  }

  /** Whether this is the branch of such an INVITE, made within the last hour or two. */
  proves(branch: string, invite: InviteNames): boolean {
    const end = branch.length - MAC_DIGITS;
    if (end <= COOKIE.length + HOUR_DIGITS || !branch.startsWith(COOKIE)) return false;
    const made = Number.parseInt(branch.slice(end - HOUR_DIGITS, end), 16);
    // A clock may be set back.
    if (Number.isNaN(made) || Math.abs(this.#hour() - made) > 1) return false;
    const given = Buffer.from(branch.slice(end), "latin1");
    const wanted = Buffer.from(this.#mac(branch.slice(COOKIE.length, end), invite), "latin1");
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  }

  #hour(): number {
    return Math.floor(this.#clock.unix() / HOUR_MS);
  }

  #mac(dated: string, { callId, fromTag, cseq }: InviteNames): string {
    // No part has a blank in it but, in messages that are not honest, the Call-ID: it comes last.
    const text = `${dated} ${cseq} ${fromTag} ${callId}`;
    return createHmac("sha256", this.#key).update(text, "latin1").digest("hex").slice(0, MAC_DIGITS);
  }
}
