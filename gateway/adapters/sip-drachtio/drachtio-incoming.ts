import type { IncomingInvite, ResponseSpec, SipDialog, SipSource } from "../../ports/sip-endpoint.js";
import { parseRSeq } from "../../sip/message/header-values.js";
import { carriesContact } from "../../sip/message/endpoint-headers.js";
import { parseSipMessage } from "../../sip/message/parse-message.js";
import type { SipRequest } from "../../sip/message/sip-message.js";
import type { RequestFacts } from "../../sip/message/validate-request.js";
import { DrachtioDialog } from "./drachtio-dialog.js";
import { isNameable, TRANSACTION_MS, type DrachtioEngine } from "./drachtio-engine.js";
import { responseBytes } from "./drachtio-messages.js";
import { ReliableNumbers } from "./reliable-numbers.js";
import type { ServerAnswer } from "./server-message.js";

export interface Arrived {
  readonly request: SipRequest;
  readonly facts: RequestFacts;
  readonly source: SipSource;
  readonly transactionId: string;
}

const UNKNOWN_TRANSACTION = /unknown transaction/i;

/** A request that the server has delivered, as the user holds it: outside of a dialog, or inside (`dialog` given). */
export class DrachtioIncoming implements IncomingInvite {
  readonly request: SipRequest;
  readonly source: SipSource;
  readonly facts: RequestFacts;
  readonly transactionId: string;
  onCancel?: (cancel: SipRequest) => void;
  onGone?: () => void;
  /** Never called: the server takes that ACK for itself. */
  onRefusalAcked?: () => void;
  onPrackTimeout?: () => void;
  readonly #engine: DrachtioEngine;
  readonly #inside: DrachtioDialog | undefined;
  readonly #key: string;
  readonly #opensDialog: boolean;
  readonly #reliable = new ReliableNumbers();
  #dialog: DrachtioDialog | undefined;
  #tag = "";
  #open = true;
  #cancelled = false;
  /** The endpoint itself has answered: nothing about the dialog changes. */
  #refused = false;
  #stopPrackTimer: () => void = () => undefined;

