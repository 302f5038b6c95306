import type { ResponseSpec } from "../ports/sip-endpoint.js";
import { parseReason, parseRetryAfter } from "../sip/message/header-values.js";
import type { SipHeaders } from "../sip/message/sip-headers.js";
import type { SipResponse } from "../sip/message/sip-message.js";
import { splitValues } from "../sip/message/split-values.js";
import { quote, wireText } from "../sip/message/text.js";
import type { EndReason } from "./contracts.js";
import { contactParts } from "./party-text.js";
import { passHeaders, type PassRules } from "./pass-headers.js";

type Entry = readonly [name: string, value: string];

/** A peer's answer as the other leg gets it. `fork`: see `ResponseSpec`. */
export function passResponse(response: SipResponse, rules: PassRules, fork?: string): ResponseSpec {
  const { status, reason, body } = response;
  const headers = passHeaders(response.headers, rules);
  // From 300 on Contact says where else to try or what was ambiguous (§8.1.3.4, §21.4.23); below it names the peer itself.
  const contact = status >= 300 ? response.headers.all("contact").join(", ") : "";
  return {
    status,
    reason,
    headers,
    body,
    ...(fork === undefined ? {} : { fork }),
    ...(contact === "" ? {} : { contact }),
    ...(status < 300 ? contactParts(response.headers) : {}),
  };
}

/** `Reason` for a call that the gateway ends: the Q.850 cause and, where it was not answered, the SIP status too. RFC 3326 */
export function reasonHeaders(reason: EndReason, answered: boolean): readonly Entry[] {
  const text = quote(wireText(reason.text));
  const q850: Entry = ["Reason", `Q.850;cause=${reason.q850};text=${text}`];
  return answered ? [q850] : [q850, ["Reason", `SIP;cause=${reason.refusalStatus};text=${text}`]];
}

const PHRASES: ReadonlyMap<number, string> = new Map([
  [403, "Forbidden"],
  [405, "Method Not Allowed"],
  [408, "Request Timeout"],
  [420, "Bad Extension"],
  [480, "Temporarily Unavailable"],
  [481, "Call/Transaction Does Not Exist"],
  [483, "Too Many Hops"],
  [486, "Busy Here"],
  [487, "Request Terminated"],
  [491, "Request Pending"],
  [500, "Server Internal Error"],
  [503, "Service Unavailable"],
  [600, "Busy Everywhere"],
  [603, "Decline"],
  [607, "Unwanted"],
  [608, "Rejected"],
]);

/** An answer of our own. `serverName`: empty for none. */
export function ownAnswer(status: number, serverName: string, headers: readonly Entry[] = []): ResponseSpec {
  const reason = PHRASES.get(status);
  return {
    status,
    ...(reason === undefined ? {} : { reason }),
    headers: serverName === "" ? headers : [...headers, ["Server", serverName]],
  };
}

/** 403 to a request whose digest covers its body (RFC 7616 §3.4.3), where we would change that. @param what Stands in the body. */
export function coveredAnswer(serverName: string, ownHost: string, what: string): ResponseSpec {
  return ownAnswer(403, serverName, [
    ["Warning", `399 ${ownHost} "qop=auth-int covers ${what}, which would be replaced"`],
  ]);
}

/** What a refusal says besides its status: Q.850, and with 608 whom to complain to (RFC 8688 §3.1), where configured. */
export function refusalHeaders(reason: EndReason, redressUrl: string | undefined): readonly Entry[] {
  const q850: Entry = ["Reason", `Q.850;cause=${reason.q850};text=${quote(wireText(reason.text))}`];
  if (reason.refusalStatus !== 608 || redressUrl === undefined) return [q850];
  return [q850, ["Call-Info", `<${wireText(redressUrl)}>;purpose=jwscard`]];
}

/** The Q.850 cause of a message's Reason header. Undefined where there is none. */
export function q850Of(headers: SipHeaders): number | undefined {
  if (!headers.has("reason")) return undefined;
  for (const line of headers.all("reason"))
    for (const value of splitValues(line)) {
      const reason = parseReason(value);
      if (reason?.protocol.toUpperCase() === "Q.850") return reason.cause;
    }
  return undefined;
}

/** Of a 503. RFC 3261 §21.5.4 */
export function retryAfterMs(response: SipResponse): number | undefined {
  const value = response.status === 503 ? response.headers.get("retry-after") : undefined;
  const seconds = value === undefined ? undefined : parseRetryAfter(value);
  return seconds === undefined ? undefined : seconds * 1000;
}
