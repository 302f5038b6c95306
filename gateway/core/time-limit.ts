type Follow = (by: AbortSignal) => void;

/** Who follows a signal: one listener of it for all of them. One signal may end hundreds of requests, and from the eleventh listener on Node warns of a leak. */
const followersOf = new WeakMap<AbortSignal, Set<Follow>>();

function follow(signal: AbortSignal, follower: Follow): void {
  const known = followersOf.get(signal);
  if (known !== undefined) {
    known.add(follower);
    return;
  }
  const followers = new Set([follower]);
  followersOf.set(signal, followers);
  signal.addEventListener("abort", tell);
}

function unfollow(signal: AbortSignal, follower: Follow): void {
  const followers = followersOf.get(signal);
  if (followers?.delete(follower) !== true || followers.size > 0) return;
  followersOf.delete(signal);
  signal.removeEventListener("abort", tell);
}

function tell({ target }: Event): void {
  const signal = target as AbortSignal;
  for (const follower of [...(followersOf.get(signal) ?? [])]) follower(signal);
}

/**
 * One signal that aborts after a time, or when one of others does.
 *
 * Instead of `AbortSignal.any([signal, AbortSignal.timeout(ms)])`: what `any` joins is held weakly, so in Node 20 a collection of garbage takes the
 * time-out away and the request waits for ever (https://github.com/nodejs/node/issues/54614; test/unit/core/time-limit.test.ts shows it). A signal
 * that has a listener of its own is kept.
 *
 * `end()` when the work is over: till then, at most till the time is up, the others keep it.
 */
export class TimeLimit {
  readonly #controller = new AbortController();
  readonly #others: readonly AbortSignal[];
  readonly #time: AbortSignal;
  readonly #follow: Follow = (by) => this.#stop(by);

  /** @param timeoutMs As `AbortSignal.timeout` has it: of real time, not of a `Clock`; it does not keep the process alive. */
  constructor(timeoutMs: number, ...others: readonly AbortSignal[]) {
    this.#others = others;
    this.#time = AbortSignal.timeout(timeoutMs);
    for (const signal of [...others, this.#time]) {
      if (signal.aborted) {
        this.#stop(signal);
        return;
      }
      follow(signal, this.#follow);
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** It was the time that aborted, not one of the others. */
  get reached(): boolean {
    return this.#controller.signal.aborted && this.#controller.signal.reason === this.#time.reason;
  }

  end(): void {
    for (const signal of [...this.#others, this.#time]) unfollow(signal, this.#follow);
  }

  #stop(by: AbortSignal): void {
    this.end();
    this.#controller.abort(by.reason);
  }
}
