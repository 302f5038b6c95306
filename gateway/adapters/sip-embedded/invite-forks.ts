import type { SipTarget } from "../../ports/sip-endpoint.js";
import { parseCSeq, parseRSeq } from "../../sip/message/header-values.js";
import { getTag } from "../../sip/message/name-addr.js";
import type { SipResponse } from "../../sip/message/sip-message.js";
import { EmbeddedDialog } from "./embedded-dialog.js";
import type { Engine } from "./engine.js";
import type { Outgoing } from "./outgoing.js";

/** Early dialogs beyond this many are reported without a dialog object: no honest proxy forks so far. */
const MAX_EARLY_FORKS = 16;
/** 2xx of further forks beyond this many are dropped. */
const MAX_ANSWERED_FORKS = 32;

export interface ForkSetup {
  readonly secure: boolean;
  readonly contactUser?: string | undefined;
  readonly contactParams?: string | undefined;
  /** A re-INVITE: every answer belongs to this dialog. */
  readonly dialog?: EmbeddedDialog | undefined;
}

/** The dialogs that the responses to one INVITE of ours make: one for each To tag. RFC 3261 §13.2.2 */
export class InviteForks {
  readonly #engine: Engine;
  readonly #setup: ForkSetup;
  readonly #dialogs: EmbeddedDialog[] = [];
  #answered: EmbeddedDialog[] = [];
  #cseq = 0;
  /** Highest RSeq for each To tag. RFC 3262 §4 */
  #rseqs: Map<string, number> | undefined;

  constructor(engine: Engine, setup: ForkSetup) {
    this.#engine = engine;
    this.#setup = setup;
    if (setup.dialog !== undefined) this.#dialogs.push(setup.dialog);
  }

  /** RFC 3262 §4: a reliable 1xx with a number seen before is the peer repeating it until our PRACK arrives. */
  isRepeatedReliable(response: SipResponse): boolean {
    const text = response.headers.get("rseq");
    if (text === undefined) return false;
    const rseq = parseRSeq(text);
    if (rseq === undefined) return false;
    const tag = getTag(response.headers.get("to") ?? "") ?? "";
    this.#rseqs ??= new Map();
    const highest = this.#rseqs.get(tag);
    if (highest !== undefined && rseq <= highest) return true;
    if (this.#rseqs.size < MAX_EARLY_FORKS) this.#rseqs.set(tag, rseq);
    return false;
  }

  provisional(response: SipResponse, to: SipTarget | undefined): EmbeddedDialog | undefined {
    const tag = getTag(response.headers.get("to") ?? "");
    const known = this.#find(tag);
    if (known !== undefined) {
      known.onProvisional(response);
      return known;
    }
    if (this.#setup.dialog !== undefined) return this.#setup.dialog;
    if (this.#dialogs.length >= MAX_EARLY_FORKS) return undefined;
    return this.#open(response, "early", to);
  }

  /** @returns Undefined: this 2xx was known, and its ACK has been sent again if there is one. */
  answer(response: SipResponse, to: SipTarget | undefined, invite: Outgoing): EmbeddedDialog | undefined {
    const cseq = parseCSeq(response.headers.get("cseq") ?? "")?.number ?? 0;
    let dialog = this.#setup.dialog ?? this.#find(getTag(response.headers.get("to") ?? ""));
    if (dialog !== undefined && this.#answered.includes(dialog)) {
      dialog.repeatAck(cseq);
      return undefined;
    }
    if (this.#answered.length >= MAX_ANSWERED_FORKS) return undefined;
    if (dialog === undefined) dialog = this.#open(response, "confirmed", to);
    else dialog.onAnswer(response);
    this.#cseq = cseq;
    dialog.expectAck(cseq, invite);
    this.#answered.push(dialog);
    return dialog;
  }

  /** Whether all that was answered has ended. */
  get allOver(): boolean {
    return this.#answered.every((dialog) => dialog.state === "terminated");
  }

  /** The INVITE failed: its early dialogs are gone. RFC 3261 §12.3 */
  failed(): void {
    this.#dropEarly();
  }

  /** Timer M: no further 2xx will come. §13.2.2.4: early dialogs that were not answered are over. */
  over(): void {
    this.#dropEarly();
    for (const dialog of this.#answered) dialog.forgetAck(this.#cseq);
    this.#answered = [];
    this.#rseqs = undefined;
  }

  #dropEarly(): void {
    if (this.#setup.dialog !== undefined) return;
    for (const dialog of this.#dialogs) if (dialog.state === "early") dialog.discard();
  }

  #find(tag: string | undefined): EmbeddedDialog | undefined {
    for (const dialog of this.#dialogs) if (dialog.remoteTag === (tag ?? "")) return dialog;
    return undefined;
  }

  #open(response: SipResponse, phase: "early" | "confirmed", to: SipTarget | undefined): EmbeddedDialog {
    const dialog = EmbeddedDialog.fromResponse(this.#engine, response, phase, this.#setup, to);
    this.#dialogs.push(dialog);
    return dialog;
  }
}
