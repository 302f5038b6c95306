import type { Clock } from "./clock.js";
import { GatewayError, type ErrorCode } from "./errors.js";
import type { Log } from "./log.js";
import { monoMs } from "./time.js";
import { WaitingRequests } from "./waiting-requests.js";
import { WorkerWatch } from "./worker-watch.js";

/** A thread of ours, as its owner sees it. */
export interface WorkerThread {
  /** @throws Error the message cannot be copied. */
  post(message: unknown, transfer: readonly ArrayBuffer[]): void;
  /** Ends it; `ended` tells when it has. Safe to call twice. */
  terminate(): void;
}

export interface WorkerThreadEvents {
  message(message: unknown): void;
  /** An exception that nobody caught; `ended` follows. */
  crashed(error: unknown): void;
  ended(exitCode: number): void;
}

/** @throws Error there is no memory or no thread left for one more. */
export type StartWorker = (workerData: unknown, events: WorkerThreadEvents) => WorkerThread;

/** What a worker can be asked: name → arguments and answer. */
export type LinkRequests<R> = { readonly [Name in keyof R]: { readonly args: unknown; readonly answer: unknown } };

/** What the link says to the worker by itself; `request` is to be answered with `answer` or `refusal`, `ping` with `pong`. */
export type LinkToWorker<R extends LinkRequests<R>> =
  | {
      readonly [Name in keyof R]: {
        readonly kind: "request";
        readonly id: number;
        readonly name: Name;
        readonly args: R[Name]["args"];
      };
    }[keyof R]
  | { readonly kind: "ping" }
  /** The worker ends its thread. */
  | { readonly kind: "stop" };

/** What the link takes from the worker for itself. */
export type LinkFromWorker<R extends LinkRequests<R>> =
  | { readonly kind: "start-failed"; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: "answer"; readonly id: number; readonly value: R[keyof R]["answer"] }
  | { readonly kind: "refusal"; readonly id: number; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: "stopped" };

export interface WorkerLinkUser<From> {
  /** What a new thread is started with. */
  startData(): unknown;
  /** A thread works. `again`: in place of one that died; what it has to know has to be told again. */
  onUp(again: boolean): void;
  /** The thread is gone, and all it had open is closed. */
  onDown(): void;
  /** All but `LinkFromWorker`; `ready` comes before `onUp`. */
  onMessage(message: From): void;
}

export interface WorkerLinkOptions {
  /** For people: "the media relay". */
  readonly name: string;
  readonly start: StartWorker;
  readonly clock: Clock;
  readonly log: Log;
  readonly codes: { readonly unavailable: ErrorCode; readonly busy: ErrorCode; readonly timeout: ErrorCode };
  /** From the start of a thread to its `ready`, ms. */
  readonly startTimeoutMs: number;
  /** A thread that says nothing for so long is ended and started again, ms. */
  readonly silentMs: number;
  /** For an orderly end, ms. */
  readonly stopTimeoutMs: number;
  /** Wait before a restart, ms: doubles from `firstMs` to `mostMs`, and is forgotten when a thread has worked for `healthyAfterMs`. */
  readonly restart: { readonly firstMs: number; readonly mostMs: number; readonly healthyAfterMs: number };
  /** Requests without an answer; one more is refused. */
  readonly maxInFlight: number;
  /** Messages that it has not read; more, and it is taken for hung. */
  readonly maxUnread: number;
}

type State = "starting" | "up" | "down" | "closed";
const END_TIMEOUT_MS = 2_000;

/**
 * A worker thread as the thread that owns it has it: messages, requests with answers, and a new thread, ever more rarely, when it dies, hangs or cannot be started.
 */
