import type { CalledId, CallerId } from "../../detection/index.js";
import { uriOf } from "../sip/message/name-addr.js";
import { paramOf } from "../sip/message/params.js";
import { allValues, firstValue } from "../sip/message/split-values.js";
import type { SipRequest } from "../sip/message/sip-message.js";
import { unescapeUri } from "../sip/message/text.js";
import { parseUri } from "../sip/message/uri.js";
import type { CallIdentity } from "./contracts.js";
import type { CallerHeader, Trunk } from "./trunks.js";

/** Header fields by which a trusted hop speaks to us, canonical names. They never pass on, and count from nobody else. */
export const TRUNK_HEADER = "x-ringfence-trunk";

/** True for header fields that are between a trusted hop and us: they must not leave the gateway on either leg. */
export function isOwnHeader(key: string): boolean {
  return key.startsWith("x-ringfence-");
}

/**
 * The trunk that a trusted hop names: `X-Ringfence-Trunk`, else the originating trunk group in the Contact, else the one in the
 * Request-URI. RFC 4904 §5: `trgp` is a parameter of the telephone number, so it stands in the user part.
 */
export function trunkNameOf(request: SipRequest): string | undefined {
  const header = request.headers.get(TRUNK_HEADER);
  if (header !== undefined) return header.trim();
  const contact = request.headers.get("contact");
  const contactUri = contact?.includes("trgp") === true ? uriOf(firstValue(contact)) : undefined;
  return (
    (contactUri === undefined ? undefined : trunkGroup(contactUri)) ??
    (request.uri.includes("trgp") ? trunkGroup(request.uri) : undefined)
  );
}

function trunkGroup(uri: string): string | undefined {
  const user = numberPart(uri);
  const semicolon = user?.indexOf(";") ?? -1;
  return user === undefined || semicolon < 0 ? undefined : paramOf(user.slice(semicolon), "trgp");
}

/** Who calls whom. Never fails: what cannot be read is kept as it is (called) or anonymous (caller). */
export function identifyCall(request: SipRequest, trunk: Trunk): CallIdentity {
  const called = calledId(calledText(request.uri), trunk);
  return { trunk: trunk.id, caller: callerOf(request, trunk), called, emergency: isEmergency(request, trunk, called) };
}

const SOS = /^urn:service:sos(?:\.|;|$)/i;

/** RFC 5031 (`urn:service:sos`, `urn:service:sos.fire`, case-insensitive), the plan's numbers; from trusted trunks
 * RFC 7090 call-backs and the emergency services network's priority (`esnet`, RFC 7135). */
function isEmergency(request: SipRequest, trunk: Trunk, called: CalledId): boolean {
  if (SOS.test(request.uri)) return true;
  if (trunk.settings.numbers.isEmergency(called)) return true;
  if (!trunk.settings.trusted) return false;
  const { headers } = request;
  if (headers.get("priority")?.trim().toLowerCase() === "psap-callback") return true;
  return (
    headers.has("resource-priority") && allValues(headers, "resource-priority").some((value) => /^esnet\./i.test(value))
  );
}

/** The Request-URI's user; its host where it has none. */
function calledText(uri: string): string {
  const user = numberPart(uri);
  if (user !== undefined && user !== "") return user;
  const parsed = parseUri(uri);
  return parsed === undefined || parsed.scheme === "tel" || parsed.scheme === "other" ? uri : parsed.host;
}

function callerOf(request: SipRequest, trunk: Trunk): CallerId {
  const { settings } = trunk;
  const withheld = asksForPrivacy(request);
  if (withheld && settings.withheldNumbers === "hide") return trunk.anonymous;
  for (const key of settings.callerFrom) {
    if (key === "from" ? withheld : !settings.trusted) continue;
    const user = callerUser(request, key);
    if (user !== undefined) return callerId(user, trunk);
  }
  return trunk.anonymous;
}

/** The first value of that header with a number in it. A P-Asserted-Identity may hold a SIP and a tel URI (RFC 3325 §9.1). */
function callerUser(request: SipRequest, key: CallerHeader): string | undefined {
  if (key === "p-asserted-identity") {
    for (const value of request.headers.has(key) ? allValues(request.headers, key) : []) {
      const user = knownUser(value);
      if (user !== undefined) return user;
    }
    return undefined;
  }
  const value = request.headers.get(key);
  return value === undefined ? undefined : knownUser(value);
}

