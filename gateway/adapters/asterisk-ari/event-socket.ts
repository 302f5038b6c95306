import type { Clock } from "../../core/clock.js";
import { GatewayError } from "../../core/errors.js";
import type { Log } from "../../core/log.js";
import type { Random } from "../../core/random.js";
import { monoMs } from "../../core/time.js";
import { refusedStatus, type WebSocketDialer, type WebSocketPeer } from "../../ports/web-socket.js";
import { basicAuthorization } from "./ari-rest.js";

export interface EventSocketOptions {
  /** Before the first new try; doubles up to `retryMostMs`, with jitter, ms. */
  readonly retryFirstMs: number;
  readonly retryMostMs: number;
  /** A user that Asterisk does not know, and an application that another client has taken, are tried again so seldom, ms. */
  readonly refusedRetryMs: number;
  readonly pingMs: number;
  readonly maxMessageBytes: number;
}

export const DEFAULT_EVENT_SOCKET: EventSocketOptions = {
  retryFirstMs: 200,
  retryMostMs: 10_000,
  refusedRetryMs: 60_000,
  pingMs: 10_000,
  maxMessageBytes: 1024 * 1024,
};

export interface EventSource {
  readonly ariUrl: string;
  readonly app: string;
  readonly username: string;
  readonly password: string;
  /** Connecting and handshake, ms. */
  readonly requestTimeoutMs: number;
}

export interface EventSocketUser {
  /** It is open, and nothing comes yet: asks for events. Where that fails it is closed and opened again. */
  subscribe(): Promise<void>;
  onText(text: string): void;
  onUp(): void;
  onDown(): void;
}

interface EventSocketDeps {
  readonly dialer: WebSocketDialer;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** We send nothing but pings. */
const MAX_BUFFERED_BYTES = 65_536;
/** Events between the answer to `subscribe` and our reading it; who hears `onUp` asks for what is there anyway. */
const MOST_EARLY = 1_000;

/** The WebSocket by which events come (`/ari/events`), opened again and again until `close`. */
export class EventSocket {
  readonly #options: EventSocketOptions & EventSource;
  readonly #user: EventSocketUser;
  readonly #deps: EventSocketDeps;
  #peer: WebSocketPeer | undefined;
  /** Of the connection before. */
  #heardAtMs: number | undefined;
  /** Of the connection that counts; what an older one says is not heard. */
  #generation = 0;
  #failures = 0;
  #trouble = "not connected yet";
  #said = "";
  #cancelRetry = (): void => undefined;
  #closed = false;

  constructor(options: EventSocketOptions & EventSource, user: EventSocketUser, deps: EventSocketDeps) {
    this.#options = options;
    this.#user = user;
    this.#deps = deps;
  }

  get up(): boolean {
    return this.#peer !== undefined;
  }

  /** When that Asterisk was last heard of; undefined: never, or the peer does not tell. */
  get heardAtMs(): number | undefined {
    return this.#peer?.heardAtMs ?? this.#heardAtMs;
  }

  /** Why it is down. */
  get trouble(): string {
    return this.#trouble;
  }

  start(): void {
    void this.#connect();
  }

  /**
   * Another client has taken the application: a second gateway with the same `asterisk.servers[].app`, most likely. It is asked back
   * as seldom as a wrong password is tried, so that the two do not take it from each other all the time.
   */
  replaced(): void {
    if (this.#peer === undefined) return;
    this.#generation++;
    this.#peer.close();
    this.#peer = undefined;
    this.#trouble = "another client uses the same application";
    this.#deps.log.error("ari.replaced", { why: this.#trouble });
    this.#user.onDown();
    this.#retryLater(this.#options.refusedRetryMs);
  }

  /** Safe to call twice. */
  close(): void {
    this.#closed = true;
    this.#cancelRetry();
    this.#generation++;
    this.#peer?.close();
    this.#peer = undefined;
  }

  async #connect(): Promise<void> {
    const generation = ++this.#generation;
    const current = (): boolean => generation === this.#generation;
    const { pingMs, maxMessageBytes, requestTimeoutMs: timeoutMs } = this.#options;
    const early: string[] = [];
    let peer: WebSocketPeer | undefined;
    try {
      peer = await this.#deps.dialer.dial(
        {
          url: eventsUrl(this.#options),
          headers: { authorization: basicAuthorization(this.#options) },
          timeoutMs,
          pingMs,
          maxMessageBytes,
          maxBufferedBytes: MAX_BUFFERED_BYTES,
        },
        {
          // What comes before `onUp` is told after it.
          onText: (text) => {
            if (!current()) return;
            if (this.#peer !== undefined) this.#user.onText(text);
            else if (early.length < MOST_EARLY) early.push(text);
          },
          onClose: (code) => current() && this.#onClose(code),
        },
      );
      if (current()) await this.#user.subscribe();
      if (current()) {
        this.#onUp(peer, early);
        return;
      }
    } catch (error) {
      if (current()) this.#onFailure(error);
    }
    peer?.close();
  }

  #onUp(peer: WebSocketPeer, early: readonly string[]): void {
    this.#peer = peer;
    this.#failures = 0;
    this.#said = "";
    this.#deps.log.info("ari.up");
    this.#user.onUp();
    for (const text of early) this.#user.onText(text);
  }

  #onClose(code: number): void {
    const wasUp = this.#peer !== undefined;
    this.#heardAtMs = this.#peer?.heardAtMs ?? this.#heardAtMs;
    this.#generation++;
    this.#peer = undefined;
    this.#trouble = `the connection was closed (${code})`;
    this.#deps.log.warn("ari.down", { code });
    if (wasUp) this.#user.onDown();
    this.#retryLater(this.#backOffMs());
  }

  #onFailure(error: unknown): void {
    this.#generation++;
    const status = refusedStatus(error);
    const refused = status === 401 || status === 403;
    this.#trouble = refused ? "user or password is wrong" : reasonOf(error);
    // Said once, not at every try.
    if (this.#said !== this.#trouble) {
      this.#said = this.#trouble;
      if (refused) this.#deps.log.error("ari.credentials", { why: this.#trouble, status });
      else this.#deps.log.warn("ari.unreachable", { why: this.#trouble });
    }
    this.#retryLater(refused ? this.#options.refusedRetryMs : this.#backOffMs());
  }

  #backOffMs(): number {
    const { retryFirstMs, retryMostMs } = this.#options;
    return Math.min(retryFirstMs * 2 ** Math.min(this.#failures++, 20), retryMostMs);
  }

  #retryLater(waitMs: number): void {
    if (this.#closed) return;
    const { clock, random } = this.#deps;
    const jittered = waitMs * (0.5 + random.next() / 2);
    this.#cancelRetry = clock.callAt(monoMs(clock.mono() + jittered), () => void this.#connect());
  }
}

/**
 * `http://HOST/ari` → `ws://HOST/ari/events?app=…`. Without `subscribeAll`: that takes device states in, and a socket that closes while one of those
 * is told can leave ARI deadlocked until Asterisk is restarted (https://github.com/asterisk/asterisk/issues/2170).
 */
function eventsUrl({ ariUrl, app }: EventSource): string {
  const url = new URL(`${ariUrl.replace(/\/+$/, "")}/events`);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.searchParams.set("app", app);
  return url.href;
}

function reasonOf(error: unknown): string {
  return error instanceof GatewayError ? error.message : "failed";
}
