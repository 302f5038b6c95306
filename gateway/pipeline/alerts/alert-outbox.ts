import type { UnixMs } from "../../../detection/index.js";
import type { Counter, Gauge } from "../../core/metrics.js";
import type { AlertStore, FullQueue } from "../../ports/alert-store.js";
import { RouteSender, type DeskRoute, type SenderDeps } from "./route-sender.js";

export interface AlertOutboxDeps extends SenderDeps {
  readonly store: AlertStore;
}

/** The routes, and the deliveries that wait for them. Methods reject with GatewayError `store.*`. */
export class AlertOutbox {
  readonly #deps: AlertOutboxDeps;
  readonly #retired = new Set<RouteSender>();
  readonly #sizes: Gauge;
  readonly #outcomes: Counter;
  #senders: readonly RouteSender[];

  constructor(routes: readonly DeskRoute[], deps: AlertOutboxDeps) {
    this.#deps = deps;
    this.#senders = this.#open(routes);
    const { metrics } = deps;
    this.#sizes = metrics.gauge("ringfence_alert_outbox", "Alert deliveries that wait or are dead letters", [
      "route",
      "state",
    ]);
    this.#outcomes = metrics.counter("ringfence_alert_deliveries_total", "Tries of alert deliveries, by outcome", [
      "route",
      "outcome",
    ]);
  }

  #open(routes: readonly DeskRoute[]): readonly RouteSender[] {
    return routes.map((route) => new RouteSender(route, this.#deps));
  }

  /** What is under way is brought to its end by the old routes. */
  reconfigure(routes: readonly DeskRoute[]): void {
    const before = this.#senders;
    this.#senders = this.#open(routes);
    for (const sender of before) {
      this.#retired.add(sender);
      void sender.retire().finally(() => this.#retired.delete(sender));
    }
  }

  get routeNames(): readonly string[] {
    return this.#senders.map(({ name }) => name);
  }

  /** Names of routes whose last try failed, or whose queue is full. */
  get failing(): readonly string[] {
    return this.#senders.filter(({ healthy }) => !healthy).map(({ name }) => name);
  }

  sender(name: string): RouteSender | undefined {
    return this.#senders.find((sender) => sender.name === name);
  }

  /** Sends what is due. */
  async turn(): Promise<void> {
    for (const sender of this.#senders) await sender.pump();
  }

  /** Deliveries that are dead letters as their queue was full. */
  noteFull(full: readonly FullQueue[]): void {
    for (const route of new Set(full.map((each) => each.route))) {
      const deliveries = full.filter((each) => each.route === route).length;
      this.#outcomes.labels(route, "dead").inc(deliveries);
      this.#deps.log.error("alerts.queue-full", { route, deliveries });
      this.sender(route)?.noteFull();
    }
  }

  /** What was made before `before` waits no longer: nobody has taken it, and nobody is to be woken by it one day. */
  async expire(before: UnixMs): Promise<void> {
    for (const { route, count: deliveries } of await this.#deps.store.expireDeliveries(before)) {
      this.#outcomes.labels(route, "dead").inc(deliveries);
      this.#deps.log.error("alerts.expired", { route, deliveries });
    }
  }

  async tellGone(): Promise<void> {
    const { store, log } = this.#deps;
    for (const { route, state, count: waiting } of await store.outboxSizes())
      if (state === "waiting" && !this.routeNames.includes(route)) log.warn("alerts.route-gone", { route, waiting });
  }

  async measure(): Promise<void> {
    const sizes = await this.#deps.store.outboxSizes();
    for (const route of new Set([...this.routeNames, ...sizes.map((row) => row.route)]))
      for (const state of ["waiting", "dead"] as const)
        this.#sizes
          .labels(route, state)
          .set(sizes.find((row) => row.route === route && row.state === state)?.count ?? 0);
  }

  /** Gives up what is under way: it is sent after the next start. Safe to call twice. */
  async close(): Promise<void> {
    await Promise.all([...this.#senders, ...this.#retired].map((sender) => sender.close()));
  }
}
