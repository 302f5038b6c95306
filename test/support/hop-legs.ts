import assert from "node:assert/strict";
import type { HopLegBook } from "../../gateway/call/hop-leg-book.js";
import type { LiveCall } from "../../gateway/call/contracts.js";
import { LEG_HEADER } from "../../gateway/ports/hop-legs.js";

/** The call's INVITE leaves the hop under its caller's Call-ID. @returns What it bears as its mark. */
export function placedLeg(legs: HopLegBook, call: LiveCall): string {
  const { sipCallId: callId } = call;
  legs.onStarted(call);
  const party = "<sip:+12025550100@192.0.2.1>";
  const sent = legs.marked(call, {
    method: "INVITE",
    uri: "sip:b@192.0.2.1",
    targets: [],
    from: party,
    to: party,
    callId,
  });
  legs.onInvited(call, callId);
  return sent.headers?.find(([name]) => name === LEG_HEADER)?.[1] ?? assert.fail("it bears no mark");
}

/** As Asterisk reads it. */
export const LEG_VARIABLE = `PJSIP_HEADER(read,${LEG_HEADER})`;
