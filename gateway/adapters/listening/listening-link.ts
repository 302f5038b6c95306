import { Worker } from "node:worker_threads";
import type { Clock } from "../../core/clock.js";
import { GatewayError, type ErrorCode } from "../../core/errors.js";
import type { Log } from "../../core/log.js";
import { monoMs, type MonoMs } from "../../core/time.js";
import type { FromListener, ListenerStart, RequestName, Requests, ToListener } from "./messages.js";

export interface ListeningLinkUser<Options> {
  /** What a new worker is started with. */
  startData(): ListenerStart<Options>;
  /** A worker listens. `again`: in place of one that died, and knows of no call. */
  onUp(again: boolean): void;
  onDown(): void;
  onMessage(message: ListenerEvent): void;
}

export type ListenerEvent = Extract<
  FromListener,
  { readonly kind: "ready" | "line" | "verdict" | "shed" | "speech" | "began" | "state" | "pong" }
>;

export interface ListeningLinkOptions {
  readonly entry: URL;
  readonly clock: Clock;
  readonly log: Log;
  /** Loading models takes a while, ms. */
  readonly startTimeoutMs: number;
  /** A worker that says nothing for so long is ended and started again, ms. */
  readonly silentMs: number;
  /** Messages that it has not read; more, and it is taken for hung. */
  readonly maxUnread: number;
}

interface Waiting {
  readonly name: RequestName;
  readonly deadline: MonoMs;
  readonly resolve: (value: never) => void;
  readonly reject: (error: GatewayError) => void;
}

const STOP_TIMEOUT_MS = 3_000;
const RESTART_FIRST_MS = 200;
const RESTART_MOST_MS = 60_000;
const HEALTHY_AFTER_MS = 60_000;
/** Questions that fit into `silentMs`; unanswered ones are counted, not time: when this thread stood still, answers only wait. */
const QUESTIONS = 4;
const MAX_IN_FLIGHT = 64;
const SWEEP_MS = 100;

