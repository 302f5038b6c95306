import type { MonoMs } from "../../core/time.js";
import type { ServerSink } from "./server-sink.js";
import { isDue, OFF, type SipTimers } from "./sip-timers.js";

export type NonInviteServerState = "trying" | "proceeding" | "completed" | "terminated";

/**
 * Non-INVITE server transaction. RFC 3261 §17.2.2, figure 8. A request that nobody answers is forgotten after 64·T1: the client
 * has given up by then, and RFC 4320 §4.2 forbids a late 408.
 */
export class NonInviteServerTransaction<O> {
  readonly #timers: SipTimers;
  readonly #reliable: boolean;
  readonly #sink: ServerSink<O>;
  readonly #owner: O;
  #state: NonInviteServerState = "trying";
  /** Give-up while unanswered, timer J once completed. */
  #endAt = OFF;

  constructor(timers: SipTimers, reliable: boolean, sink: ServerSink<O>, owner: O) {
    this.#timers = timers;
    this.#reliable = reliable;
    this.#sink = sink;
    this.#owner = owner;
  }

  get state(): NonInviteServerState {
    return this.#state;
  }

  /** Mono ms, or `OFF`. */
  get deadline(): number {
    return this.#endAt;
  }

  start(now: MonoMs): void {
    this.#endAt = now + 64 * this.#timers.t1Ms;
  }

  /** @returns False when it comes too late. */
  respond(now: MonoMs, status: number): boolean {
    if (this.#state !== "trying" && this.#state !== "proceeding") return false;
    if (status < 200) this.#state = "proceeding";
    else {
      this.#state = "completed";
      this.#endAt = now + 64 * this.#timers.t1Ms;
    }
    this.#sink.sendResponse(this.#owner);
    if (status >= 200 && this.#reliable) this.#terminate();
    return true;
  }

  /** The request came again. §17.2.2: answered with the last response, dropped while there is none. */
  onRequest(): void {
    if (this.#state === "proceeding" || this.#state === "completed") this.#sink.sendResponse(this.#owner);
  }

  onTime(now: MonoMs): void {
    if (!isDue(this.#endAt, now)) return;
    if (this.#state !== "completed") this.#sink.timedOut(this.#owner);
    this.#terminate();
  }

  onTransportError(): void {
    if (this.#state !== "terminated") this.#terminate();
  }

  #terminate(): void {
    this.#state = "terminated";
    this.#endAt = OFF;
    this.#sink.terminated(this.#owner);
  }
}
