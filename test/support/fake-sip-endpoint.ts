import assert from "node:assert/strict";
import type {
  DialogSnapshot,
  DialogState,
  HeaderEntries,
  IncomingInvite,
  OutgoingRequest,
  OutgoingSpec,
  OutgoingUser,
  RequestSpec,
  ResponseSpec,
  SipCapabilities,
  SipDialog,
  SipDialogUser,
  SipEndpoint,
  SipSource,
  SipTarget,
  SipUser,
} from "../../gateway/ports/sip-endpoint.js";
import { getTag } from "../../gateway/sip/message/name-addr.js";
import { SipHeaders } from "../../gateway/sip/message/sip-headers.js";
import { NO_BODY, type SipRequest, type SipResponse } from "../../gateway/sip/message/sip-message.js";

export interface MessageParts {
  readonly headers?: HeaderEntries;
  readonly body?: string;
  /** To tag of an answer: which fork speaks. */
  readonly tag?: string;
}

const bytes = (body: string | undefined): Uint8Array => (body === undefined ? NO_BODY : Buffer.from(body, "latin1"));
export const bodyText = (body: Uint8Array | undefined): string => Buffer.from(body ?? NO_BODY).toString("latin1");
export const SOURCE: SipSource = { protocol: "udp", address: "192.0.2.10", port: 5060, listener: "udp:192.0.2.1:5060" };

function request(method: string, uri: string, entries: HeaderEntries, body: string | undefined): SipRequest {
  return { kind: "request", method, uri, headers: SipHeaders.of(entries), body: bytes(body) };
}

/** What is asked of a `ResponseSpec` or `RequestSpec` in tests. */
export function headerOf(spec: { readonly headers?: HeaderEntries } | undefined, name: string): string | undefined {
  return spec?.headers?.find(([each]) => each.toLowerCase() === name.toLowerCase())?.[1];
}

/** A request that came from a peer; the test is that peer. */
export class FakeIncoming implements IncomingInvite {
  readonly request: SipRequest;
  readonly source = SOURCE;
  readonly responses: ResponseSpec[] = [];
  ignored = false;
  onCancel?: (cancel: SipRequest) => void;
  onGone?: () => void;
  onRefusalAcked?: () => void;
  onPrackTimeout?: () => void;
  readonly #endpoint: FakeSipEndpoint;
  readonly #inside: FakeDialog | undefined;
  readonly #dialogs = new Map<string, FakeDialog>();

  constructor(endpoint: FakeSipEndpoint, received: SipRequest, inside?: FakeDialog) {
    this.#endpoint = endpoint;
    this.request = received;
    this.#inside = inside;
  }

  get final(): ResponseSpec | undefined {
    return this.responses.find((each) => each.status >= 200);
  }
  get statuses(): number[] {
    return this.responses.map((each) => each.status);
  }

