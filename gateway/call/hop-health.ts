import type { Clock } from "../core/clock.js";
import { sensitiveAddress, type Log } from "../core/log.js";
import type { Gauge, Metrics } from "../core/metrics.js";
import { monoMs, type MonoMs } from "../core/time.js";
import type { NextHopResolver } from "../ports/next-hop-resolver.js";
import type { OutgoingUser, SipEndpoint } from "../ports/sip-endpoint.js";
import type { SipResponse } from "../sip/message/sip-message.js";

export interface HopHealthOptions {
  /** Interval of OPTIONS to a hop that is up, ms; 0: no OPTIONS, only calls tell. */
  readonly pingMs: number;
  /** An OPTIONS without any response for this long failed, ms. */
  readonly pingTimeoutMs: number;
  /** Consecutive failures (pings and calls together) that make a hop down. */
  readonly downAfter: number;
  /** Consecutive answered pings that make it up again. */
  readonly upAfter: number;
  /** Interval of OPTIONS to a hop that is down; without OPTIONS, how long it is left alone before one call tries it, ms. */
  readonly recheckMs: number;
  /** Longest Retry-After that is believed, ms. */
  readonly maxRetryAfterMs: number;
  /** From of our OPTIONS: a SIP URI of ours. */
  readonly identityUri: string;
}

export const DEFAULT_HOP_HEALTH: HopHealthOptions = {
  pingMs: 30_000,
  pingTimeoutMs: 2_000,
  downAfter: 3,
  upAfter: 2,
  recheckMs: 5_000,
  maxRetryAfterMs: 120_000,
  identityUri: "sip:ringfence@invalid",
};

interface HopState {
  readonly name: string;
  /** Another hop can take its calls: only then do pings change anything. */
  redundant: boolean;
  up: boolean;
  failures: number;
  successes: number;
  /** Not before this; 0: no Retry-After in force. */
  retryAt: MonoMs;
  downAt: MonoMs;
  lastAnswerAt: MonoMs;
  pingAt: MonoMs;
  pinging: boolean;
  readonly gauge: Gauge;
}

const TICK_MS = 1_000;

/**
 * Which next hops are up: told by calls (`report`) and by OPTIONS. A hop that is the only one of its groups is not pinged, as
 * nothing would follow from it, and a hop that answered a call within the last interval needs no ping either.
 *
 * Any response to an OPTIONS but 503 means alive (RFC 3261 §11: a 404 or 405 comes from a living server too). A 503 with
 * Retry-After keeps the hop down for that long (§21.5.4), capped.
 */
export class HopHealth {
  readonly #options: HopHealthOptions;
  readonly #clock: Clock;
  readonly #resolver: NextHopResolver;
  readonly #log: Log;
  readonly #gauge: Gauge;
  #hops = new Map<string, HopState>();
  #endpoint: Pick<SipEndpoint, "request"> | undefined;
  #cancel = (): void => undefined;
  #generation = 0;

  constructor(
    options: HopHealthOptions,
    deps: { readonly clock: Clock; readonly resolver: NextHopResolver; readonly log: Log; readonly metrics: Metrics },
  ) {
    this.#options = options;
    this.#clock = deps.clock;
    this.#resolver = deps.resolver;
    this.#log = deps.log;
    this.#gauge = deps.metrics.gauge("ringfence_hop_up", "1: the next hop takes calls, 0: it is down", ["hop"]);
  }

  /** Changes whenever a hop goes up or down. */
  get generation(): number {
    return this.#generation;
  }

  /** The hops to watch; what is known of those that stay is kept. `redundant`: another hop can take over. */
  watch(hops: Iterable<{ readonly name: string; readonly redundant: boolean }>): void {
    const now = this.#clock.mono();
    const next = new Map<string, HopState>();
    for (const { name, redundant } of hops) {
      const state = this.#hops.get(name) ?? this.#fresh(name, now);
      state.redundant = (next.has(name) && state.redundant) || redundant;
      next.set(name, state);
    }
    for (const [name, state] of this.#hops) if (!next.has(name)) state.gauge.set(0);
    this.#hops = next;
    this.#generation++;
  }

  /** Unknown hops are up. */
  isUp(name: string): boolean {
    return this.#hops.get(name)?.up ?? true;
  }

  /** Begins to ping. Once. */
  start(endpoint: Pick<SipEndpoint, "request">): void {
    this.#endpoint = endpoint;
    this.#schedule();
  }

  close(): void {
    this.#cancel();
    this.#endpoint = undefined;
  }

  /** What a call met there. */
  report(name: string, outcome: "answered" | "failed" | "silent", retryAfterMs?: number): void {
    const hop = this.#hops.get(name);
    if (hop === undefined) return;
    if (outcome === "answered") {
      hop.failures = 0;
      hop.lastAnswerAt = this.#clock.mono();
      if (!hop.up && hop.retryAt === 0) this.#setUp(hop);
      return;
    }
    this.#failed(hop, retryAfterMs);
  }

  /** For `/health`: what is down. */
  down(): readonly string[] {
    return [...this.#hops.values()].filter((hop) => !hop.up).map((hop) => hop.name);
  }

  #fresh(name: string, now: MonoMs): HopState {
    const gauge = this.#gauge.labels(name);
    gauge.set(1);
    const never = monoMs(Number.NEGATIVE_INFINITY);
    return {
      name,
      redundant: false,
      up: true,
      failures: 0,
      successes: 0,
      retryAt: monoMs(0),
      downAt: never,
      lastAnswerAt: never,
      pingAt: monoMs(now + this.#options.pingMs),
      pinging: false,
      gauge,
    };
  }

  #schedule(): void {
    this.#cancel = this.#clock.callAt(monoMs(this.#clock.mono() + TICK_MS), () => {
      if (this.#endpoint === undefined) return;
      this.#tick(this.#clock.mono());
      this.#schedule();
    });
  }

