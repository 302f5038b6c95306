import type { Alert, Incident } from "../../../detection/index.js";
import type { Clock } from "../../core/clock.js";
import { monoMs, type MonoMs } from "../../core/time.js";
import type { AlertStore } from "../../ports/alert-store.js";

export interface LateAlertsDeps {
  readonly store: Pick<AlertStore, "case">;
  readonly clock: Clock;
  /** @returns Whether it was told. Never rejects. */
  readonly tell: (alert: Alert, incident: Incident | undefined) => Promise<boolean>;
}

interface Waiting {
  readonly alert: Alert;
  readonly incident: Incident | undefined;
  readonly since: MonoMs;
}

/** What the database has not taken for so long is asked after, ms. */
const LATE_MS = 5_000;
/** Alerts that are watched, and that are known to be told; of more the oldest are left to the outbox, which has them when it can. */
const MOST = 1_000;

/**
 * Alerts on their way to the database. While that is down they wait on disk and the outbox knows nothing of them: those that have
 * somebody to be told at once are told from memory, and not again when the database is back.
 */
export class LateAlerts {
  readonly #deps: LateAlertsDeps;
  readonly #waiting = new Map<string, Waiting>();
  readonly #told = new Set<string>();
  #cancel: (() => void) | undefined;
  #closed = false;

  constructor(deps: LateAlertsDeps) {
    this.#deps = deps;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  note(alert: Alert, incident: Incident | undefined): void {
    if (this.#closed || this.#told.has(alert.id)) return;
    this.#waiting.set(alert.id, { alert, incident, since: this.#deps.clock.mono() });
    dropOldest(this.#waiting);
    if (this.#cancel === undefined) this.#lookLater();
  }

  /** Whether it has been told already. */
  isTold(id: string): boolean {
    return this.#told.has(id);
  }

  /** The outbox has it, for good. */
  taken(id: string): void {
    this.#waiting.delete(id);
  }

  /** Safe to call twice. */
  close(): void {
    this.#closed = true;
    this.#cancel?.();
    this.#waiting.clear();
  }

  #lookLater(): void {
    const { clock } = this.#deps;
    this.#cancel = clock.callAt(monoMs(clock.mono() + LATE_MS), () => {
      void this.#look().then(() => {
        this.#cancel = undefined;
        if (!this.#closed && this.#waiting.size > 0) this.#lookLater();
      });
    });
  }

  async #look(): Promise<void> {
    const { store, clock } = this.#deps;
    const late = [...this.#waiting].filter(([, { since }]) => clock.mono() - since >= LATE_MS);
    for (const [id, each] of late) {
      // Another gateway on this database may have taken it.
      const isKnown = await store.case(id).then(
        (found) => found !== undefined,
        () => undefined,
      );
      if (isKnown === true) this.#waiting.delete(id);
      if (isKnown === undefined && this.#waiting.has(id) && !(await this.#tell(id, each))) return;
    }
  }

  async #tell(id: string, { alert, incident }: Waiting): Promise<boolean> {
    const isTold = await this.#deps.tell(alert, incident);
    if (!isTold) return false;
    this.#waiting.delete(id);
    this.#told.add(id);
    dropOldest(this.#told);
    return true;
  }
}

function dropOldest(of: Map<string, unknown> | Set<string>): void {
  if (of.size <= MOST) return;
  const [oldest] = of.keys();
  if (oldest !== undefined) of.delete(oldest);
}
