import type { Cdr } from "../../detection/index.js";
import type { IncomingInvite, ResponseSpec } from "../ports/sip-endpoint.js";
import type { SipRequest } from "../sip/message/sip-message.js";
import { factsOf, newRecord } from "./call-record.js";
import type { CallOptions } from "./call-options.js";
import type { CallOwner, CallServices, CallStart } from "./call-services.js";
import { ALREADY_GONE, CallEnding } from "./call-teardown.js";
import { buildCdr } from "./cdr-builder.js";
import type { CallMediaEvent, CallPhase, EndReason, LegReport, LiveCall } from "./contracts.js";
import { mediaLostReason, noMediaReason } from "./end-reasons.js";
import { Forks } from "./forks.js";
import type { HopAttempts } from "./hop-attempts.js";
import type { SignedCall } from "./identity/identity-contracts.js";
import type { Leg, LegOwner } from "./leg.js";
import type { MediaUser } from "./media/call-media.js";
import type { GatedCall, MediaGate } from "./media/media-gate.js";
import type { PassRules } from "./pass-headers.js";

/** The call as its parts see it. */
export type WholeCall = LiveCall & LegOwner;

/** What the parts of one call share: its state, and the steps by which it ends. */
export class CallCore implements GatedCall, MediaUser {
  readonly call: WholeCall;
  readonly services: CallServices;
  readonly rules: PassRules;
  /** What is done to the INVITE that leaves, for its signed caller identity. */
  readonly onward: SignedCall["onward"];
  /** Until it is answered: the message is not kept for as long as people talk. */
  invite: IncomingInvite | undefined;
  readonly forks: Forks;
  readonly record = newRecord();
  attempts: HopAttempts | undefined;
  phase: CallPhase = "early";
  /** The B leg that answered. */
  up: Leg | undefined;
  readonly ending: CallEnding;
  media: MediaGate | undefined;
  #told = false;
  readonly #owner: CallOwner;

  constructor(
    call: WholeCall,
    services: CallServices,
    owner: CallOwner,
    start: CallStart,
    invite: IncomingInvite | undefined,
  ) {
    this.call = call;
    this.services = services;
    this.#owner = owner;
    this.invite = invite;
    this.rules = services.rulesFor(start.policy);
    this.onward = start.signed?.onward;
    this.ending = new CallEnding(start.callId, services.clock);
    this.forks = new Forks(call, services.index, services.endpoint.capabilities.forkedEarlyDialogs);
  }

  get options(): CallOptions {
    return this.services.options;
  }

  get isOver(): boolean {
    return this.phase === "ending" || this.phase === "ended";
  }

  get isAnswered(): boolean {
    return this.record.answeredAt !== undefined;
  }

  isUp(leg: Leg): boolean {
    return this.up !== undefined && (leg === this.up || leg === this.up.peer);
  }

  end(reason: EndReason): void {
    void this.call.end(reason);
  }

  /** See `MediaUser`. */
  get asks(): boolean {
    return !this.isOver;
  }

  /** @returns Undefined: its media passes us by. */
  openMedia(invite: SipRequest): MediaGate | undefined {
    const { call } = this;
    const { media } = this.services;
    const wanted = media?.wantedBy(call);
    if (media === undefined || wanted === undefined || wanted.anchor === "none") return undefined;
    this.media = media.open(call, wanted, this, invite);
    if (this.media === undefined) this.record.media = { notHeard: "unavailable" };
    return this.media;
  }

  onMedia(event: CallMediaEvent): void {
    if (this.phase === "ended") return;
    for (const observer of this.services.observers) observer.onMedia?.(this.call, event);
    if (event.kind === "idle" && this.phase === "answered") this.end(noMediaReason);
    if (event.kind === "lost") this.end(mediaLostReason);
  }

  answered(): void {
    this.#owner.answered(this.call);
  }

  /** A final answer to the INVITE, with nobody behind it any more: the call is over at once. */
  answerFinally(by: Cdr["endedBy"], answer: ResponseSpec): void {
    if (this.isOver || this.invite === undefined) return;
    this.beginEnding(by, answer.status);
    this.invite.respond(answer);
    this.settle("a", ALREADY_GONE);
    this.settle("b", ALREADY_GONE);
  }

  beginEnding(by: Cdr["endedBy"], status: number): void {
    this.phase = "ending";
    this.record.endedBy = by;
    this.record.status = status;
    this.record.endedAt = this.services.clock.unix();
    this.forks.terminatePending();
    this.media?.release();
  }

  settle(side: "a" | "b", report: LegReport): void {
    this.ending.settle(side, report);
    if (this.ending.isOver && this.phase === "ending") this.finish();
  }

  /** Both legs are over, or an ordered end has reached its time limit: then they go on ending by themselves. */
  finish(): void {
    if (this.phase === "ended") return;
    this.phase = "ended";
    this.attempts?.close();
    this.forks.clear();
    const { call, record } = this;
    const { clock, screen } = this.services;
    record.endedAt ??= clock.unix();
    // A call that was only asked about goes on where it was sent.
    const goesOn = call.policy.mode === "redirect" && record.cause === "normal";
    if (!goesOn) {
      const { caller, called } = call.identity;
      screen.callEnded({ kind: "call.ended", callId: call.callId, at: record.endedAt, caller, called });
    }
    this.ending.tell();
    if (this.media === undefined) this.#tell();
    else
      void this.media.close().then((media) => {
        record.media ??= media;
        this.#tell();
      });
  }

  /** The process goes: the Cdr of a call that is over is written now, without the figures of its media. */
  tellNow(): void {
    if (this.phase !== "ended") return;
    this.record.media ??= this.media?.abandon();
    this.#tell();
  }

  #tell(): void {
    if (this.#told) return;
    this.#told = true;
    const { call, record, services } = this;
    const endedAt = record.endedAt ?? services.clock.unix();
    this.#owner.ended(call, buildCdr(factsOf(call, record, endedAt), services.cdrId()));
  }
}
