import type { MonoMs } from "../../gateway/core/time.js";
import { monoMs } from "../../gateway/core/time.js";
import { SipHeaders } from "../../gateway/sip/message/sip-headers.js";
import { NO_BODY, type SipResponse } from "../../gateway/sip/message/sip-message.js";
import type { ClientSink } from "../../gateway/sip/transaction/client-sink.js";
import type { ServerSink } from "../../gateway/sip/transaction/server-sink.js";
import { OFF } from "../../gateway/sip/transaction/sip-timers.js";

export const response = (status: number): SipResponse => ({
  kind: "response",
  status,
  reason: "",
  headers: new SipHeaders(),
  body: NO_BODY,
});

interface Machine {
  readonly deadline: number;
  onTime(now: MonoMs): void;
}

/** Writes down, with the time, what a transaction machine asks for, and moves its time. */
export class TransactionLog implements ClientSink<undefined>, ServerSink<undefined> {
  readonly lines: string[] = [];
  now = monoMs(0);

  sendRequest = () => this.#note("send");
  sendAck = () => this.#note("ack");
  deliver = (_owner: undefined, { status }: SipResponse) => this.#note(`deliver ${status}`);
  sendResponse = () => this.#note("send");
  sendTrying = () => this.#note("send 100");
  acknowledged = () => this.#note("acknowledged");
  timedOut = () => this.#note("timed out");
  transportFailed = () => this.#note("transport failed");
  terminated = () => this.#note("terminated");

  /** Runs the machine's timers up to that time, each at its very moment. */
  runUntil(machine: Machine, until: number): void {
    while (machine.deadline !== OFF && machine.deadline <= until) {
      this.now = monoMs(machine.deadline);
      machine.onTime(this.now);
    }
    this.now = monoMs(until);
  }

  #note(what: string): void {
    this.lines.push(`${this.now} ${what}`);
  }
}