  respond(spec: ResponseSpec): boolean {
    if (this.final !== undefined || this.ignored) return false;
    this.responses.push(spec);
    if (this.#inside !== undefined) this.#inside.answered(this, spec.status);
    else if (this.request.method === "INVITE") this.#makeDialog(spec);
    return true;
  }

  #makeDialog({ status, fork = "" }: ResponseSpec): void {
    if (status >= 300) {
      for (const dialog of this.#dialogs.values()) dialog.discard();
      return;
    }
    let dialog = this.#dialogs.get(fork);
    if (dialog === undefined) {
      const { headers } = this.request;
      const callId = headers.get("call-id") ?? "";
      const remoteTag = getTag(headers.get("from") ?? "") ?? "";
      dialog = new FakeDialog(this.#endpoint, callId, this.#endpoint.token("ours"), remoteTag);
      this.#dialogs.set(fork, dialog);
    }
    if (status < 200) return;
    dialog.state = "confirmed";
    for (const other of this.#dialogs.values()) if (other !== dialog) other.discard();
  }

  ignore(): void {
    this.ignored = true;
  }

  dialog(fork = ""): FakeDialog | undefined {
    return this.#dialogs.get(fork);
  }

  /** The caller sends CANCEL. */
  cancel(headers: HeaderEntries = []): void {
    assert.equal(this.final, undefined, "a CANCEL after the final answer changes nothing and is not reported");
    this.onCancel?.(request("CANCEL", this.request.uri, headers, undefined));
  }

  /** The caller ACKs the 2xx. */
  ack(parts: MessageParts = {}, fork?: string): void {
    const dialog = this.#inside ?? this.dialog(fork ?? this.final?.fork);
    assert.ok(dialog !== undefined && (this.final?.status ?? 0) < 300);
    dialog.user?.onAck?.(request("ACK", "sip:gateway.invalid", parts.headers ?? [], parts.body));
  }
}

/** A request that we sent; the test is the peer. */
export class FakeOutgoing implements OutgoingRequest {
  readonly request: SipRequest;
  readonly spec: RequestSpec & Partial<OutgoingSpec>;
  readonly cancels: (HeaderEntries | undefined)[] = [];
  readonly dialogs = new Map<string, FakeDialog>();
  readonly #endpoint: FakeSipEndpoint;
  readonly #user: OutgoingUser;
  readonly #inside: FakeDialog | undefined;
  #finals = 0;

  constructor(endpoint: FakeSipEndpoint, sent: SipRequest, spec: RequestSpec, user: OutgoingUser, inside?: FakeDialog) {
    this.#endpoint = endpoint;
    this.request = sent;
    this.spec = spec;
    this.#user = user;
    this.#inside = inside;
  }

  get isCancelled(): boolean {
    return this.cancels.length > 0;
  }

  cancel(headers?: HeaderEntries): void {
    if (this.#finals === 0 || this.#user.onAnswer !== undefined) this.cancels.push(headers);
  }

  provisional(status: number, parts: MessageParts = {}): FakeDialog | undefined {
    this.#user.onTrying?.();
    const dialog = parts.tag === undefined ? undefined : this.#dialogOf(parts.tag);
    this.#user.onProvisional?.(this.#response(status, parts), dialog);
    return dialog;
  }

  /** 2xx to an INVITE. */
  answer(parts: MessageParts = {}): FakeDialog {
    const dialog = this.#inside ?? this.#dialogOf(parts.tag ?? "theirs");
    dialog.state = "confirmed";
    this.#finals++;
    this.#inside?.inviteDone(this);
    assert.ok(this.#user.onAnswer !== undefined);
    this.#user.onAnswer(this.#response(200, parts), dialog);
    return dialog;
  }

  /** 300–699, and 2xx to anything but INVITE. */
  final(status: number, parts: MessageParts = {}): void {
    this.#done(this.#response(status, parts), false);
  }

  /** 408: nothing came. 503: it could not be sent. */
  local(status: 408 | 503): void {
    this.#done(this.#response(status, {}), true);
  }

  #done(response: SipResponse, local: boolean): void {
    assert.equal(this.#finals++, 0, "one final answer");
    if (response.status >= 300) for (const dialog of this.dialogs.values()) dialog.discard();
    this.#inside?.inviteDone(this);
    if (this.request.method === "BYE") this.#inside?.byeDone(local ? 0 : response.status);
    this.#user.onFinal(response, local);
  }

  #dialogOf(tag: string): FakeDialog {
    const known = this.dialogs.get(tag);
    if (known !== undefined) return known;
    const { headers } = this.request;
    const ours = getTag(headers.get("from") ?? "") ?? "";
    const dialog = new FakeDialog(this.#endpoint, headers.get("call-id") ?? "", ours, tag);
    this.dialogs.set(tag, dialog);
    return dialog;
  }

  #response(status: number, parts: MessageParts): SipResponse {
    const headers = SipHeaders.of([
      ["Via", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx"],
      ["Record-Route", "<sip:192.0.2.99;lr>"],
      ["Call-ID", this.request.headers.get("call-id") ?? ""],
      ["CSeq", this.request.headers.get("cseq") ?? ""],
      ...(parts.headers ?? []),
    ]);
    return { kind: "response", status, reason: `S${status}`, headers, body: bytes(parts.body) };
  }
}

/** One dialog; the test is the peer. */
export class FakeDialog implements SipDialog {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  state: DialogState = "early";
  remoteTarget = "sip:peer@192.0.2.20";
  user: SipDialogUser | undefined;
  lastTarget: SipTarget | undefined;
  readonly sent: FakeOutgoing[] = [];
  readonly acks: { readonly headers?: HeaderEntries; readonly body?: Uint8Array }[] = [];
  readonly #endpoint: FakeSipEndpoint;
  #cseqOut = 100;
  #cseqIn = 500;
  #byeOpen = false;
  #inviteOpen: FakeOutgoing | undefined;

  constructor(endpoint: FakeSipEndpoint, callId: string, localTag: string, remoteTag: string) {
    this.#endpoint = endpoint;
    this.callId = callId;
    this.localTag = localTag;
    this.remoteTag = remoteTag;
  }

  request(spec: RequestSpec, user: OutgoingUser): FakeOutgoing {
    const cseq: HeaderEntries = [["CSeq", `${++this.#cseqOut} ${spec.method}`]];
    const sent = request(spec.method, this.remoteTarget, [...cseq, ...(spec.headers ?? [])], undefined);
    const outgoing = new FakeOutgoing(this.#endpoint, { ...sent, body: spec.body ?? NO_BODY }, spec, user, this);
    this.sent.push(outgoing);
    if (spec.method === "INVITE") {
      assert.equal(this.#inviteOpen, undefined, "RFC 3261 §14.1: one INVITE of ours at a time");
      this.#inviteOpen = outgoing;
    }
    if (spec.method !== "BYE") return outgoing;
    assert.notEqual(this.state, "terminated", "a BYE in a dialog that is over");
    this.state = "terminated";
    this.#byeOpen = true;
    return outgoing;
  }

  inviteDone(outgoing: FakeOutgoing): void {
    if (this.#inviteOpen === outgoing) this.#inviteOpen = undefined;
  }

  byeDone(status: number): void {
    this.#byeOpen = false;
    if (status === 401 || status === 407) this.state = "confirmed";
  }

  ack(spec: { readonly headers?: HeaderEntries; readonly body?: Uint8Array } = {}): void {
    this.acks.push(spec);
  }

  answered(incoming: FakeIncoming, status: number): void {
    if (incoming.request.method === "BYE" && status >= 200 && status !== 401 && status !== 407)
      this.state = "terminated";
  }

  /** The peer sends a request in this dialog. */
  receive(method: string, parts: MessageParts = {}): FakeIncoming {
    const entries: HeaderEntries = [
      ["From", `<sip:peer@192.0.2.20>;tag=${this.remoteTag}`],
      ["To", `<sip:us@192.0.2.1>;tag=${this.localTag}`],
      ["Call-ID", this.callId],
      ["CSeq", `${++this.#cseqIn} ${method}`],
      ["Max-Forwards", "70"],
      ...(parts.headers ?? []),
    ];
    const incoming = new FakeIncoming(this.#endpoint, request(method, "sip:us@192.0.2.1", entries, parts.body), this);
    const crossing = method === "BYE" && this.#byeOpen;
    if (this.state === "terminated" && !crossing) incoming.respond({ status: 481 });
    else if (method === "INVITE" && this.#inviteOpen !== undefined) incoming.respond({ status: 491 });
    else {
      assert.ok(this.user !== undefined, "nobody listens to this dialog");
      this.user.onRequest(incoming);
    }
    return incoming;
  }

  /** 64·T1 have passed without the peer's ACK. */
  ackTimeout(): void {
    this.user?.onAckTimeout?.();
  }

  /** The request of that method that we sent last. */
  last(method: string): FakeOutgoing {
    const found = this.sent.findLast((each) => each.request.method === method);
    assert.ok(found !== undefined, `no ${method} was sent in this dialog`);
    return found;
  }

  methods(): string[] {
    return this.sent.map((each) => each.request.method);
  }

  snapshot(): DialogSnapshot {
    return {
      callId: this.callId,
      localTag: this.localTag,
      remoteTag: this.remoteTag,
      localParty: "<sip:us@192.0.2.1>",
      remoteParty: "<sip:peer@192.0.2.20>",
      localCseq: this.#cseqOut,
      remoteCseq: this.#cseqIn,
      remoteTarget: this.remoteTarget,
      routeSet: [],
      secure: false,
      protocol: "udp",
      state: this.state,
      ...(this.lastTarget === undefined ? {} : { lastTarget: this.lastTarget }),
    };
  }

  discard(): void {
    this.state = "terminated";
  }
}

/** An endpoint without a wire: the test plays every peer and every time-out. */
export class FakeSipEndpoint implements SipEndpoint {
  readonly capabilities: SipCapabilities;
  readonly listeners = ["udp:192.0.2.1:5060"];
  readonly invites: FakeOutgoing[] = [];
  readonly requests: FakeOutgoing[] = [];
  readonly restored: FakeDialog[] = [];
  readonly snapshots: DialogSnapshot[] = [];
  isDraining = false;
  #user: SipUser | undefined;
  #tokens = 0;

  constructor(capabilities: Partial<SipCapabilities> = {}) {
    const all = { engine: "embedded", forkedEarlyDialogs: true, restoreDialogs: true, keepsIdentifiers: true } as const;
    this.capabilities = { ...all, ...capabilities };
  }

  token(of: string): string {
    return `${of}-${++this.#tokens}`;
  }

  start(user: SipUser): Promise<void> {
    this.#user = user;
    return Promise.resolve();
  }

  get user(): SipUser {
    assert.ok(this.#user !== undefined);
    return this.#user;
  }

  invite(spec: OutgoingSpec, user: OutgoingUser): FakeOutgoing {
    const outgoing = this.#send(spec, user);
    this.invites.push(outgoing);
    return outgoing;
  }

  request(spec: OutgoingSpec, user: OutgoingUser): FakeOutgoing {
    const outgoing = this.#send(spec, user);
    this.requests.push(outgoing);
    return outgoing;
  }

  #send(spec: OutgoingSpec, user: OutgoingUser): FakeOutgoing {
    const entries: HeaderEntries = [
      ["From", `${spec.from};tag=${spec.fromTag ?? this.token("fresh")}`],
      ["To", spec.to],
      ["Call-ID", spec.callId ?? this.token("fresh-call")],
      ["CSeq", `${spec.cseq ?? 1} ${spec.method}`],
      ...(spec.headers ?? []),
    ];
    const sent = { ...request(spec.method, spec.uri, entries, undefined), body: spec.body ?? NO_BODY };
    return new FakeOutgoing(this, sent, spec, user);
  }

  restoreDialog(snapshot: DialogSnapshot): FakeDialog {
    const dialog = new FakeDialog(this, snapshot.callId, snapshot.localTag, snapshot.remoteTag);
    dialog.state = snapshot.state;
    this.restored.push(dialog);
    this.snapshots.push(snapshot);
    return dialog;
  }

  /** A new request reaches us. */
  receive(method: string, uri: string, entries: HeaderEntries, body?: string): FakeIncoming {
    const incoming = new FakeIncoming(this, request(method, uri, entries, body));
    if (method === "INVITE") this.user.onInvite(incoming);
    else this.user.onRequest(incoming);
    return incoming;
  }

  drain(): void {
    this.isDraining = true;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
