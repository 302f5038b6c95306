import type {
  DialogSnapshot,
  DialogState as DialogPhase,
  HeaderEntries,
  OutgoingRequest,
  OutgoingUser,
  RequestSpec,
  SipDialog,
  SipDialogUser,
  SipTarget,
} from "../../ports/sip-endpoint.js";
import { DialogInbox } from "../../sip/dialog/dialog-inbox.js";
import { DialogState } from "../../sip/dialog/dialog-state.js";
import { parseRAck } from "../../sip/message/header-values.js";
import type { SipRequest, SipResponse } from "../../sip/message/sip-message.js";
import { AwaitedConfirmations } from "./awaited-confirmations.js";
import { DialogAck } from "./dialog-ack.js";
import { contactUriOf, factsOfRequest, factsOfResponse, routeSetOf } from "../../sip/dialog/dialog-facts.js";
import { dialogKey, type Engine } from "./engine.js";
import type { Incoming } from "./incoming.js";
import { buildRequest, carriesContact, refreshesTarget } from "./message-building.js";
import { Outgoing } from "./outgoing.js";
import type { ResponseRepeat } from "./response-repeat.js";
import { targetsOf } from "./targets.js";

/** INVITEs of ours within 64·T1 whose ACK is kept. */
const MAX_ACKS = 8;

/** How we present ourselves in the dialog. */
export interface OwnContact {
  readonly contactUser?: string | undefined;
  readonly contactParams?: string | undefined;
}

/** One dialog: `DialogState` with what is going on in it. */
export class EmbeddedDialog implements SipDialog {
  readonly #engine: Engine;
  readonly #state: DialogState;
  readonly #contact: OwnContact;
  readonly #key: string;
  #lastTarget: SipTarget | undefined;
  readonly #inbox = new DialogInbox<Incoming, SipDialogUser>();
  readonly #awaited = new AwaitedConfirmations();
  #inviteIn: Incoming | undefined;
  #inviteOut: Outgoing | undefined;
  #byeOut: Outgoing | undefined;
  /** The INVITE whose 2xx made or last refreshed this dialog: it need not wait for forks when the dialog is over. */
  #answeredBy: Outgoing | undefined;
  /** Of our INVITEs whose 2xx may still be repeated; the last one is what `ack` is about. */
  #acks: DialogAck[] | undefined;

