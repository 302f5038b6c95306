import { BoundedQueue } from "./bounded-queue.js";
import type { Clock } from "./clock.js";
import { GatewayError, type ErrorCode } from "./errors.js";
import type { Log } from "./log.js";
import { monoMs } from "./time.js";

/** What a child says. Plain data over an ordered channel. */
export type FromChild =
  | { readonly kind: "ready"; readonly info: unknown }
  /** It cannot work, and would not after a restart either: no model, wrong file. */
  | { readonly kind: "unfit"; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: "done"; readonly id: number; readonly value: unknown }
  | { readonly kind: "failed"; readonly id: number; readonly code: ErrorCode; readonly message: string };

export type ToChild =
  | { readonly kind: "work"; readonly id: number; readonly payload: unknown }
  | { readonly kind: "cancel"; readonly id: number };

/** A process of ours, as its owner sees it. */
export interface Child {
  /** @returns False or throws: the channel is gone. */
  send(message: ToChild): boolean;
  /** At once. */
  kill(): void;
}

export interface ChildEvents {
  message(message: FromChild): void;
  /** It is gone, or could not be started. Once. */
  gone(why: string): void;
}

export interface ChildServiceOptions {
  /** For logs: `recogniser`, `judge`. */
  readonly name: string;
  /** Work that is with the child at a time; until it is ready that is taken from its own word, where it gives one. */
  readonly concurrency: number;
  /** Work that waits; one more is refused with `busy`. */
  readonly maxWaiting: number;
  readonly startTimeoutMs: number;
  /** Restarts within `restartWindowMs`; above it the service is down until the window has passed. */
  readonly restarts: number;
  readonly restartWindowMs: number;
  /** First wait before a restart, ms; doubles with each, up to 30 s. */
  readonly backOffMs: number;
  readonly codes: { readonly unavailable: ErrorCode; readonly busy: ErrorCode; readonly timeout: ErrorCode };
}

export interface ChildServiceDeps {
  readonly start: (events: ChildEvents) => Child;
  readonly clock: Clock;
  readonly log: Log;
}

interface Work {
  readonly id: number;
  readonly payload: unknown;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
  stop: () => void;
  over: boolean;
}

type State = "starting" | "ready" | "waiting" | "unfit" | "closed";
const MAX_BACK_OFF_MS = 30_000;

/**
 * Work for a child process that may crash, hang or be unfit: the caller is told which, in time, and the child is started anew.
 * Nothing waits for ever: queued work has its time-out too. A hang kills the child, and what was with it fails as unavailable.
 * Cancelled work keeps its place until the child has let go of it: a child that does not, by the work's time-out, hangs as well.
 */
export class ChildService {
  readonly #options: ChildServiceOptions;
  readonly #deps: ChildServiceDeps;
  readonly #queue: BoundedQueue<Work>;
  readonly #inFlight = new Map<number, Work>();
  readonly #starts: number[] = [];
  #state: State = "waiting";
  #child: Child | undefined;
  #info: unknown;
  #unfit: GatewayError | undefined;
  #lastId = 0;
  #failures = 0;
  #cancelTimer: (() => void) | undefined;

  constructor(options: ChildServiceOptions, deps: ChildServiceDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#queue = new BoundedQueue(options.maxWaiting);
    this.#start();
  }

  get ready(): boolean {
    return this.#state === "ready";
  }
  /** What it said when it was ready. */
  get info(): unknown {
    return this.#info;
  }
  /** For health pages. */
  get detail(): string {
    return this.#unfit === undefined ? this.#state : `${this.#unfit.code}: ${this.#unfit.message}`;
  }
  get waiting(): number {
    return this.#queue.size;
  }

  /**
   * @throws GatewayError `unavailable` (the child died, or has not come up in time), `busy`, `timeout`, or the child's own.
   * @throws The signal's reason.
   */
  request(payload: unknown, timeoutMs: number, signal: AbortSignal): Promise<unknown> {
    const { codes, name } = this.#options;
    if (signal.aborted) return Promise.reject(reasonOf(signal));
    if (this.#unfit !== undefined) return Promise.reject(this.#unfit);
    if (this.#state === "closed")
      return Promise.reject(new GatewayError(codes.unavailable, `the ${name} has been closed`));
    return new Promise((resolve, reject) => {
      const work: Work = {
        id: ++this.#lastId,
        payload,
        timeoutMs,
        signal,
        resolve,
        reject,
        stop: () => undefined,
        over: false,
      };
      if (!this.#queue.push(work)) {
        reject(new GatewayError(codes.busy, `the ${name} has ${this.#options.maxWaiting} pieces of work waiting`));
        return;
      }
      this.#watch(work);
      this.#pump();
    });
  }

  /** Whoever waits learns it. Safe to call twice. */
  close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#cancelTimer?.();
    const gone = new GatewayError(this.#options.codes.unavailable, `the ${this.#options.name} has been closed`);
    this.#failAll(gone);
    this.#child?.kill();
    this.#child = undefined;
  }

  #watch(work: Work): void {
    const { clock } = this.#deps;
    const onAbort = (): void => this.#settle(work, () => work.reject(reasonOf(work.signal)), true);
    const cancel = clock.callAt(monoMs(clock.mono() + work.timeoutMs), () => this.#late(work));
    work.signal.addEventListener("abort", onAbort, { once: true });
    work.stop = () => {
      cancel();
      work.signal.removeEventListener("abort", onAbort);
    };
  }

  #drop(work: Work): void {
    work.stop();
    this.#inFlight.delete(work.id);
    this.#pump();
  }

  #late(work: Work): void {
    const { codes, name } = this.#options;
    const hangs = this.#inFlight.has(work.id);
    const code = hangs ? codes.timeout : codes.unavailable;
    // Nothing more goes to a child that is about to be killed.
    if (hangs) this.#state = "waiting";
    this.#settle(work, () => work.reject(new GatewayError(code, `the ${name} gave no answer in ${work.timeoutMs} ms`)));
    if (!hangs) return;
    this.#deps.log.warn("child.hangs", { name, timeoutMs: work.timeoutMs });
    this.#child?.kill();
  }

