import { BoundedQueue } from "../../core/bounded-queue.js";
import type { Clock } from "../../core/clock.js";
import { GatewayError } from "../../core/errors.js";
import { monoMs } from "../../core/time.js";

export interface RequestGateOptions {
  readonly maxAtATime: number;
  /** That begin in one turn of the event loop: a request costs fetch up to a millisecond of it, and calls are decided on the same thread. */
  readonly maxATurn: number;
  readonly maxWaiting: number;
  /** Who has waited so long is turned away, ms. */
  readonly timeoutMs: number;
}

interface Waiting {
  admit(): void;
  refuse(why: string): void;
  /** Nobody waits any more: timed out or cancelled. */
  gone: boolean;
}

/** Lets so many requests through at a time. Urgent ones go first, and a quarter of the places is kept for them. */
export class RequestGate {
  readonly #options: RequestGateOptions;
  readonly #clock: Clock;
  readonly #urgent: BoundedQueue<Waiting>;
  readonly #others: BoundedQueue<Waiting>;
  #inside = 0;
  #waiting = 0;
  /** In this turn. */
  #begun = 0;
  #cancelTurn: (() => void) | undefined;
  #closed = false;

  constructor(options: RequestGateOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#urgent = new BoundedQueue(options.maxWaiting);
    this.#others = new BoundedQueue(options.maxWaiting);
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** @returns To be called once the request is over. @throws GatewayError `ari.unavailable`; the signal's reason. */
  enter(urgent: boolean, signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    if (this.#closed) return Promise.reject(new GatewayError("ari.unavailable", "closed"));
    if (this.#hasRoom(urgent)) {
      this.#begin();
      return Promise.resolve(this.#leaver());
    }
    return new Promise((resolve, reject) => this.#wait(urgent, signal, resolve, reject));
  }

  /** All that waits is turned away. */
  close(): void {
    this.#closed = true;
    this.#cancelTurn?.();
    for (const queue of [this.#urgent, this.#others])
      for (const each of queue.take(queue.size)) if (!each.gone) each.refuse("closed");
  }

  /** An order to end a call must not wait for slow answers to other questions. */
  #hasRoom(urgent: boolean): boolean {
    const { maxAtATime, maxATurn } = this.#options;
    if (this.#begun >= maxATurn) return false;
    return this.#inside < (urgent ? maxAtATime : Math.max(1, maxAtATime - Math.floor(maxAtATime / 4)));
  }

  #begin(): void {
    this.#inside++;
    this.#begun++;
    this.#cancelTurn ??= this.#clock.callAt(this.#clock.mono(), () => {
      this.#begun = 0;
      this.#cancelTurn = undefined;
      this.#admitNext();
    });
  }

  #wait(
    urgent: boolean,
    signal: AbortSignal | undefined,
    resolve: (leave: () => void) => void,
    reject: (error: unknown) => void,
  ): void {
    const settle = (): void => {
      entry.gone = true;
      this.#waiting--;
      cancel();
      signal?.removeEventListener("abort", onAbort);
    };
    const entry: Waiting = {
      gone: false,
      admit: () => {
        settle();
        this.#begin();
        resolve(this.#leaver());
      },
      refuse: (why) => {
        settle();
        reject(new GatewayError("ari.unavailable", why));
      },
    };
    const onAbort = (): void => {
      settle();
      reject(signal?.reason);
    };
    if (!(urgent ? this.#urgent : this.#others).push(entry)) {
      reject(new GatewayError("ari.unavailable", "too many requests wait"));
      return;
    }
    this.#waiting++;
    const { timeoutMs } = this.#options;
    const cancel = this.#clock.callAt(monoMs(this.#clock.mono() + timeoutMs), () =>
      entry.refuse(`its turn did not come within ${timeoutMs} ms`),
    );
    signal?.addEventListener("abort", onAbort, { once: true });
  }

  #leaver(): () => void {
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#inside--;
      this.#admitNext();
    };
  }

  #admitNext(): void {
    while (this.#hasRoom(true)) {
      const next = this.#next(this.#urgent) ?? (this.#hasRoom(false) ? this.#next(this.#others) : undefined);
      if (next === undefined) return;
      next.admit();
    }
  }

  #next(queue: BoundedQueue<Waiting>): Waiting | undefined {
    for (;;) {
      const [entry] = queue.take(1);
      if (entry?.gone !== true) return entry;
    }
  }
}
