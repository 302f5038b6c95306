import type { Clock } from "../../core/clock.js";
import type { Log } from "../../core/log.js";
import type { Counter, Metrics } from "../../core/metrics.js";
import { monoMs } from "../../core/time.js";
import { isGone, type AriEvent, type AriLink, type AriRequest } from "./ari-contracts.js";
import type { InventoryUser, Stock } from "./inventory.js";
import { isOwnId, type OwnMarks } from "./own-marks.js";
import { nextTurn, Slices } from "./slices.js";

export interface LeftOverDeps {
  readonly link: AriLink;
  readonly marks: OwnMarks;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** Requests at a time: what is alive comes first. */
const AT_A_TIME = 4;
/** What fails is tried again after so long, ms; then with the next connect. */
const RETRIES_MS = [1_000, 5_000, 30_000, 120_000] as const;

/**
 * What a former process of ours left in an Asterisk: its channels and bridges are deleted, and callers that it had in hand
 * (`Stasis(APP)`) go on in their dialplan. Asked for at each connect, as an Asterisk may have been out of reach at our start. What fails is
 * tried again a few times.
 */
export class LeftOvers implements InventoryUser {
  readonly #deps: LeftOverDeps;
  readonly #removed: Counter;
  readonly #failed: Counter;
  /** Channels that have come to this process: theirs is whoever handles `StasisStart`. */
  readonly #taken = new Set<string>();
  /** Those of them that had come before Asterisk was asked what it has. */
  #takenBefore: readonly string[] = [];
  #round = 0;
  #stop = (): void => undefined;
  #cancelRetry = (): void => undefined;

  constructor(deps: LeftOverDeps) {
    this.#deps = deps;
    const counter = deps.metrics.counter(
      "ringfence_ari_left_overs_total",
      "Channels and bridges that a former process had left in an Asterisk; failed: tries",
      ["server", "result"],
    );
    this.#removed = counter.labels(deps.link.serverId, "removed");
    this.#failed = counter.labels(deps.link.serverId, "failed");
  }

  start(): void {
    this.#stop = this.#deps.link.onEvent((event) => this.#onEvent(event));
  }

  /** Safe to call twice. */
  close(): void {
    this.#stop();
    this.#round++;
    this.#cancelRetry();
  }

  onLoading(): void {
    this.#takenBefore = [...this.#taken];
  }

  async onStock({ channels, bridges }: Stock): Promise<void> {
    const { marks, clock } = this.#deps;
    const round = ++this.#round;
    this.#cancelRetry();
    const slices = new Slices(clock, () => round === this.#round);
    const there = new Set<string>();
    const people: AriRequest[] = [];
    const made: AriRequest[] = [];
    const left: AriRequest[] = [];
    const done =
      (await slices.each(channels, (channel) => {
        there.add(channel.id);
        if (this.#isStranded(channel))
          people.push({ method: "POST", path: `/channels/${encodeURIComponent(channel.id)}/continue` });
        else if (marks.isLeftOver(channel.id)) made.push(remove("channels", channel.id));
      })) &&
      (await slices.each(bridges, ({ id }) => {
        if (marks.isLeftOver(id)) left.push(remove("bridges", id));
      })) &&
      (await slices.each(this.#takenBefore, (id) => {
        if (!there.has(id)) this.#taken.delete(id);
      }));
    // People first.
    const orders = [...people, ...left, ...made];
    if (done && orders.length > 0) void this.#carryOut(orders, round, 0);
  }

  /** Somebody whom a former process had in hand. */
  #isStranded({ id, dialplan }: Stock["channels"][number]): boolean {
    return !isOwnId(id) && !this.#taken.has(id) && isInStasis(dialplan, this.#deps.link.app);
  }

  #onEvent({ type, channel }: AriEvent): void {
    if (channel === undefined) return;
    if (type === "StasisStart") this.#taken.add(channel.id);
    else if (type === "ChannelDestroyed" || type === "StasisEnd") this.#taken.delete(channel.id);
  }

  /** One request begins in a turn of the event loop: several, with their answers and events, would hold the thread on which calls are decided. */
  async #carryOut(orders: readonly AriRequest[], round: number, retries: number): Promise<void> {
    const { link, log, clock } = this.#deps;
    const underWay = new Set<Promise<void>>();
    const failed: AriRequest[] = [];
    for (const order of orders) {
      if (underWay.size >= AT_A_TIME) await Promise.race(underWay);
      await nextTurn(clock);
      // A later look has found what is still there.
      if (round !== this.#round) break;
      const one = this.#carryOutOne(order).then((done) => {
        underWay.delete(one);
        if (!done) failed.push(order);
      });
      underWay.add(one);
    }
    await Promise.all(underWay);
    log.info("ari.left-overs", { server: link.serverId, found: orders.length, failed: failed.length });
    const afterMs = RETRIES_MS[retries];
    if (failed.length === 0 || afterMs === undefined || round !== this.#round) return;
    const again = (): void => void this.#carryOut(failed, round, retries + 1);
    this.#cancelRetry = clock.callAt(monoMs(clock.mono() + afterMs), again);
  }

  /** @returns False: it failed. */
  async #carryOutOne(order: AriRequest): Promise<boolean> {
    try {
      await this.#deps.link.request(order);
      this.#removed.inc();
    } catch (error) {
      if (isGone(error)) return true;
      this.#failed.inc();
      return false;
    }
    return true;
  }
}

const remove = (kind: "bridges" | "channels", id: string): AriRequest => ({
  method: "DELETE",
  path: `/${kind}/${encodeURIComponent(id)}`,
});

function isInStasis(
  { app_name: name, app_data: data = "" }: Stock["channels"][number]["dialplan"],
  app: string,
): boolean {
  return name === "Stasis" && (data === app || data.startsWith(`${app},`));
}
