import type { HeaderEntries, OutgoingRequest, OutgoingUser, SipTarget } from "../../ports/sip-endpoint.js";
import { getTag } from "../../sip/message/name-addr.js";
import { serializeRequest } from "../../sip/message/serialize-message.js";
import type { SipRequest, SipResponse } from "../../sip/message/sip-message.js";
import type { ClientSink } from "../../sip/transaction/client-sink.js";
import { InviteClientTransaction } from "../../sip/transaction/invite-client-transaction.js";
import { NonInviteClientTransaction } from "../../sip/transaction/non-invite-client-transaction.js";
import { earlier, isDue, OFF } from "../../sip/transaction/sip-timers.js";
import type { WheelEntry } from "../../sip/transaction/timer-wheel.js";
import { validateResponse } from "../../sip/message/validate-request.js";
import type { MonoMs } from "../../core/time.js";
import type { EmbeddedDialog } from "./embedded-dialog.js";
import type { Engine } from "./engine.js";
import { buildAck, buildCancel } from "./hop-by-hop-requests.js";
import { HopWalk } from "./hop-walk.js";
import { InviteForks } from "./invite-forks.js";
import { buildLocalResponse, carriesContact } from "./message-building.js";
import { onStrayAnswer } from "./stray-answer.js";
import type { Listener, SendTo } from "./transport/transport.js";

/** What an outgoing request needs beside its text. */
export interface OutgoingSetup {
  readonly request: SipRequest;
  readonly user: OutgoingUser;
  /** `sips` in our Contact. */
  readonly secure: boolean;
  /** False: the request's Contact is the user's and stays. */
  readonly ownContact?: boolean;
  readonly contactUser?: string | undefined;
  readonly contactParams?: string | undefined;
  readonly noResponseMs?: number | undefined;
  /** The dialog that it belongs to, if it is not one that makes dialogs. */
  readonly dialog?: EmbeddedDialog | undefined;
}

type Machine = InviteClientTransaction<Outgoing> | NonInviteClientTransaction<Outgoing>;

const NO_SETUP = { secure: false };

const sink: ClientSink<Outgoing> = {
  sendRequest: (outgoing) => outgoing.transmit(),
  sendAck: (outgoing, response) => outgoing.acknowledge(response),
  deliver: (outgoing, response) => outgoing.deliver(response),
  timedOut: (outgoing) => outgoing.finish(408, "Request Timeout"),
  transportFailed: (outgoing) => outgoing.tryNextTarget(),
  terminated: (outgoing) => outgoing.terminated(),
};

/**
 * One request on its way: the client transaction with what surrounds it: targets in turn, CANCEL, hop time-out, ringing limit,
 * forks. Lets go of the request as soon as its final response has been reported.
 */
export class Outgoing implements OutgoingRequest, WheelEntry {
  wheelNext: WheelEntry | undefined = undefined;
  wheelPrevious: WheelEntry | undefined = undefined;
  wheelTick = 0;
  readonly isInvite: boolean;
  readonly #engine: Engine;
  #setup: Omit<OutgoingSetup, "request" | "user">;
  #request: SipRequest;
  #user: OutgoingUser | undefined;
  /** Undefined once nothing more can come of the INVITE. */
  #forks: InviteForks | undefined;
  #overTag: string | undefined;
  #machine: Machine | undefined;
  #hops: HopWalk | undefined;
  #key = "";
  #bytes: Buffer | undefined;
  /** ACK of a 300–699, as text: a small buffer would hold on to its pool. */
  #ack = "";
  #sends = 0;
  #to: SendTo | undefined;
  #listener: Listener | undefined;
  #heard = false;
  #reported = false;
  #cancel: { readonly headers: HeaderEntries | undefined; sent: boolean } | undefined;
  #noResponseAt = OFF;
  /** Ringing limit; after CANCEL when to stop waiting for the INVITE's end. */
  #endAt = OFF;

  constructor(engine: Engine, setup: OutgoingSetup) {
    this.#engine = engine;
    this.#setup = setup;
    this.#request = setup.request;
    this.#user = setup.user;
    this.isInvite = setup.request.method === "INVITE";
    if (this.isInvite) this.#forks = new InviteForks(engine, setup);
  }

  /** As it was sent last; once its final response has been reported only the method is left. */
  get request(): SipRequest {
    return this.#request;
  }

