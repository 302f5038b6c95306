import { fail, ok, type Result } from "../../core/result.js";
import { tnOf } from "./telephone-number.js";

/** Who: a number, canonical (see `tnOf`), or a URI as written. RFC 8225 §5.2.1 */
export type PassportParty =
  { readonly kind: "tn"; readonly tn: string } | { readonly kind: "uri"; readonly uri: string };

/** A PASSporT that has been read; nothing about it is verified. RFC 8225, 8588 (shaken), 8946 (div, div-o) */
export interface Passport {
  /** Extension, lower case; undefined: none. */
  readonly ppt: string | undefined;
  readonly x5u: string;
  /** Seconds since the Unix epoch. */
  readonly iat: number;
  readonly orig: PassportParty;
  /** At least one. */
  readonly dest: readonly PassportParty[];
  /** ppt `shaken`: how much the signer knows of the caller. RFC 8588 §4 */
  readonly attest: Attestation | undefined;
  readonly origid: string | undefined;
  /** ppt `div` and `div-o`: whom the call was meant for before. RFC 8946 §4.1 */
  readonly div: PassportParty | undefined;
  /** ppt `div-o`: the PASSporT before, in full form. RFC 8946 §6 */
  readonly opt: string | undefined;
  /** What the signature covers. */
  readonly signingInput: Uint8Array;
  /** 64 bytes, r and s. RFC 7518 §3.4 */
  readonly signature: Uint8Array;
}

export type Attestation = "A" | "B" | "C";

export interface PassportError {
  /** `malformed`: no JWS or no JSON; `algorithm`: not ES256; `claims`: something is missing or has the wrong type. */
  readonly code: "passport.malformed" | "passport.algorithm" | "passport.claims";
}

/** Whoever is called may be many. */
const MOST_DESTINATIONS = 16;
const MOST_URI_CHARS = 512;
const MOST_ORIGID_CHARS = 128;
const SIGNATURE_BYTES = 64;
/** Far beyond the year 9999: what a date can hold. */
const MOST_SECONDS = 253_402_300_799;

const claims = fail({ code: "passport.claims" } as const);
const malformed = fail({ code: "passport.malformed" } as const);

type Members = Readonly<Record<string, unknown>>;

/**
 * Reads a PASSporT in full form.
 * @param token `header.payload.signature`, base64url. Hostile; its length is bounded by `MOST_IDENTITY_CHARS`.
 */
export function readPassport(token: string): Result<Passport, PassportError> {
  const parts = token.split(".", 4);
  const [headerPart, payloadPart, signaturePart] = parts;
  if (parts.length !== 3 || headerPart === undefined || payloadPart === undefined || signaturePart === undefined)
    return malformed;
  const header = membersOf(headerPart);
  const payload = membersOf(payloadPart);
  const signature = bytesOf(signaturePart);
  if (header === undefined || payload === undefined || signature === undefined) return malformed;
  if (own(header, "alg") !== "ES256" || signature.length !== SIGNATURE_BYTES)
    return fail({ code: "passport.algorithm" });
  const signingInput = Buffer.from(`${headerPart}.${payloadPart}`, "latin1");
  return readClaims(header, payload, signingInput, signature);
}

function readClaims(
  header: Members,
  payload: Members,
  signingInput: Uint8Array,
  signature: Uint8Array,
): Result<Passport, PassportError> {
  const x5u = shortText(own(header, "x5u"), MOST_URI_CHARS);
  const iat = own(payload, "iat");
  const [orig, ...others] = partiesOf(own(payload, "orig"), false);
  const dest = partiesOf(own(payload, "dest"), true);
  const pptValue = own(header, "ppt");
  if (own(header, "typ") !== "passport" || x5u === undefined || own(header, "crit") !== undefined) return claims;
  if (typeof iat !== "number" || !Number.isInteger(iat) || iat < 0 || iat > MOST_SECONDS) return claims;
  if (orig === undefined || others.length > 0 || dest.length === 0) return claims;
  if (pptValue !== undefined && typeof pptValue !== "string") return claims;
  const ppt = pptValue?.toLowerCase();
  const extension = readExtension(ppt, payload);
  if (extension === undefined) return claims;
  if (ppt === "shaken" && (orig.kind !== "tn" || !dest.some(({ kind }) => kind === "tn"))) return claims;
  return ok({ ppt, x5u, iat, orig, dest, ...extension, signingInput, signature });
}

