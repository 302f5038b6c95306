import type { SipRequest, SipResponse } from "../sip/message/sip-message.js";

/** UDP, TCP or TLS. RFC 3261 §18 */
export type SipProtocol = "udp" | "tcp" | "tls";

/** Where a request goes: already resolved, an IP literal. */
export interface SipTarget {
  readonly protocol: SipProtocol;
  /** IPv4 or IPv6 literal, without brackets. */
  readonly address: string;
  readonly port: number;
  /** The name that the peer's certificate must carry (TLS only). RFC 5922 */
  readonly tlsServerName?: string;
  /** False: never switch a large request from UDP to TCP. RFC 3261 §18.1.1. Default true. */
  readonly mtuSwitch?: boolean;
}

/** Who sent us a message, as the socket saw it (not what Via says). */
export interface SipSource {
  readonly protocol: SipProtocol;
  readonly address: string;
  readonly port: number;
  /** The listener that received it, as printed in the ready line: `udp:127.0.0.1:5060`. */
  readonly listener: string;
}

/** What our side adds to a message. Names in any form; values as they go on the wire (latin1, one character a byte). */
export type HeaderEntries = readonly (readonly [name: string, value: string])[];

/**
 * The header fields that the endpoint owns and always writes itself: Via, From/To tags, Call-ID, CSeq, Contact, Route,
 * Record-Route, Max-Forwards (given as a number), Content-Length, RSeq/RAck are NOT among them (they pass, see below).
 * Any of these names in `HeaderEntries` is ignored, but for Contact where the spec says so.
 */
export interface ResponseSpec {
  readonly status: number;
  readonly reason?: string;
  readonly headers?: HeaderEntries;
  readonly body?: Uint8Array;
  /**
   * Which early dialog this answer belongs to: an opaque name of the caller's choice. Answers with the same name get the same
   * To tag, another name another tag (forked 18x). Default: one dialog.
   */
  readonly fork?: string;
  /** Overrides the Contact of a 3xx–6xx (a whole header value) or the endpoint's own in 1xx/2xx. */
  readonly contact?: string;
  /**
   * To tag of an answer to SUBSCRIBE or REFER that the user makes a dialog of, with `restoreDialog` (RFC 6665 §4.2.1);
   * Record-Route is copied into it then. Default: a tag of the endpoint's own, and no dialog.
   */
  readonly toTag?: string;
  /** User part of our own Contact in a 1xx/2xx. */
  readonly contactUser?: string;
  /** Parameters after our own Contact's `>` in a 1xx/2xx, with their leading semicolon. */
  readonly contactParams?: string;
}

/** What is answered to a request that is not let in; `drop`: nothing. */
export type TurnedAway = Pick<ResponseSpec, "status" | "reason" | "headers"> | "drop";

export interface RequestSpec {
  readonly method: string;
  readonly headers?: HeaderEntries;
  readonly body?: Uint8Array;
  /** Written as Max-Forwards; default 70. RFC 7332: one less than the request that this one carries on. */
  readonly maxForwards?: number;
}

/** A request outside of any dialog. */
export interface OutgoingSpec extends RequestSpec {
  readonly uri: string;
  /** In order of preference; the next is tried on a transport error before any response. At least one. */
  readonly targets: readonly SipTarget[];
  /** Whole From value without tag; the endpoint adds the tag. */
  readonly from: string;
  /** Whole To value without tag. */
  readonly to: string;
  /** Default: a fresh one. */
  readonly callId?: string;
  /** Default: a fresh one. Given when a challenged or re-routed request is repeated, or dialog identifiers are kept. */
  readonly fromTag?: string;
  /** Default 1 (random start is not needed, RFC 3261 §8.1.1.5). */
  readonly cseq?: number;
  /** Values for a preloaded Route. */
  readonly routes?: readonly string[];
  /** Whole Contact value instead of our own: REGISTER needs it, where Contact is what is said and not who says it. RFC 3261 §10.2 */
  readonly contact?: string;
  /** User part of our Contact. */
  readonly contactUser?: string;
  /** Parameters after our Contact's `>`: `;+sip.src`, `;isfocus`. With their leading semicolon. */
  readonly contactParams?: string;
  /**
   * Give up without any response after this many ms (hop time-out); default: timer B/F. Reported as a local 408.
   * An INVITE's transaction lives on after that until timer B: repeats stop, but a late 1xx still comes to `onProvisional`
   * (the user cancels it) and a late 2xx to `onAnswer` (the user sends ACK and BYE).
   */
  readonly noResponseMs?: number;
}

