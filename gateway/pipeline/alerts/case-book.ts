import {
  countedAsNow,
  escalationDeadline,
  followIncident,
  routesFor,
  type AlertCase,
  type AlertContext,
  type AlertGuard,
  type AlertNotice,
  type AlertSettings,
  type CaseStep,
  type Incident,
  type RouteChoice,
  type UnixMs,
} from "../../../detection/index.js";
import type { Clock } from "../../core/clock.js";
import type { Gauge, Metrics } from "../../core/metrics.js";
import { MAX_GUARDS, type AlertStore, type CaseChange, type FullQueue } from "../../ports/alert-store.js";

export interface CaseBookOptions {
  readonly settings: AlertSettings;
  readonly routes: readonly (RouteChoice & { readonly maxQueue: number })[];
}

export interface CaseBookDeps {
  readonly store: AlertStore;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Told what people marked as honest, when that changes and at the start; asked again until it succeeds. */
  readonly onGuards?: (guards: readonly AlertGuard[]) => Promise<void>;
  readonly onFull: (full: readonly FullQueue[]) => void;
}

type Step = (of: AlertCase, context: AlertContext) => CaseStep | undefined;

/** Cases as they change: by the settings, routes and guards that are in force. All methods reject with GatewayError `store.*`. */
export class CaseBook {
  readonly #deps: CaseBookDeps;
  readonly #guardCount: Gauge;
  #options: CaseBookOptions;
  #guards: readonly AlertGuard[] = [];
  #toldGuards: string | undefined;

  constructor(options: CaseBookOptions, deps: CaseBookDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#guardCount = deps.metrics.gauge("ringfence_alert_guards", "Numbers marked as honest; 1,000 at most");
  }

  get options(): CaseBookOptions {
    return this.#options;
  }

  reconfigure(options: CaseBookOptions): void {
    this.#options = options;
  }

  context(now: UnixMs): AlertContext {
    return { settings: this.#options.settings, guards: this.#guards, now };
  }

  /** @returns The case as it is now; undefined: no such case. */
  change(id: string, step: Step): Promise<AlertCase | undefined> {
    const { store, clock, onFull } = this.#deps;
    const now = clock.unix();
    return store.change(id, now, (of, incident) => this.#stepped(of, incident, step, now), onFull);
  }

  /** The case says how far its incident has gone by now. @returns As above. */
  follow(id: string): Promise<AlertCase | undefined> {
    const { store, clock, onFull } = this.#deps;
    const now = clock.unix();
    const decide = (of: AlertCase, incident: Incident | undefined): CaseChange =>
      this.changeOf(followIncident(of, incident, this.context(now)) ?? { after: of }, now);
    return store.change(id, now, decide, onFull);
  }

  /** As above. `full`: with them more than `MAX_GUARDS` would be in force, and nothing was done. */
  async changeAndGuard(id: string, guards: readonly AlertGuard[], step: Step): Promise<AlertCase | undefined | "full"> {
    const { store, clock, onFull } = this.#deps;
    const now = clock.unix();
    const decide = (of: AlertCase, incident: Incident | undefined): CaseChange =>
      this.#stepped(of, incident, step, now);
    const after = await store.changeAndGuard(id, guards, MAX_GUARDS, now, decide, onFull);
    // It is done. Where they cannot be read just now, that is made up for with the next measuring.
    await this.readGuards().catch(() => undefined);
    return after;
  }

  changeOf({ after, notice, onlyRoutes }: CaseStep, now: UnixMs): CaseChange {
    const deadlineAt = escalationDeadline(after, this.context(now));
    return { after, deadlineAt, notice, deliveries: this.#deliveriesOf(notice, onlyRoutes) };
  }

  async readGuards(): Promise<void> {
    const { store, clock, onGuards } = this.#deps;
    this.#guards = await store.guards(clock.unix());
    this.#guardCount.set(this.#guards.length);
    const known = this.#guards.map(({ id }) => id).join();
    if (onGuards === undefined || known === this.#toldGuards) return;
    await onGuards(this.#guards).then(
      () => (this.#toldGuards = known),
      () => undefined,
    );
  }

  /** What is told of a step has the counts of then. */
  #stepped(of: AlertCase, incident: Incident | undefined, step: Step, now: UnixMs): CaseChange {
    return this.changeOf(step(countedAsNow(of, incident), this.context(now)) ?? { after: of }, now);
  }

  #deliveriesOf(notice: AlertNotice | undefined, only: readonly string[] | undefined): CaseChange["deliveries"] {
    if (notice === undefined) return [];
    const { routes } = this.#options;
    const names = routesFor(notice, routes, only);
    return routes.filter(({ name }) => names.includes(name)).map(({ name: route, maxQueue }) => ({ route, maxQueue }));
  }
}
