import {
  acknowledge,
  closeCase,
  markFalse,
  unixMs,
  type Alert,
  type AlertCase,
  type AlertGuard,
  type AlertSettings,
  type Incident,
} from "../../../detection/index.js";
import type { Clock } from "../../core/clock.js";
import { GatewayError } from "../../core/errors.js";
import type { Log } from "../../core/log.js";
import type { Metrics } from "../../core/metrics.js";
import type { Random } from "../../core/random.js";
import { monoMs } from "../../core/time.js";
import type { AlertOffice } from "../../ports/alert-office.js";
import type { RouteReply } from "../../ports/alert-route.js";
import type { AlertStore, FullQueue } from "../../ports/alert-store.js";
import { AlertIntake, RAISED_ROUTE } from "./alert-intake.js";
import { AlertOutbox } from "./alert-outbox.js";
import { CaseBook } from "./case-book.js";
import { CaseHousekeeping } from "./case-housekeeping.js";
import type { DeskRoute } from "./route-sender.js";
import { testNotice } from "./test-notice.js";

export interface AlertDeskOptions {
  readonly settings: AlertSettings;
  readonly routes: readonly DeskRoute[];
  /** Cases, deliveries and guards that ended so long ago are deleted; 0: never, ms. */
  readonly keepMs: number;
}

export interface AlertDeskDeps {
  readonly store: AlertStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Told what people marked as honest, when that changes and at the start; asked again until it succeeds. */
  readonly onGuards?: (guards: readonly AlertGuard[]) => Promise<void>;
  /** False: the clock is not believed, and nothing is deleted by age. */
  readonly mayPrune?: () => boolean;
}

/** The outbox is looked at so often when nobody says that there is something, ms. */
const POLL_MS = 1_000;
const CLOSE_MS = 2_000;
/** The wall clock may be set back by so much before deadlines that it made are worked out anew, ms. */
const BACK_MS = 10_000;

/** What is done at most so often, ms, beside intake, escalation and delivery. */
const CHORES = { over: 5_000, incidents: 5_000, findings: 60_000, sizes: 15_000, prune: 3_600_000 } as const;
/** A chore that failed is tried again after so long, however seldom it is due, ms: what fails is what `/health` tells of. */
const RETRY_CHORE_MS = 5_000;
type Chore = keyof typeof CHORES;
/** Parts of the work that can fail, each for itself. */
export type DeskStep = "review" | "intake" | "escalation" | "delivery" | Chore;

/**
 * Follows alerts from the database to the people: sorts them into cases, tells routes, escalates, closes. All that it knows is in
 * the database, so it may die at any point: the next one goes on where this one was. This is its clockwork; a step that fails or
 * is slow is no other's matter.
 */
export class AlertDesk implements AlertOffice {
  readonly #deps: AlertDeskDeps;
  readonly #book: CaseBook;
  readonly #outbox: AlertOutbox;
  readonly #intake: AlertIntake;
  readonly #housekeeping: CaseHousekeeping;
  readonly #nextAt: Record<Chore, number> = { over: 0, incidents: 0, findings: 0, sizes: 0, prune: 0 };
  readonly #failing = new Set<DeskStep>();
  #options: AlertDeskOptions;
  #reviewed = false;
  /** Wall clock less monotonic clock, at the last turn. */
  #clockGap = -Infinity;
  #turn: Promise<void> | undefined;
  #chores: Promise<void> | undefined;
  #again = false;
  #closed = false;
  #cancel: (() => void) | undefined;

  constructor(options: AlertDeskOptions, deps: AlertDeskDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#outbox = new AlertOutbox(options.routes, { ...deps, onRoom: () => this.wake() });
    const onFull = (full: readonly FullQueue[]): void => this.#outbox.noteFull(full);
    this.#book = new CaseBook(options, { ...deps, onFull });
    const parts = { ...deps, book: this.#book, onFull };
    this.#housekeeping = new CaseHousekeeping(parts);
    this.#intake = new AlertIntake({
      ...parts,
      sendRaised: async (notice, id) => (await this.#outbox.sender(RAISED_ROUTE)?.sendNow(notice, id)) ?? false,
    });
  }

  /**
   * Other settings and routes from now on. What waits in the outbox is sent by the route of that name as it is now; what is under
   * way is brought to its end by the old one.
   */
  reconfigure(options: AlertDeskOptions): void {
    this.#options = options;
    this.#book.reconfigure(options);
    this.#outbox.reconfigure(options.routes);
    this.#reviewed = false;
    this.wake();
  }

