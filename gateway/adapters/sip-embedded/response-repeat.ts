import type { MonoMs } from "../../core/time.js";
import { AnswerRepeater } from "../../sip/dialog/answer-repeater.js";
import type { WheelEntry } from "../../sip/transaction/timer-wheel.js";
import type { Engine } from "./engine.js";
import type { Listener, SendTo } from "./transport/transport.js";

/** A 2xx to an INVITE until its ACK, or a reliable 1xx until its PRACK: kept as it went out, sent again on schedule. */
export class ResponseRepeat implements WheelEntry {
  wheelNext: WheelEntry | undefined = undefined;
  wheelPrevious: WheelEntry | undefined = undefined;
  wheelTick = 0;
  /** CSeq number of the INVITE. */
  readonly cseq: number;
  /** RSeq of a reliable 1xx; 0 for a 2xx. */
  readonly rseq: number;
  readonly #engine: Engine;
  readonly #repeater: AnswerRepeater;
  readonly #bytes: Uint8Array;
  readonly #to: SendTo;
  readonly #listener: Listener;
  readonly #onGiveUp: () => void;

  constructor(
    engine: Engine,
    message: {
      readonly bytes: Uint8Array;
      readonly to: SendTo;
      readonly listener: Listener;
      readonly cseq: number;
      readonly rseq: number;
    },
    onGiveUp: () => void,
  ) {
    this.#engine = engine;
    this.#bytes = message.bytes;
    this.#to = message.to;
    this.#listener = message.listener;
    this.cseq = message.cseq;
    this.rseq = message.rseq;
    this.#onGiveUp = onGiveUp;
    this.#repeater = new AnswerRepeater(
      engine.timers,
      message.rseq === 0 ? "answer" : "provisional",
      engine.driver.now(),
    );
    engine.driver.update(this);
  }

  get deadline(): number {
    return this.#repeater.deadline;
  }

  onTime(now: MonoMs): void {
    switch (this.#repeater.onTime(now)) {
      case "send":
        this.again();
        return;
      case "give-up":
        this.#onGiveUp();
        return;
      case "nothing":
        return;
    }
  }

  /** Outside of the schedule: the INVITE came again. */
  again(): void {
    this.#engine.counters.retransmittedResponses.inc();
    this.#engine.send(this.#bytes, this.#to, this.#listener);
  }

  stop(): void {
    this.#repeater.stop();
    this.#engine.driver.remove(this);
  }
}