/** A final response that no peer sent: time-out (408) or transport failure (503). `message` is made up. */
export interface OutgoingUser {
  /** 101–199. `dialog` is set where the response has a To tag. 100 is not reported, except by `onTrying`. */
  onProvisional?(response: SipResponse, dialog: SipDialog | undefined): void;
  /** Any response at all has come, 100 included: the peer is alive. Once. */
  onTrying?(): void;
  /** 300–699, and 2xx to anything but INVITE. `local`: no peer sent it. Exactly once, unless `onAnswer` came. */
  onFinal(response: SipResponse, local: boolean): void;
  /** 2xx to an INVITE: once per To tag (forks). Repeats of one 2xx are answered by the endpoint with the ACK it was given. */
  onAnswer?(response: SipResponse, dialog: SipDialog): void;
}

export interface OutgoingRequest {
  /** As it was sent last (Via and Contact change with the target); once it has been answered finally only `method` is sure to be there. */
  readonly request: SipRequest;
  /**
   * INVITE only. Waits for a provisional response where none has come (RFC 3261 §9.1); ignored after a final one.
   * The INVITE's own final response is still reported; a 2xx that crosses it comes to `onAnswer` as always.
   * Without any response it is reported as a local 408 at the latest at 64·T1.
   */
  cancel(headers?: HeaderEntries): void;
}

export interface IncomingRequest {
  readonly request: SipRequest;
  readonly source: SipSource;
  /** Final or provisional (but 100 is the endpoint's own affair). A second final answer is ignored and returns false. */
  respond(response: ResponseSpec): boolean;
  /** Forget the request: no answer is ever sent, repeats are absorbed (scanners). Absent: answer 403 instead. */
  ignore?(): void;
  /** INVITE only: called at most once, when a CANCEL matched; the endpoint has answered the CANCEL with 200, the user sends the 487. */
  onCancel?: (cancel: SipRequest) => void;
}

/** A new INVITE outside of any dialog. RFC 3261 §13.3 */
export interface IncomingInvite extends IncomingRequest {
  /**
   * Answers. A 1xx with a To tag and a 2xx make or confirm a dialog: get it with `dialog`. A 2xx is repeated by the endpoint
   * until the ACK (§13.3.1.4); then `SipDialogUser.onAck`, or at 64·T1 `onAckTimeout`.
   */
  respond(response: ResponseSpec): boolean;
  /** The dialog of that fork; undefined before the first 101–299 of it. */
  dialog(fork?: string): SipDialog | undefined;
  /** The ACK of our 3xx–6xx came: the caller knows. At most once; never after `onGone`. RFC 3261 §17.2.1 */
  onRefusalAcked?: () => void;
  /** The transaction is over and nothing will answer it any more (transport gone, 64·T1 after a 3xx–6xx without ACK). */
  onGone?: () => void;
  /**
   * A reliable 1xx (one with RSeq) got no PRACK for 64·T1, during which the endpoint repeated it (RFC 3262 §3): the user should
   * answer 5xx.
   */
  onPrackTimeout?: () => void;
}

export type DialogState = "early" | "confirmed" | "terminated";

/** One dialog, at our end: one object for its whole life, from the early answer to the end. RFC 3261 §12 */
export interface SipDialog {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  readonly state: DialogState;
  /** What was last known of the peer's Contact URI. */
  readonly remoteTarget: string;
  /** Requests wait until it is set, 8 at most, and are then told in the next turn: set it soon after the dialog came. */
  user: SipDialogUser | undefined;
  /**
   * Sends a request in the dialog: CSeq, tags, route set, remote target are the endpoint's. BYE ends the dialog at once on our
   * side; `onFinal` tells how the peer answered. A target refresh (re-INVITE, UPDATE) is taken from the answer.
   *
   * Two cases where a dialog outlives a BYE: a peer's BYE that crosses ours still comes to `user` while ours is unanswered
   * (both get 200); and a BYE, ours or the peer's, that is answered 401 or 407 leaves the dialog confirmed, so that it can be
   * repeated with credentials (RFC 3261 §22.2).
   */
  request(spec: RequestSpec, user: OutgoingUser): OutgoingRequest;
  /** The ACK of the last 2xx to our INVITE or re-INVITE; the endpoint keeps it and repeats it for a repeated 2xx. */
  ack(spec?: { readonly headers?: HeaderEntries; readonly body?: Uint8Array }): void;
  /** Everything needed to send a BYE after a restart. JSON-safe. */
  snapshot(): DialogSnapshot;
  /** Forget the dialog without a word on the wire: requests for it get 481 from now on. */
  discard(): void;
}

