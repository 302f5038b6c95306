import type { MonoMs } from "../../core/time.js";
import type { SipResponse } from "../message/sip-message.js";
import type { ClientSink } from "./client-sink.js";
import { earlier, isDue, OFF, type SipTimers } from "./sip-timers.js";

export type InviteClientState = "calling" | "proceeding" | "completed" | "accepted" | "terminated";

/**
 * INVITE client transaction. RFC 3261 §17.1.1 figure 5, with the Accepted state of RFC 6026 §7.2: it stays for 64·T1 after
 * a 2xx, so that repeated and forked 2xx find it.
 *
 * Holds no socket and no timer: carries out through `sink`, tells its next `deadline`, is told `onTime`.
 */
export class InviteClientTransaction<O> {
  readonly #timers: SipTimers;
  readonly #reliable: boolean;
  readonly #sink: ClientSink<O>;
  readonly #owner: O;
  #state: InviteClientState = "calling";
  #retransmitMs: number;
  #timerA = OFF;
  #timerB = OFF;
  /** Timer D in `completed`, timer M in `accepted`. */
  #lingerAt = OFF;

  constructor(timers: SipTimers, reliable: boolean, sink: ClientSink<O>, owner: O) {
    this.#timers = timers;
    this.#reliable = reliable;
    this.#sink = sink;
    this.#owner = owner;
    this.#retransmitMs = timers.t1Ms;
  }

  get state(): InviteClientState {
    return this.#state;
  }

  /** Mono ms, or `OFF`. */
  get deadline(): number {
    return earlier(earlier(this.#timerA, this.#timerB), this.#lingerAt);
  }

  start(now: MonoMs): void {
    if (!this.#reliable) this.#timerA = now + this.#retransmitMs;
    this.#timerB = now + 64 * this.#timers.t1Ms;
    this.#sink.sendRequest(this.#owner);
  }

  onResponse(now: MonoMs, response: SipResponse): void {
    const { status } = response;
    switch (this.#state) {
      case "calling":
      case "proceeding":
        this.#timerA = OFF;
        this.#timerB = OFF;
        if (status < 200) {
          this.#state = "proceeding";
          this.#sink.deliver(this.#owner, response);
        } else if (status < 300) this.#accept(now, response);
        else this.#complete(now, response);
        return;
      case "completed":
        if (status >= 300) this.#sink.sendAck(this.#owner, response);
        return;
      case "accepted":
        if (status >= 200 && status < 300) this.#sink.deliver(this.#owner, response);
        return;
      case "terminated":
        return;
    }
  }

  onTime(now: MonoMs): void {
    if (isDue(this.#lingerAt, now)) {
      this.#terminate();
    } else if (isDue(this.#timerB, now)) {
      this.#end();
      this.#sink.timedOut(this.#owner);
      this.#sink.terminated(this.#owner);
    } else if (isDue(this.#timerA, now)) {
      this.#retransmitMs *= 2; // §17.1.1.2: doubles without a cap
      this.#timerA = now + this.#retransmitMs;
      this.#sink.sendRequest(this.#owner);
    }
  }

  /** The hop has been given up: a late answer is still taken, but the request is not repeated any more. */
  stopRepeating(): void {
    this.#timerA = OFF;
  }

  /** Nobody waits any more: `terminated`, without `timedOut`. For a cancelled INVITE that never ends (RFC 3261 §9.1). */
  abandon(): void {
    if (this.#state !== "terminated") this.#terminate();
  }

  /** The request (calling) or the ACK (completed) could not be sent. §17.1.4 */
  onTransportError(): void {
    if (this.#state === "calling") {
      this.#end();
      this.#sink.transportFailed(this.#owner);
      this.#sink.terminated(this.#owner);
    } else if (this.#state === "completed") this.#terminate();
  }

  #accept(now: MonoMs, response: SipResponse): void {
    this.#state = "accepted";
    this.#lingerAt = now + 64 * this.#timers.t1Ms;
    this.#sink.deliver(this.#owner, response);
  }

  #complete(now: MonoMs, response: SipResponse): void {
    this.#state = "completed";
    // Timer D: "at least 32 seconds" (§17.1.1.2) is 64·T1 with the default T1; zero on a reliable transport.
    this.#lingerAt = now + 64 * this.#timers.t1Ms;
    this.#sink.sendAck(this.#owner, response);
    this.#sink.deliver(this.#owner, response);
    if (this.#reliable) this.#terminate();
  }

  #terminate(): void {
    this.#end();
    this.#sink.terminated(this.#owner);
  }

  #end(): void {
    this.#state = "terminated";
    this.#timerA = OFF;
    this.#timerB = OFF;
    this.#lingerAt = OFF;
  }
}
