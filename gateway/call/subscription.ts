import type {
  DialogSnapshot,
  IncomingRequest,
  OutgoingRequest,
  SipDialog,
  SipDialogUser,
  SipSource,
  SipTarget,
} from "../ports/sip-endpoint.js";
import { parseCSeq, parseExpires } from "../sip/message/header-values.js";
import { getTag, uriOf, withoutTag } from "../sip/message/name-addr.js";
import type { SipHeaders } from "../sip/message/sip-headers.js";
import type { SipRequest, SipResponse } from "../sip/message/sip-message.js";
import { allValues, firstValue } from "../sip/message/split-values.js";
import { ownAnswer } from "./answers.js";
import type { CallOptions } from "./call-options.js";
import type { CallServices } from "./call-services.js";
import type { HopChoice, TrunkPolicy } from "./contracts.js";
import { Leg, type LegOwner } from "./leg.js";
import type { RelayListener } from "./out-of-dialog.js";
import type { PassRules } from "./pass-headers.js";

/** RFC 6665 §4.1.2.1: what a SUBSCRIBE without Expires lasts depends on the package; an hour is the most usual. */
const USUAL_EXPIRES_S = 3_600;
/** The notifier's last NOTIFY, and a REFER's (RFC 3515 §2.4.4), come within this long of the expiry. */
const GRACE_MS = 64_000;
/** A REFER's implicit subscription, until a NOTIFY says otherwise. */
const REFER_EXPIRES_S = 180;

export interface SubscriptionOwner {
  /** Those whose first NOTIFY may still find no dialog, by `Call-ID;from-tag` of the SUBSCRIBE that left. */
  readonly unnotified: Map<string, Subscription>;
  /** Its dialogs are over, or it never had any. */
  ended(subscription: Subscription): void;
}

/**
 * A SUBSCRIBE or REFER outside of calls, and the dialog on either side that it makes: NOTIFYs go to the subscriber, refreshes to
 * the notifier. RFC 6665. It ends with a NOTIFY that says `terminated`, a refusal, or its expiry, whichever is first.
 *
 * A first NOTIFY that is here before the 2xx (§4.1.2.4) is carried. One subscriber gets one notifier: the NOTIFYs of further forks
 * get 481, which ends them (§4.1.4).
 */
export class Subscription implements RelayListener, LegOwner {
  readonly rules: PassRules;
  readonly #services: CallServices;
  readonly #owner: SubscriptionOwner;
  readonly #incoming: IncomingRequest;
  /** The To tag of our answer to the subscriber. */
  readonly #tag: string;
  #sent: SipRequest | undefined;
  #name = "";
  #hop: HopChoice | undefined;
  #a: Leg | undefined;
  #b: Leg | undefined;
  #expiresAt: number;
  #isOver = false;

  constructor(services: CallServices, owner: SubscriptionOwner, incoming: IncomingRequest, policy: TrunkPolicy) {
    this.#services = services;
    this.#owner = owner;
    this.#incoming = incoming;
    this.rules = services.rulesFor(policy);
    this.#tag = services.random.token(8);
    this.#expiresAt = 0;
    this.#lasts(incoming.request.headers, incoming.request.method === "REFER" ? REFER_EXPIRES_S : USUAL_EXPIRES_S);
  }

  get options(): CallOptions {
    return this.#services.options;
  }

  onSent(outgoing: OutgoingRequest, hop: HopChoice): void {
    this.#owner.unnotified.delete(this.#name);
    this.#sent = outgoing.request;
    this.#hop = hop;
    this.#name = dialogName(outgoing.request.headers, "from");
    this.#owner.unnotified.set(this.#name, this);
  }

