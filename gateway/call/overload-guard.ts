import type { MonoMs } from "../core/time.js";

export interface OverloadOptions {
  /** Live calls above which new ones are refused. */
  readonly maxCalls: number;
  /** Delay of the event loop above which work that no call waits for is left out (traces, HEP, forks), ms. */
  readonly busyLagMs: number;
  /** Delay of the event loop above which new calls are refused, ms. */
  readonly fullLagMs: number;
  /** It must be above that for this long: one stall (a garbage collection, a slow disk) is worked off, not answered with 503. */
  readonly fullAfterMs: number;
}

export const DEFAULT_OVERLOAD: OverloadOptions = {
  maxCalls: 100_000,
  busyLagMs: 50,
  fullLagMs: 250,
  fullAfterMs: 1_000,
};

/** What the process has on its hands. */
export interface LoadProbe {
  liveCalls(): number;
  /** How late the event loop runs at present, ms. */
  lagMs(): number;
}

/**
 * - `normal`
 * - `calls`: the limit on live calls is reached.
 * - `full`: the process cannot keep up.
 */
export type LoadLevel = "normal" | "calls" | "full";

export class OverloadGuard {
  readonly #options: OverloadOptions;
  readonly #probe: LoadProbe;
  #fullSince: MonoMs | undefined;

  constructor(options: OverloadOptions, probe: LoadProbe) {
    this.#options = options;
    this.#probe = probe;
  }

  level(now: MonoMs): LoadLevel {
    const lagMs = this.#probe.lagMs();
    if (lagMs <= this.#options.fullLagMs) this.#fullSince = undefined;
    else if (now - (this.#fullSince ??= now) >= this.#options.fullAfterMs) return "full";
    if (this.#probe.liveCalls() >= this.#options.maxCalls) return "calls";
    return "normal";
  }

  /**
   * Whether to leave out what no call waits for. The masking decision is not among it: it costs a thousandth of a call, and
   * shedding it would let an attacker switch detection off by calling more.
   */
  get busy(): boolean {
    return this.#probe.lagMs() > this.#options.busyLagMs;
  }
}
