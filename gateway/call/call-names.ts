import type { Random } from "../core/random.js";

/** Nobody guesses what a second call under a Call-ID is called: 32 bits of each. */
const SUFFIX_BYTES = 4;

/**
 * What live calls are called inside of the gateway and over HTTP: by their Call-ID, and where a live call has that name already, by
 * the Call-ID with a suffix. Callers choose their Call-IDs: under one id there may be an attacker's call, a decoy beside it and a
 * call of somebody else, and what is known of one of them and done to it must not become another's.
 *
 * As large as the number of live calls.
 */
export class CallNames {
  readonly #random: Random;
  readonly #taken = new Set<string>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** @returns A name that no other live call has. Give it back when the call is over, and all is closed that was kept under it. */
  take(sipCallId: string): string {
    let name = sipCallId;
    while (this.#taken.has(name)) name = `${sipCallId}~${this.#random.token(SUFFIX_BYTES)}`;
    this.#taken.add(name);
    return name;
  }

  release(name: string): void {
    this.#taken.delete(name);
  }
}
