import type {
  DialogSnapshot,
  DialogState as DialogPhase,
  HeaderEntries,
  IncomingRequest,
  OutgoingRequest,
  OutgoingUser,
  RequestSpec,
  SipDialog,
  SipDialogUser,
  SipProtocol,
  SipTarget,
} from "../../ports/sip-endpoint.js";
import { contactUriOf, factsOfRequest, factsOfResponse, routeSetOf } from "../../sip/dialog/dialog-facts.js";
import { DialogInbox } from "../../sip/dialog/dialog-inbox.js";
import { DialogState } from "../../sip/dialog/dialog-state.js";
import { carriesContact } from "../../sip/message/endpoint-headers.js";
import { parseRAck } from "../../sip/message/header-values.js";
import { serializeRequest } from "../../sip/message/serialize-message.js";
import type { SipRequest, SipResponse } from "../../sip/message/sip-message.js";
import { serverDialogId } from "./dialog-names.js";
import { dialogKey, isNameable, type DrachtioEngine } from "./drachtio-engine.js";
import type { DrachtioIncoming } from "./drachtio-incoming.js";
import { ackBytes, buildRequest, insideDialog, routeField } from "./drachtio-messages.js";
import { DrachtioOutgoing, type Way } from "./drachtio-outgoing.js";
import { ServerBye } from "./server-bye.js";

/** ACKs of ours that are waited for. */
const MAX_AWAITED = 8;

/** How we present ourselves in the dialog. */
export interface OwnContact {
  readonly contactUser?: string | undefined;
  readonly contactParams?: string | undefined;
}

export interface DialogSetup {
  /** Tags of the INVITE that made it, the likeliest first: a restored dialog does not say which end that was. */
  readonly nameTags: readonly string[];
  readonly contact: OwnContact;
  readonly lastTarget?: SipTarget | undefined;
  /** Nobody has seen the server's copy of it: it may need other ways. */
  readonly restored?: boolean;
}

/** Our view of a dialog that the server keeps: tags and CSeq on the wire are its affair. */
export class DrachtioDialog implements SipDialog {
  readonly #engine: DrachtioEngine;
  readonly #state: DialogState;
  readonly #setup: DialogSetup;
  readonly #key: string;
  readonly #protocol: SipProtocol;
  readonly #inbox = new DialogInbox<IncomingRequest, SipDialogUser>();
  #inviteIn: DrachtioIncoming | undefined;
  #inviteOut: DrachtioOutgoing | undefined;
  #byeOut: DrachtioOutgoing | undefined;
  /** CSeq of our 2xx that wait for their ACK. */
  #awaitedAcks: number[] | undefined;
  /** The 2xx to our INVITE waits for `ack`. */
  #owesAck = false;

