import type { HeaderEntries, IncomingInvite, ResponseSpec, SipDialog, SipSource } from "../../ports/sip-endpoint.js";
import { parseRSeq } from "../../sip/message/header-values.js";
import { serializeResponse } from "../../sip/message/serialize-message.js";
import type { SipRequest } from "../../sip/message/sip-message.js";
import type { RequestFacts } from "../../sip/message/validate-request.js";
import { EmbeddedDialog } from "./embedded-dialog.js";
import type { Engine } from "./engine.js";
import { buildResponse, carriesContact, contactAt } from "./message-building.js";
import { ResponseRepeat } from "./response-repeat.js";
import type { ServerTransaction } from "./server-transaction.js";

interface Fork {
  readonly name: string;
  readonly tag: string;
  dialog: EmbeddedDialog | undefined;
}

/** Early dialogs of one INVITE; the answers of further forks go out in the last one. */
const MAX_FORKS = 16;

/** A request that has come, as the user holds it: outside of a dialog, or inside (`dialog` given). */
export class Incoming implements IncomingInvite {
  readonly request: SipRequest;
  readonly source: SipSource;
  readonly facts: RequestFacts;
  onCancel?: (cancel: SipRequest) => void;
  onGone?: () => void;
  onRefusalAcked?: () => void;
  onPrackTimeout?: () => void;
  readonly #engine: Engine;
  readonly #transaction: ServerTransaction;
  readonly #inside: EmbeddedDialog | undefined;
  #forks: Fork[] | undefined;
  #tag = "";
  #cancelled = false;
  /** The endpoint itself has answered: nothing about the dialog changes. */
  #refused = false;

  constructor(
    engine: Engine,
    transaction: ServerTransaction,
    received: { readonly request: SipRequest; readonly source: SipSource; readonly facts: RequestFacts },
    inside: EmbeddedDialog | undefined,
  ) {
    this.#engine = engine;
    this.#transaction = transaction;
    this.request = received.request;
    this.source = received.source;
    this.facts = received.facts;
    this.#inside = inside;
  }

