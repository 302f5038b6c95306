import type { Clock } from "../../../core/clock.js";
import { GatewayError } from "../../../core/errors.js";
import type { Log } from "../../../core/log.js";
import { monoMs } from "../../../core/time.js";
import { isGone, refusalOf, type AriEvent, type AriLink, type AriRequest } from "../ari-contracts.js";
import type { OwnMarks } from "../own-marks.js";
import { readVariable } from "./channel-variables.js";

export interface OwnObjectsOptions {
  /** A channel of ours that has not come into Stasis by then is given up, ms. */
  readonly startTimeoutMs: number;
  /** Deleting is tried so often, and once more whenever the Asterisk is there again. */
  readonly deleteAttempts: number;
  readonly deleteRetryMs: number;
  /** Objects that could not be deleted and are remembered for that; more are left to the next process. */
  readonly maxLeft: number;
  /** What was ordered without an answer may be made so much later, ms: it is deleted when its event comes, and once more then. */
  readonly doubtMs: number;
}

export const DEFAULT_OWN_OBJECTS: OwnObjectsOptions = {
  startTimeoutMs: 3_000,
  deleteAttempts: 3,
  deleteRetryMs: 1_000,
  maxLeft: 10_000,
  doubtMs: 30_000,
};

/** ARI events that are used here. */
export const OWN_EVENTS = ["StasisStart", "ChannelDestroyed", "BridgeCreated"] as const;

export interface OwnObjectsDeps {
  readonly link: AriLink;
  /** What is left after a crash is known by them. */
  readonly marks: OwnMarks;
  readonly clock: Clock;
  readonly log: Log;
}

export interface SnoopOrder {
  readonly channelId: string;
  readonly spy: "in" | "out" | "none";
  readonly whisper: "in" | "out" | "none";
}

export interface ExternalMedia {
  readonly id: string;
  /** What Asterisk says of it beside. */
  readonly variables: Readonly<Record<string, string | undefined>>;
}

interface Waiting {
  readonly started: () => void;
  readonly failed: (why: GatewayError) => void;
}

/** Arguments of our own channels in Stasis: what the dialplan sends has others. */
export const OWN_CHANNEL = "own";

/**
 * Channels and bridges of ours on one Asterisk. Each is named after this process; what is made is deleted by whoever made it, and
 * deleting does not give up.
 */
export class OwnObjects {
  readonly #options: OwnObjectsOptions;
  readonly #deps: OwnObjectsDeps;
  readonly #waiting = new Map<string, Waiting>();
  /** Paths still to be deleted. */
  readonly #left = new Set<string>();
  /** What was ordered without an answer, by id. */
  readonly #doubtful = new Map<string, { readonly path: string; readonly cancel: () => void }>();
  readonly #stop: readonly (() => void)[];
  #closed = false;

  constructor(options: OwnObjectsOptions, deps: OwnObjectsDeps) {
    this.#options = options;
    this.#deps = deps;
    const { link } = deps;
    this.#stop = [link.onEvent((event) => this.#onEvent(event)), link.onUp(() => this.#deleteLeft())];
  }

  /** Objects that wait for being deleted again. */
  get left(): number {
    return this.#left.size;
  }

