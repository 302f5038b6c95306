import { GatewayError } from "../../../core/errors.js";
import type { Log } from "../../../core/log.js";
import type { Counter, Metrics } from "../../../core/metrics.js";
import { isGone, type AriChannel, type AriEvent, type AriLink } from "../ari-contracts.js";
import { isInner } from "../watch/channel-kind.js";

/** Who takes calls that the dialplan sends with `Stasis(APP,WORD,…)`, by the word. */
export type StasisTakers = Readonly<Record<string, (channel: AriChannel, args: readonly string[]) => void>>;

export interface StasisDoorDeps {
  readonly link: AriLink;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** Where calls come in that the dialplan hands over. What nobody takes goes on in the dialplan at once. */
export class StasisDoor {
  readonly #takers: StasisTakers;
  readonly #deps: StasisDoorDeps;
  readonly #taken: Counter;
  #stop: () => void = () => undefined;

  constructor(takers: StasisTakers, deps: StasisDoorDeps) {
    this.#takers = takers;
    this.#deps = deps;
    this.#taken = deps.metrics.counter(
      "ringfence_ari_stasis_total",
      "Calls that a dialplan handed to the gateway, by what was asked for; other: nobody knows that word",
      ["server", "asked"],
    );
  }

  start(): void {
    this.#stop = this.#deps.link.onEvent((event) => this.#onEvent(event));
  }

  /** Safe to call twice. */
  close(): void {
    this.#stop();
  }

  #onEvent(event: AriEvent): void {
    const { type, channel } = event;
    if (type !== "StasisStart" || channel === undefined || isInner(channel)) return;
    const args: readonly unknown[] = Array.isArray(event["args"]) ? (event["args"] as unknown[]) : [];
    const words = args.map((arg) => (typeof arg === "string" ? arg : ""));
    const word = words[0] ?? "";
    const taker = Object.hasOwn(this.#takers, word) ? this.#takers[word] : undefined;
    this.#taken.labels(this.#deps.link.serverId, taker === undefined ? "other" : word).inc();
    if (taker === undefined) void letGo(this.#deps, channel.id);
    else taker(channel, words.slice(1));
  }
}

/** The call goes on in its dialplan. Never rejects: one that is gone does not need it. */
export async function letGo({ link, log }: Pick<StasisDoorDeps, "link" | "log">, channelId: string): Promise<void> {
  const path = `/channels/${encodeURIComponent(channelId)}/continue`;
  try {
    await link.request({ method: "POST", path, urgent: true });
  } catch (error) {
    if (isGone(error)) return;
    // Asterisk lets it go by itself when its time in the dialplan is over.
    const why = error instanceof GatewayError ? `${error.code}: ${error.message}` : "failed";
    log.warn("ari.not-continued", { server: link.serverId, why });
  }
}