  respond(spec: ResponseSpec): boolean {
    const { status } = spec;
    if (!this.#transaction.isOpen) return false;
    if (!Number.isInteger(status) || status <= 100 || status > 699) return status === 100;
    const makesDialog = this.request.method === "INVITE" && status < 300;
    const fork = makesDialog && this.#inside === undefined ? this.#forkFor(spec) : undefined;
    const routed = makesDialog || spec.toTag !== undefined;
    const response = buildResponse(this.request, spec, this.#toTagFor(spec, fork), this.#contactFor(spec), routed);
    const bytes = serializeResponse(response);
    if (fork !== undefined) this.#openDialog(fork, spec);
    const dialog = this.#inside ?? fork?.dialog;
    // Before it is sent: on an in-memory network the ACK is back before `respond` returns.
    this.#afterAnswer(status, dialog);
    if (makesDialog && dialog !== undefined) this.#repeatUntilConfirmed(spec, dialog, bytes);
    this.#transaction.respond(status, bytes);
    return true;
  }

  ignore(): void {
    if (!this.#transaction.isOpen) return;
    this.#afterAnswer(699, this.#inside);
    this.#transaction.silence();
  }

  dialog(fork = ""): SipDialog | undefined {
    return this.#forks?.find((each) => each.name === fork)?.dialog;
  }

  // What follows is for the endpoint.

  /** The endpoint's own answer. */
  refuse(status: number, headers: HeaderEntries = []): void {
    const { serverName } = this.#engine;
    this.#refused = true;
    this.respond({ status, headers: serverName === "" ? headers : [...headers, ["Server", serverName]] });
  }

  /** The tag that a CANCEL's answer shares with the INVITE's. RFC 3261 §9.2 */
  get defaultTag(): string {
    return this.#forks?.[0]?.tag ?? this.#ownTag();
  }

  shareTag(tag: string): void {
    this.#tag = tag;
  }

  /** @returns True when the INVITE was still open. */
  cancel(request: SipRequest): boolean {
    if (!this.#transaction.isOpen) return false;
    if (this.#cancelled) return true;
    this.#cancelled = true;
    this.onCancel?.(request);
    return true;
  }

  sendTrying(): void {
    // RFC 3261 §8.2.6.1
    const timestamp = this.request.headers.get("timestamp");
    const headers: HeaderEntries = timestamp === undefined ? [] : [["Timestamp", timestamp]];
    const response = buildResponse(this.request, { status: 100, headers }, "", undefined, false);
    const { replyTo, listener } = this.#transaction;
    this.#engine.send(serializeResponse(response), replyTo, listener);
  }

  refusalAcked(): void {
    this.onRefusalAcked?.();
  }

  gone(): void {
    this.onGone?.();
  }

  #forkFor(spec: ResponseSpec): Fork {
    const forks = (this.#forks ??= []);
    const name = spec.fork ?? "";
    const known = forks.find((each) => each.name === name);
    if (known !== undefined) return known;
    const last = forks.at(-1);
    if (last !== undefined && forks.length >= MAX_FORKS && spec.status < 200) return last;
    const fork: Fork = { name, tag: forks.length === 0 ? this.#ownTag() : this.#engine.newTag(), dialog: undefined };
    forks.push(fork);
    return fork;
  }

  #ownTag(): string {
    if (this.#tag === "") this.#tag = this.#engine.newTag();
    return this.#tag;
  }

  /** Empty: the request has one, To is copied. */
  #toTagFor(spec: ResponseSpec, fork: Fork | undefined): string {
    if (this.facts.toTag !== undefined) return "";
    if (fork !== undefined) return fork.tag;
    if (spec.toTag !== undefined && this.request.method !== "INVITE") return spec.toTag;
    return this.#forks?.find((each) => each.name === spec.fork)?.tag ?? this.defaultTag;
  }

  #contactFor(spec: ResponseSpec): string | undefined {
    if (spec.contact !== undefined) return spec.contact.replace(/[\r\n]+/g, " ");
    if (spec.status >= 300 || !carriesContact(this.request.method)) return undefined;
    const secure = this.request.uri.startsWith("sips:");
    return contactAt(this.#transaction.listener, secure, spec.contactUser, spec.contactParams);
  }

  #openDialog(fork: Fork, spec: ResponseSpec): void {
    if (fork.dialog !== undefined) return;
    const phase = spec.status < 200 ? "early" : "confirmed";
    const contact = { contactUser: spec.contactUser, contactParams: spec.contactParams };
    fork.dialog = EmbeddedDialog.fromRequest(this.#engine, this, fork.tag, phase, contact);
    fork.dialog.inviteStarted(this);
  }

  /** What a final answer means for the dialogs. */
  #afterAnswer(status: number, answered: EmbeddedDialog | undefined): void {
    if (status < 200) return;
    if (!this.#refused) this.#inside?.requestAnswered(this, status);
    for (const { dialog } of this.#forks ?? []) {
      if (dialog === undefined) continue;
      dialog.inviteAnswered(this, status);
      // RFC 3261 §12.3: refused, or another fork was answered.
      if (status >= 300 || dialog !== answered) dialog.discard();
    }
  }

  #repeatUntilConfirmed(spec: ResponseSpec, dialog: EmbeddedDialog, bytes: Buffer): void {
    const { replyTo: to, listener } = this.#transaction;
    const cseq = this.facts.cseq.number;
    if (spec.status >= 200) {
      const message = { bytes, to, listener, cseq, rseq: 0 };
      dialog.keepRepeating(new ResponseRepeat(this.#engine, message, () => dialog.ackTimedOut()));
      return;
    }
    const rseqText = spec.headers?.find(([name]) => name.toLowerCase() === "rseq")?.[1];
    const rseq = rseqText === undefined ? undefined : parseRSeq(rseqText);
    if (rseq === undefined) return;
    const message = { bytes, to, listener, cseq, rseq };
    dialog.keepRepeating(new ResponseRepeat(this.#engine, message, () => this.onPrackTimeout?.()));
  }
}
