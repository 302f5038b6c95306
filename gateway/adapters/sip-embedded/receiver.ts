import type { HeaderEntries } from "../../ports/sip-endpoint.js";
import { headerRefusal } from "../../sip/message/header-refusal.js";
import { DEFAULT_SIP_LIMITS, type SipLimits } from "../../sip/message/limits.js";
import { parseSipMessage, type SipParseError } from "../../sip/message/parse-message.js";
import type { SipMessage, SipRequest } from "../../sip/message/sip-message.js";
import { validateRequest, type RequestFacts, type SipInvalid } from "../../sip/message/validate-request.js";
import { parseVia, type Via } from "../../sip/message/via.js";
import { firstValue } from "../../sip/message/split-values.js";
import { mergeKey, serverKey } from "../../sip/transaction/transaction-key.js";
import { stampTopVia } from "../../sip/transaction/via-stamp.js";
import type { EmbeddedDialog } from "./embedded-dialog.js";
import { dialogKey, type Engine } from "./engine.js";
import { Incoming } from "./incoming.js";
import { onResponse } from "./response-dispatch.js";
import { ServerTransaction } from "./server-transaction.js";
import { replyTarget, statelessAnswer } from "./stateless-answer.js";
import type { Received, TransportHandler } from "./transport/transport.js";
import type { SipSource } from "../../ports/sip-endpoint.js";

interface Arrived {
  readonly received: Received;
  readonly request: SipRequest;
  readonly facts: RequestFacts;
  readonly source: SipSource;
}

/** What comes from the network: to a transaction, to a dialog, to the user, or back with a refusal. RFC 3261 §8.2, §12.2.2, §17.2.3, §18.2.1 */
export class Receiver implements TransportHandler {
  readonly #engine: Engine;
  readonly #limits: SipLimits;
  /** The request that is being handed to the user. */
  #current: Incoming | undefined;

  constructor(engine: Engine, limits: SipLimits = DEFAULT_SIP_LIMITS) {
    this.#engine = engine;
    this.#limits = limits;
  }

  onMessage(received: Received): void {
    const engine = this.#engine;
    if (engine.closed) return;
    this.#current = undefined;
    try {
      engine.onWire?.("in", received.bytes, received.source, received.listener);
      this.#dispatch(received);
    } catch (fault) {
      engine.fault(fault);
      this.#endAfterFault();
    }
  }

  #dispatch(received: Received): void {
    const engine = this.#engine;
    const parsed = parseSipMessage(received.bytes, this.#limits);
    if (!parsed.ok) this.#malformed(received, parsed.error.request, parsed.error);
    else if (parsed.value.kind === "response") onResponse(engine, parsed.value, received);
    else this.#onRequest(received, parsed.value);
  }

  onUnframeable(bytes: Buffer, source: SipSource): Uint8Array | undefined {
    this.#engine.onMalformed?.(source);
    const parsed = parseSipMessage(bytes, this.#limits);
    const { request, status, message } = parsed.ok ? whole(parsed.value) : parsed.error;
    if (request === undefined || status === undefined || !request.headers.has("via")) return undefined;
    this.#engine.counters.refusedMalformed.inc();
    return statelessAnswer(request, { status, reason: message });
  }

  /** Answered where the RFC has an answer and the message says where to, dropped otherwise. */
  #malformed(received: Received, request: SipRequest | undefined, error: SipParseError | SipInvalid): void {
    const { counters, onMalformed } = this.#engine;
    onMalformed?.(received.source);
    const line = request?.headers.get("via");
    const via = line === undefined ? undefined : parseVia(firstValue(line));
    if (request === undefined || error.status === undefined || line === undefined) {
      counters.droppedMalformed.inc();
      return;
    }
    counters.refusedMalformed.inc();
    if (via !== undefined) this.#stamp(request, line, via, received);
    this.#answer({ received, request, via }, error.status, [], error.message);
  }