  get deadline(): number {
    return earlier(this.#machine?.deadline ?? OFF, earlier(this.#noResponseAt, this.#endAt));
  }

  /** Nothing is reported before this returns. */
  start(targets: readonly SipTarget[] | Promise<readonly SipTarget[]>): void {
    const { noResponseMs } = this.#setup;
    if (noResponseMs !== undefined) this.#noResponseAt = this.#engine.driver.now() + noResponseMs;
    if (Array.isArray(targets)) this.#begin(targets as readonly SipTarget[]);
    else {
      this.#engine.driver.update(this);
      void (targets as Promise<readonly SipTarget[]>).then((found) => this.#engine.soon(() => this.#begin(found)));
    }
  }

  /** A CANCEL: same way, same branch as its INVITE. RFC 3261 §9.1 */
  startAs(branch: string, to: SendTo, listener: Listener): void {
    this.#key = `CANCEL ${branch}`;
    this.#listener = listener;
    this.#run(to);
  }

  #begin(targets: readonly SipTarget[]): void {
    if (this.#reported) return;
    this.#hops = new HopWalk(this.#engine, targets);
    if (!this.#sendToNext()) this.#engine.soon(() => this.finish(503, "Service Unavailable"));
  }

  /** @returns False: no target is left. */
  #sendToNext(): boolean {
    const { ownContact = true } = this.#setup;
    const contact = ownContact && carriesContact(this.#request.method) ? this.#setup : undefined;
    const hop = this.#hops?.next(this.#request, contact);
    if (hop === undefined) return false;
    this.#key = hop.branch;
    this.#listener = hop.listener;
    this.#bytes = hop.bytes;
    this.#run(hop.to);
    return true;
  }

  #run(to: SendTo): void {
    const engine = this.#engine;
    const reliable = to.protocol !== "udp";
    this.#to = to;
    this.#sends = 0;
    this.#bytes ??= serializeRequest(this.#request);
    this.#machine = this.isInvite
      ? new InviteClientTransaction(engine.timers, reliable, sink, this)
      : new NonInviteClientTransaction(engine.timers, reliable, sink, this);
    engine.clients.set(this.#key, this);
    this.#machine.start(engine.driver.now());
    engine.driver.update(this);
  }

  onResponse(response: SipResponse): void {
    this.#noResponseAt = OFF;
    if (!this.#heard) {
      this.#heard = true;
      this.#user?.onTrying?.();
    }
    this.#machine?.onResponse(this.#engine.driver.now(), response);
    this.#engine.driver.update(this);
  }

  onTime(now: MonoMs): void {
    if (isDue(this.#noResponseAt, now)) {
      this.#noResponseAt = OFF;
      this.#giveUpHop();
    } else if (isDue(this.#endAt, now)) {
      this.#endAt = OFF;
      if (this.#cancel?.sent !== true) this.cancel();
      else {
        this.#machine?.abandon();
        this.finish(408, "Request Timeout");
      }
    } else this.#machine?.onTime(now);
    this.#engine.driver.update(this);
  }

  cancel(headers?: HeaderEntries): void {
    if (!this.isInvite || this.#cancel !== undefined) return;
    const machine = this.#machine;
    if (machine === undefined) {
      // Its name is still being looked up: it never left.
      if (!this.#reported) this.#engine.soon(() => this.finish(408, "Request Timeout"));
      return;
    }
    if (machine.state !== "calling" && machine.state !== "proceeding") return;
    this.#cancel = { headers, sent: false };
    if (machine.state === "proceeding") this.#sendCancel();
    this.#engine.driver.update(this);
  }

  #sendCancel(): void {
    const cancel = this.#cancel;
    if (cancel === undefined || cancel.sent || this.#to === undefined || this.#listener === undefined) return;
    cancel.sent = true;
    // §9.1: an INVITE that does not end within 64·T1 of its CANCEL is forgotten.
    this.#endAt = this.#engine.driver.now() + 64 * this.#engine.timers.t1Ms;
    const request = buildCancel(this.#request, cancel.headers);
    const nobody: OutgoingUser = { onFinal: () => undefined };
    new Outgoing(this.#engine, { request, user: nobody, secure: false }).startAs(this.#key, this.#to, this.#listener);
  }

  /** The hop has not said a word in time. */
  #giveUpHop(): void {
    if (!this.isInvite) {
      this.#machine?.abandon();
      this.finish(408, "Request Timeout");
      return;
    }
    this.#machine?.stopRepeating();
    this.#report(buildLocalResponse(this.#request, 408, "Request Timeout"), true);
    if (this.#machine === undefined) this.#release();
  }

  // What follows is for the sink.

  transmit(): void {
    const { counters } = this.#engine;
    if (this.#bytes === undefined || this.#to === undefined) return;
    if (this.#sends++ > 0) {
      counters.retransmittedRequests.inc();
      this.#engine.send(this.#bytes, this.#to, this.#listener);
      return;
    }
    const key = this.#key;
    this.#engine.send(this.#bytes, this.#to, this.#listener, () => {
      if (this.#key !== key) return;
      counters.transportFailures.inc();
      this.#machine?.onTransportError();
      this.#engine.driver.update(this);
    });
  }

  acknowledge(response: SipResponse): void {
    if (this.#to === undefined) return;
    this.#bytes = undefined;
    if (this.#ack !== "") {
      this.#engine.send(Buffer.from(this.#ack, "latin1"), this.#to, this.#listener);
      return;
    }
    // Made while the request is still there; repeats of the response get the same one.
    const ack = serializeRequest(buildAck(this.#request, response));
    this.#ack = ack.toString("latin1");
    this.#engine.send(ack, this.#to, this.#listener);
  }

  deliver(response: SipResponse): void {
    const { status } = response;
    if (this.isInvite && status < 300) {
      if (status < 200) this.#provisional(response);
      else this.#answer(response);
    } else if (status >= 200) this.#final(response);
    else if (status > 100) this.#user?.onProvisional?.(response, undefined);
  }

  #provisional(response: SipResponse): void {
    if (this.#cancel !== undefined) this.#sendCancel();
    else this.#endAt = this.#engine.driver.now() + this.#engine.ringingTimeoutMs;
    if (response.status === 100) return;
    const forks = this.#forks;
    if (forks === undefined || forks.isRepeatedReliable(response)) return;
    const dialog =
      getTag(response.headers.get("to") ?? "") === undefined ? undefined : forks.provisional(response, this.#to);
    this.#user?.onProvisional?.(response, dialog);
  }

  #answer(response: SipResponse): void {
    this.#endAt = OFF;
    this.#bytes = undefined;
    if (this.#forks === undefined) {
      this.#answerAfterEnd(response);
      return;
    }
    const dialog = this.#forks.answer(response, this.#to, this);
    if (dialog === undefined) return;
    if (!this.#reported) this.#setup.dialog?.requestDone(this, "INVITE", response);
    this.#reported = true;
    this.#user?.onAnswer?.(response, dialog);
    this.#letGo();
  }

  /** The call has come and gone: a repeat needs no ACK any more, a fork that answers now is a stray. */
  #answerAfterEnd(response: SipResponse): void {
    const facts = validateResponse(response);
    if (!facts.ok || this.#to === undefined || facts.value.toTag === this.#overTag) return;
    onStrayAnswer(this.#engine, response, facts.value, this.#to);
  }

  /** The dialog of this To tag has ended: if it was the last, nothing of the call needs to be kept until timer M. */
  dialogOver(remoteTag: string): void {
    if (this.#forks?.allOver !== true) return;
    this.#overTag = remoteTag;
    const forks = this.#forks;
    this.#forks = undefined;
    this.#user = undefined;
    this.#setup = NO_SETUP;
    forks.over();
  }

  #final(response: SipResponse): void {
    this.#endAt = OFF;
    this.#forks?.failed();
    this.#setup.dialog?.requestDone(this, this.#request.method, response);
    this.#report(response, false);
    this.#user = undefined;
    this.#forks = undefined;
    this.#setup = NO_SETUP;
    this.#letGo();
  }

  /** Local end: nobody answered, or nothing could be sent. */
  finish(status: number, reason: string): void {
    const request = this.#request;
    if (!this.#reported) {
      const response = buildLocalResponse(request, status, reason);
      this.#forks?.failed();
      this.#setup.dialog?.requestDone(this, request.method, undefined);
      this.#report(response, true);
    }
    this.#release();
  }

  tryNextTarget(): void {
    this.#engine.clients.delete(this.#key);
    if (this.#cancel === undefined && this.#sendToNext()) return;
    this.#key = "";
    this.finish(503, "Service Unavailable");
  }

  terminated(): void {
    if (this.#machine?.state !== "terminated") return;
    this.#engine.clients.delete(this.#key);
    this.#forks?.over();
    if (this.#reported) this.#release();
  }

  #report(response: SipResponse, local: boolean): void {
    if (this.#reported) return;
    this.#reported = true;
    this.#user?.onFinal(response, local);
  }

  /** The request has been answered; what is still needed is in `#ack` and `#forks`. */
  #letGo(): void {
    if (!this.isInvite) this.#bytes = undefined;
    this.#hops = undefined;
    this.#request = this.#engine.answeredRequest(this.#request.method);
  }

  #release(): void {
    this.#engine.driver.remove(this);
    this.#noResponseAt = OFF;
    this.#endAt = OFF;
    this.#bytes = undefined;
    this.#ack = "";
    this.#user = undefined;
    this.#forks = undefined;
    this.#setup = NO_SETUP;
    this.#letGo();
  }
}
