import type { AlertNotice, AlertSettings } from "../../detection/index.js";
import { silentLog, type Log } from "../../gateway/core/log.js";
import { noMetrics } from "../../gateway/core/metrics.js";
import { AlertDesk, type AlertDeskOptions } from "../../gateway/pipeline/alerts/alert-desk.js";
import { RAISED_ROUTE } from "../../gateway/pipeline/alerts/alert-intake.js";
import type { DeskRoute } from "../../gateway/pipeline/alerts/route-sender.js";
import type { AlertDelivery, RouteReply } from "../../gateway/ports/alert-route.js";
import type { AlertStore } from "../../gateway/ports/alert-store.js";
import { FakeClock } from "./fake-clock.js";
import { MemoryStoreWithAlerts } from "./memory-alert-store.js";
import { sampleAlert, sampleIncident } from "./records.js";

export const ALERT_SETTINGS: AlertSettings = {
  groupMs: 900_000,
  updateEveryMs: 60_000,
  closeAfterQuietMs: 86_400_000,
  maintenance: [],
  suppress: [],
  escalation: [],
  teams: [],
};

export interface SentNotice extends AlertDelivery {
  readonly route: string;
  readonly notice: AlertNotice;
}

/** Lets promises that are settled go on, however many steps they take. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** A desk on a store in memory and a clock that stands still, with routes that note what they are given. */
export class AlertDeskScene {
  readonly store: MemoryStoreWithAlerts;
  readonly clock: FakeClock;
  readonly sent: SentNotice[] = [];
  readonly closedRoutes: string[] = [];
  /** What routes answer. */
  reply: (route: string) => RouteReply | Promise<RouteReply> = () => ({ kind: "sent" });
  readonly desk: AlertDesk;
  #ids = 0;

  /** @param before What is kept and the time go on from there: after a restart. */
  constructor(
    settings: Partial<AlertSettings> = {},
    routes?: readonly DeskRoute[],
    { before, log = silentLog }: { readonly before?: AlertDeskScene; readonly log?: Log } = {},
  ) {
    this.store = before?.store ?? new MemoryStoreWithAlerts();
    this.clock = before?.clock ?? new FakeClock();
    this.#ids = before === undefined ? 0 : 1_000;
    this.desk = this.deskOn(this.store.alertCases, settings, routes, log);
  }

  /** Another one on a store that a test has its hands in. */
  deskOn(
    store: AlertStore,
    settings: Partial<AlertSettings> = {},
    routes?: readonly DeskRoute[],
    log = silentLog,
  ): AlertDesk {
    const random = { token: () => `id-${++this.#ids}`, next: () => 1 };
    const deps = { store, clock: this.clock, random, metrics: noMetrics, log };
    return new AlertDesk(this.options(settings, routes), deps);
  }

  options(
    settings: Partial<AlertSettings> = {},
    routes: readonly DeskRoute[] = [this.route("hook")],
  ): AlertDeskOptions {
    return { settings: { ...ALERT_SETTINGS, ...settings }, routes, keepMs: 0 };
  }

  route(name: string, change: Partial<DeskRoute> = {}): DeskRoute {
    return {
      ...{ name, rules: [], called: [], trunks: [], teams: [], minSeverity: "low", maskNumbers: "none" },
      ...{
        attempts: 3,
        giveUpMs: 3_600_000,
        retryFirstMs: 1_000,
        retryMostMs: 10_000,
        concurrency: 1,
        maxQueue: 100,
        timeoutMs: 1_000,
      },
      events: ["opened", "updated", "escalated", "acknowledged", "closed", "false-positive"],
      ...change,
      route: {
        send: async (notice, delivery) => {
          this.sent.push({ ...delivery, route: name, notice });
          return this.reply(name);
        },
        close: () => Promise.resolve(void this.closedRoutes.push(name)),
      },
    };
  }

  /** What routes were told, as `route event`. */
  get told(): readonly string[] {
    return this.sent.map(({ route, notice }) => `${route} ${notice.event}`);
  }

  /** Work is done, and time goes on by so much, in steps of a second at most. */
  async pass(ms = 0): Promise<void> {
    this.desk.wake();
    await settled();
    for (let left = ms; left > 0; left -= 1_000) {
      this.clock.advance(Math.min(left, 1_000));
      await settled();
    }
  }

  /** The same for long times: the desk is woken once at their end. */
  async leap(ms: number): Promise<void> {
    this.clock.advance(ms);
    await this.pass(1_000);
  }
}

/** A masking attack is alerted about: told to the desk, and written. */
export async function raise(scene: AlertDeskScene, index = 1): Promise<void> {
  const alert = sampleAlert(index, { called: `+1202555010${index}` as never, detectedAt: scene.clock.unix() });
  const incident = sampleIncident(index, { id: alert.incidentId, state: "open" });
  scene.desk.raised(alert, incident);
  await scene.store
    .write([
      { kind: "incident", incident },
      { kind: "alert", alert },
    ])
    .catch(() => undefined);
}

/** The process is killed and another one goes on with what is kept. */
export async function restarted(
  before: AlertDeskScene,
  ...[settings, routes]: [
    ConstructorParameters<typeof AlertDeskScene>[0]?,
    ConstructorParameters<typeof AlertDeskScene>[1]?,
  ]
): Promise<AlertDeskScene> {
  await before.desk.close();
  return new AlertDeskScene(settings, routes, { before });
}

/** As `webhook.alertUrl` makes them. */
export const withRaised = (scene: AlertDeskScene) => [scene.route("hook"), scene.route(RAISED_ROUTE, { events: [] })];
