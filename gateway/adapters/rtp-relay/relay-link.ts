import { Worker } from "node:worker_threads";
import type { Clock } from "../../core/clock.js";
import { GatewayError } from "../../core/errors.js";
import type { Log } from "../../core/log.js";
import { monoMs, type MonoMs } from "../../core/time.js";
import type { FromRelay, RequestName, Requests, ToRelay } from "./messages.js";
import type { RelayWorkerData } from "./relay-options.js";

export interface RelayLinkUser {
  /** A new worker serves in place of one that died: what calls need has to be told again. */
  onRestart(): void;
  /** The worker is gone; its sockets are closed. */
  onDown(): void;
  onMessage(message: Extract<FromRelay, { kind: "event" | "receiver-idle" | "report" }>): void;
}

export interface RelayLinkOptions {
  readonly entry: URL;
  readonly data: RelayWorkerData;
  readonly clock: Clock;
  readonly log: Log;
  /** A worker that says nothing for so long is ended and started again, ms. */
  readonly silentMs: number;
}

interface Waiting {
  readonly name: RequestName;
  readonly deadline: MonoMs;
  readonly resolve: (value: never) => void;
  readonly reject: (error: GatewayError) => void;
}

const START_TIMEOUT_MS = 15_000;
const STOP_TIMEOUT_MS = 2_000;
const RESTART_FIRST_MS = 20;
const RESTART_MOST_MS = 5_000;
const HEALTHY_AFTER_MS = 30_000;
/** Questions that fit into `silentMs`; unanswered ones are counted, not time: when this thread stood still, answers only wait. */
const QUESTIONS = 4;
const MAX_IN_FLIGHT = 8_192;
const SWEEP_MS = 100;

