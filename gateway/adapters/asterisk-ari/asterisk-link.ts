import type { Clock } from "../../core/clock.js";
import type { Log } from "../../core/log.js";
import type { Metrics } from "../../core/metrics.js";
import type { Random } from "../../core/random.js";
import type { ComponentHealth } from "../../ports/gateway-control.js";
import type { WebSocketDialer } from "../../ports/web-socket.js";
import type { AriEvent, AriLink, AriRequest } from "./ari-contracts.js";
import { linkMetrics, type LinkMetrics } from "./link-metrics.js";
import { AriRest, DEFAULT_ARI_REST, type AriRestOptions } from "./ari-rest.js";
import { DEFAULT_EVENT_INTAKE, EventIntake, type EventIntakeOptions } from "./event-intake.js";
import { DEFAULT_EVENT_SOCKET, EventSocket, type EventSocketOptions } from "./event-socket.js";
import { Listeners } from "./listeners.js";

export interface AsteriskLinkOptions {
  readonly serverId: string;
  readonly app: string;
  /** `http://HOST:PORT/ari` */
  readonly ariUrl: string;
  readonly username: string;
  readonly password: string;
  readonly requestTimeoutMs: number;
  /** The types of events that are used; Asterisk does not send others. */
  readonly events: readonly string[];
  readonly rest?: Partial<Pick<AriRestOptions, "maxAtATime" | "maxWaiting" | "maxAnswerBytes">>;
  readonly socket?: Partial<EventSocketOptions>;
  readonly intake?: Partial<EventIntakeOptions>;
}

export interface AsteriskLinkDeps {
  readonly dialer: WebSocketDialer;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** Somebody else has connected with our application's name: from now on they get its events, and this socket nothing. */
const REPLACED = "ApplicationReplaced";
/** Of a resource without an id: all of it. */
const EVENT_SOURCES = "channel:,bridge:";

/** One Asterisk over ARI: REST by fetch, events over a WebSocket that is opened again whenever it closes. */
export class AsteriskLink implements AriLink {
  readonly serverId: string;
  readonly app: string;
  readonly #options: AsteriskLinkOptions;
  readonly #rest: AriRest;
  readonly #socket: EventSocket;
  readonly #intake: EventIntake;
  readonly #metrics: LinkMetrics;
  readonly #log: Log;
  readonly #events: Listeners<AriEvent>;
  readonly #ups: Listeners<void>;
  readonly #downs: Listeners<void>;

  constructor(options: AsteriskLinkOptions, deps: AsteriskLinkDeps) {
    this.serverId = options.serverId;
    this.app = options.app;
    this.#options = options;
    this.#log = deps.log.child({ server: options.serverId });
    this.#metrics = linkMetrics(deps.metrics, options.serverId);
    const { ariUrl: baseUrl, username, password, requestTimeoutMs: timeoutMs } = options;
    this.#rest = new AriRest(
      { ...DEFAULT_ARI_REST, ...options.rest, baseUrl, username, password, timeoutMs },
      deps.clock,
    );
    this.#events = new Listeners(this.#log);
    this.#ups = new Listeners(this.#log);
    this.#downs = new Listeners(this.#log);
    this.#intake = new EventIntake(
      { ...DEFAULT_EVENT_INTAKE, ...options.intake },
      {
        onEvent: (event) => this.#onEvent(event),
        onBad: () => this.#metrics.badEvents.inc(),
        onLost: (count) => this.#onLost(count),
      },
      deps.clock,
    );
    this.#socket = new EventSocket(
      { ...DEFAULT_EVENT_SOCKET, ...options.socket, ...options },
      {
        subscribe: () => this.#subscribe(),
        onText: (text) => this.#intake.push(text),
        onUp: () => this.#onUp(),
        onDown: () => this.#onDown(),
      },
      { ...deps, log: this.#log },
    );
    deps.metrics.onScrape(() => this.#metrics.up.set(this.up ? 1 : 0));
  }

  get up(): boolean {
    return this.#socket.up;
  }

  get heardAtMs(): number | undefined {
    return this.#socket.heardAtMs;
  }

  /** Begins to connect, and goes on until `close`. */
  start(): void {
    this.#socket.start();
  }

  async request(order: AriRequest, signal?: AbortSignal): Promise<unknown> {
    try {
      const answer = await this.#rest.request(order, signal);
      this.#metrics.answered.inc();
      return answer;
    } catch (error) {
      this.#metrics.failed(error).inc();
      throw error;
    }
  }

  onEvent(listener: (event: AriEvent) => void): () => void {
    return this.#events.add(listener);
  }

  onUp(listener: () => void): () => void {
    return this.#ups.add(listener);
  }

  onDown(listener: () => void): () => void {
    return this.#downs.add(listener);
  }

  health(): ComponentHealth {
    const detail = this.up ? `connected, ${this.#rest.waiting} requests wait` : this.#socket.trouble;
    return { name: `asterisk:${this.serverId}`, ok: this.up, vital: false, detail };
  }

  /** Safe to call twice. */
  close(): void {
    this.#socket.close();
    this.#intake.clear();
    this.#rest.close();
  }

  #onUp(): void {
    this.#metrics.connects.inc();
    this.#ups.tell();
  }

  #onDown(): void {
    this.#intake.clear();
    this.#downs.tell();
  }

  #onEvent(event: AriEvent): void {
    this.#metrics.events.inc();
    if (event.type === REPLACED) this.#socket.replaced();
    else this.#events.tell(event);
  }

  /** What is known is to be asked for again, as if the connection had been lost. */
  #onLost(count: number): void {
    this.#metrics.lostEvents.inc(count);
    this.#log.warn("ari.events-lost", { count });
    this.#ups.tell();
  }

  /** To all channels and bridges, those of no application included. */
  async #subscribe(): Promise<void> {
    await this.#filterEvents();
    const path = `/applications/${encodeURIComponent(this.app)}/subscription`;
    await this.request({ method: "POST", path, query: { eventSource: EVENT_SOURCES } });
  }

  /** Asterisk sends everything unless told otherwise. Without the filter all goes on, with more work. */
  async #filterEvents(): Promise<void> {
    const allowed = [REPLACED, ...this.#options.events].map((type) => ({ type }));
    const path = `/applications/${encodeURIComponent(this.app)}/eventFilter`;
    try {
      await this.request({ method: "PUT", path, body: { allowed } });
    } catch (error) {
      this.#log.warn("ari.no-event-filter", { why: error instanceof Error ? error.message : "failed" });
    }
  }
}
