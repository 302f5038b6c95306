import type { UnixMs } from "../model/time.js";
import { SliceCounter } from "./slice-counter.js";

/** Failed authentications of one address, whoever it claimed to be. */
export interface AddressActivity {
  /** By ten seconds of the last five minutes. */
  readonly failures: SliceCounter;
  lastFailureBurstAt: number;
}

/** Address, its failures, when it had too many last; null: never. */
export type SavedAddresses = readonly (readonly [
  address: string,
  failures: readonly number[],
  burstAt: number | null,
])[];

/**
 * Addresses from which authentications failed: who tries one password on many users is over no user's limit. Memory: half a
 * kilobyte an address, up to `limit`; the one whose last failure is longest ago goes first.
 */
export class AddressBook {
  readonly #limit: number;
  readonly #addresses = new Map<string, AddressActivity>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(address: string): AddressActivity | undefined {
    return this.#addresses.get(address);
  }

  failed(address: string, at: UnixMs): void {
    const known = this.#addresses.get(address) ?? newActivity();
    known.failures.add(at);
    this.#addresses.delete(address);
    this.#addresses.set(address, known);
    if (this.#addresses.size <= this.#limit) return;
    const [oldest] = this.#addresses.keys();
    if (oldest !== undefined) this.#addresses.delete(oldest);
  }

  *save(size: number): Generator<SavedAddresses> {
    const all = [...this.#addresses];
    for (let from = 0; from < all.length; from += size)
      yield all
        .slice(from, from + size)
        .map(([address, { failures, lastFailureBurstAt: at }]) => [
          address,
          failures.save(),
          Number.isFinite(at) ? at : null,
        ]);
  }

  load(saved: SavedAddresses): void {
    for (const [address, failures, burstAt] of saved) {
      const activity = newActivity();
      activity.failures.load(failures);
      activity.lastFailureBurstAt = burstAt ?? Number.NEGATIVE_INFINITY;
      if (this.#addresses.size < this.#limit) this.#addresses.set(address, activity);
    }
  }
}

const newActivity = (): AddressActivity => ({
  failures: new SliceCounter(10_000, 30),
  lastFailureBurstAt: Number.NEGATIVE_INFINITY,
});
