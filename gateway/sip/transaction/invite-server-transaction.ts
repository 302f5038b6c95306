import type { MonoMs } from "../../core/time.js";
import type { ServerSink } from "./server-sink.js";
import { earlier, isDue, OFF, type SipTimers } from "./sip-timers.js";

export type InviteServerState = "proceeding" | "completed" | "confirmed" | "accepted" | "terminated";

/**
 * INVITE server transaction. RFC 3261 §17.2.1 figure 7, with the Accepted state of RFC 6026 §7.1: it stays for 64·T1 after
 * a 2xx and swallows repeats of the INVITE. The 2xx itself is repeated by the dialog layer (§13.3.1.4).
 */
export class InviteServerTransaction<O> {
  readonly #timers: SipTimers;
  readonly #reliable: boolean;
  readonly #sink: ServerSink<O>;
  readonly #owner: O;
  #state: InviteServerState = "proceeding";
  #answered = false;
  #retransmitMs: number;
  /** Until the user has said something: when 100 is due. */
  #tryingAt = OFF;
  #timerG = OFF;
  #timerH = OFF;
  /** Timer I in `confirmed`, timer L in `accepted`. */
  #lingerAt = OFF;

  constructor(timers: SipTimers, reliable: boolean, sink: ServerSink<O>, owner: O) {
    this.#timers = timers;
    this.#reliable = reliable;
    this.#sink = sink;
    this.#owner = owner;
    this.#retransmitMs = timers.t1Ms;
  }

  get state(): InviteServerState {
    return this.#state;
  }

  /** Mono ms, or `OFF`. */
  get deadline(): number {
    return earlier(earlier(this.#tryingAt, this.#timerG), earlier(this.#timerH, this.#lingerAt));
  }

  /** @param tryingAfterMs 100 is sent if the user has not answered by then: at most 200 (§17.2.1). */
  start(now: MonoMs, tryingAfterMs: number): void {
    if (tryingAfterMs <= 0) this.#trying();
    else this.#tryingAt = now + tryingAfterMs;
  }

  /** The user's response. @returns False when it comes too late: a final one has been sent. */
  respond(now: MonoMs, status: number): boolean {
    if (this.#state !== "proceeding") return false;
    this.#tryingAt = OFF;
    this.#answered = true;
    if (status >= 200) this.#final(now, status);
    this.#sink.sendResponse(this.#owner);
    return true;
  }

  /** The INVITE came again. */
  onRequest(): void {
    if (this.#state === "completed" || (this.#state === "proceeding" && this.#answered))
      this.#sink.sendResponse(this.#owner);
    else if (this.#state === "proceeding") this.#trying();
  }

  /** @returns True when the ACK belongs to this transaction (that of a 300–699) and is dealt with. */
  onAck(now: MonoMs): boolean {
    if (this.#state === "confirmed") return true;
    if (this.#state !== "completed") return false;
    this.#state = "confirmed";
    this.#timerG = OFF;
    this.#timerH = OFF;
    this.#lingerAt = now + this.#timers.t4Ms;
    this.#sink.acknowledged(this.#owner);
    if (this.#reliable) this.#terminate();
    return true;
  }

  onTime(now: MonoMs): void {
    if (isDue(this.#lingerAt, now)) {
      this.#terminate();
    } else if (isDue(this.#timerH, now)) {
      this.#end();
      this.#sink.timedOut(this.#owner);
      this.#sink.terminated(this.#owner);
    } else if (isDue(this.#timerG, now)) {
      this.#retransmitMs = Math.min(2 * this.#retransmitMs, this.#timers.t2Ms);
      this.#timerG = now + this.#retransmitMs;
      this.#sink.sendResponse(this.#owner);
    } else if (isDue(this.#tryingAt, now)) this.#trying();
  }

  /** The way back to the peer is gone for good. §17.2.4 */
  onTransportError(): void {
    if (this.#state === "terminated") return;
    this.#end();
    this.#sink.timedOut(this.#owner);
    this.#sink.terminated(this.#owner);
  }

  #final(now: MonoMs, status: number): void {
    const { t1Ms } = this.#timers;
    if (status < 300) {
      this.#state = "accepted";
      this.#lingerAt = now + 64 * t1Ms;
      return;
    }
    this.#state = "completed";
    if (!this.#reliable) this.#timerG = now + t1Ms;
    this.#timerH = now + 64 * t1Ms;
  }

  #trying(): void {
    this.#tryingAt = OFF;
    this.#sink.sendTrying(this.#owner);
  }

  #terminate(): void {
    this.#end();
    this.#sink.terminated(this.#owner);
  }

  #end(): void {
    this.#state = "terminated";
    this.#tryingAt = OFF;
    this.#timerG = OFF;
    this.#timerH = OFF;
    this.#lingerAt = OFF;
  }
}
