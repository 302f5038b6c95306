import { WebSocket } from "ws";
import type { Asterisk } from "./asterisk.js";
import { until } from "./processes.js";

/** Which channels an Asterisk has, by its own events, seen beside the gateway by an application of its own. */
export class ChannelWitness {
  /** `performance.now()` when the last ChannelDestroyed came. */
  lastDestroyedAt = 0;
  readonly #live = new Set<string>();
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data: Buffer) => this.#take(data.toString("utf8")));
  }

  static async open({ ariUrl, ariUser, ariPassword }: Asterisk): Promise<ChannelWitness> {
    const app = "bench-witness";
    const authorization = `Basic ${btoa(`${ariUser}:${ariPassword}`)}`;
    const socket = new WebSocket(`${ariUrl.replace("http", "ws")}/events?app=${app}`, {
      headers: { authorization },
    });
    await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
    const allowed = [{ type: "ChannelCreated" }, { type: "ChannelDestroyed" }];
    for (const [method, path, body] of [
      ["PUT", "eventFilter", JSON.stringify({ allowed })],
      ["POST", "subscription?eventSource=channel:", undefined],
    ] as const) {
      const answer = await fetch(`${ariUrl}/applications/${app}/${path}`, {
        ...{ method, headers: { authorization, "content-type": "application/json" } },
        ...(body === undefined ? {} : { body }),
      });
      if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    }
    return new ChannelWitness(socket);
  }

  get live(): number {
    return this.#live.size;
  }

  /** @throws Error after `timeoutMs`. */
  allGone(timeoutMs: number): Promise<void> {
    return until("every channel to be destroyed", () => this.live === 0, timeoutMs);
  }

  close(): void {
    this.#socket.close();
  }

  #take(text: string): void {
    const { type, channel } = JSON.parse(text) as { type: string; channel?: { id: string } };
    if (channel === undefined) return;
    if (type === "ChannelCreated") this.#live.add(channel.id);
    if (type !== "ChannelDestroyed") return;
    this.#live.delete(channel.id);
    this.lastDestroyedAt = performance.now();
  }
}
