import type {
  IncomingInvite,
  IncomingRequest,
  OutgoingUser,
  SipDialog,
  SipDialogUser,
  SipUser,
} from "../../gateway/ports/sip-endpoint.js";
import type { SipRequest, SipResponse } from "../../gateway/sip/message/sip-message.js";

/** What comes is waited for one by one; fails when it does not come in time. */
class Inbox<T> {
  readonly #items: T[] = [];
  readonly #what: string;
  #wake: () => void = () => undefined;

  constructor(what: string) {
    this.#what = what;
  }

  put(item: T): void {
    this.#items.push(item);
    this.#wake();
  }

  async next(withinMs = 15_000): Promise<T> {
    const item = this.#items.shift();
    if (item !== undefined) return item;
    let limit: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve, reject) => {
      this.#wake = resolve;
      limit = setTimeout(() => reject(new Error(`no ${this.#what} within ${withinMs} ms`)), withinMs);
    }).finally(() => clearTimeout(limit));
    return this.next(withinMs);
  }
}

/** Users of a `SipEndpoint` whose events a test awaits, for endpoints on real sockets. */
export class TellingUser implements SipUser {
  readonly #invites = new Inbox<IncomingInvite>("INVITE");
  readonly #requests = new Inbox<IncomingRequest>("request");
  onInvite(invite: IncomingInvite): void {
    this.#invites.put(invite);
  }
  onRequest(request: IncomingRequest): void {
    this.#requests.put(request);
  }
  nextInvite(): Promise<IncomingInvite> {
    return this.#invites.next();
  }
  nextRequest(): Promise<IncomingRequest> {
    return this.#requests.next();
  }
}

export class TellingCaller implements OutgoingUser {
  readonly #provisionals = new Inbox<{ response: SipResponse; dialog: SipDialog | undefined }>("provisional response");
  readonly #answers = new Inbox<{ response: SipResponse; dialog: SipDialog }>("2xx");
  readonly #finals = new Inbox<{ response: SipResponse; local: boolean }>("final response");
  onProvisional(response: SipResponse, dialog: SipDialog | undefined): void {
    this.#provisionals.put({ response, dialog });
  }
  onAnswer(response: SipResponse, dialog: SipDialog): void {
    this.#answers.put({ response, dialog });
  }
  onFinal(response: SipResponse, local: boolean): void {
    this.#finals.put({ response, local });
  }
  provisional(): Promise<{ response: SipResponse; dialog: SipDialog | undefined }> {
    return this.#provisionals.next();
  }
  answer(): Promise<{ response: SipResponse; dialog: SipDialog }> {
    return this.#answers.next();
  }
  final(): Promise<{ response: SipResponse; local: boolean }> {
    return this.#finals.next();
  }
}

export class TellingDialogUser implements SipDialogUser {
  readonly #requests = new Inbox<IncomingRequest>("request in the dialog");
  readonly #acks = new Inbox<SipRequest>("ACK");
  onRequest(request: IncomingRequest): void {
    this.#requests.put(request);
  }
  onAck(ack: SipRequest): void {
    this.#acks.put(ack);
  }
  nextRequest(): Promise<IncomingRequest> {
    return this.#requests.next();
  }
  nextAck(): Promise<SipRequest> {
    return this.#acks.next();
  }
}
