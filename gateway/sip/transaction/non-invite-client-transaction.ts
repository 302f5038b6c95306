import type { MonoMs } from "../../core/time.js";
import type { SipResponse } from "../message/sip-message.js";
import type { ClientSink } from "./client-sink.js";
import { earlier, isDue, OFF, type SipTimers } from "./sip-timers.js";

export type NonInviteClientState = "trying" | "proceeding" | "completed" | "terminated";

/** Non-INVITE client transaction. RFC 3261 §17.1.2, figure 6. Driven like `InviteClientTransaction`. */
export class NonInviteClientTransaction<O> {
  readonly #timers: SipTimers;
  readonly #reliable: boolean;
  readonly #sink: ClientSink<O>;
  readonly #owner: O;
  #state: NonInviteClientState = "trying";
  #retransmitMs: number;
  #timerE = OFF;
  #timerF = OFF;
  #timerK = OFF;

  constructor(timers: SipTimers, reliable: boolean, sink: ClientSink<O>, owner: O) {
    this.#timers = timers;
    this.#reliable = reliable;
    this.#sink = sink;
    this.#owner = owner;
    this.#retransmitMs = timers.t1Ms;
  }

  get state(): NonInviteClientState {
    return this.#state;
  }

  /** Mono ms, or `OFF`. */
  get deadline(): number {
    return earlier(earlier(this.#timerE, this.#timerF), this.#timerK);
  }

  start(now: MonoMs): void {
    if (!this.#reliable) this.#timerE = now + this.#retransmitMs;
    this.#timerF = now + 64 * this.#timers.t1Ms;
    this.#sink.sendRequest(this.#owner);
  }

  onResponse(now: MonoMs, response: SipResponse): void {
    if (this.#state !== "trying" && this.#state !== "proceeding") return;
    if (response.status < 200) {
      this.#state = "proceeding";
      this.#sink.deliver(this.#owner, response);
      return;
    }
    this.#state = "completed";
    this.#timerE = OFF;
    this.#timerF = OFF;
    if (!this.#reliable) this.#timerK = now + this.#timers.t4Ms;
    this.#sink.deliver(this.#owner, response);
    if (this.#reliable) this.#terminate();
  }

  onTime(now: MonoMs): void {
    if (isDue(this.#timerK, now)) {
      this.#terminate();
    } else if (isDue(this.#timerF, now)) {
      this.#end();
      this.#sink.timedOut(this.#owner);
      this.#sink.terminated(this.#owner);
    } else if (isDue(this.#timerE, now)) {
      // §17.1.2.2: MIN(2*E, T2) while trying, T2 once a provisional response has come.
      const { t2Ms } = this.#timers;
      this.#retransmitMs = this.#state === "trying" ? Math.min(2 * this.#retransmitMs, t2Ms) : t2Ms;
      this.#timerE = now + this.#retransmitMs;
      this.#sink.sendRequest(this.#owner);
    }
  }

  stopRepeating(): void {
    this.#timerE = OFF;
  }

  abandon(): void {
    if (this.#state !== "terminated") this.#terminate();
  }

  /** §17.1.4 */
  onTransportError(): void {
    if (this.#state !== "trying") return;
    this.#end();
    this.#sink.transportFailed(this.#owner);
    this.#sink.terminated(this.#owner);
  }

  #terminate(): void {
    this.#end();
    this.#sink.terminated(this.#owner);
  }

  #end(): void {
    this.#state = "terminated";
    this.#timerE = OFF;
    this.#timerF = OFF;
    this.#timerK = OFF;
  }
}