export interface SipDialogUser {
  /** BYE, re-INVITE, UPDATE, INFO, PRACK, REFER, NOTIFY, MESSAGE, OPTIONS, any other. Must be answered, BYE included. */
  onRequest(request: IncomingRequest): void;
  /** The ACK of our 2xx (to the INVITE or to a re-INVITE); may carry a body (late offer). Once per 2xx. */
  onAck?(ack: SipRequest): void;
  /** No ACK came for 64·T1 (§13.3.1.4): the user should send BYE. */
  onAckTimeout?(): void;
}

export interface DialogSnapshot {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  /** Whole From/To values without tags, from our end's view. */
  readonly localParty: string;
  readonly remoteParty: string;
  readonly localCseq: number;
  readonly remoteCseq: number | undefined;
  readonly remoteTarget: string;
  readonly routeSet: readonly string[];
  /** `sips` or TLS was used: stay on it. */
  readonly secure: boolean;
  readonly protocol: SipProtocol;
  readonly state: DialogState;
  /** Where the last request of the peer came from or ours went to, for a flow that only works backwards (NAT). */
  readonly lastTarget?: SipTarget;
}

/** What sits on top of the endpoint: the B2BUA. Calls must return fast and may call back at once. */
export interface SipUser {
  /**
   * Asked about a new INVITE that would be shed (overload, draining) before anyone has read it.
   * @returns True for an emergency call: it is let in as long as there is any room at all.
   */
  isUrgent?(request: SipRequest, source: SipSource): boolean;
  /**
   * Asked about a request that belongs to no transaction and no dialog here, before anything is kept of it: an answer that is given
   * now costs no memory, and is not repeated to somebody whose address was forged. An endpoint that cannot do that does not ask;
   * `onInvite` and `onRequest` refuse all the same.
   * @param stray It claims to belong to something: it has a To tag, or is a CANCEL. Unless it is turned away it gets 481.
   * @returns Undefined: let it in.
   */
  turnAway?(request: SipRequest, source: SipSource, stray: boolean): TurnedAway | undefined;
  onInvite(invite: IncomingInvite): void;
  /** Any other request outside of a dialog; ACK and CANCEL never reach it. Must be answered. */
  onRequest(request: IncomingRequest): void;
  /**
   * A request with a To tag that matches no dialog here, before the endpoint answers 481.
   * @returns Who takes it, in the same turn, and will answer; undefined: nobody.
   */
  onStrayRequest?(request: SipRequest): ((request: IncomingRequest) => void) | undefined;
  /**
   * A 2xx to an INVITE of ours that no transaction knows (we were restarted, or it came after timer M): the endpoint made this
   * dialog from it. The user should `ack()` and send BYE. RFC 3261 §13.2.2.4
   */
  onStrayAnswer?(response: SipResponse, dialog: SipDialog): void;
}

/** What an adapter can do, so that the contract suite and the B2BUA can say what is not had. */
export interface SipCapabilities {
  readonly engine: "embedded" | "drachtio";
  /** Several To tags on one incoming INVITE. */
  readonly forkedEarlyDialogs: boolean;
  /** The restart story: `restoreDialog` works. */
  readonly restoreDialogs: boolean;
  /** From tag and Call-ID given by the caller are used as they are. */
  readonly keepsIdentifiers: boolean;
}

/** SIP in and out. Adapters: sip-embedded (default), sip-drachtio. Every one passes test/contract/sip-endpoint. */
export interface SipEndpoint {
  readonly capabilities: SipCapabilities;
  /** As bound: `udp:127.0.0.1:5060`, `tls:[::1]:5061`. Known after `start`. */
  readonly listeners: readonly string[];
  /** @throws GatewayError `listen.failed`, `tls.certificate`, `sip.engine`. */
  start(user: SipUser): Promise<void>;
  invite(spec: OutgoingSpec, user: OutgoingUser): OutgoingRequest;
  /** Anything but INVITE, ACK, CANCEL. */
  request(spec: OutgoingSpec, user: OutgoingUser): OutgoingRequest;
  restoreDialog(snapshot: DialogSnapshot): SipDialog;
  /** New INVITEs get 503 with Retry-After from now on; what is up goes on. */
  drain(): void;
  /** Closes sockets; safe to call twice. Dialogs are not ended: end them first. */
  close(): Promise<void>;
}