  onAnswer(response: SipResponse): string | undefined {
    const sent = this.#sent;
    if (response.status >= 300 || sent === undefined) return undefined;
    const remoteTag = getTag(response.headers.get("to") ?? "");
    if (remoteTag === undefined) return undefined;
    if (this.#b === undefined) this.#open(this.#notifierDialog(sent, response.headers, remoteTag, true));
    return this.#tag;
  }

  onOver(): void {
    if (this.#b === undefined) this.end();
  }

  /** Its first NOTIFY, which no dialog knows yet. @returns Undefined when it cannot make one; else takes it, in the same turn. */
  takesNotify({ headers }: SipRequest): ((notify: IncomingRequest) => void) | undefined {
    const sent = this.#sent;
    const remoteTag = getTag(headers.get("from") ?? "");
    if (sent === undefined || this.#b !== undefined || this.#isOver || remoteTag === undefined) return undefined;
    return (notify) => this.#open(this.#notifierDialog(sent, headers, remoteTag, false)).onRequest(notify);
  }

  /** @returns True when it has ended by its time. */
  expire(now: number): boolean {
    if (now < this.#expiresAt) return false;
    this.end();
    return true;
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#owner.unnotified.delete(this.#name);
    for (const leg of [this.#a, this.#b]) {
      if (leg === undefined) continue;
      this.#services.index.remove(leg);
      leg.terminatePending();
      leg.dialog.discard();
    }
    this.#owner.ended(this);
  }

  carries(): boolean {
    return !this.#isOver;
  }

  onBye(_leg: Leg, bye: IncomingRequest): void {
    bye.respond(ownAnswer(481, this.options.serverName));
  }

  onTargetRefresh(): void {
    // Nobody keeps a journal of subscriptions.
  }

  onAckTimeout(): void {
    this.end();
  }

  /** @returns Who listens to the notifier. */
  #open(notifier: DialogSnapshot): SipDialogUser {
    const { endpoint, index } = this.#services;
    this.#owner.unnotified.delete(this.#name);
    const a = new Leg(this, "a", endpoint.restoreDialog(this.#subscriberDialog()));
    const b = new Leg(this, "b", endpoint.restoreDialog(notifier));
    a.peer = b;
    b.peer = a;
    this.#a = a;
    this.#b = b;
    for (const leg of [a, b]) index.add(leg);
    this.#listenTo(a.dialog, a);
    return this.#listenTo(b.dialog, b);
  }

  #listenTo(dialog: SipDialog, leg: Leg): SipDialogUser {
    const user: SipDialogUser = {
      onRequest: (request) => {
        leg.onRequest(request);
        this.#note(request.request);
      },
      onAck: (ack) => leg.onAck(ack),
      onAckTimeout: () => leg.onAckTimeout(),
    };
    dialog.user = user;
    return user;
  }

  #note({ method, headers }: SipRequest): void {
    if (method === "SUBSCRIBE") this.#lasts(headers, USUAL_EXPIRES_S);
    if (method !== "NOTIFY") return;
    const state = headers.get("subscription-state") ?? "";
    const expires = /;\s*expires\s*=\s*(\d{1,10})/i.exec(state)?.[1];
    if (/^\s*terminated\b/i.test(state)) this.#lastNotify();
    else if (expires !== undefined) this.#until(Number(expires));
  }

  /** Its answer still has to come back; the sweep takes the rest. */
  #lastNotify(): void {
    this.#expiresAt = Math.min(this.#expiresAt, this.#services.clock.unix() + GRACE_MS);
  }

  #lasts(headers: SipHeaders, usual: number): void {
    this.#until(parseExpires(headers.get("expires") ?? "") ?? usual);
  }

  #until(seconds: number): void {
    this.#expiresAt = this.#services.clock.unix() + Math.min(seconds, 86_400) * 1_000 + GRACE_MS;
  }

  /** RFC 3261 §12.1.1: we are the called end. */
  #subscriberDialog(): DialogSnapshot {
    const { request, source } = this.#incoming;
    const { headers } = request;
    const from = headers.get("from") ?? "";
    return {
      callId: headers.get("call-id") ?? "",
      localTag: this.#tag,
      remoteTag: getTag(from) ?? "",
      localParty: withoutTag(headers.get("to") ?? ""),
      remoteParty: withoutTag(from),
      localCseq: 0,
      remoteCseq: parseCSeq(headers.get("cseq") ?? "")?.number,
      remoteTarget: contactUri(headers) ?? uriOf(from) ?? "",
      routeSet: allValues(headers, "record-route"),
      ...reachedAt(targetOf(source)),
    };
  }

  /** §12.1.2: we are the calling end. @param answered From the 2xx, whose Record-Route is in reverse; else from a NOTIFY. */
  #notifierDialog(sent: SipRequest, peer: SipHeaders, remoteTag: string, answered: boolean): DialogSnapshot {
    const from = sent.headers.get("from") ?? "";
    const to = sent.headers.get("to") ?? "";
    const routes = allValues(peer, "record-route");
    return {
      callId: sent.headers.get("call-id") ?? "",
      localTag: getTag(from) ?? "",
      remoteTag,
      localParty: withoutTag(from),
      remoteParty: withoutTag(to),
      localCseq: parseCSeq(sent.headers.get("cseq") ?? "")?.number ?? 1,
      remoteCseq: answered ? undefined : parseCSeq(peer.get("cseq") ?? "")?.number,
      remoteTarget: contactUri(peer) ?? uriOf(to) ?? "",
      routeSet: answered ? routes.reverse() : routes,
      ...reachedAt(this.#hop?.targets[0]),
    };
  }
}

/** How a NOTIFY names the SUBSCRIBE that it belongs to: `end` is where the subscriber's tag stands. */
export function dialogName(headers: SipHeaders, end: "from" | "to"): string {
  return `${headers.get("call-id") ?? ""};${getTag(headers.get(end) ?? "") ?? ""}`;
}

function contactUri(headers: SipHeaders): string | undefined {
  const contact = headers.get("contact");
  return contact === undefined ? undefined : uriOf(firstValue(contact));
}

const targetOf = ({ protocol, address, port }: SipSource): SipTarget => ({ protocol, address, port });

function reachedAt(
  target: SipTarget | undefined,
): Pick<DialogSnapshot, "secure" | "protocol" | "state" | "lastTarget"> {
  const protocol = target?.protocol ?? "udp";
  const where = { secure: protocol === "tls", protocol, state: "confirmed" } as const;
  return target === undefined ? where : { ...where, lastTarget: target };
}