/**
 * Who calls whom, as a switch reports it over HTTP: plain numbers, `sip:` or `tel:` URIs, or whole From values. Emergency as above,
 * without RFC 7090 (a report carries no Priority).
 */
export function identifyReported(aNumber: string, bNumber: string, trunk: Trunk): CallIdentity {
  const { numbers } = trunk.settings;
  const called = calledId(reportedText(bNumber) ?? bNumber, trunk);
  const user = reportedText(aNumber);
  const caller = user === undefined || isNobody(user) ? trunk.anonymous : callerId(user, trunk);
  return { trunk: trunk.id, caller, called, emergency: SOS.test(bNumber) || numbers.isEmergency(called) };
}

/** A caller's number of a report, canonical: for blocks. */
export function reportedNumber(text: string, trunk: Trunk): string {
  return trunk.settings.numbers.canonical(reportedText(text) ?? text);
}

/** A called one: for blocks and baselines. */
export function reportedCalled(text: string, trunk: Trunk): CalledId {
  return trunk.settings.numbers.called(reportedText(text) ?? text) as CalledId;
}

/** Undefined where the text names a URI without a number in it. */
function reportedText(text: string): string | undefined {
  const trimmed = text.trim();
  if (!/^(?:[^:]*<)?(?:sips?|tel):/i.test(trimmed)) return trimmed;
  const uri = uriOf(trimmed);
  if (uri === undefined || ANONYMOUS_HOST.test(uri)) return undefined;
  return numberPart(uri);
}

/** Users and hosts that stand for "no number": RFC 3323 §4.1.1.3 and what switches write instead. */
const NOBODY: ReadonlySet<string> = new Set([
  "",
  "anonymous",
  "unknown",
  "restricted",
  "unavailable",
  "withheld",
  "private",
]);

/** @param value A From or P-Asserted-Identity value. */
export const namesNobody = (value: string): boolean => knownUser(value) === undefined;

const ANONYMOUS_HOST = /@anonymous\.invalid(?:[:;?>]|$)/i;

function knownUser(value: string): string | undefined {
  const uri = uriOf(value);
  const user = uri === undefined ? undefined : numberPart(uri);
  if (uri === undefined || user === undefined || isNobody(user)) return undefined;
  return ANONYMOUS_HOST.test(uri) ? undefined : user;
}

function isNobody(user: string): boolean {
  const end = user.indexOf(";");
  const name = end < 0 ? user : user.slice(0, end);
  return name.length <= 33 && NOBODY.has(unescapeUri(name).trim().toLowerCase());
}

/** Nothing in it that could name anybody: all such calls go to one `unknown`. */
function calledId(text: string, trunk: Trunk): CalledId {
  const id = trunk.settings.numbers.called(text);
  return (id === "" ? "unknown" : id) as CalledId;
}

function callerId(user: string, trunk: Trunk): CallerId {
  const id = trunk.settings.numbers.canonical(user);
  return id === "" ? trunk.anonymous : (id as CallerId);
}

/** RFC 3323 §4.2, RFC 3325 §9.3: `id` and `user` withhold the caller's identity. */
function asksForPrivacy(request: SipRequest): boolean {
  const value = request.headers.get("privacy");
  if (value === undefined) return false;
  return value.split(/[;,]/, 16).some((each) => {
    const word = each.trim().toLowerCase();
    return word === "id" || word === "user";
  });
}

/** The user part of a SIP URI or all of a tel URI after its scheme, as written; undefined where there is none. */
export function numberPart(uri: string): string | undefined {
  const colon = uri.indexOf(":");
  const scheme = uri.slice(0, colon).toLowerCase();
  if (scheme === "tel") return uri.slice(4);
  if (scheme !== "sip" && scheme !== "sips") return undefined;
  const at = uri.indexOf("@", colon);
  if (at < 0) return undefined;
  const password = uri.indexOf(":", colon + 1);
  return uri.slice(colon + 1, password >= 0 && password < at ? password : at);
}
