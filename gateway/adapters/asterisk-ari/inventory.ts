import type { Clock } from "../../core/clock.js";
import type { Log } from "../../core/log.js";
import { monoMs } from "../../core/time.js";
import type { AriBridge, AriChannel, AriLink } from "./ari-contracts.js";
import { nextTurn } from "./slices.js";

/** What an Asterisk has at one moment. */
export interface Stock {
  readonly channels: readonly AriChannel[];
  readonly bridges: readonly AriBridge[];
}

export interface InventoryUser {
  /** Asked for: events that come from now on are newer than some of it, or the same. */
  onLoading?(): void;
  /** It did not answer: it will be asked again later, and told of by `onLoading`. What came meanwhile need not be kept. */
  onNotLoaded?(): void;
  /** Must not throw. @returns When all that must not be done in one turn of the event loop is done; the next user's turn is then. */
  onStock(stock: Stock): Promise<void>;
}

/** Tries in a row; then it is left alone for some time. */
const ATTEMPTS = 8;
const RETRY_FIRST_MS = 250;
const RETRY_MOST_MS = 10_000;
const AGAIN_MS = 60_000;

/** Asks an Asterisk for its channels and bridges whenever its events begin to come, or begin again. */
export class Inventory {
  readonly #link: AriLink;
  readonly #deps: { readonly clock: Clock; readonly log: Log };
  readonly #users: readonly InventoryUser[];
  #round = 0;
  #abort = new AbortController();
  #stops: readonly (() => void)[] = [];

  constructor(link: AriLink, users: readonly InventoryUser[], deps: { readonly clock: Clock; readonly log: Log }) {
    this.#link = link;
    this.#users = users;
    this.#deps = deps;
  }

  start(): void {
    this.#stops = [this.#link.onUp(() => void this.#load()), this.#link.onDown(() => this.#cancel())];
  }

  /** Safe to call twice. */
  close(): void {
    for (const stop of this.#stops) stop();
    this.#cancel();
  }

  #cancel(): void {
    this.#round++;
    this.#abort.abort();
  }

  /** Until it has answered, or is out of reach. */
  async #load(): Promise<void> {
    this.#cancel();
    const round = this.#round;
    const { signal } = (this.#abort = new AbortController());
    for (;;) {
      for (const user of this.#users) user.onLoading?.();
      const stock = await this.#tryToAsk(signal);
      if (round !== this.#round) return;
      if (stock !== undefined) return this.#handOut(stock, round);
      for (const user of this.#users) user.onNotLoaded?.();
      this.#deps.log.error("ari.no-inventory", { server: this.#link.serverId, attempts: ATTEMPTS });
      await this.#pause(AGAIN_MS, signal);
      if (round !== this.#round) return;
    }
  }

  /** @returns Undefined: it did not answer, or it is of no use any more. */
  async #tryToAsk(signal: AbortSignal): Promise<Stock | undefined> {
    const isOver = (): boolean => signal.aborted;
    for (let attempt = 0; attempt < ATTEMPTS && !isOver(); attempt++) {
      const stock = await this.#ask(signal);
      if (stock !== undefined) return stock;
      if (attempt < ATTEMPTS - 1) await this.#pause(Math.min(RETRY_FIRST_MS * 2 ** attempt, RETRY_MOST_MS), signal);
    }
    return undefined;
  }

  /** One after the other: what takes each of them a slice would together be a long turn. */
  async #handOut(stock: Stock, round: number): Promise<void> {
    for (const user of this.#users) {
      if (round !== this.#round) return;
      await user
        .onStock(stock)
        .catch((cause: unknown) => this.#deps.log.error("ari.stock-not-taken", { server: this.#link.serverId }, cause));
      await nextTurn(this.#deps.clock);
    }
  }

  async #ask(signal: AbortSignal): Promise<Stock | undefined> {
    try {
      const [channels, bridges] = await Promise.all([
        this.#link.request({ method: "GET", path: "/channels" }, signal),
        this.#link.request({ method: "GET", path: "/bridges" }, signal),
      ]);
      if (!Array.isArray(channels) || !Array.isArray(bridges)) return undefined;
      return { channels: channels as AriChannel[], bridges: bridges as AriBridge[] };
    } catch {
      return undefined;
    }
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    return new Promise((resolve) => {
      const settle = (): void => {
        cancel();
        signal.removeEventListener("abort", settle);
        resolve();
      };
      const cancel = clock.callAt(monoMs(clock.mono() + ms), settle);
      signal.addEventListener("abort", settle);
      if (signal.aborted) settle();
    });
  }
}
