import type { SipTarget } from "../../ports/sip-endpoint.js";
import { serializeRequest } from "../../sip/message/serialize-message.js";
import type { SipRequest } from "../../sip/message/sip-message.js";
import type { Engine } from "./engine.js";
import { viaAt } from "./message-building.js";
import type { Listener } from "./transport/transport.js";

/**
 * The ACK of one 2xx: a request without a transaction, kept to be sent again for a repeated 2xx (RFC 3261 §13.2.2.4); as text,
 * because a small buffer would hold on to the pool that it was cut from.
 */
export class DialogAck {
  readonly cseq: number;
  /** The user has given it; it may still wait for a name to be looked up. */
  sent = false;
  #text = "";
  #to: SipTarget | undefined;
  #listener: Listener | undefined;

  constructor(cseq: number) {
    this.cseq = cseq;
  }

  send(engine: Engine, request: SipRequest, targets: readonly SipTarget[] | Promise<readonly SipTarget[]>): void {
    this.sent = true;
    if (Array.isArray(targets)) this.#sendToFirst(engine, request, targets as readonly SipTarget[], 0);
    else
      void (targets as Promise<readonly SipTarget[]>).then((found) =>
        engine.soon(() => this.#sendToFirst(engine, request, found, 0)),
      );
  }

  repeat(engine: Engine): void {
    if (this.#to !== undefined) engine.send(Buffer.from(this.#text, "latin1"), this.#to, this.#listener);
  }

  /** Tries the targets in turn: a repeated 2xx then brings the one that could be reached. */
  #sendToFirst(engine: Engine, request: SipRequest, targets: readonly SipTarget[], from: number): void {
    for (let i = from; i < targets.length; i++) {
      const target = targets[i];
      const listener = target === undefined ? undefined : engine.transports.listenerFor(target);
      if (target === undefined || listener === undefined) continue;
      request.headers.setFirst("via", viaAt(listener, `z9hG4bK${engine.random.token(10)}`));
      const bytes = serializeRequest(request);
      this.#text = bytes.toString("latin1");
      this.#to = target;
      this.#listener = listener;
      const onFailure = i + 1 < targets.length ? () => this.#sendToFirst(engine, request, targets, i + 1) : undefined;
      engine.send(bytes, target, listener, onFailure);
      return;
    }
  }
}
