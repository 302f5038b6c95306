import { BoundedQueue } from "../../core/bounded-queue.js";
import type { Clock } from "../../core/clock.js";
import { monoMs } from "../../core/time.js";
import type { AriEvent } from "./ari-contracts.js";

export interface EventIntakeOptions {
  /** Work on events in one turn of the event loop, ms; what comes beyond that waits. */
  readonly sliceMs: number;
  readonly maxWaiting: number;
  readonly maxWaitingBytes: number;
}

export const DEFAULT_EVENT_INTAKE: EventIntakeOptions = {
  sliceMs: 2,
  maxWaiting: 50_000,
  maxWaitingBytes: 64 * 1024 * 1024,
};

export interface EventIntakeUser {
  /** In the order in which they came. */
  onEvent(event: AriEvent): void;
  /** A message that is no event. */
  onBad(): void;
  /** So many were dropped; what follows came after them. */
  onLost(count: number): void;
}

/**
 * Events as they come from the socket, worked on in slices: a flood waits in a queue instead of holding the thread on which calls
 * are decided. A queue that overflows is thrown away whole, since half a story is worse than asking for the whole again.
 */
export class EventIntake {
  readonly #options: EventIntakeOptions;
  readonly #user: EventIntakeUser;
  readonly #clock: Clock;
  readonly #queue: BoundedQueue<string>;
  #waitingBytes = 0;
  /** Spent in this turn, ms. */
  #spentMs = 0;
  #cancelTurn: (() => void) | undefined;

  constructor(options: EventIntakeOptions, user: EventIntakeUser, clock: Clock) {
    this.#options = options;
    this.#user = user;
    this.#clock = clock;
    this.#queue = new BoundedQueue(options.maxWaiting);
  }

  get waiting(): number {
    return this.#queue.size;
  }

  push(text: string): void {
    this.#cancelTurn ??= this.#later();
    if (this.#queue.size === 0 && this.#spentMs < this.#options.sliceMs) {
      this.#work(text);
      return;
    }
    if (this.#waitingBytes + text.length <= this.#options.maxWaitingBytes && this.#queue.push(text)) {
      this.#waitingBytes += text.length;
      return;
    }
    this.#user.onLost(this.#drop() + 1);
  }

  /** The connection they came by is gone: what waits is old. */
  clear(): void {
    this.#drop();
    this.#cancelTurn?.();
    this.#cancelTurn = undefined;
    this.#spentMs = 0;
  }

  #drop(): number {
    const dropped = this.#queue.take(this.#queue.size).length;
    this.#waitingBytes = 0;
    return dropped;
  }

  #later(): () => void {
    return this.#clock.callAt(monoMs(this.#clock.mono()), () => this.#turn());
  }

  #turn(): void {
    this.#spentMs = 0;
    this.#cancelTurn = undefined;
    while (this.#spentMs < this.#options.sliceMs) {
      const [text] = this.#queue.take(1);
      if (text === undefined) return;
      this.#waitingBytes -= text.length;
      this.#work(text);
    }
    this.#cancelTurn = this.#later();
  }

  #work(text: string): void {
    const startedAt = this.#clock.mono();
    const event = readEvent(text);
    if (event === undefined) this.#user.onBad();
    else this.#user.onEvent(event);
    this.#spentMs += this.#clock.mono() - startedAt;
  }
}

function readEvent(text: string): AriEvent | undefined {
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json !== "object" || json === null || !("type" in json) || typeof json.type !== "string")
      return undefined;
    return json as AriEvent;
  } catch {
    return undefined;
  }
}
