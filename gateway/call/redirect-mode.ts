import type { Decision } from "../../detection/index.js";
import type { ResponseSpec } from "../ports/sip-endpoint.js";
import { parseSipUri } from "../sip/message/uri.js";
import type { CallIdentity, TrunkPolicy } from "./contracts.js";
import { reasonHeader } from "./end-reasons.js";

const REASON_PHRASES = { 603: "Decline", 607: "Unwanted", 608: "Rejected" } as const;

/**
 * The final answer to an INVITE of a switch that only asks: 404 lets the switch go on with its next route, 302 sends it to
 * `redirectTo`, and the trunk's refusal status blocks. An emergency call is never blocked.
 *
 * `{user}` in `redirectTo` becomes the Request-URI's user, so that a number can be kept: `sip:{user}@192.0.2.7`. A Request-URI
 * without user gets 404: there is nobody to redirect to.
 */
export function redirectAnswer(
  requestUri: string,
  identity: CallIdentity,
  decision: Pick<Decision, "verdict">,
  trunk: TrunkPolicy,
): ResponseSpec {
  if (decision.verdict === "refuse" && !identity.emergency) {
    const headers = [["Reason", reasonHeader({ q850: 21, text: "call rejected" })]] as const;
    return { status: trunk.refusalStatus, reason: REASON_PHRASES[trunk.refusalStatus], headers };
  }
  const contact = trunk.redirectTo === undefined ? undefined : contactOf(trunk.redirectTo, requestUri);
  if (contact === undefined) return { status: 404, reason: "Not Found" };
  return { status: 302, reason: "Moved Temporarily", contact: `<${contact}>` };
}

function contactOf(template: string, requestUri: string): string | undefined {
  if (!template.includes("{user}")) return template;
  const user = parseSipUri(requestUri)?.user;
  return user === undefined ? undefined : template.replace("{user}", () => user);
}
