import type { Clock } from "../core/clock.js";
import { sensitiveUri, type Log } from "../core/log.js";
import type { Counter, Metrics } from "../core/metrics.js";
import { monoMs, type MonoMs } from "../core/time.js";
import type { CallObserver, EndReason, LiveCall } from "./contracts.js";
import { deadReason, maxDurationReason } from "./end-reasons.js";

export interface CallLimitOptions {
  /** How often each call is looked at, ms: limits are kept to within this. */
  readonly sweepMs: number;
  /** Keep-alives in a row without a sign of life that make a leg dead. */
  readonly deadAfter: number;
  /** Keep-alives that start in one slice of a sweep (a tenth), at most; the others wait for the next. */
  readonly pingsPerSlice: number;
}

export const DEFAULT_CALL_LIMITS: CallLimitOptions = { sweepMs: 2_000, deadAfter: 2, pingsPerSlice: 200 };

interface Watched {
  readonly call: LiveCall;
  readonly endAt: MonoMs;
  /** Between keep-alives; 0: none are sent. */
  readonly keepAliveMs: number;
  pingAt: MonoMs;
  pinging: boolean;
  /** Keep-alives in a row without a sign of life, of each leg. */
  missesA: number;
  missesB: number;
  ending: boolean;
  /** Where it stands in the list. */
  index: number;
}

const SLICES = 10;
/** For emergency calls that were taken up after a restart, where their trunk has no keep-alive of its own. */
const RESUMED_EMERGENCY_MS = 30_000;
const NEVER = monoMs(Number.POSITIVE_INFINITY);

/**
 * Ends calls that last too long, and calls whose peers are gone: OPTIONS inside both dialogs, at the interval of the trunk. A leg is
 * dead when two in a row meet silence (408) or a peer that knows no such dialog (481); any other answer is a sign of life.
 *
 * One timer for all calls: a tenth of them is looked at in each slice. An emergency call has no maximum duration. One that was
 * taken up after a restart, where it may be dead already, is kept alive every 30 s where its trunk says nothing.
 */
export class CallLimits implements CallObserver {
  readonly #options: CallLimitOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #ended: Counter;
  readonly #watched = new Map<LiveCall, Watched>();
  readonly #list: Watched[] = [];
  #next = 0;
  #cancel = (): void => undefined;
  #running = false;

  constructor(
    options: CallLimitOptions,
    deps: { readonly clock: Clock; readonly log: Log; readonly metrics: Metrics },
  ) {
    this.#options = options;
    this.#clock = deps.clock;
    this.#log = deps.log;
    this.#ended = deps.metrics.counter(
      "ringfence_calls_limited_total",
      "Calls ended for their length or because a peer was gone",
      ["cause"],
    );
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#schedule();
  }

  close(): void {
    this.#running = false;
    this.#cancel();
  }

  /** A call that was taken up after a restart is answered from the start; what it has lasted counts. */
  onStarted(call: LiveCall): void {
    if (call.phase !== "answered") return;
    const { keepAliveMs } = call.policy;
    this.#watch(call, keepAliveMs === 0 && call.identity.emergency ? RESUMED_EMERGENCY_MS : keepAliveMs);
  }

  onAnswered(call: LiveCall): void {
    this.#watch(call, call.policy.keepAliveMs);
  }

  #watch(call: LiveCall, keepAliveMs: number): void {
    const { maxCallDurationMs } = call.policy;
    const now = this.#clock.mono();
    const lastedMs = call.answeredAt === undefined ? 0 : Math.max(0, this.#clock.unix() - call.answeredAt);
    const endAt =
      maxCallDurationMs === 0 || call.identity.emergency ? NEVER : monoMs(now + maxCallDurationMs - lastedMs);
    const pingAt = keepAliveMs === 0 ? NEVER : monoMs(now + keepAliveMs);
    if (endAt === NEVER && pingAt === NEVER) return;
    const watched: Watched = {
      call,
      endAt,
      keepAliveMs,
      pingAt,
      pinging: false,
      missesA: 0,
      missesB: 0,
      ending: false,
      index: this.#list.length,
    };
    this.#list.push(watched);
    this.#watched.set(call, watched);
  }

  onEnded(call: LiveCall): void {
    const watched = this.#watched.get(call);
    if (watched === undefined) return;
    this.#watched.delete(call);
    const last = this.#list.pop();
    if (last === undefined || last === watched) return;
    last.index = watched.index;
    this.#list[watched.index] = last;
  }

  #schedule(): void {
    this.#cancel = this.#clock.callAt(monoMs(this.#clock.mono() + this.#options.sweepMs / SLICES), () => {
      if (!this.#running) return;
      this.#slice();
      this.#schedule();
    });
  }

  #slice(): void {
    const now = this.#clock.mono();
    let pings = this.#options.pingsPerSlice;
    for (let left = Math.ceil(this.#list.length / SLICES); left > 0; left--) {
      if (this.#next >= this.#list.length) this.#next = 0;
      const watched = this.#list[this.#next++];
      if (watched === undefined || watched.ending) continue;
      if (now >= watched.endAt) this.#end(watched, maxDurationReason);
      else if (now >= watched.pingAt && !watched.pinging && pings-- > 0) void this.#ping(watched);
    }
  }

  async #ping(watched: Watched): Promise<void> {
    const { call } = watched;
    watched.pinging = true;
    try {
      const [a, b] = await Promise.all([call.ping("a"), call.ping("b")]);
      watched.missesA = isDead(a) ? watched.missesA + 1 : 0;
      watched.missesB = isDead(b) ? watched.missesB + 1 : 0;
    } catch (cause) {
      this.#log.error("keep-alive.failed", { call: sensitiveUri(call.callId) }, cause);
    }
    watched.pinging = false;
    watched.pingAt = monoMs(this.#clock.mono() + watched.keepAliveMs);
    const misses = Math.max(watched.missesA, watched.missesB);
    if (misses >= this.#options.deadAfter && !watched.ending) this.#end(watched, deadReason);
  }

  #end({ call }: Watched, reason: EndReason): void {
    const watched = this.#watched.get(call);
    if (watched === undefined) return;
    watched.ending = true;
    this.#ended.labels(reason.cause).inc();
    this.#log.info("call.limited", { call: sensitiveUri(call.callId), cause: reason.cause });
    call
      .end(reason)
      .catch((cause: unknown) => this.#log.error("call.end-failed", { call: sensitiveUri(call.callId) }, cause));
  }
}

/** RFC 5057 §5.1: both mean that the dialog is gone. */
function isDead(status: number): boolean {
  return status === 408 || status === 481;
}
