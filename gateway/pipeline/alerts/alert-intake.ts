import {
  noticeOf,
  takeAlert,
  type Alert,
  type AlertCase,
  type AlertNotice,
  type Incident,
  type UnixMs,
} from "../../../detection/index.js";
import type { Clock } from "../../core/clock.js";
import { GatewayError } from "../../core/errors.js";
import type { Log } from "../../core/log.js";
import type { Random } from "../../core/random.js";
import type { AlertStore, CaseChange, FullQueue } from "../../ports/alert-store.js";
import type { CaseBook } from "./case-book.js";
import { LateAlerts } from "./late-alerts.js";

/** The route that is told of alerts as they are raised, and not of cases: `webhook.alertUrl`. No other can be called so. */
export const RAISED_ROUTE = "webhook.alertUrl";

/** Alerts that one transaction sorts: others who ask the embedded database wait for its end. */
const INTAKE = 10;
/** Alerts that are passed over. With more it is not theirs, and intake fails. */
const MOST_PASSED_OVER = 100;

type Decide = Parameters<AlertStore["takeIn"]>[2];

export interface AlertIntakeDeps {
  readonly store: AlertStore;
  readonly book: CaseBook;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly onFull: (full: readonly FullQueue[]) => void;
  /** Tells `RAISED_ROUTE` past the outbox. @returns Whether it was sent. Never rejects. */
  readonly sendRaised: (notice: AlertNotice, id: string) => Promise<boolean>;
}

/** Sorts alerts into cases as they come to the database, and tells the raised route of each. */
export class AlertIntake {
  readonly #deps: AlertIntakeDeps;
  readonly #late: LateAlerts;
  readonly #passedOver = new Set<string>();

  constructor(deps: AlertIntakeDeps) {
    this.#deps = deps;
    this.#late = new LateAlerts({ ...deps, tell: (alert, incident) => this.#tell(alert, incident) });
  }

  /** An alert that was raised just now, on its way to the database: where that does not take it, it is told from here. */
  raised(alert: Alert, incident: Incident | undefined): void {
    this.#late.note(alert, incident);
  }

  /** Alerts that could not be sorted, by a fault of their own or of ours: tried again after the next start. */
  get passedOver(): number {
    return this.#passedOver.size;
  }

  /** Takes in the next ones. @returns Whether there may be more. @throws GatewayError `store.*` */
  async turn(): Promise<boolean> {
    const { store, clock, onFull } = this.#deps;
    const now = clock.unix();
    const seen: string[] = [];
    let fault: unknown;
    const decide = (...[alert, incident, current]: Parameters<Decide>): CaseChange => {
      seen.push(alert.id);
      try {
        return this.#changeOf(alert, incident, current, now);
      } catch (error) {
        fault = error;
        throw error;
      }
    };
    try {
      const taken = await store.takeIn(INTAKE, now, decide, onFull, [...this.#passedOver]);
      for (const id of seen) this.#late.taken(id);
      return taken === INTAKE;
    } catch (error) {
      const isOfAlert = fault !== undefined || (error instanceof GatewayError && error.code === "store.rejected");
      const last = seen.at(-1);
      if (!isOfAlert || last === undefined || this.#passedOver.size >= MOST_PASSED_OVER) throw error;
      this.#passOver(last, error);
      return true;
    }
  }

  /** Safe to call twice. */
  close(): void {
    this.#late.close();
  }

  #changeOf(...[alert, incident, current, now]: [...Parameters<Decide>, UnixMs]): CaseChange {
    const { book, random } = this.#deps;
    const step = takeAlert(current, alert, incident, book.context(now), `case-${random.token(8)}`);
    const change = book.changeOf(step, now);
    const raised = this.#late.isTold(alert.id) ? [] : this.#deliveryOf(step.after, alert, incident, now);
    return { ...change, deliveries: [...change.deliveries, ...raised] };
  }

  /** Or it would keep all others, for ever. */
  #passOver(alert: string, error: unknown): void {
    this.#passedOver.add(alert);
    const reason = error instanceof GatewayError ? error.code : "unknown";
    this.#deps.log.error("alerts.not-sorted", { alert, reason }, error);
  }

  #deliveryOf(after: AlertCase, alert: Alert, incident: Incident | undefined, now: UnixMs): CaseChange["deliveries"] {
    const route = this.#deps.book.options.routes.find(({ name }) => name === RAISED_ROUTE);
    if (route === undefined || alert.finding?.isPast === true) return [];
    const notice = raisedNotice(after, alert, incident, now);
    return [{ route: route.name, maxQueue: route.maxQueue, own: { id: alert.id, notice } }];
  }

  /** Past the outbox, as the database does not answer. */
  #tell(alert: Alert, incident: Incident | undefined): Promise<boolean> {
    const { book, clock, sendRaised } = this.#deps;
    const now = clock.unix();
    const { after } = takeAlert(undefined, alert, incident, book.context(now), alert.id);
    return sendRaised(raisedNotice(after, alert, incident, now), alert.id);
  }
}

const raisedNotice = (of: AlertCase, alert: Alert, incident: Incident | undefined, now: UnixMs): AlertNotice => ({
  ...noticeOf(of, "opened", now),
  raised: { alert, ...(incident && { incident }) },
});
