import { paramsOf, uriOf, withUri, withoutTag } from "../sip/message/name-addr.js";
import { parseParams } from "../sip/message/params.js";
import type { SipHeaders } from "../sip/message/sip-headers.js";

/** A From or To value for the other leg: without its tag, and with `host` in place of its own where one is given. */
export function partyFor(value: string, host: string | undefined): string {
  const party = withoutTag(value);
  return host === undefined ? party : withHost(party, host);
}

/**
 * The same name-addr with another host and port in its sip or sips URI; other URIs (tel:, urn:) name no host and stay.
 * @param host With port and brackets as needed.
 */
export function withHost(value: string, host: string): string {
  const uri = uriOf(value);
  if (uri === undefined || !/^sips?:/i.test(uri)) return value;
  const at = uri.lastIndexOf("@", uriEnd(uri));
  const from = at < 0 ? uri.indexOf(":") + 1 : at + 1;
  return withUri(value, uri.slice(0, from) + host + uri.slice(hostEnd(uri, from)));
}

/** Where a URI's parameters or headers may start: an `@` behind that belongs to them. */
function uriEnd(uri: string): number {
  const question = uri.indexOf("?");
  return question < 0 ? uri.length : question;
}

function hostEnd(uri: string, from: number): number {
  for (let i = from; i < uri.length; i++) {
    const c = uri.charCodeAt(i);
    if (c === 59 || c === 63) return i;
  }
  return uri.length;
}

export interface ContactParts {
  readonly contactUser?: string;
  readonly contactParams?: string;
}

const NO_PARTS: ContactParts = {};
/** They speak of a binding or of one hop, not of what the peer can do. RFC 3261 §20.10, RFC 5626, RFC 5627 */
const NOT_HANDED_ON: ReadonlySet<string> = new Set([
  "expires",
  "q",
  "reg-id",
  "+sip.instance",
  "pub-gruu",
  "temp-gruu",
  "ob",
]);

/** User part and feature parameters (RFC 3840: `;isfocus`, `;+sip.src`) of a Contact, for our own on the other leg. */
export function contactParts(headers: SipHeaders): ContactParts {
  const contact = headers.get("contact");
  if (contact === undefined) return NO_PARTS;
  const uri = uriOf(contact) ?? "";
  const at = uri.indexOf("@");
  const user = at < 0 || !/^sip/i.test(uri) ? undefined : userOf(uri.slice(uri.indexOf(":") + 1, at));
  const params = contact.endsWith(">") ? "" : featureParams(contact);
  if (user === undefined && params === "") return NO_PARTS;
  return { ...(user === undefined ? {} : { contactUser: user }), ...(params === "" ? {} : { contactParams: params }) };
}

/** Without a password; undefined where it holds what no user part may (RFC 3261 §25.1). */
function userOf(userInfo: string): string | undefined {
  const colon = userInfo.indexOf(":");
  const user = colon < 0 ? userInfo : userInfo.slice(0, colon);
  return user !== "" && /^[\w\-.!~*'()&=+$,;?/%]+$/.test(user) ? user : undefined;
}

function featureParams(contact: string): string {
  const params = parseParams(paramsOf(contact));
  if (params === undefined) return "";
  let out = "";
  for (const [name, value] of params)
    if (!NOT_HANDED_ON.has(name.toLowerCase())) out += value === "" ? `;${name}` : `;${name}=${value}`;
  return out;
}
