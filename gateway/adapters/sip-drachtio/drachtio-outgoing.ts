import type { HeaderEntries, OutgoingRequest, OutgoingUser } from "../../ports/sip-endpoint.js";
import { parseCSeq } from "../../sip/message/header-values.js";
import { getTag } from "../../sip/message/name-addr.js";
import { parseSipMessage } from "../../sip/message/parse-message.js";
import type { SipRequest, SipResponse } from "../../sip/message/sip-message.js";
import type { DrachtioDialog } from "./drachtio-dialog.js";
import { TRANSACTION_MS, type DrachtioEngine } from "./drachtio-engine.js";
import { cancelBytes, localResponse } from "./drachtio-messages.js";
import type { WirePeer } from "./drachtio-options.js";
import type { ServerAnswer } from "./server-message.js";

/** One way to send a request; the next is taken when nothing came of it. */
export interface Way {
  /** META without message id. */
  readonly meta: string;
  readonly bytes: () => Buffer;
  /** Whom it is for, where that is known. */
  readonly to?: WirePeer | undefined;
}

export interface OutgoingSetup {
  readonly request: SipRequest;
  readonly user: OutgoingUser;
  readonly ways: readonly Way[];
  readonly noResponseMs?: number | undefined;
  /** INVITE outside of dialogs: the tag of its name with the server. */
  readonly nameTag?: string;
  /** The dialog that it is sent in. */
  readonly dialog?: DrachtioDialog | undefined;
  /** INVITE: finds or makes the dialog of a response with this To tag. */
  readonly dialogFor?: (response: SipResponse) => DrachtioDialog;
}

/** Later than the server's own time-out, which says more. */
const GRACE_MS = 2_000;
/** How long a call may ring is the user's affair: this is the last resort against a peer that has forgotten it. */
const FORGOTTEN_MS = 3_600_000;
/** Early dialogs of one INVITE; the one that came first goes first. */
const MAX_FORKS = 16;
/** Made for a dialog that the server does not know (any more). */
const NO_DIALOG = /unable to find dialog/i;

/** One request of ours on its way: targets in turn, CANCEL, hop time-out. The transaction itself is the server's. */
export class DrachtioOutgoing implements OutgoingRequest {
  readonly request: SipRequest;
  readonly isInvite: boolean;
  readonly #engine: DrachtioEngine;
  readonly #setup: OutgoingSetup;
  #next = 0;
  #transactionId = "";
  #heard = false;
  #reported = false;
  /** Nothing can come of it any more. */
  #over = false;
  #early: DrachtioDialog[] = [];
  #cancel: { readonly headers: HeaderEntries | undefined; sent: boolean } | undefined;
  #stopTimer: () => void = () => undefined;
  #noResponseAt = Infinity;
  #giveUpAt = Infinity;

  constructor(engine: DrachtioEngine, setup: OutgoingSetup) {
    this.#engine = engine;
    this.#setup = setup;
    this.request = setup.request;
    this.isInvite = setup.request.method === "INVITE";
  }

  get transactionId(): string {
    return this.#transactionId;
  }

