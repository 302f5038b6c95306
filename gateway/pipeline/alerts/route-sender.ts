import {
  heededPause,
  longestPause,
  maskNotice,
  pauseBefore,
  unixMs,
  type AlertNotice,
  type NumberMask,
  type RetryLimits,
  type RouteChoice,
} from "../../../detection/index.js";
import type { Clock } from "../../core/clock.js";
import { GatewayError } from "../../core/errors.js";
import type { Log } from "../../core/log.js";
import type { Counter, Metrics } from "../../core/metrics.js";
import type { Random } from "../../core/random.js";
import type { AlertDelivery, AlertRoute, RouteReply } from "../../ports/alert-route.js";
import type { AlertStore, OutboxDelivery } from "../../ports/alert-store.js";

export interface DeskRoute extends RouteChoice, RetryLimits {
  readonly maskNumbers: NumberMask;
  /** Deliveries under way at a time. */
  readonly concurrency: number;
  /** Deliveries that may wait; one more is a dead letter at once. */
  readonly maxQueue: number;
  /** Of one try, ms. */
  readonly timeoutMs: number;
  readonly route: AlertRoute;
}

export interface SenderDeps {
  readonly store: Pick<AlertStore, "claim" | "sent" | "failed">;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly log: Log;
  /** A delivery is over: there may be room for the next one. */
  readonly onRoom: () => void;
}

/** After a process died, what it was sending is sent again so long after its time-out, ms. */
const LEASE_SPARE_MS = 5_000;

/** Empties the outbox of one route. */
export class RouteSender {
  readonly #route: DeskRoute;
  readonly #deps: SenderDeps;
  readonly #outcomes: Readonly<Record<"sent" | "failed" | "dead", Counter>>;
  readonly #running = new Set<Promise<void>>();
  #lastFailed = false;
  /** The receiver has asked for a pause until then. */
  #notBefore = -Infinity;
  #closed = false;

  constructor(route: DeskRoute, deps: SenderDeps) {
    this.#route = route;
    this.#deps = deps;
    const total = deps.metrics.counter("ringfence_alert_deliveries_total", "Tries of alert deliveries, by outcome", [
      "route",
      "outcome",
    ]);
    this.#outcomes = {
      sent: total.labels(route.name, "sent"),
      failed: total.labels(route.name, "failed"),
      dead: total.labels(route.name, "dead"),
    };
  }

  get name(): string {
    return this.#route.name;
  }

  /** False after a try that failed, or a queue that was full, until the next try that does not. */
  get healthy(): boolean {
    return !this.#lastFailed;
  }

  get running(): number {
    return this.#running.size;
  }

  /**
   * Takes what is due as far as there is room: nothing while the receiver wants a pause, and one at a time after a try that failed,
   * or each of thousands that wait would be a request of its own to a receiver that said that it has enough.
   * @throws GatewayError `store.*`
   */
  async pump(): Promise<void> {
    const { store, clock } = this.#deps;
    const { name, concurrency, timeoutMs } = this.#route;
    const room = (this.#lastFailed ? 1 : concurrency) - this.#running.size;
    if (room <= 0 || this.#closed || this.#isPaused()) return;
    const leaseMs = timeoutMs + LEASE_SPARE_MS;
    const longestMs = Math.max(leaseMs, longestPause(this.#route));
    const claimed = await store.claim(name, room, clock.unix(), leaseMs, longestMs);
    for (const delivery of claimed) {
      const run = this.#deliver(delivery).finally(() => {
        this.#running.delete(run);
        this.#deps.onRoom();
      });
      this.#running.add(run);
    }
  }

  /** One try outside the outbox, which counts as one. @returns Whether it was sent. */
  async sendNow(notice: AlertNotice, id: string): Promise<boolean> {
    if (this.#isPaused()) return false;
    const reply = await this.try(notice, { id, attempt: 1 });
    const isSent = reply.kind === "sent";
    this.#note(reply);
    this.#outcomes[isSent ? "sent" : "failed"].inc();
    return isSent;
  }

  /** A delivery came to a full queue. */
  noteFull(): void {
    this.#lastFailed = true;
  }

  /** One try outside the outbox. */
  try(notice: AlertNotice, delivery: AlertDelivery): Promise<RouteReply> {
    const { route, maskNumbers } = this.#route;
    return route.send(maskNotice(notice, maskNumbers), delivery);
  }

  /** Takes nothing more; what is under way is brought to its end. */
  async retire(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#running);
    await this.#route.route.close();
  }

  /** Gives up what is under way: it is sent again after the next start. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#route.route.close();
    await Promise.all(this.#running);
  }

  #isPaused(): boolean {
    return this.#deps.clock.mono() < this.#notBefore;
  }

  #note(reply: RouteReply): void {
    this.#lastFailed = reply.kind !== "sent";
    if (reply.kind !== "failed" || reply.afterMs === undefined) return;
    this.#notBefore = Math.max(this.#notBefore, this.#deps.clock.mono() + heededPause(reply.afterMs));
  }

  async #deliver(delivery: OutboxDelivery): Promise<void> {
    const { log } = this.#deps;
    try {
      const reply = await this.try(delivery.notice, { id: delivery.id, attempt: delivery.attempts });
      await this.#settle(delivery, reply);
    } catch (error) {
      // The lease ends by itself, and it is sent again.
      const reason = error instanceof GatewayError ? error.code : "unknown";
      log.error("alerts.settle-failed", { route: this.name, delivery: delivery.id, reason }, error);
    }
  }

  async #settle(delivery: OutboxDelivery, reply: RouteReply): Promise<void> {
    const { store, clock, random, log } = this.#deps;
    this.#note(reply);
    if (reply.kind === "sent") {
      this.#outcomes.sent.inc();
      const { refused: recipients } = reply;
      if (recipients !== undefined)
        log.warn("alerts.recipients-refused", { route: this.name, delivery: delivery.id, recipients });
      await store.sent(delivery, clock.unix());
      return;
    }
    const asked = reply.kind === "failed" ? reply.afterMs : undefined;
    const now = clock.unix();
    const since = unixMs(Math.min(delivery.failingSince ?? now, now));
    const pause =
      reply.kind === "rejected"
        ? undefined
        : pauseBefore(delivery.attempts, now - since, this.#route, asked, random.next());
    const { why } = reply;
    if (pause === undefined) {
      this.#outcomes.dead.inc();
      log.error("alerts.dead-letter", { route: this.name, delivery: delivery.id, why });
      await store.failed(delivery, why, since, undefined);
      return;
    }
    this.#outcomes.failed.inc();
    log.warn("alerts.delivery-failed", { route: this.name, delivery: delivery.id, attempt: delivery.attempts, why });
    await store.failed(delivery, why, since, unixMs(now + pause));
  }
}
