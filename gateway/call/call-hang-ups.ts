import type { HeaderEntries, IncomingRequest } from "../ports/sip-endpoint.js";
import type { SipRequest, SipResponse } from "../sip/message/sip-message.js";
import { ownAnswer, passResponse, q850Of, refusalHeaders } from "./answers.js";
import type { CallCore } from "./call-core.js";
import { ALREADY_GONE, byeReport, LegBye, type ByeOwner } from "./call-teardown.js";
import type { EndReason } from "./contracts.js";
import { oneLess, type Leg } from "./leg.js";
import { passHeaders } from "./pass-headers.js";

/** How a call ends: either side hangs up, the caller cancels or is gone, or the gateway ends both legs. */
export class CallHangUps implements ByeOwner {
  readonly #core: CallCore;

  constructor(core: CallCore) {
    this.#core = core;
  }

  /** Ends the A leg: with a refusal where it was not answered, else with BYE. */
  endA(reason: EndReason, headers: HeaderEntries): void {
    const core = this.#core;
    const { invite } = core;
    if (core.ending.isSettled("a")) return;
    if (core.isAnswered || invite === undefined) {
      this.#byeTo(core.up?.peer, headers);
      return;
    }
    const { serverName, redressUrl } = core.options;
    invite.onRefusalAcked = () => core.settle("a", { outcome: "confirmed", by: "refusal", status: 200 });
    const sent = invite.respond(ownAnswer(reason.refusalStatus, serverName, refusalHeaders(reason, redressUrl)));
    if (!sent) core.settle("a", ALREADY_GONE);
  }

  /** Ends the B leg: with CANCEL where it was not answered, else with BYE. */
  endB(headers: HeaderEntries): void {
    const core = this.#core;
    if (core.ending.isSettled("b")) return;
    if (core.isAnswered) this.#byeTo(core.up, headers);
    else if (core.attempts?.cancel(headers) !== true) core.settle("b", ALREADY_GONE);
  }

  /** Not a second one where one is under way: its answer is the proof. */
  #byeTo(leg: Leg | undefined, headers: HeaderEntries): void {
    if (leg !== undefined && !leg.byeSent) leg.bye({ method: "BYE", headers }, new LegBye(this, leg));
  }

  /** The caller's CANCEL, or its BYE in the only early dialog. */
  cancelled({ headers }: SipRequest): void {
    const core = this.#core;
    if (core.isOver || core.up !== undefined || core.invite === undefined) return;
    core.record.q850 = q850Of(headers);
    core.beginEnding("caller", 487);
    core.invite.respond(ownAnswer(487, core.options.serverName));
    core.settle("a", ALREADY_GONE);
    if (core.attempts?.cancel(passHeaders(headers, core.rules)) !== true) core.settle("b", ALREADY_GONE);
  }

  /** The caller's transaction is gone. */
  callerGone(): void {
    const core = this.#core;
    if (core.ending.isSettled("a") || core.isAnswered) return;
    if (core.phase !== "ending") core.beginEnding("caller", 408);
    core.settle("a", { outcome: "timed-out", by: "refusal", status: 0 });
    if (!core.ending.isSettled("b") && core.attempts?.cancel() !== true) core.settle("b", ALREADY_GONE);
  }

  onBye(leg: Leg, bye: IncomingRequest): void {
    const core = this.#core;
    const peer = leg.peer;
    if (!core.isUp(leg) || peer === undefined) {
      this.#earlyBye(leg, bye);
      return;
    }
    const oursIsOnItsWay = leg.hungUp();
    const { serverName } = core.options;
    if (peer.byeSent || peer.byeReceived || core.isOver) {
      bye.respond(ownAnswer(200, serverName));
      if (!oursIsOnItsWay) core.settle(leg.side, ALREADY_GONE);
      return;
    }
    const { headers, body } = bye.request;
    core.record.q850 = q850Of(headers);
    core.beginEnding(leg.side === "a" ? "caller" : "called", 200);
    core.settle(leg.side, ALREADY_GONE);
    // A BYE that has to wait for an ACK cannot bring the other side's answer back in time.
    const waits = peer.awaitsAck;
    if (waits) bye.respond(ownAnswer(200, serverName));
    const maxForwards = oneLess(headers.get("max-forwards") ?? "70");
    const spec = { method: "BYE", headers: passHeaders(headers, core.rules), body, maxForwards };
    peer.bye(spec, new LegBye(this, peer, waits ? undefined : bye));
  }

  /** Only the caller may end an early dialog by BYE (§15): the only one ends the call, one of several that fork. */
  #earlyBye(leg: Leg, bye: IncomingRequest): void {
    const core = this.#core;
    const { serverName } = core.options;
    if (leg.side === "b" || core.phase !== "ringing") {
      bye.respond(ownAnswer(481, serverName));
      return;
    }
    bye.respond(ownAnswer(200, serverName));
    const b = leg.peer;
    if (core.forks.count > 1 && b !== undefined) {
      core.forks.end(b, passHeaders(bye.request.headers, core.rules));
    } else this.cancelled(bye.request);
  }

  onByeFinal(leg: Leg, response: SipResponse, local: boolean, relayed: IncomingRequest | undefined): void {
    const core = this.#core;
    const { status } = response;
    if (relayed !== undefined) {
      const challenged = !local && (status === 401 || status === 407);
      if (challenged && core.ending.report === undefined && leg.dialog.state === "confirmed") {
        this.#goOn(leg);
        relayed.respond(passResponse(response, core.rules));
        return;
      }
      relayed.respond(status < 300 ? passResponse(response, core.rules) : ownAnswer(200, core.options.serverName));
    }
    core.settle(leg.side, byeReport(status, local));
  }

  /** The BYE has to come again with credentials: both legs are up still. RFC 3261 §22.2 */
  #goOn(leg: Leg): void {
    leg.byeSent = false;
    if (leg.peer !== undefined) leg.peer.byeReceived = false;
    this.#core.ending.reopen();
    this.#core.record.endedAt = undefined;
    this.#core.phase = "answered";
  }
}
