import { compactInput } from "../../sip/identity/build-passport.js";
import { MOST_DIVERSIONS } from "../../sip/identity/div-chain.js";
import { parseIdentity, type IdentityHeader } from "../../sip/identity/identity-header.js";
import { readPassport, type Passport, type PassportParty } from "../../sip/identity/passport.js";
import type { IdentityReason } from "./identity-contracts.js";

/** Identity values of one request that are looked at: the original and its redirections. */
const MOST_IDENTITIES = 8;

export interface ReadIdentities {
  /** Those that say who calls, in order: `shaken`, or without extension. */
  readonly callers: readonly { readonly passport: Passport; readonly info: string | undefined }[];
  readonly divs: readonly Passport[];
  /** Why the first unreadable one is; undefined: all could be read. */
  readonly fault: IdentityReason | undefined;
  /** There were extensions that nobody here knows (`rcd`, `rph`); they pass. RFC 8224 §6.2 step 1 */
  readonly unsupported: boolean;
}

/** What a compact form leaves out and the request says. RFC 8225 §7 */
export interface CompactFacts {
  readonly orig: PassportParty | undefined;
  readonly dest: PassportParty | undefined;
  /** The Date header field; undefined: none. */
  readonly dateMs: number | undefined;
}

/** @param values Identity values as received, one each. */
export function readIdentities(values: readonly string[], facts: CompactFacts): ReadIdentities {
  const callers: { passport: Passport; info: string | undefined }[] = [];
  const divs: Passport[] = [];
  let fault: IdentityReason | undefined;
  let unsupported = false;
  for (const value of values.slice(0, MOST_IDENTITIES)) {
    const header = parseIdentity(value);
    const read = header.ok ? passportOf(header.value, facts) : "malformed";
    if (typeof read === "string") {
      if (read === "unsupported") unsupported = true;
      else fault ??= read;
    } else if (read.div === undefined) {
      callers.push({ passport: read, info: header.ok ? header.value.info : undefined });
    } else {
      divs.push(read);
      const inner = unwrapped(read, divs);
      if (inner !== undefined) callers.push({ passport: inner, info: undefined });
    }
  }
  return { callers, divs, fault, unsupported };
}

const CODES = {
  "passport.malformed": "malformed",
  "passport.algorithm": "algorithm",
  "passport.claims": "claims",
} as const;
const KNOWN: ReadonlySet<string | undefined> = new Set([undefined, "shaken", "div", "div-o"]);

function passportOf(header: IdentityHeader, facts: CompactFacts): Passport | IdentityReason {
  if (!KNOWN.has(header.ppt)) return "unsupported";
  if (header.alg.toUpperCase() !== "ES256") return "algorithm";
  const token = header.compact ? fullForm(header, facts) : header.token;
  if (token === undefined) return "claims";
  const read = readPassport(token);
  if (!read.ok) return CODES[read.error.code];
  const { ppt } = read.value;
  if (!KNOWN.has(ppt)) return "unsupported";
  return header.ppt !== undefined && header.ppt !== ppt ? "claims" : read.value;
}

/** Only PASSporTs without extension have a compact form (RFC 8588 §6, RFC 8946 §4.1). */
function fullForm({ token, info, ppt }: IdentityHeader, { orig, dest, dateMs }: CompactFacts): string | undefined {
  if (ppt !== undefined || orig === undefined || dest === undefined || dateMs === undefined) return undefined;
  const input = compactInput({ x5u: info, iat: Math.floor(dateMs / 1000), orig, dest: [dest] });
  return `${input}.${token.slice(2)}`;
}

/** A `div-o` carries the PASSporT before it. @returns The one that says who calls, where that is inside. */
function unwrapped(outer: Passport, divs: Passport[]): Passport | undefined {
  let opt = outer.opt;
  for (let depth = 0; opt !== undefined && depth < MOST_DIVERSIONS; depth++) {
    const inner = readPassport(opt);
    if (!inner.ok || !KNOWN.has(inner.value.ppt)) return undefined;
    if (inner.value.div === undefined) return inner.value;
    divs.push(inner.value);
    opt = inner.value.opt;
  }
  return undefined;
}