/** The relay's worker thread as seen from the main one: requests with answers, messages, and a new thread when it dies or hangs. */
export class RelayLink {
  readonly #options: RelayLinkOptions;
  readonly #user: RelayLinkUser;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #state: "starting" | "up" | "down" | "closed" = "starting";
  #io = "";
  #lastId = 0;
  #unanswered = 0;
  #upSinceMs = 0;
  #waitMs = RESTART_FIRST_MS;
  #starts = 0;
  #started: { readonly resolve: () => void; readonly reject: (error: GatewayError) => void } | undefined;
  #cancelWatch: () => void = () => undefined;
  #cancelRestart: () => void = () => undefined;
  #cancelSweep: (() => void) | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: RelayLinkOptions, user: RelayLinkUser) {
    this.#options = options;
    this.#user = user;
  }

  get ok(): boolean {
    return this.#state === "up";
  }

  /** Times a worker was started again. */
  get restarts(): number {
    return Math.max(0, this.#starts - 1);
  }

  /** How it reads and writes its sockets, for people. */
  get io(): string {
    return this.#io;
  }

  /** Only the first start can fail; later ones are tried again for ever. @throws GatewayError `listen.failed`, `media.unavailable` */
  start(): Promise<void> {
    const { clock } = this.#options;
    return new Promise((resolve, reject) => {
      const cancel = clock.callAt(monoMs(clock.mono() + START_TIMEOUT_MS), () =>
        this.#failStart(new GatewayError("media.unavailable", "the media relay was not ready in time")),
      );
      this.#started = {
        resolve: () => {
          cancel();
          resolve();
        },
        reject: (error) => {
          cancel();
          reject(error);
        },
      };
      this.#spawn();
    });
  }

  /** Without effect while the worker is down. */
  post(message: ToRelay): void {
    if (this.#state === "up") this.#worker?.postMessage(message);
  }

  /** @throws GatewayError what the relay says; `media.unavailable` when it is down or does not answer in time. */
  request<Name extends RequestName>(
    name: Name,
    args: Requests[Name]["args"],
    timeoutMs: number,
  ): Promise<Requests[Name]["answer"]> {
    const { clock } = this.#options;
    if (this.#state !== "up") return Promise.reject(lost(name, "the media relay is down"));
    if (this.#waiting.size >= MAX_IN_FLIGHT) return Promise.reject(lost(name, "too many requests wait"));
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const deadline = monoMs(clock.mono() + timeoutMs);
      this.#waiting.set(id, { name, deadline, resolve: resolve, reject });
      this.#armSweep();
      this.#worker?.postMessage({ kind: "request", id, name, args } satisfies ToRelay);
    });
  }

  /** Ends the thread. Safe to call twice. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const worker = this.#worker;
    const { clock } = this.#options;
    const wasUp = this.#state === "up";
    if (wasUp && worker !== undefined) {
      const stopped = new Promise<void>((resolve) => {
        const cancel = clock.callAt(monoMs(clock.mono() + STOP_TIMEOUT_MS), resolve);
        worker.once("exit", () => {
          cancel();
          resolve();
        });
      });
      worker.postMessage({ kind: "stop" } satisfies ToRelay);
      this.#state = "closed";
      await stopped;
    }
    this.#state = "closed";
    this.#cancelWatch();
    this.#cancelRestart();
    this.#cancelSweep?.();
    this.#failAll("the media relay was closed");
    await worker?.terminate();
  }

  #spawn(): void {
    const { entry, data } = this.#options;
    this.#state = "starting";
    this.#starts++;
    const worker = new Worker(entry, { workerData: data, name: "media-relay" });
    this.#worker = worker;
    worker.on("message", (message: FromRelay) => {
      if (worker === this.#worker) this.#onMessage(message);
    });
    let crash: unknown;
    worker.on("error", (error) => {
      crash = error;
      this.#options.log.error("media.relay-crashed", {}, error);
    });
    worker.on("exit", (code) => {
      if (worker === this.#worker) this.#onExit(code, crash);
    });
    this.#unanswered = 0;
    this.#watch(START_TIMEOUT_MS);
  }

  #onMessage(message: FromRelay): void {
    this.#unanswered = 0;
    switch (message.kind) {
      case "ready":
        this.#onReady(message.io, message.why);
        break;
      case "start-failed":
        this.#failStart(new GatewayError("listen.failed", message.message));
        break;
      case "answer":
        (this.#take(message.id)?.resolve as ((value: unknown) => void) | undefined)?.(message.value);
        break;
      case "refusal":
        this.#take(message.id)?.reject(new GatewayError(message.code, message.message));
        break;
      case "event":
      case "receiver-idle":
      case "report":
        this.#user.onMessage(message);
        break;
      case "pong":
      case "stopped":
        break;
    }
  }

  #onReady(io: string, why: string): void {
    if (this.#state !== "starting") return;
    this.#state = "up";
    this.#io = why === "" ? io : `${io} (${why})`;
    this.#upSinceMs = this.#options.clock.mono();
    this.#watch(this.#options.silentMs);
    const started = this.#started;
    this.#started = undefined;
    if (started !== undefined) started.resolve();
    else this.#user.onRestart();
  }

  #onExit(code: number, cause: unknown): void {
    this.#cancelWatch();
    const wasUp = this.#state === "up";
    this.#worker = undefined;
    this.#failAll("the media relay ended");
    if (this.#state === "closed") return;
    this.#state = "down";
    if (this.#started !== undefined) {
      this.#failStart(
        new GatewayError("media.unavailable", `the media relay ended while starting (${code})`, { cause }),
      );
      return;
    }
    if (wasUp) this.#user.onDown();
    this.#restartLater(code);
  }

  #restartLater(code: number): void {
    const { clock, log } = this.#options;
    if (clock.mono() - this.#upSinceMs > HEALTHY_AFTER_MS) this.#waitMs = RESTART_FIRST_MS;
    log.error("media.relay-lost", { exitCode: code, restartInMs: this.#waitMs });
    this.#cancelRestart = clock.callAt(monoMs(clock.mono() + this.#waitMs), () => this.#spawn());
    this.#waitMs = Math.min(this.#waitMs * 2, RESTART_MOST_MS);
  }

  #failStart(error: GatewayError): void {
    const started = this.#started;
    if (started === undefined) {
      // A later start: its end is what counts.
      void this.#worker?.terminate();
      return;
    }
    this.#started = undefined;
    this.#state = "closed";
    this.#cancelWatch();
    void this.#worker?.terminate();
    started.reject(error);
  }

  /** Asks now and then whether the worker lives. */
  #watch(allowedMs: number): void {
    const { clock, silentMs, log } = this.#options;
    const everyMs = silentMs / QUESTIONS;
    const allowed = Math.ceil(allowedMs / everyMs);
    this.#cancelWatch();
    this.#cancelWatch = clock.callAt(monoMs(clock.mono() + everyMs), () => {
      if (this.#unanswered >= allowed) {
        log.error("media.relay-hung");
        void this.#worker?.terminate();
        return;
      }
      this.#unanswered++;
      this.#worker?.postMessage({ kind: "ping" } satisfies ToRelay);
      this.#watch(allowedMs);
    });
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  /** One timer for all requests. */
  #armSweep(): void {
    const { clock } = this.#options;
    this.#cancelSweep ??= clock.callAt(monoMs(clock.mono() + SWEEP_MS), () => {
      this.#cancelSweep = undefined;
      const now = clock.mono();
      for (const [id, { name, deadline, reject }] of this.#waiting) {
        if (deadline > now) continue;
        this.#waiting.delete(id);
        reject(lost(name, "the media relay did not answer in time"));
      }
      if (this.#waiting.size > 0) this.#armSweep();
    });
  }

  #failAll(reason: string): void {
    for (const { name, reject } of this.#waiting.values()) reject(lost(name, reason));
    this.#waiting.clear();
  }
}

const lost = (name: RequestName, reason: string): GatewayError =>
  new GatewayError("media.unavailable", `${name}: ${reason}`);
