import type { MonoMs } from "../../core/time.js";

/** Who wants a fetch, and what for. */
export interface FetchWish {
  /** The trunk whose call asks. */
  readonly asker: string;
  readonly host: string;
  /** There was a good certificate at that URL before. */
  readonly proven: boolean;
}

interface Share {
  total: number;
  readonly byHost: Map<string, number>;
}

/**
 * How many places of one kind are taken, and by whom. A quarter is kept for URLs that have proven good; of the rest nobody gets more
 * than half of what the others have left, neither a trunk among trunks nor a host among the hosts of a trunk. So whoever makes up
 * URLs leaves something for the next, however many there are.
 */
class Places {
  readonly #limit: number;
  readonly #open: number;
  #taken = 0;
  #unproven = 0;
  readonly #shares = new Map<string, Share>();

  constructor(limit: number) {
    this.#limit = limit;
    this.#open = limit - Math.floor(limit / 4);
  }

  has({ asker, host, proven }: FetchWish): boolean {
    if (this.#taken >= this.#limit) return false;
    if (proven) return true;
    if (this.#unproven >= this.#open) return false;
    const share = this.#shares.get(asker);
    const mine = share?.total ?? 0;
    const most = halfOf(this.#open - (this.#unproven - mine));
    if (mine >= most) return false;
    const there = share?.byHost.get(host) ?? 0;
    return there < halfOf(most - (mine - there));
  }

  take({ asker, host, proven }: FetchWish): void {
    this.#taken++;
    if (proven) return;
    this.#unproven++;
    const share = this.#shares.get(asker) ?? { total: 0, byHost: new Map<string, number>() };
    share.total++;
    share.byHost.set(host, (share.byHost.get(host) ?? 0) + 1);
    this.#shares.set(asker, share);
  }

  give({ asker, host, proven }: FetchWish): void {
    this.#taken--;
    if (proven) return;
    this.#unproven--;
    const share = this.#shares.get(asker);
    if (share === undefined) return;
    share.total--;
    const there = (share.byHost.get(host) ?? 0) - 1;
    if (there > 0) share.byHost.set(host, there);
    else share.byHost.delete(host);
    if (share.total <= 0) this.#shares.delete(asker);
  }
}

const halfOf = (places: number): number => Math.ceil(places / 2);

/** Fetches that may be under way, and that may begin in a minute. */
export class FetchBudget {
  readonly #perMinute: number;
  readonly #now: Places;
  #ofMinute: Places;
  #minute = -1;

  constructor(atOnce: number, perMinute: number) {
    this.#perMinute = perMinute;
    this.#now = new Places(atOnce);
    this.#ofMinute = new Places(perMinute);
  }

  /** @returns To be called once, when the fetch is over; undefined: there is no place for it. */
  begin(wish: FetchWish, now: MonoMs): (() => void) | undefined {
    const minute = Math.floor(now / 60_000);
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#ofMinute = new Places(this.#perMinute);
    }
    if (!this.#now.has(wish) || !this.#ofMinute.has(wish)) return undefined;
    this.#now.take(wish);
    this.#ofMinute.take(wish);
    return () => this.#now.give(wish);
  }
}
