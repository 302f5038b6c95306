import type { Clock } from "../../core/clock.js";

/** After what else waits in the event loop. */
export function nextTurn(clock: Clock): Promise<void> {
  return new Promise((resolve) => void clock.callAt(clock.mono(), resolve));
}

/** Work in one turn of the event loop, ms: calls are decided on the same thread. */
const SLICE_MS = 3;
/** Things that are put in order in one go. */
const RUN = 256;

/** Work on very many things, in pieces: other work of this thread goes on in between. */
export class Slices {
  readonly #clock: Clock;
  readonly #isWanted: () => boolean;
  #turnSince: number;

  /** @param isWanted False: the rest is of no use any more, something newer has begun. */
  constructor(clock: Clock, isWanted: () => boolean = () => true) {
    this.#clock = clock;
    this.#isWanted = isWanted;
    this.#turnSince = clock.mono();
  }

  /** @returns False: it was not wanted any more, and not all of it was done. */
  async each<T>(items: Iterable<T>, work: (item: T) => void): Promise<boolean> {
    for (const item of items) {
      if (this.#clock.mono() - this.#turnSince > SLICE_MS) {
        await nextTurn(this.#clock);
        this.#turnSince = this.#clock.mono();
      }
      if (!this.#isWanted()) return false;
      work(item);
    }
    return this.#isWanted();
  }

  /** @returns Undefined: as `each`'s false. */
  async sorted<T>(items: readonly T[], compare: (a: T, b: T) => number): Promise<readonly T[] | undefined> {
    let runs: T[][] = [];
    for (let at = 0; at < items.length; at += RUN) runs.push(items.slice(at, at + RUN));
    if (!(await this.each(runs, (run) => run.sort(compare)))) return undefined;
    while (runs.length > 1) {
      const merged: T[][] = [];
      const firsts = runs.filter((_, index) => index % 2 === 0);
      const seconds = runs.filter((_, index) => index % 2 === 1);
      const done = await this.each(firsts.keys(), (at) =>
        merged.push(merge(firsts[at] ?? [], seconds[at] ?? [], compare)),
      );
      if (!done) return undefined;
      runs = merged;
    }
    return runs[0] ?? [];
  }
}

function merge<T>(a: readonly T[], b: readonly T[], compare: (a: T, b: T) => number): T[] {
  const merged: T[] = [];
  let [atA, atB] = [0, 0];
  while (atA < a.length && atB < b.length) {
    const [fromA, fromB] = [a[atA] as T, b[atB] as T];
    if (compare(fromB, fromA) < 0) {
      merged.push(fromB);
      atB++;
    } else {
      merged.push(fromA);
      atA++;
    }
  }
  for (; atA < a.length; atA++) merged.push(a[atA] as T);
  for (; atB < b.length; atB++) merged.push(b[atB] as T);
  return merged;
}
