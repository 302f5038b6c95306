import type { HeaderEntries } from "../../ports/sip-endpoint.js";
import { DrachtioDialog } from "./drachtio-dialog.js";
import type { DrachtioEngine } from "./drachtio-engine.js";
import type { DrachtioIncoming } from "./drachtio-incoming.js";
import { cancelBytes, responseBytes } from "./drachtio-messages.js";
import type { DrachtioOutgoing } from "./drachtio-outgoing.js";

/** Of each kind. More than this is left to the server and to session timers. */
const MOST = 20_000;
/** Sent at once, and then every tenth of a second. */
const PER_ROUND = 100;

const WHY: HeaderEntries = [["Reason", 'SIP;cause=503;text="SIP engine was lost"']];

/**
 * What was up when the connection to the server was lost. The server leaves it up: calls without anybody who would end them.
 * As soon as there is a server again each of them gets what ends it. Whether the server still knows them is not certain;
 * a refusal changes nothing.
 */
export class LostWork {
  readonly #engine: DrachtioEngine;
  #jobs: (() => void)[] = [];
  #stopTimer: () => void = () => undefined;

  constructor(engine: DrachtioEngine) {
    this.#engine = engine;
  }

  get waiting(): number {
    return this.#jobs.length;
  }

  /** A call that was answered. */
  call(lost: DrachtioDialog): void {
    if (lost.state !== "confirmed") return;
    const snapshot = lost.snapshot();
    this.#keep(() => {
      const dialog = DrachtioDialog.restore(this.#engine, snapshot);
      dialog.request({ method: "BYE", headers: WHY }, { onFinal: () => dialog.discard() });
    });
  }

  /** An INVITE of ours that may be ringing. */
  ringing({ isInvite, transactionId, request }: DrachtioOutgoing): void {
    if (!isInvite || transactionId === "") return;
    this.#keep(() => this.#engine.send(`sip|${transactionId}|`, cancelBytes(request.uri, WHY), () => undefined));
  }

  /** A request of a peer that has no final answer. */
  unanswered({ transactionId, request }: DrachtioIncoming): void {
    const bytes = responseBytes(request, { status: 503, headers: WHY }, "", undefined);
    this.#keep(() => this.#engine.send(`sip|${transactionId}|`, bytes, () => undefined));
  }

  /** There is a server again. */
  end(): void {
    this.#stopTimer();
    for (const job of this.#jobs.splice(0, PER_ROUND)) this.#engine.guarded(job);
    if (this.#jobs.length > 0) this.#stopTimer = this.#engine.later(100, () => this.end());
  }

  /** The server is gone (again): what is left waits. */
  pause(): void {
    this.#stopTimer();
  }

  #keep(job: () => void): void {
    if (this.#jobs.length < MOST) this.#jobs.push(job);
  }
}