type Extension = Pick<Passport, "attest" | "origid" | "div" | "opt">;

const NO_EXTENSION: Extension = { attest: undefined, origid: undefined, div: undefined, opt: undefined };

/** @returns Undefined: a claim that the extension needs is missing or wrong. */
function readExtension(ppt: string | undefined, payload: Members): Extension | undefined {
  if (ppt === "shaken") {
    const attest = own(payload, "attest");
    const origid = shortText(own(payload, "origid"), MOST_ORIGID_CHARS);
    if (attest !== "A" && attest !== "B" && attest !== "C") return undefined;
    return origid === undefined ? undefined : { ...NO_EXTENSION, attest, origid };
  }
  if (ppt !== "div" && ppt !== "div-o") return NO_EXTENSION;
  const [div, ...others] = partiesOf(own(payload, "div"), false);
  if (div === undefined || others.length > 0) return undefined;
  const opt = own(payload, "opt");
  if (ppt === "div") return { ...NO_EXTENSION, div };
  return typeof opt === "string" && opt !== "" ? { ...NO_EXTENSION, div, opt } : undefined;
}

/**
 * `{"tn":"…"}`, `{"uri":"…"}`; with `many` arrays of them, both keys allowed.
 * @returns Empty where anything in it is wrong.
 */
function partiesOf(value: unknown, many: boolean): PassportParty[] {
  if (!isMembers(value)) return [];
  const found: PassportParty[] = [];
  for (const kind of ["tn", "uri"] as const) {
    const given = own(value, kind);
    if (given === undefined) continue;
    // Some signers write a single destination without its array.
    const list: readonly unknown[] = many && Array.isArray(given) ? (given as readonly unknown[]) : [given];
    if (list.length > MOST_DESTINATIONS) return [];
    for (const each of list) {
      const party = partyOf(kind, each);
      if (party === undefined) return [];
      found.push(party);
    }
  }
  return found;
}

function partyOf(kind: "tn" | "uri", value: unknown): PassportParty | undefined {
  if (kind === "tn") {
    const tn = typeof value === "string" ? tnOf(value) : undefined;
    return tn === undefined ? undefined : { kind, tn };
  }
  const uri = shortText(value, MOST_URI_CHARS);
  return uri === undefined ? undefined : { kind, uri };
}

/** Visible ASCII, not empty. */
function shortText(value: unknown, most: number): string | undefined {
  return typeof value === "string" && value.length <= most && /^[\x21-\x7e]+$/.test(value) ? value : undefined;
}

function membersOf(part: string): Members | undefined {
  const bytes = bytesOf(part);
  if (bytes === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
    return isMembers(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isMembers = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const own = (members: Members, key: string): unknown => (Object.hasOwn(members, key) ? members[key] : undefined);

/** base64url without padding. RFC 7515 §2 */
function bytesOf(part: string): Uint8Array | undefined {
  if (part === "" || part.length % 4 === 1 || !/^[A-Za-z0-9_-]+$/.test(part)) return undefined;
  return Buffer.from(part, "base64url");
}

/** True where both mean the same number or the same URI (scheme and host without case). */
export function sameParty(a: PassportParty, b: PassportParty): boolean {
  if (a.kind === "tn") return b.kind === "tn" && a.tn === b.tn;
  return b.kind === "uri" && plainUri(a.uri) === plainUri(b.uri);
}

/** Without parameters and headers, scheme and host in lower case: what two URIs of one party share. RFC 8224 §8.5 */
export function plainUri(uri: string): string {
  const end = uri.search(/[;?]/);
  const bare = end < 0 ? uri : uri.slice(0, end);
  const at = bare.lastIndexOf("@");
  const colon = bare.indexOf(":") + 1;
  return at < 0
    ? bare.toLowerCase()
    : bare.slice(0, colon).toLowerCase() + bare.slice(colon, at) + bare.slice(at).toLowerCase();
}