/** The listening thread as seen from the main one: messages, requests with answers, and a new thread, ever more rarely, when it dies or hangs. */
export class ListeningLink<Options> {
  readonly #options: ListeningLinkOptions;
  readonly #user: ListeningLinkUser<Options>;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #state: "starting" | "up" | "down" | "closed" = "starting";
  #lastId = 0;
  #unanswered = 0;
  #unread = 0;
  #upSinceMs = 0;
  #waitMs = RESTART_FIRST_MS;
  #wasUp = false;
  #started: { readonly resolve: () => void; readonly reject: (error: GatewayError) => void } | undefined;
  #cancelWatch: () => void = () => undefined;
  #cancelRestart: () => void = () => undefined;
  #cancelSweep: (() => void) | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: ListeningLinkOptions, user: ListeningLinkUser<Options>) {
    this.#options = options;
    this.#user = user;
  }

  get ok(): boolean {
    return this.#state === "up";
  }

  get state(): string {
    return this.#state;
  }

  /** Only the first start can fail; later ones are tried again for ever. @throws GatewayError what the worker says; `stt.unavailable` */
  start(): Promise<void> {
    const { clock, startTimeoutMs } = this.#options;
    return new Promise((resolve, reject) => {
      const cancel = clock.callAt(monoMs(clock.mono() + startTimeoutMs), () =>
        this.#failStart("stt.unavailable", "the listening thread was not ready in time"),
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
  post(message: ToListener, transfer: readonly ArrayBuffer[] = []): void {
    const worker = this.#worker;
    if (this.#state !== "up" || worker === undefined) return;
    if (++this.#unread > this.#options.maxUnread) {
      this.#options.log.error("listening.does-not-read");
      void worker.terminate();
      return;
    }
    worker.postMessage(message, transfer);
  }

  /** @throws GatewayError what the worker says; `stt.unavailable` when it is down, `stt.timeout` when it does not answer in time. */
  request<Name extends RequestName>(
    name: Name,
    args: Requests[Name]["args"],
    timeoutMs: number,
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<Requests[Name]["answer"]> {
    const { clock } = this.#options;
    if (this.#state !== "up") return Promise.reject(new GatewayError("stt.unavailable", "nobody is listening"));
    if (this.#waiting.size >= MAX_IN_FLIGHT)
      return Promise.reject(new GatewayError("stt.busy", "too many requests wait"));
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { name, deadline: monoMs(clock.mono() + timeoutMs), resolve, reject });
      this.#armSweep();
      this.post({ kind: "request", id, name, args } as ToListener, transfer);
    });
  }

  /** Ends the thread. Safe to call twice. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const worker = this.#worker;
    const wasUp = this.#state === "up";
    this.#state = "closed";
    this.#cancelWatch();
    this.#cancelRestart();
    if (wasUp && worker !== undefined) {
      const { clock } = this.#options;
      const stopped = new Promise<void>((resolve) => {
        const cancel = clock.callAt(monoMs(clock.mono() + STOP_TIMEOUT_MS), resolve);
        worker.once("exit", () => {
          cancel();
          resolve();
        });
      });
      worker.postMessage({ kind: "stop" } satisfies ToListener);
      await stopped;
    }
    this.#cancelSweep?.();
    this.#failAll("the listening thread was closed");
    this.#failStart("stt.unavailable", "closed while it was starting");
    await worker?.terminate();
  }

  #spawn(): void {
    const { entry, startTimeoutMs, log } = this.#options;
    this.#state = "starting";
    const worker = new Worker(entry, { workerData: this.#user.startData(), name: "listening" });
    this.#worker = worker;
    worker.on("message", (message: FromListener) => {
      if (worker === this.#worker) this.#onMessage(message);
    });
    worker.on("error", (error) => log.error("listening.crashed", {}, error));
    worker.on("exit", (code) => {
      if (worker === this.#worker) this.#onExit(code);
    });
    this.#unanswered = 0;
    this.#unread = 0;
    this.#watch(startTimeoutMs);
  }

  #onMessage(message: FromListener): void {
    this.#unanswered = 0;
    switch (message.kind) {
      case "start-failed":
        this.#failStart(message.code, message.message);
        break;
      case "answer":
        (this.#take(message.id)?.resolve as ((value: unknown) => void) | undefined)?.(message.value);
        break;
      case "refusal":
        this.#take(message.id)?.reject(new GatewayError(message.code, message.message));
        break;
      case "stopped":
        break;
      case "ready":
        this.#user.onMessage(message);
        this.#onReady();
        break;
      case "pong":
        this.#unread = 0;
        this.#user.onMessage(message);
        break;
      case "line":
      case "verdict":
      case "shed":
      case "speech":
      case "began":
      case "state":
        this.#user.onMessage(message);
        break;
    }
  }

  #onReady(): void {
    if (this.#state !== "starting") return;
    this.#state = "up";
    this.#upSinceMs = this.#options.clock.mono();
    this.#watch(this.#options.silentMs);
    const again = this.#wasUp;
    this.#wasUp = true;
    this.#user.onUp(again);
    this.#started?.resolve();
    this.#started = undefined;
  }

  #onExit(code: number): void {
    this.#cancelWatch();
    const wasUp = this.#state === "up";
    this.#worker = undefined;
    this.#failAll("the listening thread ended");
    if (this.#state === "closed") return;
    this.#state = "down";
    if (this.#started !== undefined) {
      this.#failStart("stt.unavailable", `the listening thread ended while starting (${code})`);
      return;
    }
    if (wasUp) this.#user.onDown();
    const { clock, log } = this.#options;
    if (clock.mono() - this.#upSinceMs > HEALTHY_AFTER_MS) this.#waitMs = RESTART_FIRST_MS;
    log.error("listening.lost", { exitCode: code, restartInMs: this.#waitMs });
    this.#cancelRestart = clock.callAt(monoMs(clock.mono() + this.#waitMs), () => this.#spawn());
    this.#waitMs = Math.min(this.#waitMs * 2, RESTART_MOST_MS);
  }

  #failStart(code: ErrorCode, message: string): void {
    const started = this.#started;
    if (started === undefined) {
      // A later start: its end is what counts.
      if (this.#state === "starting") {
        this.#options.log.error("listening.start-failed", { code });
        void this.#worker?.terminate();
      }
      return;
    }
    this.#started = undefined;
    this.#state = "closed";
    this.#cancelWatch();
    void this.#worker?.terminate();
    started.reject(new GatewayError(code, message));
  }

  /** Asks now and then whether the worker lives. */
  #watch(allowedMs: number): void {
    const { clock, silentMs, log } = this.#options;
    const everyMs = silentMs / QUESTIONS;
    const allowed = Math.ceil(allowedMs / everyMs);
    this.#cancelWatch();
    this.#cancelWatch = clock.callAt(monoMs(clock.mono() + everyMs), () => {
      if (this.#unanswered >= allowed) {
        log.error("listening.hung", { state: this.#state });
        void this.#worker?.terminate();
        return;
      }
      this.#unanswered++;
      this.#worker?.postMessage({ kind: "ping" } satisfies ToListener);
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
        reject(new GatewayError("stt.timeout", `${name}: the listening thread did not answer in time`));
      }
      if (this.#waiting.size > 0) this.#armSweep();
    });
  }

  #failAll(reason: string): void {
    for (const { name, reject } of this.#waiting.values()) {
      reject(new GatewayError("stt.unavailable", `${name}: ${reason}`));
    }
    this.#waiting.clear();
  }
}
