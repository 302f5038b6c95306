import type { Action, Decision } from "../../detection/index.js";
import type { Clock } from "../core/clock.js";
import { sensitiveUri, type Log } from "../core/log.js";
import type { Counter, Metrics } from "../core/metrics.js";
import { monoMs } from "../core/time.js";
import { refusedCallReason } from "./end-reasons.js";
import type { ForeignCalls } from "./foreign-calls.js";
import type { TeardownService } from "./teardown-service.js";

export interface DialplanEndingsOptions {
  /** A call whose dialplan has been told `block` is ended in another way when it is still there by then, ms. */
  readonly endMs: number;
  /** A dialplan that asks about its calls has not asked about this one by then: it will not, ms. */
  readonly askMs: number;
  /** Calls that are left to dialplans at a time; further ones are not. */
  readonly most: number;
  /** Systems whose dialplans are known to ask. The one that was heard of longest ago is forgotten first. */
  readonly mostServers: number;
  /** Systems whose dialplans may ask, as far as anybody can say before they did: each is believed until one of its calls was not asked about. */
  readonly mayAsk: readonly string[];
}

export const DEFAULT_DIALPLAN_ENDINGS: DialplanEndingsOptions = {
  endMs: 2_000,
  askMs: 500,
  most: 10_000,
  mostServers: 1_000,
  mayAsk: [],
};

export interface DialplanEndingsDeps {
  readonly foreignCalls: Pick<ForeignCalls, "get">;
  readonly teardown: Pick<TeardownService, "endCalls">;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
}

type Refusal = Pick<Decision, "incidentId" | "alertId">;

interface Left {
  readonly cancel: () => void;
  /** Its dialplan has been told. */
  readonly told: boolean;
}

/** How long it is left to its dialplan. */
interface Term {
  readonly ms: number;
  readonly told: boolean;
  /** The system whose dialplan has not asked yet. */
  readonly server?: string;
}

/**
 * Calls that are to be ended and whose dialplan does so by itself: it has been told `block`, or is about to ask. They hear what the
 * dialplan says (603), which a hang-up from outside would forestall. One that is still there after `endMs` is ended as others are.
 */
export class DialplanEndings {
  readonly #options: DialplanEndingsOptions;
  readonly #deps: DialplanEndingsDeps;
  readonly #left = new Map<string, Left>();
  readonly #servers = new Set<string>();
  /** Those of `mayAsk` of which nothing is known yet. */
  readonly #untried: Set<string>;
  readonly #ended: Counter;
  readonly #overdue: Counter;

  constructor(options: DialplanEndingsOptions, deps: DialplanEndingsDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#untried = new Set(options.mayAsk);
    const results = deps.metrics.counter(
      "ringfence_dialplan_endings_total",
      "Calls whose end was left to the dialplan that asked about them; overdue: it did not end them in time",
      ["result"],
    );
    this.#ended = results.labels("ended");
    this.#overdue = results.labels("overdue");
  }

  /** The dialplan of that system asks about its calls. */
  asks(server: string): void {
    this.#servers.delete(server);
    this.#servers.add(server);
    if (this.#servers.size <= this.#options.mostServers) return;
    for (const oldest of this.#servers) {
      this.#servers.delete(oldest);
      return;
    }
  }

  isLeft(callId: string): boolean {
    return this.#left.has(callId);
  }

  /** Its dialplan is being told `block`. @returns False: it has to be ended in another way. */
  told(callId: string, refusal: Refusal): boolean {
    // Who asks again and again gets no more time.
    return (
      this.#left.get(callId)?.told === true || this.#leave(callId, refusal, { ms: this.#options.endMs, told: true })
    );
  }

  /** Somebody else reports a call that is refused. @returns False: as above. */
  reported(callId: string, server: string | undefined, refusal: Refusal): boolean {
    if (this.#left.get(callId)?.told === true) return true;
    return server !== undefined && (this.#servers.has(server) || this.#untried.has(server))
      ? this.#leave(callId, refusal, { ms: this.#options.askMs, told: false, server })
      : false;
  }

  /** It is over. */
  over(callId: string): void {
    const left = this.#left.get(callId);
    if (left === undefined) return;
    left.cancel();
    this.#left.delete(callId);
    if (left.told) this.#ended.inc();
  }

  #leave(callId: string, refusal: Refusal, term: Term): boolean {
    const known = this.#left.get(callId);
    if (known === undefined && this.#left.size >= this.#options.most) return false;
    known?.cancel();
    const { clock } = this.#deps;
    const cancel = clock.callAt(monoMs(clock.mono() + term.ms), () => this.#onOverdue(callId, refusal, term));
    this.#left.set(callId, { cancel, told: term.told });
    return true;
  }

  #onOverdue(callId: string, refusal: Refusal, { server }: Term): void {
    this.#left.delete(callId);
    // Its dialplan may have no such line: from now on its calls are ended at once, until it asks after all.
    if (server !== undefined) this.#untried.delete(server);
    const { foreignCalls, teardown, log } = this.#deps;
    if (foreignCalls.get(callId) === undefined) return;
    this.#overdue.inc();
    log.info("dialplan.overdue", { call: sensitiveUri(callId) });
    teardown
      .endCalls({ callIds: [callId], reason: refusedCallReason(refusal), actor: "policy" })
      .catch((cause: unknown) => log.error("dialplan.end-failed", {}, cause));
  }
}

/** The same without ending that call. */
export function leavingOut(actions: readonly Action[], callId: string): readonly Action[] {
  return actions.flatMap((action) => {
    if (action.kind !== "end-calls" || !action.callIds.includes(callId)) return [action];
    const callIds = action.callIds.filter((each) => each !== callId);
    return callIds.length === 0 ? [] : [{ ...action, callIds }];
  });
}
