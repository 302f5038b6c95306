import type { MonoMs } from "../../core/time.js";
import { InviteServerTransaction } from "../../sip/transaction/invite-server-transaction.js";
import { NonInviteServerTransaction } from "../../sip/transaction/non-invite-server-transaction.js";
import type { ServerSink } from "../../sip/transaction/server-sink.js";
import type { WheelEntry } from "../../sip/transaction/timer-wheel.js";
import type { Engine } from "./engine.js";
import type { Incoming } from "./incoming.js";
import type { Listener, SendTo } from "./transport/transport.js";

const sink: ServerSink<ServerTransaction> = {
  sendResponse: (transaction) => transaction.sendLast(),
  sendTrying: (transaction) => transaction.incoming?.sendTrying(),
  acknowledged: (transaction) => transaction.acknowledged(),
  timedOut: (transaction) => transaction.timedOut(),
  terminated: (transaction) => transaction.terminated(),
};

/**
 * A server transaction in the endpoint's table: the machine, the way back, and the last response as it went out (as text, which
 * costs less to keep than a buffer). Once answered it holds nothing of the request.
 */
export class ServerTransaction implements WheelEntry {
  wheelNext: WheelEntry | undefined = undefined;
  wheelPrevious: WheelEntry | undefined = undefined;
  wheelTick = 0;
  readonly isInvite: boolean;
  readonly listener: Listener;
  readonly replyTo: SendTo;
  /** Until the final response and, for an INVITE refused, until its ACK. */
  incoming: Incoming | undefined;
  readonly #engine: Engine;
  readonly #key: string;
  /** Empty: not in `engine.unmerged`. */
  #mergeKey = "";
  readonly #machine: InviteServerTransaction<ServerTransaction> | NonInviteServerTransaction<ServerTransaction>;
  #lastText = "";
  #last: Buffer | undefined;

  constructor(engine: Engine, key: string, isInvite: boolean, replyTo: SendTo, listener: Listener) {
    this.#engine = engine;
    this.#key = key;
    this.isInvite = isInvite;
    this.replyTo = replyTo;
    this.listener = listener;
    const reliable = replyTo.protocol !== "udp";
    this.#machine = isInvite
      ? new InviteServerTransaction(engine.timers, reliable, sink, this)
      : new NonInviteServerTransaction(engine.timers, reliable, sink, this);
    engine.servers.set(key, this);
  }

  /** Still without a final response. */
  get isOpen(): boolean {
    const { state } = this.#machine;
    return state === "proceeding" || state === "trying";
  }

  start(incoming: Incoming, mergeKey: string): void {
    this.incoming = incoming;
    if (mergeKey !== "") {
      this.#mergeKey = mergeKey;
      this.#engine.unmerged.set(mergeKey, this);
    }
    this.#machine.start(this.#engine.driver.now(), this.#engine.tryingAfterMs);
    this.#engine.driver.update(this);
  }

  /** @returns False: too late. */
  respond(status: number, bytes: Buffer): boolean {
    if (!this.isOpen) return false;
    this.#last = bytes;
    if (status >= 200) this.#closeMerge();
    this.#machine.respond(this.#engine.driver.now(), status);
    this.#keep(status, bytes);
    this.#engine.driver.update(this);
    return true;
  }

  get deadline(): number {
    return this.#machine.deadline;
  }

  onTime(now: MonoMs): void {
    this.#machine.onTime(now);
  }

  /** The request came again. */
  onRequest(): void {
    this.#machine.onRequest();
    this.#engine.driver.update(this);
  }

  /** @returns True: the ACK was that of a 300–699. */
  onAck(): boolean {
    const machine = this.#machine;
    if (!(machine instanceof InviteServerTransaction)) return false;
    const mine = machine.onAck(this.#engine.driver.now());
    this.#engine.driver.update(this);
    return mine;
  }

  // What follows is for the sink.

  sendLast(): void {
    const first = this.#last;
    if (first === undefined && this.#lastText === "") return;
    if (first === undefined) this.#engine.counters.retransmittedResponses.inc();
    const bytes = first ?? Buffer.from(this.#lastText, "latin1");
    this.#engine.send(bytes, this.replyTo, this.listener);
  }

  acknowledged(): void {
    const { incoming } = this;
    this.#forget();
    incoming?.refusalAcked();
  }

  timedOut(): void {
    const { incoming } = this;
    this.#closeMerge();
    this.#forget();
    incoming?.gone();
  }

  terminated(): void {
    this.#closeMerge();
    this.#engine.driver.remove(this);
    this.#engine.servers.delete(this.#key);
    this.#forget();
  }

  /** Absorbs repeats without ever answering. */
  silence(): void {
    this.#closeMerge();
    this.#lastText = "";
    this.incoming = undefined;
    // As after a 2xx there is nothing to repeat: the machine swallows what comes and ends after 64·T1.
    this.#machine.respond(this.#engine.driver.now(), 200);
    this.#engine.driver.update(this);
  }

  #keep(status: number, bytes: Buffer): void {
    this.#last = undefined;
    const repeatable = status < 300 && status >= 200 && this.isInvite ? false : this.#machine.state !== "terminated";
    this.#lastText = repeatable ? bytes.toString("latin1") : "";
    // A refused INVITE's user wants to know of the ACK; everything else is over with the final response.
    if (status >= 200 && !(this.isInvite && status >= 300)) this.incoming = undefined;
  }

  #closeMerge(): void {
    if (this.#mergeKey === "") return;
    this.#engine.unmerged.delete(this.#mergeKey);
    this.#mergeKey = "";
  }

  #forget(): void {
    this.#last = undefined;
    this.#lastText = "";
    this.incoming = undefined;
  }
}
