import type { MonoMs } from "../../core/time.js";
import { earlier, isDue, OFF, type SipTimers } from "../transaction/sip-timers.js";

export type RepeaterOutput = "nothing" | "send" | "give-up";

/**
 * When a response that the peer must confirm is sent again: a 2xx to an INVITE until its ACK (RFC 3261 §13.3.1.4: T1, doubling
 * up to T2, on reliable transports too; given up at 64·T1), or a reliable 1xx until its PRACK (RFC 3262 §3: T1, doubling
 * without a cap, 64·T1). Sending is the caller's.
 */
export class AnswerRepeater {
  readonly #capMs: number;
  #intervalMs: number;
  #nextAt = OFF;
  #giveUpAt = OFF;

  constructor(timers: SipTimers, kind: "answer" | "provisional", now: MonoMs) {
    this.#capMs = kind === "answer" ? timers.t2Ms : Infinity;
    this.#intervalMs = timers.t1Ms;
    this.#nextAt = now + timers.t1Ms;
    this.#giveUpAt = now + 64 * timers.t1Ms;
  }

  /** Mono ms, or `OFF` once confirmed or given up. */
  get deadline(): number {
    return earlier(this.#nextAt, this.#giveUpAt);
  }

  /** The ACK or PRACK came, or nobody cares any more. */
  stop(): void {
    this.#nextAt = OFF;
    this.#giveUpAt = OFF;
  }

  onTime(now: MonoMs): RepeaterOutput {
    if (isDue(this.#giveUpAt, now)) {
      this.stop();
      return "give-up";
    }
    if (!isDue(this.#nextAt, now)) return "nothing";
    this.#intervalMs = Math.min(2 * this.#intervalMs, this.#capMs);
    this.#nextAt = now + this.#intervalMs;
    return "send";
  }
}
