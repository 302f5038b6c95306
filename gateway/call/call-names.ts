import type { Random } from "../core/random.js";

/** Nobody guesses what a second call under a Call-ID is called: 32 bits of each. */
const SUFFIX_BYTES = 4;
/** Names of calls that were answered or heard and are over. */
const MOST_USED = 50_000;

/**
 * What live calls are called inside of the gateway and over HTTP: by their Call-ID, and where another call has that name already, by
 * the Call-ID with a suffix. Callers choose their Call-IDs: under one id there may be an attacker's call, a decoy beside it and a
 * call of somebody else, and what is known of one of them and done to it must not become another's.
 *
 * The last calls that were answered, or were listened to before they would have been, keep their names when they are over: what is kept of
 * them is kept under these, and a proxy that forks one after the other sends its next INVITE, to somebody else, under the same Call-ID. Of
 * which nothing can be kept gives its name back, for the same call comes again where it was challenged (RFC 3261 §22.2).
 *
 * What an earlier process has left keeps its name too, until it is over: the journal has it under that name, and what a new call wrote
 * there would be lost with its end.
 *
 * As large as the number of live calls, and of those.
 */
export class CallNames {
  readonly #random: Random;
  readonly #isTaken: (name: string) => boolean;
  readonly #taken = new Set<string>();
  /** Of calls that an earlier process has left, until they are over or taken up. */
  readonly #held = new Set<string>();
  /** Round and round. */
  readonly #used: string[] = [];
  readonly #mostUsed: number;
  #next = 0;

  /** @param isTaken Whether something else has that name. */
  constructor(random: Random, isTaken: (name: string) => boolean = () => false, mostUsed = MOST_USED) {
    this.#random = random;
    this.#isTaken = isTaken;
    this.#mostUsed = mostUsed;
  }

  /** @returns A name that no other call has. Give it back when the call is over, and all is closed that was kept under it. */
  take(sipCallId: string): string {
    let name = sipCallId;
    while (this.#taken.has(name) || this.#isTaken(name)) name = `${sipCallId}~${this.#random.token(SUFFIX_BYTES)}`;
    this.#taken.add(name);
    return name;
  }

  /** Of a call that an earlier process has left. */
  hold(name: string): void {
    if (this.#taken.has(name)) return;
    this.#taken.add(name);
    this.#held.add(name);
  }

  /** What is held under that name is over. Without effect once it was taken up. */
  letGo(name: string, keepsName: boolean): void {
    if (this.#held.delete(name)) this.release(name, keepsName);
  }

  /** What is held under that name goes on as a call of ours. @returns As `take`. */
  takeUp(name: string): string {
    return this.#held.delete(name) ? name : this.take(name);
  }

  /** @param keepsName Something may be kept of it: it was answered, or heard. */
  release(name: string, keepsName: boolean): void {
    if (!keepsName) {
      this.#taken.delete(name);
      return;
    }
    const oldest = this.#used[this.#next];
    if (oldest !== undefined) this.#taken.delete(oldest);
    this.#used[this.#next] = name;
    this.#next = (this.#next + 1) % this.#mostUsed;
  }
}