  /** Nothing is reported before this returns. */
  start(): void {
    const { nameTag } = this.#setup;
    if (nameTag !== undefined) this.#engine.names.take(this.#callId, nameTag);
    const now = this.#engine.clock.mono();
    const { noResponseMs } = this.#setup;
    const leastMs = this.isInvite ? this.#engine.leastNoResponseMs : 0;
    if (noResponseMs !== undefined) this.#noResponseAt = now + Math.max(noResponseMs, leastMs);
    this.#giveUpAt = now + TRANSACTION_MS + GRACE_MS;
    if (!this.#sendNext()) this.#engine.soon(() => this.#finish(503));
    else this.#arm();
  }

  cancel(headers?: HeaderEntries): void {
    if (!this.isInvite || this.#cancel !== undefined || this.#over) return;
    this.#cancel = { headers, sent: false };
    // RFC 3261 §9.1; the server forgets the INVITE then and tells nobody.
    this.#giveUpAt = this.#engine.clock.mono() + TRANSACTION_MS;
    this.#sendCancel();
    this.#arm();
  }

  // What follows is for the engine.

  onResponse(response: SipResponse, madeUp: boolean): void {
    if (this.#over) return;
    if (madeUp && !this.#heard && response.status === 503 && this.#cancel === undefined && this.#tryNext()) return;
    this.#noResponseAt = Infinity;
    if (!this.#heard && !madeUp) {
      this.#heard = true;
      this.#setup.user.onTrying?.();
    }
    if (response.status < 200) this.#onProvisional(response);
    else if (this.isInvite && response.status < 300) this.#onAnswer(response);
    else this.#onFinal(response, madeUp);
  }

  /** The connection to the server is gone. */
  lost(): void {
    this.#finish(503);
  }

  #onProvisional(response: SipResponse): void {
    if (this.isInvite && this.#cancel === undefined) this.#giveUpAt = this.#limitWhileRinging();
    this.#arm();
    if (response.status === 100) return;
    const tagged = this.isInvite && getTag(response.headers.get("to") ?? "") !== undefined;
    const dialog = tagged ? this.#setup.dialogFor?.(response) : undefined;
    if (dialog !== undefined) this.#noteEarly(dialog);
    dialog?.onProvisional(response);
    this.#setup.user.onProvisional?.(response, dialog);
  }

  /** Of a re-INVITE the server forgets what comes after an 18x. */
  #limitWhileRinging(): number {
    const isNewCall = this.#setup.dialog === undefined;
    return this.#engine.clock.mono() + (isNewCall ? FORGOTTEN_MS : TRANSACTION_MS);
  }

  #onAnswer(response: SipResponse): void {
    const { dialogFor, user } = this.#setup;
    // Before the end of this: the dialog takes over its name.
    const dialog = dialogFor?.(response);
    this.#end();
    this.#reported = true;
    if (dialog === undefined) return;
    dialog.onAnswer(response, this);
    // The server has one dialog for all forks: the others are of no use any more.
    this.#dropEarly();
    user.onAnswer?.(response, dialog);
  }

  #onFinal(response: SipResponse, madeUp: boolean): void {
    this.#end();
    this.#dropEarly();
    this.#setup.dialog?.requestDone(this, madeUp ? undefined : response);
    this.#report(response, madeUp);
  }

  #noteEarly(dialog: DrachtioDialog): void {
    if (dialog.state !== "early" || this.#early.includes(dialog)) return;
    if (this.#early.length >= MAX_FORKS) this.#early.shift()?.discard();
    this.#early.push(dialog);
  }

  /** RFC 3261 §12.3 */
  #dropEarly(): void {
    for (const dialog of this.#early) if (dialog.state === "early") dialog.discard();
    this.#early = [];
  }

  #sendNext(): boolean {
    const engine = this.#engine;
    const { ways } = this.#setup;
    while (this.#next < ways.length) {
      const way = ways[this.#next++];
      if (way === undefined) return false;
      engine.unsent.add(this);
      if (engine.send(way.meta, way.bytes(), (answer) => this.#onSent(answer), way.to)) return true;
    }
    engine.unsent.delete(this);
    return false;
  }

  #tryNext(): boolean {
    this.#engine.outgoing.delete(this.#transactionId);
    this.#transactionId = "";
    return this.#sendNext();
  }

  #onSent(answer: ServerAnswer | undefined): void {
    if (answer === undefined) {
      if (!this.#engine.closed) this.#finish(503);
      return;
    }
    if (this.#over) {
      if (answer.ok) this.#cancelLate(answer.transactionId);
      return;
    }
    if (!answer.ok) {
      this.#engine.counters.refusedCommands.inc();
      this.#engine.log.warn("drachtio.request-refused", { method: this.request.method, reason: answer.reason });
      if (!this.#tryNext()) this.#finish(NO_DIALOG.test(answer.reason) ? 481 : 503);
      return;
    }
    this.#engine.unsent.delete(this);
    this.#transactionId = answer.transactionId;
    this.#engine.outgoing.set(answer.transactionId, this);
    this.#noteCseq(answer.sip);
    this.#sendCancel();
  }

  /** Inside a dialog the server counts. */
  #noteCseq(sip: Buffer | undefined): void {
    const { dialog } = this.#setup;
    if (dialog === undefined || sip === undefined) return;
    const sent = parseSipMessage(sip);
    const value = sent.ok ? sent.value.headers.get("cseq") : undefined;
    const cseq = parseCSeq(value ?? "");
    if (cseq === undefined) return;
    this.request.headers.set("CSeq", `${cseq.number} ${cseq.method}`);
    dialog.sentCseq(cseq.number);
  }

  #sendCancel(): void {
    const cancel = this.#cancel;
    if (cancel === undefined || cancel.sent || this.#transactionId === "") return;
    cancel.sent = true;
    this.#cancelNow(this.#transactionId, cancel.headers);
  }

  /** Given up before the server told how the INVITE is called. */
  #cancelLate(transactionId: string): void {
    if (this.isInvite) this.#cancelNow(transactionId, undefined);
  }

  #cancelNow(transactionId: string, headers: HeaderEntries | undefined): void {
    // A refusal means that the INVITE is over: its answer is on its way.
    this.#engine.send(
      `sip|${transactionId}|`,
      cancelBytes(this.request.uri, headers),
      () => undefined,
      this.#setup.ways[this.#next - 1]?.to,
    );
  }

  #arm(): void {
    this.#stopTimer();
    const at = Math.min(this.#noResponseAt, this.#giveUpAt);
    if (at === Infinity || this.#over) return;
    this.#stopTimer = this.#engine.later(Math.max(0, at - this.#engine.clock.mono()), () => this.#onTime());
  }

  #onTime(): void {
    const now = this.#engine.clock.mono();
    const isRinging = this.isInvite && this.#heard && this.#setup.dialog === undefined;
    if (now >= this.#giveUpAt && isRinging && this.#cancel === undefined) this.cancel();
    else if (now >= this.#giveUpAt) this.#finish(408);
    else if (now >= this.#noResponseAt) {
      this.#noResponseAt = Infinity;
      // An INVITE lives on: a late 1xx or 2xx is still reported.
      if (this.isInvite) this.#report(localResponse(this.request, 408), true);
      else this.#finish(408);
    }
    this.#arm();
  }

  /** Local end: nobody answered, or nothing could be sent. */
  #finish(status: number): void {
    if (this.#over) return;
    this.#end();
    this.#dropEarly();
    this.#setup.dialog?.requestDone(this, undefined);
    this.#report(localResponse(this.request, status), true);
  }

  get #callId(): string {
    return this.request.headers.get("call-id") ?? "";
  }

  #end(): void {
    const { nameTag } = this.#setup;
    if (nameTag !== undefined && !this.#over) this.#engine.names.release(this.#callId, nameTag);
    this.#over = true;
    this.#stopTimer();
    this.#engine.unsent.delete(this);
    if (this.#transactionId !== "") this.#engine.outgoing.delete(this.#transactionId);
  }

  #report(response: SipResponse, local: boolean): void {
    if (this.#reported) return;
    this.#reported = true;
    this.#setup.user.onFinal(response, local);
  }
}