  constructor(engine: Engine, state: DialogState, contact: OwnContact, lastTarget: SipTarget | undefined) {
    this.#engine = engine;
    this.#state = state;
    this.#contact = contact;
    this.#lastTarget = lastTarget;
    this.#key = dialogKey(state.callId, state.localTag, state.remoteTag);
    engine.dialogs.set(this.#key, this);
  }

  /** At the caller's end. RFC 3261 §12.1.2 */
  static fromResponse(
    engine: Engine,
    response: SipResponse,
    phase: "early" | "confirmed",
    setup: OwnContact & { readonly secure: boolean },
    to: SipTarget | undefined,
  ): EmbeddedDialog {
    const contact = { contactUser: setup.contactUser, contactParams: setup.contactParams };
    const facts = factsOfResponse(response, setup.secure, to);
    return new EmbeddedDialog(engine, new DialogState(facts, phase), contact, to);
  }

  /** At the called end. RFC 3261 §12.1.1 */
  static fromRequest(
    engine: Engine,
    incoming: Incoming,
    localTag: string,
    phase: "early" | "confirmed",
    contact: OwnContact,
  ): EmbeddedDialog {
    const { protocol, address, port } = incoming.source;
    const facts = factsOfRequest(incoming.request, incoming.facts, localTag, incoming.source);
    return new EmbeddedDialog(engine, new DialogState(facts, phase), contact, { protocol, address, port });
  }

  get callId(): string {
    return this.#state.callId;
  }
  get localTag(): string {
    return this.#state.localTag;
  }
  get remoteTag(): string {
    return this.#state.remoteTag;
  }
  get state(): DialogPhase {
    return this.#state.phase;
  }
  get remoteTarget(): string {
    return this.#state.remoteTarget;
  }

  get user(): SipDialogUser | undefined {
    return this.#inbox.user;
  }

  set user(user: SipDialogUser | undefined) {
    this.#inbox.setUser(user, (fn) => {
      this.#engine.soon(fn);
    });
  }

  request(spec: RequestSpec, user: OutgoingUser): OutgoingRequest {
    const state = this.#state;
    const { uri, routes, nextHop } = state.routing();
    const { method } = spec;
    const request = buildRequest({
      method,
      uri,
      routes,
      maxForwards: spec.maxForwards ?? 70,
      from: this.#state.localValue,
      to: this.#state.remoteValue,
      callId: state.callId,
      cseq: state.nextCseq(),
      headers: spec.headers,
      body: spec.body,
      withContact: carriesContact(method),
    });
    const outgoing = new Outgoing(this.#engine, {
      request,
      user,
      secure: state.secure,
      dialog: this,
      ...this.#contact,
    });
    if (method === "INVITE") this.#inviteOut = outgoing;
    if (method === "BYE") {
      this.#byeOut = outgoing;
      state.phase = "terminated";
      this.#awaited.stopAll();
    }
    outgoing.start(targetsOf(this.#engine, nextHop, { secure: state.secure, lastTarget: this.#lastTarget }));
    return outgoing;
  }

  ack(spec: { readonly headers?: HeaderEntries; readonly body?: Uint8Array } = {}): void {
    const ack = this.#acks?.at(-1);
    if (ack === undefined || ack.sent) return;
    const state = this.#state;
    const { uri, routes, nextHop } = state.routing();
    const request = buildRequest({
      method: "ACK",
      uri,
      routes,
      maxForwards: 70,
      from: this.#state.localValue,
      to: this.#state.remoteValue,
      callId: state.callId,
      cseq: ack.cseq,
      headers: spec.headers,
      body: spec.body,
      withContact: false,
    });
    ack.send(
      this.#engine,
      request,
      targetsOf(this.#engine, nextHop, { secure: state.secure, lastTarget: this.#lastTarget }),
    );
  }

  snapshot(): DialogSnapshot {
    const last = this.#lastTarget;
    const protocol = last?.protocol ?? (this.#state.secure ? "tls" : "udp");
    const facts = { ...this.#state.facts(), protocol, state: this.#state.phase };
    return last === undefined ? facts : { ...facts, lastTarget: last };
  }

  discard(): void {
    this.#state.phase = "terminated";
    this.#awaited.stopAll();
    const held = this.#inbox.takeHeld();
    this.#acks = undefined;
    this.#engine.dialogs.delete(this.#key);
    const answered = this.#answeredBy;
    this.#answeredBy = undefined;
    answered?.dialogOver(this.remoteTag);
    for (const incoming of held) incoming.refuse(481);
  }

  // What follows is for the transactions.

  /** A response to our INVITE that belongs to this dialog. Its Contact may move the target. */
  onProvisional(response: SipResponse): void {
    if (this.#state.phase === "early") this.#retarget(response);
  }

  /** First 2xx: confirms the dialog and recomputes its route set, RFC 3261 §13.2.2.4. A re-INVITE's 2xx refreshes the target only. */
  onAnswer(response: SipResponse): void {
    if (this.#state.phase === "early") {
      this.#state.phase = "confirmed";
      this.#state.reroute(routeSetOf(response.headers, true));
    }
    this.#retarget(response);
  }

  /** A request of ours has had its final response; undefined: none came. */
  requestDone(outgoing: Outgoing, method: string, response: SipResponse | undefined): void {
    const status = response?.status ?? 0;
    if (method === "INVITE" && this.#inviteOut === outgoing) this.#inviteOut = undefined;
    if (method === "BYE" && this.#byeOut === outgoing) {
      this.#byeOut = undefined;
      // RFC 3261 §22.2: the BYE can be repeated with credentials.
      if (status === 401 || status === 407) this.#state.phase = "confirmed";
      else this.discard();
    } else if (response !== undefined && status >= 200 && status < 300 && refreshesTarget(method))
      this.#retarget(response);
  }

  /** The 2xx with this CSeq number waits for the user's `ack`. */
  expectAck(cseq: number, invite?: Outgoing): void {
    if (invite !== undefined) this.#answeredBy = invite;
    const acks = (this.#acks ??= []);
    if (acks.length >= MAX_ACKS) acks.shift();
    acks.push(new DialogAck(cseq));
  }

  repeatAck(cseq: number): void {
    this.#acks?.find((ack) => ack.cseq === cseq)?.repeat(this.#engine);
  }

  /** A 2xx came again after its transaction had gone. */
  acknowledgeLate(cseq: number): void {
    this.expectAck(cseq);
    this.ack();
  }

  /** Nobody will repeat the 2xx any more. */
  forgetAck(cseq: number): void {
    this.#answeredBy = undefined;
    const left = this.#acks?.filter((ack) => ack.cseq !== cseq || !ack.sent) ?? [];
    this.#acks = left.length === 0 ? undefined : left;
  }

  /** Our own 2xx or reliable 1xx, until the peer confirms it. */
  keepRepeating(repeat: ResponseRepeat): void {
    this.#awaited.add(repeat);
  }

  /** An INVITE of the peer that the user has not answered yet: the first one too. */
  inviteStarted(incoming: Incoming): void {
    this.#inviteIn = incoming;
  }

  inviteAnswered(incoming: Incoming, status: number): void {
    if (this.#inviteIn === incoming) this.#inviteIn = undefined;
    if (status < 300 && this.#state.phase === "early") this.#state.phase = "confirmed";
    this.#awaited.answered(incoming.facts.cseq.number);
  }

  ackTimedOut(): void {
    this.user?.onAckTimeout?.();
  }

  /** An ACK that belongs to no transaction. */
  onAck(ack: SipRequest, cseq: number): void {
    if (this.#awaited.acked(cseq)) this.user?.onAck?.(ack);
    else this.#engine.counters.droppedAck.inc();
  }

  /** A request in this dialog. RFC 3261 §12.2.2 */
  onRequest(incoming: Incoming): void {
    const { request, facts } = incoming;
    const { method } = request;
    const state = this.#state;
    if (state.phase === "terminated" && !(method === "BYE" && this.#byeOut !== undefined)) incoming.refuse(481);
    else if (!state.takeRemoteCseq(facts.cseq.number)) incoming.refuse(500);
    else if (method === "INVITE" && this.#inviteIn !== undefined) {
      // §14.2
      incoming.refuse(500, [["Retry-After", String(Math.floor(this.#engine.random.next() * 11))]]);
    } else if (method === "INVITE" && this.#inviteOut !== undefined) incoming.refuse(491);
    else this.#take(incoming, method);
  }

  #take(incoming: Incoming, method: string): void {
    const { protocol, address, port } = incoming.source;
    this.#lastTarget = this.#keepTarget(protocol, address, port);
    if (refreshesTarget(method)) this.#retarget(incoming.request);
    if (method === "INVITE") this.#inviteIn = incoming;
    else if (method === "PRACK") this.#takePrack(incoming.request);
    else if (method === "BYE") this.#awaited.stopAll();
    if (!this.#inbox.give(incoming)) incoming.refuse(500);
  }

  #keepTarget(protocol: SipTarget["protocol"], address: string, port: number): SipTarget {
    const last = this.#lastTarget;
    if (last !== undefined && last.protocol === protocol && last.port === port && last.address === address) return last;
    return { protocol, address, port };
  }

  /** The peer's request has been answered by the user. */
  requestAnswered(incoming: Incoming, status: number): void {
    const { method } = incoming.request;
    if (method === "INVITE") this.inviteAnswered(incoming, status);
    else if (method === "BYE" && status !== 401 && status !== 407) {
      // A challenge to a BYE of ours that crossed it would not bring the dialog back.
      this.#byeOut = undefined;
      this.discard();
    }
  }

  #takePrack(prack: SipRequest): void {
    const rack = parseRAck(prack.headers.get("rack") ?? "");
    if (rack !== undefined) this.#awaited.pracked(rack.rseq, rack.cseq);
  }

  #retarget(message: SipRequest | SipResponse): void {
    const uri = contactUriOf(message.headers);
    if (uri !== undefined) this.#state.retarget(uri);
  }
}