  #tick(now: MonoMs): void {
    for (const hop of this.#hops.values()) {
      if (hop.retryAt !== 0 && now >= hop.retryAt) this.#retryTimeIsOver(hop);
      else if (
        this.#options.pingMs === 0 &&
        !hop.up &&
        hop.retryAt === 0 &&
        now >= hop.downAt + this.#options.recheckMs
      )
        this.#halfOpen(hop);
      if (this.#isPingDue(hop, now)) this.#ping(hop, now);
    }
  }

  #isPingDue(hop: HopState, now: MonoMs): boolean {
    if (this.#options.pingMs === 0 || hop.pinging || now < hop.pingAt) return false;
    if (!hop.up) return true;
    return hop.redundant && now >= hop.lastAnswerAt + this.#options.pingMs;
  }

  #ping(hop: HopState, now: MonoMs): void {
    hop.pingAt = monoMs(now + (hop.up ? this.#options.pingMs : this.#options.recheckMs));
    const targets = this.#resolver.cached(hop.name);
    if (targets === undefined || targets.length === 0) {
      this.#resolver.resolve(hop.name).catch(() => this.#failed(hop, undefined));
      return;
    }
    hop.pinging = true;
    const uri = hopUri(hop.name);
    const user: OutgoingUser = {
      onFinal: (response, local) => {
        hop.pinging = false;
        this.#pingEnded(hop, response, local);
      },
    };
    const { identityUri, pingTimeoutMs } = this.#options;
    this.#endpoint?.request(
      { method: "OPTIONS", uri, targets, from: `<${identityUri}>`, to: `<${uri}>`, noResponseMs: pingTimeoutMs },
      user,
    );
  }

  #pingEnded(hop: HopState, response: SipResponse, local: boolean): void {
    if (local) {
      this.#failed(hop, undefined);
      return;
    }
    if (response.status === 503) {
      this.#failed(hop, retryAfterMs(response));
      return;
    }
    hop.failures = 0;
    hop.successes++;
    if (!hop.up && hop.successes >= this.#options.upAfter) this.#setUp(hop);
  }

  #failed(hop: HopState, retryAfter: number | undefined): void {
    hop.successes = 0;
    hop.failures++;
    const now = this.#clock.mono();
    if (retryAfter !== undefined && retryAfter > 0)
      hop.retryAt = monoMs(now + Math.min(retryAfter, this.#options.maxRetryAfterMs));
    hop.downAt = now;
    if (!hop.up || (hop.failures < this.#options.downAfter && hop.retryAt === 0)) return;
    hop.up = false;
    hop.pingAt = monoMs(now + this.#options.recheckMs);
    hop.gauge.set(0);
    this.#generation++;
    this.#log.warn("hop.down", { hop: sensitiveAddress(hop.name), failures: hop.failures });
  }

  /** RFC 3261 §21.5.4: after that time it may be tried again, by whoever comes first. */
  #retryTimeIsOver(hop: HopState): void {
    hop.retryAt = monoMs(0);
    if (!hop.up) this.#halfOpen(hop);
  }

  /** Takes calls again, but the next failure brings it down at once. */
  #halfOpen(hop: HopState): void {
    this.#setUp(hop);
    hop.failures = this.#options.downAfter - 1;
  }

  #setUp(hop: HopState): void {
    hop.up = true;
    hop.failures = 0;
    hop.successes = 0;
    hop.retryAt = monoMs(0);
    hop.pingAt = monoMs(this.#clock.mono() + this.#options.pingMs);
    hop.gauge.set(1);
    this.#generation++;
    this.#log.info("hop.up", { hop: sensitiveAddress(hop.name) });
  }
}

/** A configured hop as a Request-URI: `host:port` becomes `sip:host:port`. */
export function hopUri(hop: string): string {
  return /^sips?:/i.test(hop) ? hop : `sip:${hop}`;
}

/** RFC 3261 §20.33; undefined: absent or not readable. */
function retryAfterMs(response: SipResponse): number | undefined {
  const seconds = parseInt(response.headers.get("retry-after") ?? "", 10);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}