export class WorkerLink<R extends LinkRequests<R>, To, From extends { readonly kind: string }> {
  readonly #options: WorkerLinkOptions;
  readonly #user: WorkerLinkUser<From>;
  readonly #requests: WaitingRequests;
  readonly #watch: WorkerWatch;
  #thread: WorkerThread | undefined;
  #state: State = "starting";
  #unread = 0;
  #upSinceMs = 0;
  #waitMs: number;
  #wasUp = false;
  #first: { readonly resolve: () => void; readonly reject: (error: GatewayError) => void } | undefined;
  #onEnd: (() => void) | undefined;
  #cancelTimer: () => void = () => undefined;
  #closed: Promise<void> | undefined;

  constructor(options: WorkerLinkOptions, user: WorkerLinkUser<From>) {
    const { clock, silentMs, name, codes, maxInFlight, restart } = options;
    this.#options = options;
    this.#user = user;
    this.#waitMs = restart.firstMs;
    this.#requests = new WaitingRequests({ clock, limit: maxInFlight, name, codes });
    this.#watch = new WorkerWatch({
      clock,
      silentMs,
      ask: () => this.#thread?.post({ kind: "ping" } satisfies LinkToWorker<R>, []),
      onHung: () => {
        this.#options.log.error("worker.hung", { worker: name });
        this.#thread?.terminate();
      },
    });
  }

  get ok(): boolean {
    return this.#state === "up";
  }

  get state(): string {
    return this.#state;
  }

  /** Only the first start can fail; later ones are tried again for ever. Once. @throws GatewayError what the worker says; `unavailable` of `codes`. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#first = { resolve, reject };
      this.#spawn();
    });
  }

  /** Without effect while the worker is down. */
  post(message: To, transfer: readonly ArrayBuffer[] = []): void {
    this.#send(message, transfer);
  }

  /** @throws GatewayError what the worker says; `unavailable` of `codes` when it is down, `busy`, `timeout` when it does not answer in time. */
  request<Name extends keyof R & string>(
    name: Name,
    args: R[Name]["args"],
    timeoutMs: number,
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<R[Name]["answer"]> {
    if (this.#state !== "up") return Promise.reject(this.#unavailable("is not there"));
    return this.#requests.add(name, timeoutMs, (id) => this.#send({ kind: "request", id, name, args }, transfer));
  }

  /** Ends the thread. Safe to call twice. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const thread = this.#thread;
    const wasUp = this.#state === "up";
    this.#state = "closed";
    this.#watch.stop();
    this.#cancelTimer();
    if (wasUp && thread !== undefined) {
      const ended = this.#ended(this.#options.stopTimeoutMs);
      thread.post({ kind: "stop" } satisfies LinkToWorker<R>, []);
      await ended;
    }
    this.#requests.failAll("was closed");
    this.#failFirst(this.#unavailable("was closed while it was starting"));
    if (this.#thread === undefined) return;
    const ended = this.#ended(END_TIMEOUT_MS);
    this.#thread.terminate();
    await ended;
  }

  #ended(timeoutMs: number): Promise<void> {
    const { clock } = this.#options;
    return new Promise((resolve) => {
      const cancel = clock.callAt(monoMs(clock.mono() + timeoutMs), resolve);
      this.#onEnd = () => {
        cancel();
        resolve();
      };
    });
  }

  #spawn(): void {
    const { start, clock, startTimeoutMs } = this.#options;
    this.#state = "starting";
    this.#unread = 0;
    const mine: { thread?: WorkerThread } = {};
    const isCurrent = (): boolean => mine.thread !== undefined && mine.thread === this.#thread;
    let crash: unknown;
    try {
      mine.thread = start(this.#user.startData(), {
        message: (message) => {
          if (isCurrent()) this.#onMessage(message as From | LinkFromWorker<R>);
        },
        crashed: (error) => {
          crash = error;
          this.#options.log.error("worker.crashed", { worker: this.#options.name }, error);
        },
        ended: (exitCode) => {
          if (isCurrent()) this.#onEnded(exitCode, crash);
        },
      });
    } catch (error) {
      // No memory or no thread left: it is tried again like one that died.
      this.#options.log.error("worker.cannot-start", { worker: this.#options.name }, error);
      this.#onEnded(undefined, error);
      return;
    }
    this.#thread = mine.thread;
    this.#cancelTimer = clock.callAt(monoMs(clock.mono() + startTimeoutMs), () =>
      this.#onStartFailed(this.#unavailable("was not ready in time")),
    );
  }

  #send(message: unknown, transfer: readonly ArrayBuffer[]): void {
    if (this.#state !== "up" || this.#thread === undefined) return;
    const { maxUnread, log, name } = this.#options;
    if (++this.#unread <= maxUnread) this.#thread.post(message, transfer);
    else {
      log.error("worker.does-not-read", { worker: name });
      this.#thread.terminate();
    }
  }

  #onMessage(message: From | LinkFromWorker<R>): void {
    this.#watch.heard();
    if (OF_LINK.has(message.kind)) {
      this.#takeOwn(message as LinkFromWorker<R>);
      return;
    }
    if (message.kind === "pong") this.#unread = 0;
    this.#user.onMessage(message as From);
    if (message.kind === "ready") this.#onReady();
  }

  #takeOwn(message: LinkFromWorker<R>): void {
    switch (message.kind) {
      case "start-failed":
        this.#onStartFailed(new GatewayError(message.code, message.message));
        break;
      case "answer":
        this.#requests.resolve(message.id, message.value);
        break;
      case "refusal":
        this.#requests.reject(message.id, new GatewayError(message.code, message.message));
        break;
      case "stopped":
        break;
    }
  }

  #onReady(): void {
    if (this.#state !== "starting") return;
    this.#state = "up";
    this.#cancelTimer();
    this.#upSinceMs = this.#options.clock.mono();
    this.#watch.start();
    const again = this.#wasUp;
    this.#wasUp = true;
    this.#user.onUp(again);
    this.#first?.resolve();
    this.#first = undefined;
  }

  /** @param exitCode Undefined: there was no thread. */
  #onEnded(exitCode: number | undefined, cause: unknown): void {
    const wasUp = this.#state === "up";
    this.#thread = undefined;
    this.#watch.stop();
    this.#requests.failAll("ended");
    this.#onEnd?.();
    if (this.#state === "closed") return;
    this.#state = "down";
    this.#cancelTimer();
    if (this.#first !== undefined) {
      const how = exitCode === undefined ? "could not be started" : `ended while it was starting (${exitCode})`;
      this.#failFirst(this.#unavailable(how, { cause }));
      return;
    }
    if (wasUp) this.#user.onDown();
    this.#restartLater(exitCode);
  }

  #restartLater(exitCode: number | undefined): void {
    const { clock, log, name, restart } = this.#options;
    if (clock.mono() - this.#upSinceMs > restart.healthyAfterMs) this.#waitMs = restart.firstMs;
    log.error("worker.lost", { worker: name, exitCode: exitCode ?? "none", restartInMs: this.#waitMs });
    this.#cancelTimer = clock.callAt(monoMs(clock.mono() + this.#waitMs), () => this.#spawn());
    this.#waitMs = Math.min(this.#waitMs * 2, restart.mostMs);
  }

  #onStartFailed(error: GatewayError): void {
    if (this.#state !== "starting") return;
    if (this.#first !== undefined) {
      this.#failFirst(error);
      return;
    }
    // A later start: its end is what counts.
    this.#options.log.error("worker.start-failed", { worker: this.#options.name }, error);
    this.#thread?.terminate();
  }

  #failFirst(error: GatewayError): void {
    const first = this.#first;
    if (first === undefined) return;
    this.#first = undefined;
    this.#state = "closed";
    this.#cancelTimer();
    this.#thread?.terminate();
    first.reject(error);
  }

  #unavailable(how: string, options?: ErrorOptions): GatewayError {
    return new GatewayError(this.#options.codes.unavailable, `${this.#options.name} ${how}`, options);
  }
}

const OF_LINK: ReadonlySet<string> = new Set(["start-failed", "answer", "refusal", "stopped"]);
