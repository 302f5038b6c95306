import type { Speaker } from "../../../../detection/index.js";
import { GatewayError } from "../../../core/errors.js";
import type { EarFormat, MediaLine, MediaPath } from "./media-path.js";
import type { OwnObjects } from "./own-objects.js";

export interface EarDeps {
  readonly objects: OwnObjects;
  readonly path: MediaPath;
}

export interface EarOrder {
  /** The call, opened before. */
  readonly callId: string;
  readonly speaker: Speaker;
  readonly channelId: string;
  /** What comes from that channel's telephone, or what it is given to hear. */
  readonly side: "in" | "out";
  readonly format: EarFormat;
}

/**
 * One speaker of a call, heard without the call being touched: snoop channel → bridge → external media → us. Whatever fails, and
 * whenever it is closed, nothing is left behind.
 */
export class Ear {
  readonly #order: EarOrder;
  readonly #deps: EarDeps;
  readonly #line: MediaLine;
  #bridge: string | undefined;
  #snoop: string | undefined;
  #closed: Promise<void> | undefined;

  constructor(order: EarOrder, deps: EarDeps) {
    this.#order = order;
    this.#deps = deps;
    this.#line = deps.path.hear(order);
  }

  /** Its channels in Asterisk. */
  get channels(): readonly string[] {
    return [this.#line.channelId, this.#snoop].filter((id) => id !== undefined);
  }

  /**
   * Once.
   * @throws GatewayError `media.full`: nobody listens to the call, or no room; `media.unavailable`: no port, no connection, or it was
   * closed meanwhile; `ari.unavailable`, `ari.rejected`
   */
  async open(): Promise<void> {
    try {
      await this.#open();
    } catch (error) {
      await this.close();
      await this.#deleteMade();
      throw error;
    }
  }

  /** Our side in the same turn; Asterisk's takes a while. Never rejects. Safe to call twice. */
  close(): Promise<void> {
    this.#closed ??= this.#deleteMade();
    return this.#closed;
  }

  async #open(): Promise<void> {
    const { objects } = this.#deps;
    const { channelId, side } = this.#order;
    const [media, snoop] = await Promise.allSettled([
      this.#line.open(),
      objects.snoop({ channelId, spy: side, whisper: "none" }),
    ]);
    if (snoop.status === "fulfilled") this.#snoop = snoop.value;
    if (media.status === "rejected") throw media.reason as GatewayError;
    if (snoop.status === "rejected") throw snoop.reason as GatewayError;
    this.#checkOpen();
    this.#bridge = await objects.bridge([media.value, snoop.value]);
    this.#checkOpen();
  }

  #checkOpen(): void {
    if (this.#closed !== undefined) throw new GatewayError("media.unavailable", "closed while it was being opened");
  }

  async #deleteMade(): Promise<void> {
    const { objects } = this.#deps;
    const [bridge, snoop] = [this.#bridge, this.#snoop];
    this.#bridge = undefined;
    this.#snoop = undefined;
    await Promise.all([
      this.#line.close(),
      ...(bridge === undefined ? [] : [objects.deleteBridge(bridge)]),
      ...(snoop === undefined ? [] : [objects.delete(snoop)]),
    ]);
  }
}
