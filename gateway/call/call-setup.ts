import type { IncomingInvite, OutgoingRequest, OutgoingSpec, SipDialog } from "../ports/sip-endpoint.js";
import { getTag } from "../sip/message/name-addr.js";
import type { SipRequest, SipResponse } from "../sip/message/sip-message.js";
import { coveredAnswer, ownAnswer, passResponse, q850Of } from "./answers.js";
import { hangUp } from "./branch.js";
import type { CallCore } from "./call-core.js";
import type { CallHangUps } from "./call-hang-ups.js";
import { ALREADY_GONE, cancelReport, LegBye } from "./call-teardown.js";
import type { EndReason } from "./contracts.js";
import { CALLER_LOST } from "./end-reasons.js";
import type { AttemptsOwner } from "./attempts-owner.js";
import { HopAttempts } from "./hop-attempts.js";
import { Leg } from "./leg.js";
import { encryptionOf } from "./media/call-encryption.js";
import { ANCHORED } from "./media/media-gate.js";

/** A call from its INVITE to the final answer: what the called side says reaches the caller, until one fork answers. */
export class CallSetup implements AttemptsOwner {
  readonly #core: CallCore;
  readonly #hangUps: CallHangUps;

  constructor(core: CallCore, hangUps: CallHangUps) {
    this.#core = core;
    this.#hangUps = hangUps;
  }

  /** Sends the INVITE on. Where the media is to be anchored it waits until its offer is rewritten. */
  start(request: SipRequest): void {
    const core = this.#core;
    const gate = core.openMedia(request);
    if (gate === undefined) {
      this.#attempt(request, this);
      return;
    }
    const { serverName } = core.options;
    gate.start(
      request,
      (rewritten) => this.#attempt(rewritten, gate.between(this)),
      () => core.answerFinally("gateway", coveredAnswer(serverName, core.rules.ownHost, ANCHORED)),
    );
  }

  #attempt(request: SipRequest, told: AttemptsOwner): void {
    const { services, rules, call, onward } = this.#core;
    const { markLeg } = services;
    const sent = markLeg === undefined ? onward : (spec: OutgoingSpec) => markLeg(call, onward?.(spec) ?? spec);
    const attempts = new HopAttempts(services, told, request, rules, call.policy, sent);
    this.#core.attempts = attempts;
    attempts.start();
  }

  end(reason: EndReason): void {
    this.#core.end(reason);
  }

  onInvited(outgoing: OutgoingRequest, hop: string): void {
    const { call, record, services } = this.#core;
    const { headers } = outgoing.request;
    const sent = headers.get("call-id") ?? "";
    const bCallId = sent === call.callId ? call.callId : sent; // not the slice that keeps the message alive
    record.nextHop = hop;
    record.bCallId = bCallId;
    const fromTag = getTag(headers.get("from") ?? "") ?? "";
    for (const observer of services.observers) observer.onInvited?.(call, bCallId, fromTag);
  }

  onProvisional(response: SipResponse, dialog: SipDialog | undefined): void {
    const core = this.#core;
    const { invite, forks } = core;
    if (invite === undefined || core.isOver || core.up !== undefined) return;
    const leg = dialog === undefined ? undefined : forks.legOf(dialog, core.options.maxForks);
    if (dialog !== undefined && leg === undefined) return;
    if (core.phase === "early") {
      core.phase = "ringing";
      core.record.ringingAt = core.services.clock.unix();
    }
    invite.respond(passResponse(response, core.rules, leg === undefined ? undefined : forks.nameOf(leg)));
    if (leg !== undefined) forks.pair(leg, invite, core.attempts?.outgoing);
  }

  onAnswer(response: SipResponse, dialog: SipDialog): void {
    const core = this.#core;
    const { invite, call } = core;
    if (core.isOver) {
      // Our CANCEL crossed it: RFC 3261 §9.1, §15. Its BYE is the proof, unless another answer had been taken before.
      const isProof = !core.isAnswered && !core.ending.isSettled("b");
      hangUp(dialog, isProof ? new LegBye(this.#hangUps, new Leg(call, "b", dialog)) : undefined);
      return;
    }
    // A second fork that answers has to be ended: §13.2.2.4. One that was not shown for want of room may answer.
    const leg = core.up === undefined ? core.forks.legOf(dialog, Infinity) : undefined;
    if (leg === undefined || invite === undefined) {
      hangUp(dialog);
      return;
    }
    this.#answered(invite, response, leg);
  }

  #answered(invite: IncomingInvite, response: SipResponse, leg: Leg): void {
    const core = this.#core;
    const { call, forks, record } = core;
    const { clock, screen, observers } = core.services;
    const at = clock.unix();
    core.up = leg;
    core.phase = "answered";
    record.answeredAt = at;
    record.status = 200;
    // Without an offer of the caller's it is the called side's offer that comes here, and the answer later.
    if (invite.request.body.byteLength > 0) record.encrypted = encryptionOf(response, invite.source.protocol);
    leg.owes(invite.request);
    // Before the 200 leaves: its ACK may be back at once.
    const isNew = leg.peer === undefined;
    leg.peer?.awaitAck(invite.request);
    const sent = invite.respond(passResponse(response, core.rules, forks.nameOf(leg)));
    forks.pair(leg, invite, core.attempts?.outgoing);
    forks.keepOnly(leg);
    core.invite = undefined;
    core.attempts = undefined;
    if (!sent || leg.peer === undefined) {
      core.settle("a", ALREADY_GONE);
      core.end(CALLER_LOST);
      return;
    }
    if (isNew) leg.peer.awaitAck(invite.request);
    core.answered();
    const { caller, called } = call.identity;
    screen.callAnswered({ kind: "call.answered", callId: call.callId, at, caller, called });
    for (const observer of observers) observer.onAnswered?.(call);
  }

  onFailed(response: SipResponse | undefined, local: boolean): void {
    const core = this.#core;
    if (core.phase === "ending") {
      if (!core.isAnswered) core.settle("b", cancelReport(response?.status ?? 408, local));
      return;
    }
    if (core.isOver || core.up !== undefined) return;
    const { serverName, passRedirects } = core.options;
    const status = response?.status ?? 503;
    if (local) core.record.cause = "no-hop";
    if (response === undefined || local || (status < 400 && !passRedirects)) {
      core.answerFinally(local ? "gateway" : "called", ownAnswer(status < 400 ? 480 : status, serverName));
      return;
    }
    core.record.q850 = q850Of(response.headers);
    core.answerFinally("called", passResponse(response, core.rules));
  }
}