  /** An alert that was raised just now, on its way to the database: where that does not take it, it is told from here. */
  raised(alert: Alert, incident: Incident | undefined): void {
    if (!this.#closed && this.routeNames.includes(RAISED_ROUTE)) this.#intake.raised(alert, incident);
  }

  /** Names of routes whose last try failed, or whose queue is full. */
  get failing(): readonly string[] {
    return this.#outbox.failing;
  }

  /** Steps of the desk's own work that failed when they were last tried, and `intake` while it passes alerts over. */
  get failingSteps(): readonly DeskStep[] {
    const passesOver = this.#intake.passedOver > 0;
    return [...new Set<DeskStep>([...this.#failing, ...(passesOver ? (["intake"] as const) : [])])];
  }

  get store(): AlertStore {
    return this.#deps.store;
  }

  get routeNames(): readonly string[] {
    return this.#outbox.routeNames;
  }

  /** There may be something to do. Never throws, never waits. */
  wake(): void {
    if (this.#closed) return;
    this.#chores ??= this.#doChores().finally(() => (this.#chores = undefined));
    if (this.#turn !== undefined) {
      this.#again = true;
      return;
    }
    this.#cancel?.();
    this.#again = false;
    this.#turn = this.#work().finally(() => {
      this.#turn = undefined;
      if (this.#again) this.wake();
      else this.#sleep();
    });
  }

  /** @returns The case as it is now; undefined: no such case. @throws GatewayError `store.*` */
  async acknowledge(id: string, by: string): Promise<AlertCase | undefined> {
    return this.#woken(this.#book.change(id, (of, { now }) => acknowledge(of, by, now)));
  }

  /** @returns As above. @throws GatewayError `store.*` */
  async closeCase(id: string, by: string): Promise<AlertCase | undefined> {
    return this.#woken(this.#book.change(id, (of, { now }) => closeCase(of, "by-hand", now, by)));
  }

  /** Also of one that is over. @throws GatewayError `store.*` */
  async markFalse(id: string, by: string, guards: readonly AlertGuard[]): Promise<AlertCase | undefined | "full"> {
    const of = await this.#deps.store.case(id);
    if (of === undefined) return undefined;
    const kept = guards.map((guard) => ({ ...guard, caseId: of.id }));
    return this.#woken(this.#book.changeAndGuard(of.id, kept, (each, { now }) => markFalse(each, by, now)));
  }

  /** @returns False: no such guard. @throws GatewayError `store.*` */
  async removeGuard(id: string): Promise<boolean> {
    const removed = await this.#deps.store.removeGuard(id);
    await this.#book.readGuards();
    return removed;
  }

  /** Tells one route something, now and outside the outbox. @returns Undefined: no such route. */
  async test(routeName: string): Promise<RouteReply | undefined> {
    const { clock, random } = this.#deps;
    const id = `test-${random.token(8)}`;
    return this.#outbox.sender(routeName)?.try(testNotice(id, clock.unix()), { id, attempt: 1 });
  }

  /** Waits a moment for what is under way; the rest is sent after the next start. Safe to call twice. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancel?.();
    this.#intake.close();
    const { clock } = this.#deps;
    const late = new Promise<void>((resolve) => void clock.callAt(monoMs(clock.mono() + CLOSE_MS), resolve));
    await Promise.race([Promise.all([this.#turn, this.#chores]), late]);
    await this.#outbox.close();
  }

  async #woken<T>(change: Promise<T>): Promise<T> {
    const after = await change;
    this.wake();
    return after;
  }

  #sleep(): void {
    if (this.#closed) return;
    const { clock } = this.#deps;
    this.#cancel = clock.callAt(monoMs(clock.mono() + POLL_MS), () => this.wake());
  }

  /** One turn: however much waits, what it has made is on its way before more is taken in. */
  async #work(): Promise<void> {
    if (!this.#reviewed || this.#isSetBack()) {
      // Before it: who reconfigures meanwhile wants another one.
      this.#reviewed = true;
      if (!(await this.#try("review", () => this.#review()))) this.#reviewed = false;
    }
    await this.#try("intake", async () => {
      if (await this.#intake.turn()) this.#again = true;
    });
    await this.#try("escalation", () => this.#housekeeping.escalateDue());
    await this.#try("delivery", () => this.#outbox.turn());
  }

  /** Beside the turns: a query over many cases may take its time. */
  async #doChores(): Promise<void> {
    const { store, clock, mayPrune } = this.#deps;
    const { keepMs } = this.#options;
    await this.#chore("over", () => this.#housekeeping.closeOver());
    // Those that are over have told their counts with their end.
    await this.#chore("incidents", () => this.#housekeeping.followIncidents());
    await this.#chore("findings", () => this.#housekeeping.followFindings());
    await this.#chore("sizes", async () => {
      // Marks of other gateways on the same database come along.
      await this.#book.readGuards();
      await this.#outbox.measure();
    });
    if (keepMs === 0 || mayPrune?.() === false) return;
    await this.#chore("prune", async () => {
      const before = unixMs(clock.unix() - keepMs);
      // What expires now can be seen among the dead letters until the next time.
      await store.pruneAlerts(before);
      await this.#outbox.expire(before);
    });
  }

  async #chore(name: Chore, work: () => Promise<void>): Promise<void> {
    const { clock } = this.#deps;
    if (this.#closed || clock.mono() < this.#nextAt[name]) return;
    const done = await this.#try(name, work);
    this.#nextAt[name] = clock.mono() + (done ? CHORES[name] : Math.min(CHORES[name], RETRY_CHORE_MS));
  }

  /** At the start, and when settings are others. */
  async #review(): Promise<void> {
    await this.#deps.store.reviewAll();
    await this.#book.readGuards();
    await this.#outbox.tellGone();
  }

  /** @returns Whether it was done. */
  async #try(step: DeskStep, work: () => Promise<void>): Promise<boolean> {
    if (this.#closed) return false;
    try {
      await work();
      this.#failing.delete(step);
      return true;
    } catch (error) {
      this.#noteFailure(step, error);
      return false;
    }
  }

  #noteFailure(step: DeskStep, error: unknown): void {
    const reason = error instanceof GatewayError ? error.code : "unknown";
    if (!this.#failing.has(step) && !this.#closed) this.#deps.log.error("alerts.desk-failed", { step, reason }, error);
    this.#failing.add(step);
  }

  #isSetBack(): boolean {
    const { clock } = this.#deps;
    const before = this.#clockGap;
    this.#clockGap = clock.unix() - clock.mono();
    return this.#clockGap < before - BACK_MS;
  }
}
