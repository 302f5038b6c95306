import { headerRefusal } from "../../sip/message/header-refusal.js";
import { allValues } from "../../sip/message/split-values.js";
import { parseReason } from "../../sip/message/header-values.js";
import { parseSipMessage, type SipParseError } from "../../sip/message/parse-message.js";
import type { SipRequest, SipResponse } from "../../sip/message/sip-message.js";
import { validateRequest, validateResponse, type SipInvalid } from "../../sip/message/validate-request.js";
import { dialogKey, type DrachtioEngine } from "./drachtio-engine.js";
import { canMakeDialog, DrachtioIncoming, type Arrived } from "./drachtio-incoming.js";
import { responseBytes } from "./drachtio-messages.js";
import type { Delivery } from "./server-message.js";

/** What the server delivers: to a transaction, to a dialog, to the user, or back with a refusal. */
export class Receiver {
  readonly #engine: DrachtioEngine;
  /** The request that is being handed to the user. */
  #current: DrachtioIncoming | undefined;

  constructor(engine: DrachtioEngine) {
    this.#engine = engine;
  }

  onDelivery(delivery: Delivery): void {
    if (this.#engine.closed) return;
    this.#current = undefined;
    try {
      if (!delivery.madeUp && !delivery.unsolicited) this.#engine.onWire?.("in", delivery.sip, delivery);
      this.#dispatch(delivery);
    } catch (fault) {
      this.#engine.fault(fault);
      this.#engine.guarded(() => this.#current?.refuse(500));
    }
  }

  #dispatch(delivery: Delivery): void {
    // Only this message's own bytes: the frame that they are a view of would be held on to by the body.
    const parsed = parseSipMessage(Buffer.from(delivery.sip));
    if (!parsed.ok) this.#malformed(delivery, parsed.error.request, parsed.error);
    else if (parsed.value.kind === "response") this.#onResponse(delivery, parsed.value);
    else if (delivery.unsolicited) this.#onServerBye(parsed.value);
    else this.#onRequest(delivery, parsed.value);
  }

  #malformed(delivery: Delivery, request: SipRequest | undefined, error: SipParseError | SipInvalid): void {
    const engine = this.#engine;
    engine.counters.droppedMalformed.inc();
    if (request === undefined || error.status === undefined || request.method === "ACK" || delivery.unsolicited) return;
    const spec = { status: error.status, reason: error.message, headers: engine.ownHeaders() };
    engine.send(`sip|${delivery.transactionId}|`, responseBytes(request, spec, "", undefined), () => undefined);
  }

  #onResponse(delivery: Delivery, response: SipResponse): void {
    const outgoing = this.#engine.outgoing.get(delivery.transactionId);
    if (outgoing === undefined) this.#engine.counters.droppedResponses.inc();
    else if (delivery.madeUp || validateResponse(response).ok) outgoing.onResponse(response, delivery.madeUp);
    else this.#engine.counters.droppedMalformed.inc();
  }

  /** It is ours: From is our end. */
  #onServerBye(bye: SipRequest): void {
    const checked = validateRequest(bye);
    if (!checked.ok) return;
    const { callId, fromTag = "", toTag = "" } = checked.value;
    const reasons = allValues(bye.headers, "reason").map(parseReason);
    const dialog = this.#engine.dialogs.get(dialogKey(callId, fromTag, toTag));
    dialog?.endedByServer(bye, reasons.map((reason) => reason?.text ?? "").join(" "));
  }

  #onRequest(delivery: Delivery, request: SipRequest): void {
    const engine = this.#engine;
    const checked = validateRequest(request);
    if (!checked.ok) {
      this.#malformed(delivery, request, checked.error);
      return;
    }
    const facts = checked.value;
    const { callId, fromTag = "", toTag } = facts;
    const { transactionId } = delivery;
    const { method } = request;
    const dialog = toTag === undefined ? undefined : engine.dialogs.get(dialogKey(callId, toTag, fromTag));
    if (method === "CANCEL") engine.incoming.get(`INVITE ${transactionId}`)?.cancel(request);
    else if (method === "ACK") dialog?.onAck(request, facts.cseq.number);
    else {
      // RFC 3261 §8.2.2.2; a call of ours that has come back would have the name of the one that went out.
      const merged = method === "INVITE" && toTag === undefined && engine.names.has(callId, fromTag);
      if (engine.incoming.get(`${method} ${transactionId}`) !== undefined) return;
      const incoming = this.#open({ request, facts, source: engine.sourceOf(delivery), transactionId }, dialog);
      if (merged) incoming.refuse(482);
      else if (this.#refuseByHeaders(incoming) || this.#refuseByLoad(incoming, dialog !== undefined)) return;
      else if (dialog !== undefined) dialog.onRequest(incoming);
      else if (toTag !== undefined) this.#stray(incoming);
      else this.#outsideDialog(incoming);
    }
  }

  #open(arrived: Arrived, dialog: ConstructorParameters<typeof DrachtioIncoming>[2]): DrachtioIncoming {
    const incoming = new DrachtioIncoming(this.#engine, arrived, dialog);
    this.#current = incoming;
    return incoming;
  }

  #stray(incoming: DrachtioIncoming): void {
    const take = this.#engine.user?.onStrayRequest?.(incoming.request);
    if (take === undefined) incoming.refuse(481);
    else take(incoming);
  }

  #outsideDialog(incoming: DrachtioIncoming): void {
    const { user } = this.#engine;
    if (incoming.request.method !== "INVITE") user?.onRequest(incoming);
    else if (canMakeDialog(incoming.facts)) user?.onInvite(incoming);
    else incoming.refuse(400);
  }

  /** @returns True when it was refused. */
  #refuseByHeaders(incoming: DrachtioIncoming): boolean {
    const refusal = headerRefusal(incoming.request, incoming.facts);
    if (refusal === undefined) return false;
    incoming.refuse(refusal.status, refusal.headers);
    return true;
  }

  /** New calls go first, what belongs to a call that is up goes last. */
  #refuseByLoad(incoming: DrachtioIncoming, inDialog: boolean): boolean {
    const engine = this.#engine;
    const isNewCall = incoming.request.method === "INVITE" && !inDialog;
    const most = engine.maxTransactions * (isNewCall ? 0.9 : inDialog ? 1 : 0.95);
    if (!(isNewCall && engine.draining) && engine.transactionCount <= most) return false;
    engine.counters.refusedOverload.inc();
    incoming.refuse(503, engine.retryAfter());
    return true;
  }
}
