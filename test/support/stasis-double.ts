import { WebSocket } from "ws";
import type { Asterisk } from "./asterisk.js";

/** What it does with a channel that enters: sets RINGFENCE_SCREENING and lets it go on, lets it go on, or nothing at all. */
export type StasisManner = { readonly screening: string } | "goes-on" | "silent";

/** A Stasis application that does as it is told; knows nothing of the gateway's. */
export class StasisDouble {
  /** `application arguments`, as they came. */
  readonly entered: string[] = [];
  manner: StasisManner = "goes-on";
  readonly #asterisk: Asterisk;
  readonly #socket: WebSocket;

  constructor(asterisk: Asterisk, app = "ringfence") {
    this.#asterisk = asterisk;
    this.#socket = new WebSocket(`${asterisk.ariUrl.replace("http", "ws")}/events?app=${app}`, {
      headers: this.#headers,
    });
    this.#socket.on("message", (data: Buffer) => {
      const event = JSON.parse(data.toString()) as { type: string; args?: string[]; channel?: { id: string } };
      if (event.type === "StasisStart" && event.channel !== undefined)
        void this.#treat(event.channel.id, event.args ?? []);
    });
  }

  async open(): Promise<this> {
    await new Promise((resolve, reject) => this.#socket.once("open", resolve).once("error", reject));
    return this;
  }

  close(): void {
    this.#socket.terminate();
  }

  get #headers(): Record<string, string> {
    const { ariUser, ariPassword } = this.#asterisk;
    return { authorization: `Basic ${Buffer.from(`${ariUser}:${ariPassword}`).toString("base64")}` };
  }

  async #treat(channel: string, args: readonly string[]): Promise<void> {
    const { manner } = this;
    this.entered.push(args.join(" "));
    if (manner === "silent") return;
    if (manner !== "goes-on")
      await this.#post(`${channel}/variable?variable=RINGFENCE_SCREENING&value=${manner.screening}`);
    await this.#post(`${channel}/continue`);
  }

  async #post(path: string): Promise<void> {
    await fetch(`${this.#asterisk.ariUrl}/channels/${path}`, { method: "POST", headers: this.#headers });
  }
}