  /**
   * @returns Id of a channel that hears another one, or speaks into it, without touching it; it is in Stasis.
   * @throws GatewayError `ari.unavailable`, `ari.rejected`
   */
  async snoop({ channelId, spy, whisper }: SnoopOrder): Promise<string> {
    const id = this.#deps.marks.next("snoop");
    const path = `/channels/${encodeURIComponent(channelId)}/snoop/${encodeURIComponent(id)}`;
    const query = { app: this.#deps.link.app, appArgs: OWN_CHANNEL, spy, whisper };
    await this.#started(id, { method: "POST", path, query });
    return id;
  }

  /**
   * A channel of external media, in Stasis.
   * @param order Parameters of `POST /channels/externalMedia`. Some are secrets, and none goes into the URL.
   * @param onMade It is there and waits for something: before it comes into Stasis.
   * @throws GatewayError `ari.unavailable`, `ari.rejected`; what `onMade` throws
   */
  async externalMedia(
    order: Readonly<Record<string, string>>,
    onMade?: (made: ExternalMedia) => Promise<void>,
  ): Promise<ExternalMedia> {
    const id = this.#deps.marks.next("media");
    // `data`: as `appArgs` of a channel that is made in this way.
    const body = { data: OWN_CHANNEL, ...order, channelId: id, app: this.#deps.link.app, direction: "both" };
    const mediaOf = (answer: unknown): ExternalMedia => ({ id, variables: variablesOf(answer) });
    const request: AriRequest = { method: "POST", path: "/channels/externalMedia", body };
    return mediaOf(await this.#started(id, request, onMade && ((answer) => onMade(mediaOf(answer)))));
  }

  /** @returns Undefined: it is not set, or it could not be asked for. */
  variable(channelId: string, name: string): Promise<string | undefined> {
    return readVariable(this.#deps.link, channelId, name);
  }

  /** @returns Id of a bridge with those channels in it. @throws GatewayError `ari.unavailable`, `ari.rejected` */
  async bridge(channels: readonly string[]): Promise<string> {
    const { link, marks } = this.#deps;
    const id = marks.next("bridge");
    const own = `/bridges/${encodeURIComponent(id)}`;
    try {
      await link.request({ method: "POST", path: "/bridges", query: { type: "mixing", bridgeId: id, name: id } });
    } catch (error) {
      this.#giveUp(id, own, error);
      throw error;
    }
    try {
      await link.request({ method: "POST", path: `${own}/addChannel`, query: { channel: channels.join(",") } });
    } catch (error) {
      void this.deleteBridge(id);
      throw error;
    }
    return id;
  }

  /** Never rejects. */
  delete(channelId: string): Promise<void> {
    return this.#delete(`/channels/${encodeURIComponent(channelId)}`);
  }

  /** Never rejects. */
  deleteBridge(bridgeId: string): Promise<void> {
    return this.#delete(`/bridges/${encodeURIComponent(bridgeId)}`);
  }

  close(): void {
    this.#closed = true;
    for (const stop of this.#stop) stop();
    for (const { cancel } of this.#doubtful.values()) cancel();
    this.#doubtful.clear();
    for (const { failed } of [...this.#waiting.values()]) failed(new GatewayError("ari.unavailable", "closing"));
  }

  /** Both the answer and StasisStart, in whatever order: before that a channel cannot be put into a bridge (422). */
  async #started(id: string, order: AriRequest, onMade?: (answer: unknown) => Promise<void>): Promise<unknown> {
    const { link, clock } = this.#deps;
    const { startTimeoutMs } = this.#options;
    let over = (): void => undefined;
    const inStasis = new Promise<void>((resolve, reject) => {
      this.#waiting.set(id, { started: resolve, failed: reject });
      const late = new GatewayError("ari.unavailable", "a channel of ours did not start in time");
      const cancel = clock.callAt(monoMs(clock.mono() + startTimeoutMs), () => reject(late));
      over = () => {
        cancel();
        this.#waiting.delete(id);
      };
    });
    inStasis.catch(() => undefined);
    let isAnswered = false;
    try {
      const made = await link.request(order);
      isAnswered = true;
      await onMade?.(made);
      await inStasis;
      return made;
    } catch (error) {
      if (isAnswered) void this.delete(id);
      else this.#giveUp(id, `/channels/${encodeURIComponent(id)}`, error);
      throw error;
    } finally {
      over();
    }
  }

  /** It may have been made all the same, or may yet be: Asterisk reads an order also when we wait for its answer no longer. */
  #giveUp(id: string, path: string, error: unknown): void {
    void this.#delete(path);
    if (refusalOf(error) !== undefined || this.#closed || this.#doubtful.size >= this.#options.maxLeft) return;
    const { clock } = this.#deps;
    const cancel = clock.callAt(monoMs(clock.mono() + this.#options.doubtMs), () => this.#deleteDoubtful(id));
    this.#doubtful.set(id, { path, cancel });
  }

  #deleteDoubtful(id: string): void {
    const doubtful = this.#doubtful.get(id);
    if (doubtful === undefined) return;
    doubtful.cancel();
    this.#doubtful.delete(id);
    void this.#delete(doubtful.path);
  }

  #onEvent({ type, channel, bridge }: AriEvent): void {
    if (type === "StasisStart" || type === "BridgeCreated") this.#deleteDoubtful(channel?.id ?? bridge?.id ?? "");
    if (channel === undefined) return;
    const waiting = this.#waiting.get(channel.id);
    if (waiting === undefined) return;
    if (type === "StasisStart") waiting.started();
    else if (type === "ChannelDestroyed") waiting.failed(new GatewayError("ari.rejected", "a channel of ours ended"));
  }

  async #delete(path: string): Promise<void> {
    const { link, clock, log } = this.#deps;
    for (let attempt = 1; ; attempt++) {
      try {
        await link.request({ method: "DELETE", path });
        this.#left.delete(path);
        return;
      } catch (error) {
        if (isGone(error)) {
          this.#left.delete(path);
          return;
        }
        if (this.#left.size < this.#options.maxLeft) this.#left.add(path);
        if (attempt >= this.#options.deleteAttempts || this.#closed) {
          log.warn("ari.not-deleted", { left: this.#left.size });
          return;
        }
        await new Promise<void>((go) => void clock.callAt(monoMs(clock.mono() + this.#options.deleteRetryMs), go));
      }
    }
  }

  #deleteLeft(): void {
    for (const path of [...this.#left]) void this.#delete(path);
  }
}

function variablesOf(answer: unknown): ExternalMedia["variables"] {
  const said = (answer as { readonly channelvars?: unknown } | undefined)?.channelvars;
  if (typeof said !== "object" || said === null) return {};
  return Object.fromEntries(Object.entries(said).map(([name, value]) => [name, String(value)]));
}