  constructor(engine: DrachtioEngine, state: DialogState, setup: DialogSetup) {
    this.#engine = engine;
    this.#state = state;
    this.#setup = setup;
    this.#protocol = setup.lastTarget?.protocol ?? "udp";
    this.#key = dialogKey(state.callId, state.localTag, state.remoteTag);
    engine.dialogs.set(this.#key, this);
    for (const tag of setup.nameTags) engine.names.take(state.callId, tag);
  }

  /** At the called end. RFC 3261 §12.1.1 */
  static fromRequest(
    engine: DrachtioEngine,
    incoming: DrachtioIncoming,
    localTag: string,
    phase: "early" | "confirmed",
    contact: OwnContact,
  ): DrachtioDialog {
    const { protocol, address, port } = incoming.source;
    const facts = factsOfRequest(incoming.request, incoming.facts, localTag, incoming.source);
    const lastTarget: SipTarget = { protocol, address, port };
    const nameTags = [facts.remoteTag];
    return new DrachtioDialog(engine, new DialogState(facts, phase), { nameTags, contact, lastTarget });
  }

  /** At the caller's end. RFC 3261 §12.1.2 */
  static fromResponse(
    engine: DrachtioEngine,
    response: SipResponse,
    contact: OwnContact,
    lastTarget: SipTarget | undefined,
  ): DrachtioDialog {
    const facts = factsOfResponse(response, false, lastTarget);
    const nameTags = [facts.localTag];
    return new DrachtioDialog(engine, new DialogState(facts, "early"), { nameTags, contact, lastTarget });
  }

  static restore(engine: DrachtioEngine, snapshot: DialogSnapshot): DrachtioDialog {
    const { callId, localTag, remoteTag, lastTarget } = snapshot;
    return new DrachtioDialog(engine, new DialogState(snapshot, snapshot.state), {
      nameTags: [localTag, remoteTag].filter((tag) => isNameable(callId, tag)),
      contact: {},
      lastTarget,
      restored: true,
    });
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
    const engine = this.#engine;
    const { method } = spec;
    const { contactUser, contactParams } = this.#setup.contact;
    const request = buildRequest({
      method,
      uri: this.#state.routing().uri,
      from: this.#state.localValue,
      to: this.#state.remoteValue,
      callId: this.callId,
      cseq: this.#state.nextCseq(),
      contact: carriesContact(method) ? engine.contact(this.#protocol, contactUser, contactParams) : undefined,
      spec,
    });
    const dialogFor = (): DrachtioDialog => this;
    const outgoing = new DrachtioOutgoing(engine, {
      request,
      user,
      ways: this.#ways(request),
      dialog: this,
      dialogFor,
    });
    if (method === "INVITE") this.#inviteOut = outgoing;
    if (method === "BYE") {
      this.#byeOut = outgoing;
      this.#state.phase = "terminated";
    }
    outgoing.start();
    return outgoing;
  }

  ack(spec: { readonly headers?: HeaderEntries; readonly body?: Uint8Array } = {}): void {
    const [tag] = this.#setup.nameTags;
    if (!this.#owesAck || tag === undefined) return;
    this.#owesAck = false;
    this.#engine.send(
      `sip||${serverDialogId(this.callId, tag)}`,
      ackBytes(spec),
      (answer) => {
        if (answer?.ok !== false) return;
        this.#engine.counters.refusedCommands.inc();
        this.#engine.log.warn("drachtio.ack-refused", { reason: answer.reason });
      },
      this.#setup.lastTarget,
    );
  }

  snapshot(): DialogSnapshot {
    const { lastTarget } = this.#setup;
    const facts = { ...this.#state.facts(), protocol: this.#protocol, state: this.#state.phase };
    return lastTarget === undefined ? facts : { ...facts, lastTarget };
  }

  discard(): void {
    const held = this.#inbox.takeHeld();
    this.#over();
    for (const request of held) request.respond({ status: 481 });
  }

  // What follows is for the endpoint.

  /** From the response to an INVITE of ours. */
  onProvisional(response: SipResponse): void {
    if (this.#state.phase === "early") this.#retarget(response);
  }

  onAnswer(response: SipResponse, outgoing: DrachtioOutgoing): void {
    if (this.#inviteOut === outgoing) this.#inviteOut = undefined;
    this.#owesAck = true;
    if (this.#state.phase === "early") {
      this.#state.phase = "confirmed";
      this.#state.reroute(routeSetOf(response.headers, true));
    }
    this.#retarget(response);
  }

  sentCseq(cseq: number): void {
    this.#state.raiseCseq(cseq);
  }

  /** A request of ours has had its final response; undefined: none came. */
  requestDone(outgoing: DrachtioOutgoing, response: SipResponse | undefined): void {
    const { method } = outgoing.request;
    const status = response?.status ?? 0;
    if (this.#inviteOut === outgoing) this.#inviteOut = undefined;
    if (this.#byeOut === outgoing) {
      this.#byeOut = undefined;
      // RFC 3261 §22.2: the BYE can be repeated with credentials.
      if (status === 401 || status === 407) this.#state.phase = "confirmed";
      else this.discard();
    } else if (response !== undefined && status >= 200 && status < 300 && carriesContact(method))
      this.#retarget(response);
  }

  /** An INVITE of the peer that the user has not answered yet: the first one too. */
  inviteStarted(incoming: DrachtioIncoming): void {
    this.#inviteIn = incoming;
  }

  inviteAnswered(incoming: DrachtioIncoming, status: number): void {
    if (this.#inviteIn === incoming) this.#inviteIn = undefined;
    if (status < 300 && this.#state.phase === "early") this.#state.phase = "confirmed";
  }

  requestAnswered(incoming: DrachtioIncoming, status: number): void {
    const { method } = incoming.request;
    if (method === "INVITE") this.inviteAnswered(incoming, status);
    else if (method === "BYE" && status !== 401 && status !== 407) {
      this.#byeOut = undefined;
      this.discard();
    }
  }

  /** Our 2xx is on its way. */
  expectAck(cseq: number): void {
    const awaited = (this.#awaitedAcks ??= []);
    if (awaited.length >= MAX_AWAITED) awaited.shift();
    awaited.push(cseq);
  }

  onAck(ack: SipRequest, cseq: number): void {
    const at = this.#awaitedAcks?.indexOf(cseq) ?? -1;
    if (at < 0) return;
    this.#awaitedAcks?.splice(at, 1);
    this.user?.onAck?.(ack);
  }

  /** A request in this dialog. RFC 3261 §12.2.2, §14.2 */
  onRequest(incoming: DrachtioIncoming): void {
    const { request, facts } = incoming;
    const { method } = request;
    const state = this.#state;
    if (state.phase === "terminated" && !(method === "BYE" && this.#byeOut !== undefined)) incoming.refuse(481);
    else if (!state.takeRemoteCseq(facts.cseq.number)) incoming.refuse(500);
    else if (method === "INVITE" && this.#inviteIn !== undefined) {
      incoming.refuse(500, [["Retry-After", String(Math.floor(this.#engine.random.next() * 11))]]);
    } else if (method === "INVITE" && this.#inviteOut !== undefined) incoming.refuse(491);
    else {
      if (carriesContact(method)) this.#retarget(request);
      if (method === "INVITE") this.#inviteIn = incoming;
      else if (method === "PRACK") this.#takePrack(request);
      if (!this.#inbox.give(incoming)) incoming.refuse(500);
    }
  }

  /** The server has ended it with a BYE of its own. */
  endedByServer(bye: SipRequest, reason: string): void {
    const awaitedAck = this.#awaitedAcks !== undefined && this.#awaitedAcks.length > 0;
    this.#over();
    if (awaitedAck && /ack timeout/i.test(reason) && this.user?.onAckTimeout !== undefined) this.user.onAckTimeout();
    else this.#inbox.give(new ServerBye(bye, this.#protocol));
  }

  /** It is over without a word from the peer: the user is told as if the peer had hung up. */
  endLocally(reason: string): void {
    if (this.#state.phase === "terminated") return;
    const headers = [["Reason", `SIP;cause=503;text="${reason}"`]] as const;
    const bye = buildRequest({
      method: "BYE",
      uri: this.#state.remoteTarget,
      from: this.#state.remoteValue,
      to: this.#state.localValue,
      callId: this.callId,
      cseq: 1,
      contact: undefined,
      spec: { method: "BYE", headers },
    });
    this.#over();
    this.#inbox.give(new ServerBye(bye, this.#protocol));
  }

  /** What waits for the user goes on waiting. */
  #over(): void {
    this.#state.phase = "terminated";
    this.#awaitedAcks = undefined;
    this.#owesAck = false;
    const { dialogs, names } = this.#engine;
    if (dialogs.get(this.#key) !== this) return;
    dialogs.delete(this.#key);
    for (const tag of this.#setup.nameTags) names.release(this.callId, tag);
  }

  #takePrack(prack: SipRequest): void {
    const rack = parseRAck(prack.headers.get("rack") ?? "");
    if (rack === undefined) return;
    const given = this.#inviteIn?.confirmed(rack.rseq);
    if (given !== undefined) prack.headers.set("RAck", `${given} ${rack.cseq} ${rack.method}`);
  }

  #ways(request: SipRequest): readonly Way[] {
    const { nameTags, restored = false } = this.#setup;
    const inside = () => insideDialog(request.method, request.headers, request.body);
    const ways: Way[] = nameTags.map((tag) => ({
      meta: `sip||${serverDialogId(this.callId, tag)}`,
      bytes: inside,
      to: this.#setup.lastTarget,
    }));
    // The server may have been restarted too: such a request names the dialog only to the peer.
    if (restored) ways.push({ meta: this.#looseMeta(), bytes: () => serializeRequest(request) });
    return ways;
  }

  #looseMeta(): string {
    const hop = routeField(this.#state.routing().nextHop);
    return hop === undefined ? "sip||" : `sip|||${hop}`;
  }

  #retarget(message: SipRequest | SipResponse): void {
    const uri = contactUriOf(message.headers);
    if (uri !== undefined) this.#state.retarget(uri);
  }
}
