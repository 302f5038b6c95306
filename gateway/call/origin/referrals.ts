import type { MonoMs } from "../../core/time.js";

/** One REFER that was passed on, until the INVITE is there that it leads to. */
export interface Referral {
  /** Of the call in which it was sent. */
  readonly callId: string;
  /** Who sent it; absent: nobody knows his number. */
  readonly by?: string;
  /** As whom the receiver may call. */
  readonly callers: readonly string[];
  /** User part of Refer-To as written; absent: it has none. */
  readonly target?: string;
  /** Of the call of ours that the new one is to replace. RFC 5589 §7 */
  readonly replaces?: string;
}

interface Pending {
  readonly referral: Referral;
  readonly receiver: string;
  readonly expiresAt: number;
  /** Call-ID of the INVITE that it led to: the same call comes again where it was challenged. RFC 3261 §22.2 */
  takenBy?: string;
}

/** A telephone calls at once. */
const LASTS_MS = 60_000;

/**
 * REFERs that wait for their INVITE. A receiver has 16 at most, all together 1,000: the oldest goes first, which costs its call the
 * link to the one before and nothing else.
 */
export class Referrals {
  readonly #byReceiver = new Map<string, Pending[]>();
  /** Oldest first. */
  readonly #all = new Set<Pending>();
  readonly #most: number;
  readonly #mostEach: number;

  constructor({ most = 1_000, mostEach = 16 } = {}) {
    this.#most = most;
    this.#mostEach = mostEach;
  }

  get size(): number {
    return this.#all.size;
  }

  /** @param receiver Where its INVITE will come from. @returns Takes it back. */
  add(receiver: string, referral: Referral, now: MonoMs): () => void {
    this.#expire(now);
    const known = this.#byReceiver.get(receiver) ?? [];
    const [oldest] = known;
    if (oldest !== undefined && known.length >= this.#mostEach) this.#remove(oldest);
    const [first] = this.#all;
    if (first !== undefined && this.#all.size >= this.#most) this.#remove(first);
    const pending: Pending = { referral, receiver, expiresAt: now + LASTS_MS };
    this.#all.add(pending);
    this.#byReceiver.set(receiver, [...(this.#byReceiver.get(receiver) ?? []), pending]);
    return () => this.#remove(pending);
  }

  /** The newest of these receivers that fits, for this call and no other. */
  take(
    receivers: readonly string[],
    callId: string,
    now: MonoMs,
    fits: (referral: Referral) => boolean,
  ): Referral | undefined {
    this.#expire(now);
    for (const receiver of receivers) {
      const found = this.#byReceiver
        .get(receiver)
        ?.findLast(({ takenBy, referral }) => (takenBy ?? callId) === callId && fits(referral));
      if (found === undefined) continue;
      found.takenBy = callId;
      return found.referral;
    }
    return undefined;
  }

  #expire(now: MonoMs): void {
    for (const pending of this.#all) {
      if (pending.expiresAt > now) return;
      this.#remove(pending);
    }
  }

  #remove(pending: Pending): void {
    if (!this.#all.delete(pending)) return;
    const left = this.#byReceiver.get(pending.receiver)?.filter((each) => each !== pending) ?? [];
    if (left.length === 0) this.#byReceiver.delete(pending.receiver);
    else this.#byReceiver.set(pending.receiver, left);
  }
}