  constructor(engine: DrachtioEngine, arrived: Arrived, inside: DrachtioDialog | undefined) {
    this.#engine = engine;
    this.request = arrived.request;
    this.facts = arrived.facts;
    this.source = arrived.source;
    this.transactionId = arrived.transactionId;
    this.#inside = inside;
    // An early UPDATE comes with the transaction id of its INVITE.
    this.#key = `${arrived.request.method} ${arrived.transactionId}`;
    engine.incoming.set(this.#key, this);
    this.#opensDialog = arrived.request.method === "INVITE" && inside === undefined;
    if (this.#opensDialog) engine.names.take(arrived.facts.callId, arrived.facts.fromTag ?? "");
  }

  respond(spec: ResponseSpec): boolean {
    const { status } = spec;
    if (!this.#open) return false;
    if (!Number.isInteger(status) || status <= 100 || status > 699) return status === 100;
    if (this.#cancelled) return this.#afterCancel(status);
    const makesDialog = this.request.method === "INVITE" && status < 300;
    if (makesDialog && this.#inside === undefined) this.#openDialog(spec);
    if (makesDialog && status >= 200) (this.#inside ?? this.#dialog)?.expectAck(this.facts.cseq.number);
    const bytes = responseBytes(this.request, spec, this.#toTag(spec), this.#contact(spec));
    const sent = this.#engine.send(
      `sip|${this.transactionId}|`,
      bytes,
      (answer) => this.#onSent(spec, answer),
      this.source,
    );
    if (!sent) return this.#notSent(spec);
    this.#afterAnswer(status);
    return true;
  }

  /** The server never answers by itself what was delivered to us. */
  ignore(): void {
    if (this.#open) this.#afterAnswer(699);
  }

  dialog(): SipDialog | undefined {
    return this.#dialog;
  }

  // What follows is for the endpoint.

  refuse(status: number, headers: ResponseSpec["headers"] = []): void {
    this.#refused = true;
    this.respond({ status, headers: this.#engine.ownHeaders(headers) });
  }

  /** The server has answered the CANCEL with 200 and the INVITE with 487. */
  cancel(request: SipRequest): void {
    if (this.#cancelled || !this.#open) return;
    this.#cancelled = true;
    this.onCancel?.(request);
  }

  /** A PRACK has come. @returns The RSeq that the user gave the 1xx which it confirms. */
  confirmed(rseq: number): number | undefined {
    this.#stopPrackTimer();
    return this.#reliable.givenFor(rseq);
  }

  /** The connection to the server is gone, and with it every way to answer. */
  lost(): void {
    if (!this.#open) return;
    this.#afterAnswer(503);
    this.onGone?.();
  }

  #afterCancel(status: number): boolean {
    if (status < 200) return true;
    this.#afterAnswer(487);
    return status >= 300;
  }

  #openDialog(spec: ResponseSpec): void {
    const phase = spec.status < 200 ? "early" : "confirmed";
    this.#dialog ??= DrachtioDialog.fromRequest(this.#engine, this, this.#ownTag(), phase, {
      contactUser: spec.contactUser,
      contactParams: spec.contactParams,
    });
    this.#dialog.inviteStarted(this);
  }

  #toTag(spec: ResponseSpec): string {
    if (this.facts.toTag !== undefined) return "";
    if (spec.toTag !== undefined && this.request.method !== "INVITE") return spec.toTag;
    return this.#ownTag();
  }

  #ownTag(): string {
    if (this.#tag === "") this.#tag = this.#engine.newTag();
    return this.#tag;
  }

  #contact(spec: ResponseSpec): string | undefined {
    if (spec.contact !== undefined) return spec.contact;
    if (spec.status >= 300 || !carriesContact(this.request.method)) return undefined;
    return this.#engine.contact(this.source.protocol, spec.contactUser, spec.contactParams);
  }

  /** Too large for the server, or there is no server: the peer gets what can still be said. */
  #notSent(spec: ResponseSpec): boolean {
    if (spec.status < 200 || this.#barely(500)) return false;
    this.#afterAnswer(500);
    return false;
  }

  /** @returns True when an answer without anything in it is on its way instead. */
  #barely(status: number): boolean {
    const bytes = responseBytes(this.request, { status }, this.#toTag({ status }), undefined);
    if (!this.#engine.send(`sip|${this.transactionId}|`, bytes, () => undefined, this.source)) return false;
    this.#afterAnswer(status);
    return true;
  }

  #onSent(spec: ResponseSpec, answer: ServerAnswer | undefined): void {
    if (answer === undefined) return;
    if (answer.ok) {
      this.#noteReliable(spec, answer.sip);
      return;
    }
    const { status } = spec;
    const { reason } = answer;
    this.#engine.counters.refusedCommands.inc();
    this.#engine.log.warn("drachtio.response-refused", { status, method: this.request.method, reason });
    if (status < 200) return;
    const isAnswer = this.request.method === "INVITE" && status < 300;
    // Something in it that the server cannot read; a transaction that is over needs no answer any more.
    if (!UNKNOWN_TRANSACTION.test(reason)) this.#barely(isAnswer ? 500 : status);
    if (isAnswer && this.#inside === undefined) this.#dialog?.endLocally(`answer refused`);
    else if (this.#inside === undefined) this.onGone?.();
  }

  /** The server numbers reliable 1xx itself: what the user has called them is needed when their PRACK comes. RFC 3262 §3 */
  #noteReliable(spec: ResponseSpec, sip: Buffer | undefined): void {
    if (spec.status >= 200 || sip === undefined) return;
    const given = parseRSeq(spec.headers?.find(([name]) => name.toLowerCase() === "rseq")?.[1] ?? "");
    const echo = given === undefined ? undefined : parseSipMessage(sip);
    const sent = echo?.ok === true ? parseRSeq(echo.value.headers.get("rseq") ?? "") : undefined;
    if (given === undefined || sent === undefined || !this.#open) return;
    this.#reliable.note(sent, given);
    this.#stopPrackTimer();
    this.#stopPrackTimer = this.#engine.later(TRANSACTION_MS, () => this.onPrackTimeout?.());
  }

  /** What a final answer means for the dialogs. */
  #afterAnswer(status: number): void {
    if (status < 200) return;
    this.#open = false;
    this.#stopPrackTimer();
    this.#engine.incoming.delete(this.#key);
    if (this.#opensDialog) this.#engine.names.release(this.facts.callId, this.facts.fromTag ?? "");
    if (!this.#refused) this.#inside?.requestAnswered(this, status);
    this.#dialog?.inviteAnswered(this, status);
    // RFC 3261 §12.3
    if (status >= 300) this.#dialog?.discard();
  }
}

/** A dialog needs a name that the server and we can write down. */
export const canMakeDialog = ({ callId, fromTag }: RequestFacts): boolean => isNameable(callId, fromTag ?? "");
