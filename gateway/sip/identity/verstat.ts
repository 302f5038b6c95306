import { uriOf, withUri } from "../message/name-addr.js";
import { tnOf } from "./telephone-number.js";

/** TS 24.229 §7.2A.20.3 */
export type Verstat = "TN-Validation-Passed" | "TN-Validation-Failed" | "No-TN-Validation";

/** Quick: whether there is anything to take away. */
export const hasVerstat = (value: string): boolean => /verstat/i.test(value);

/**
 * A From or P-Asserted-Identity value with that `verstat`, a parameter of the telephone number: behind the number of a tel URI, in
 * the user part of a SIP URI. One that stood there, in the user part or among the URI's parameters, goes.
 * @param verstat Undefined: only taken away.
 * @returns Unchanged where the value has no URI; without verstat where the URI has no number.
 */
export function withVerstat(value: string, verstat: Verstat | undefined): string {
  const uri = uriOf(value);
  if (uri === undefined) return value;
  const changed = /^tel:/i.test(uri) ? inTel(uri, verstat) : inSip(uri, verstat);
  return changed === uri ? value : withUri(value, changed);
}

function inTel(uri: string, verstat: Verstat | undefined): string {
  const semicolon = uri.indexOf(";");
  const number = semicolon < 0 ? uri : uri.slice(0, semicolon);
  const params = semicolon < 0 ? "" : withoutVerstat(uri.slice(semicolon));
  return number + params + mark(number.slice(4), verstat);
}

function inSip(uri: string, verstat: Verstat | undefined): string {
  const parts = /^(sips?:)([^@]*)@([^;?]*)((?:;[^?]*)?)(.*)$/i.exec(uri);
  if (parts === null) return uri;
  const [, scheme = "", user = "", host = "", params = "", headers = ""] = parts;
  const semicolon = user.indexOf(";");
  const number = semicolon < 0 ? user : user.slice(0, semicolon);
  const userParams = semicolon < 0 ? "" : withoutVerstat(user.slice(semicolon));
  const marked = number + userParams + mark(number, verstat);
  return `${scheme}${marked}@${host}${withoutVerstat(params)}${headers}`;
}

function mark(number: string, verstat: Verstat | undefined): string {
  return verstat === undefined || tnOf(number) === undefined ? "" : `;verstat=${verstat}`;
}

/** A URI's parameters hold no quotes, so each semicolon begins one. */
function withoutVerstat(params: string): string {
  if (!hasVerstat(params)) return params;
  const kept = params.split(";").filter((param) => !/^\s*verstat\s*(?:=|$)/i.test(param));
  return kept.join(";");
}
