import type { Clock } from "../core/clock.js";
import type { Log } from "../core/log.js";
import { monoMs, type MonoMs } from "../core/time.js";
import type { SipEndpoint } from "../ports/sip-endpoint.js";
import type { CallRegistry } from "./call-registry.js";
import { drainReason } from "./end-reasons.js";
import type { TeardownService } from "./teardown-service.js";

export interface DrainOptions {
  /** Calls have this long to end by themselves, ms. */
  readonly drainMs: number;
  /** Then the BYEs have this long to be answered, and the figures of media to come, ms. */
  readonly endMs: number;
}

export interface DrainReport {
  /** Calls that were up when it began. */
  readonly calls: number;
  /** Calls that the gateway ended at the deadline. */
  readonly ended: number;
  /** Calls still up: emergency calls, and legs that did not answer. The journal knows them. */
  readonly left: number;
}

export interface DrainDeps {
  readonly endpoint: Pick<SipEndpoint, "drain">;
  readonly registry: CallRegistry;
  readonly teardown: Pick<TeardownService, "endCalls">;
  readonly clock: Clock;
  readonly log: Log;
}

const LOOK_EVERY_MS = 100;

/** Leaves the path without hurting calls: refuses new ones, waits for those that are up, ends the rest, with their CDRs. */
export class Drain {
  readonly #options: DrainOptions;
  readonly #deps: DrainDeps;
  #report: Promise<DrainReport> | undefined;
  #hurried = false;

  constructor(options: DrainOptions, deps: DrainDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  get draining(): boolean {
    return this.#report !== undefined;
  }

  /** Every caller gets the same report. */
  start(): Promise<DrainReport> {
    this.#report ??= this.#run();
    return this.#report;
  }

  /** A second signal: the calls are ended now. */
  hurry(): void {
    this.#hurried = true;
  }

  async #run(): Promise<DrainReport> {
    const { endpoint, registry, teardown, clock, log } = this.#deps;
    const calls = registry.size;
    log.info("drain.started", { calls, drainMs: this.#options.drainMs });
    endpoint.drain();
    const deadline = monoMs(clock.mono() + this.#options.drainMs);
    await this.#until(() => registry.size === 0 || this.#hurried, deadline);
    const toEnd = registry.list(registry.size).map((call) => call.callId);
    if (toEnd.length > 0) {
      const ending = teardown.endCalls({ callIds: toEnd, reason: drainReason, actor: "system" });
      const limit = monoMs(clock.mono() + this.#options.endMs);
      await Promise.race([ending, this.#until(() => false, limit)]);
      // Of a call that is over the figures of its media may be on their way: its CDR waits for them, for no longer than it may.
      await this.#until(() => registry.list(registry.size).every(({ phase }) => phase !== "ended"), limit);
    }
    const report = { calls, ended: toEnd.length - registry.size, left: registry.size };
    log.info("drain.done", report);
    return report;
  }

  #until(done: () => boolean, deadline: MonoMs): Promise<void> {
    const { clock } = this.#deps;
    return new Promise((resolve) => {
      const look = (): void => {
        const now = clock.mono();
        if (done() || now >= deadline) resolve();
        else clock.callAt(monoMs(Math.min(deadline, now + LOOK_EVERY_MS)), look);
      };
      look();
    });
  }
}