  /** The user has thrown: its caller gets an answer instead of silence. */
  #endAfterFault(): void {
    try {
      this.#current?.refuse(500);
    } catch (fault) {
      this.#engine.fault(fault);
    }
  }

  #stamp(request: SipRequest, line: string, via: Via, received: Received): void {
    const stamped = stampTopVia(line, via, received.source.address, received.source.port);
    if (stamped !== line) request.headers.setFirst("via", stamped);
  }

  /** Without a transaction. */
  #answer(
    to: { readonly received: Received; readonly request: SipRequest; readonly via: Via | undefined },
    status: number,
    headers: HeaderEntries,
    reason?: string,
  ): void {
    const { serverName } = this.#engine;
    const isNamed = serverName === "" || headers.some(([name]) => name === "Server");
    const all: HeaderEntries = isNamed ? headers : [...headers, ["Server", serverName]];
    const spec = reason === undefined ? { status, headers: all } : { status, reason, headers: all };
    this.#engine.send(statelessAnswer(to.request, spec), replyTarget(to.received, to.via), to.received.listener);
  }

  #onRequest(received: Received, request: SipRequest): void {
    const checked = validateRequest(request);
    if (!checked.ok) {
      this.#malformed(received, request, checked.error);
      return;
    }
    const facts = checked.value;
    const arrived: Arrived = { received, request, facts, source: received.source };
    const { method } = request;
    if (method === "ACK") {
      this.#onAck(arrived);
      return;
    }
    const key = serverKey(request, facts, method);
    const known = this.#engine.servers.get(key);
    if (known !== undefined) {
      this.#engine.counters.receivedAgain.inc();
      known.onRequest();
      return;
    }
    this.#stamp(request, request.headers.get("via") ?? "", facts.via, received);
    // RFC 3261 §9.2: a CANCEL belongs to the INVITE with its branch or to nothing, whatever dialog its tags name.
    const ofDialog = facts.toTag !== undefined && method !== "CANCEL";
    const dialog = ofDialog ? this.#dialogOf(facts, facts.toTag) : undefined;
    const cancelled = method === "CANCEL" ? this.#engine.servers.get(serverKey(request, facts, "INVITE")) : undefined;
    if (dialog === undefined && cancelled === undefined && this.#turnedAway(arrived)) return;
    if (!this.#admit(arrived, dialog !== undefined)) return;
    if (cancelled !== undefined) this.#onCancel(arrived, key, cancelled);
    else if (dialog !== undefined) this.#inDialog(arrived, key, dialog);
    else if (isStray(arrived)) this.#onStray(arrived, key);
    else this.#outsideDialog(arrived, key);
  }

  /** Before anything is kept of it: what comes from a forged source costs no transaction, and its answer is not repeated. */
  #turnedAway(arrived: Arrived): boolean {
    const { received, request, facts, source } = arrived;
    const away = this.#engine.user?.turnAway?.(request, source, isStray(arrived));
    if (away === undefined) return false;
    if (away !== "drop")
      this.#answer({ received, request, via: facts.via }, away.status, away.headers ?? [], away.reason);
    return true;
  }

  #dialogOf(facts: RequestFacts, toTag: string): ReturnType<Engine["dialogs"]["get"]> {
    return this.#engine.dialogs.get(dialogKey(facts.callId, toTag, facts.fromTag ?? ""));
  }

  /** Overload: new INVITEs go first, what belongs to a call that is up goes last. */
  #admit(arrived: Arrived, inDialog: boolean): boolean {
    const engine = this.#engine;
    const { method } = arrived.request;
    const isNewCall = method === "INVITE" && !inDialog;
    const count = engine.transactionCount;
    const most = engine.maxTransactions;
    const full = isNewCall
      ? count >= most * 0.9 || engine.dialogs.size >= engine.maxDialogs || engine.draining
      : count >= (inDialog || method === "CANCEL" ? most : most * 0.95);
    if (!full || (isNewCall && count < most && this.#isUrgent(arrived))) return true;
    engine.counters.refusedOverload.inc();
    const retryAfter: HeaderEntries = [
      ["Retry-After", engine.draining ? "0" : String(1 + Math.floor(engine.random.next() * 5))],
    ];
    this.#answer({ received: arrived.received, request: arrived.request, via: arrived.facts.via }, 503, retryAfter);
    return false;
  }

  #isUrgent({ request, received }: Arrived): boolean {
    return this.#engine.user?.isUrgent?.(request, received.source) ?? false;
  }

  #onAck(arrived: Arrived): void {
    const { request, facts } = arrived;
    const transaction = this.#engine.servers.get(serverKey(request, facts, "INVITE"));
    if (transaction?.onAck() === true) return;
    const dialog = facts.toTag === undefined ? undefined : this.#dialogOf(facts, facts.toTag);
    if (dialog === undefined) this.#engine.counters.droppedAck.inc();
    else dialog.onAck(request, facts.cseq.number);
  }

  #onCancel(arrived: Arrived, key: string, invite: ServerTransaction): void {
    const transaction = this.#open(arrived, key);
    const incoming = new Incoming(this.#engine, transaction, arrived, undefined);
    transaction.start(incoming, "");
    // RFC 3261 §9.2: 200 whether or not it comes in time; the user then ends the INVITE with 487.
    if (invite.incoming !== undefined) incoming.shareTag(invite.incoming.defaultTag);
    incoming.respond({ status: 200 });
    invite.incoming?.cancel(arrived.request);
  }

  #inDialog(arrived: Arrived, key: string, dialog: EmbeddedDialog): void {
    const transaction = this.#open(arrived, key);
    const incoming = new Incoming(this.#engine, transaction, arrived, dialog);
    transaction.start(incoming, "");
    this.#current = incoming;
    if (!this.#refuseByHeaders(incoming)) dialog.onRequest(incoming);
  }

  /** Of a dialog or an INVITE that is not here. 481 needs no transaction: each repeat gets the same one again (§8.2.7). */
  #onStray(arrived: Arrived, key: string): void {
    const { received, request, facts } = arrived;
    const { user, counters } = this.#engine;
    const take = request.method === "CANCEL" ? undefined : user?.onStrayRequest?.(request);
    if (take === undefined) {
      counters.refusedStray.inc();
      this.#answer({ received, request, via: facts.via }, 481, []);
      return;
    }
    const transaction = this.#open(arrived, key);
    const incoming = new Incoming(this.#engine, transaction, arrived, undefined);
    transaction.start(incoming, "");
    this.#current = incoming;
    if (!this.#refuseByHeaders(incoming)) take(incoming);
  }

  #outsideDialog(arrived: Arrived, key: string): void {
    const engine = this.#engine;
    const { request, facts } = arrived;
    const merged = facts.fromTag === undefined ? "" : mergeKey(request, facts);
    const isMerged = merged !== "" && engine.unmerged.get(merged) !== undefined;
    const transaction = this.#open(arrived, key);
    const incoming = new Incoming(engine, transaction, arrived, undefined);
    transaction.start(incoming, isMerged ? "" : merged);
    this.#current = incoming;
    if (isMerged) incoming.refuse(482);
    else if (!this.#refuseByHeaders(incoming)) {
      if (request.method === "INVITE") engine.user?.onInvite(incoming);
      else engine.user?.onRequest(incoming);
    }
  }

  #open(arrived: Arrived, key: string): ServerTransaction {
    const { received, facts, request } = arrived;
    const replyTo = replyTarget(received, facts.via);
    return new ServerTransaction(this.#engine, key, request.method === "INVITE", replyTo, received.listener);
  }

  /** @returns True when it was refused. */
  #refuseByHeaders(incoming: Incoming): boolean {
    const refusal = headerRefusal(incoming.request, incoming.facts);
    if (refusal === undefined) return false;
    incoming.refuse(refusal.status, refusal.headers);
    return true;
  }
}

/** It claims to belong to something. */
const isStray = ({ request, facts }: Arrived): boolean => facts.toTag !== undefined || request.method === "CANCEL";

/** What is a message by itself and still cannot be cut out of a stream: its Content-Length is not there. RFC 3261 §18.3 */
function whole(message: SipMessage): Pick<SipParseError, "request" | "status" | "message"> {
  const fault = { status: 400, message: "Missing Content-Length" };
  return message.kind === "request" && message.method !== "ACK"
    ? { ...fault, request: message }
    : { ...fault, status: undefined };
}
