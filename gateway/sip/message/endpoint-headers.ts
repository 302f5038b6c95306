import { canonicalHeaderName } from "./header-names.js";
import type { SipHeaders } from "./sip-headers.js";
import { oneLine } from "./text.js";

/** What an endpoint always writes itself: users' copies of these are left out. */
const OURS: ReadonlySet<string> = new Set([
  "via",
  "from",
  "to",
  "call-id",
  "cseq",
  "contact",
  "route",
  "record-route",
  "max-forwards",
  "content-length",
]);

/** Appends the user's header fields, without those that are the endpoint's; line ends in a value become blanks. */
export function addHeaders(
  headers: SipHeaders,
  entries: readonly (readonly [name: string, value: string])[] | undefined,
): void {
  if (entries === undefined) return;
  for (const [name, value] of entries) {
    const key = canonicalHeaderName(name);
    if (OURS.has(key)) continue;
    headers.addKnown(key, name, oneLine(value));
  }
}

/** Whether such a request carries our Contact: what makes or refreshes a dialog. MESSAGE must not (RFC 3428 §4). */
export function carriesContact(method: string): boolean {
  switch (method) {
    case "INVITE":
    case "UPDATE":
    case "SUBSCRIBE":
    case "NOTIFY":
    case "REFER":
      return true;
    default:
      return false;
  }
}