  #settle(work: Work, tell: () => void, cancel = false): void {
    if (!work.over) {
      work.over = true;
      tell();
      if (cancel && this.#inFlight.has(work.id)) {
        this.#send({ kind: "cancel", id: work.id });
        return;
      }
    }
    this.#drop(work);
  }

  #pump(): void {
    while (this.#state === "ready" && this.#inFlight.size < this.#options.concurrency) {
      const [work] = this.#queue.take(1);
      if (work === undefined) return;
      if (work.over) continue;
      this.#inFlight.set(work.id, work);
      this.#send({ kind: "work", id: work.id, payload: work.payload });
    }
  }

  #send(message: ToChild): void {
    try {
      this.#child?.send(message);
    } catch {
      // Its end is told by `gone`.
    }
  }

  #start(): void {
    const { clock, start } = this.#deps;
    const now = clock.mono();
    this.#starts.push(now);
    this.#state = "starting";
    let current = true;
    const events: ChildEvents = {
      message: (message) => {
        if (current) this.#take(message);
      },
      gone: (why) => {
        if (!current) return;
        current = false;
        this.#gone(why);
      },
    };
    this.#cancelTimer = clock.callAt(monoMs(now + this.#options.startTimeoutMs), () => {
      this.#deps.log.warn("child.start-timeout", { name: this.#options.name });
      this.#child?.kill();
    });
    try {
      this.#child = start(events);
    } catch (error) {
      // No memory or no file left for a process: it is tried again like one that died.
      events.gone(error instanceof Error ? error.message : "it cannot be started");
    }
  }

  #take(message: FromChild): void {
    switch (message.kind) {
      case "ready":
        this.#cancelTimer?.();
        this.#state = "ready";
        this.#failures = 0;
        this.#info = message.info;
        this.#pump();
        break;
      case "unfit":
        this.#cancelTimer?.();
        this.#state = "unfit";
        this.#unfit = new GatewayError(message.code, message.message);
        this.#deps.log.error("child.unfit", { name: this.#options.name, code: message.code });
        this.#failAll(this.#unfit);
        this.#child?.kill();
        break;
      case "done":
        this.#answer(message.id, (work) => work.resolve(message.value));
        break;
      case "failed":
        this.#answer(message.id, (work) => work.reject(new GatewayError(message.code, message.message)));
        break;
    }
  }

  #answer(id: number, tell: (work: Work) => void): void {
    const work = this.#inFlight.get(id);
    if (work !== undefined) this.#settle(work, () => tell(work));
  }

  #gone(why: string): void {
    const { name, codes, restarts, restartWindowMs, backOffMs } = this.#options;
    const { clock, log } = this.#deps;
    this.#cancelTimer?.();
    this.#child = undefined;
    if (this.#state === "closed" || this.#state === "unfit") return;
    this.#state = "waiting";
    for (const work of [...this.#inFlight.values()])
      this.#settle(work, () => work.reject(new GatewayError(codes.unavailable, `the ${name} died`)));
    const now = clock.mono();
    while (this.#starts[0] !== undefined && this.#starts[0] <= now - restartWindowMs) this.#starts.shift();
    const oldest = this.#starts[0];
    const spent = this.#starts.length > restarts && oldest !== undefined;
    const backOff = Math.min(MAX_BACK_OFF_MS, backOffMs * 2 ** Math.min(16, this.#failures++));
    const waitMs = spent ? oldest + restartWindowMs - now : backOff;
    log.warn(spent ? "child.too-many-restarts" : "child.restarts", { name, why, waitMs });
    this.#cancelTimer = clock.callAt(monoMs(now + waitMs), () => this.#start());
  }

  #failAll(reason: GatewayError): void {
    for (const work of [...this.#queue.take(this.#queue.size), ...this.#inFlight.values()])
      this.#settle(work, () => work.reject(reason));
  }
}

const reasonOf = (signal: AbortSignal): Error => signal.reason as Error;
