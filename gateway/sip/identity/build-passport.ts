import { canonicalJson, type Json } from "./canonical-json.js";
import type { Attestation, PassportParty } from "./passport.js";

/** What a signature is wanted for. */
export interface PassportClaims {
  readonly x5u: string;
  /** Seconds since the Unix epoch. */
  readonly iat: number;
  readonly orig: PassportParty;
  readonly dest: readonly PassportParty[];
}

/** RFC 8588 */
export interface ShakenClaims extends PassportClaims {
  readonly attest: Attestation;
  readonly origid: string;
}

/** RFC 8946: `div` is whom the call was meant for before it was sent on to `dest`. */
export interface DivClaims extends PassportClaims {
  readonly div: PassportParty;
}

/** @returns `header.payload`, base64url: what is signed, and what the signature is joined to. */
export function shakenInput(claims: ShakenClaims): string {
  const { attest, origid } = claims;
  return signingInput("shaken", claims.x5u, { ...baseClaims(claims), attest, origid });
}

export function divInput(claims: DivClaims): string {
  return signingInput("div", claims.x5u, { ...baseClaims(claims), div: partyJson(claims.div) });
}

/**
 * A PASSporT without extension in compact form is put together again from what the request says. RFC 8225 §7, RFC 8224 §4.1
 * @returns `header.payload`.
 */
export function compactInput(claims: PassportClaims): string {
  return signingInput(undefined, claims.x5u, baseClaims(claims));
}

/** @param signature 64 bytes, r and s. */
export function joinSignature(input: string, signature: Uint8Array): string {
  return `${input}.${Buffer.from(signature).toString("base64url")}`;
}

function baseClaims({ iat, orig, dest }: PassportClaims): Readonly<Record<string, Json>> {
  const tns = dest.flatMap((each) => (each.kind === "tn" ? [each.tn] : []));
  const uris = dest.flatMap((each) => (each.kind === "uri" ? [each.uri] : []));
  return {
    dest: { ...(tns.length === 0 ? {} : { tn: tns }), ...(uris.length === 0 ? {} : { uri: uris }) },
    iat,
    orig: partyJson(orig),
  };
}

const partyJson = (party: PassportParty): Json => (party.kind === "tn" ? { tn: party.tn } : { uri: party.uri });

function signingInput(ppt: string | undefined, x5u: string, payload: Json): string {
  const header = { alg: "ES256", ...(ppt === undefined ? {} : { ppt }), typ: "passport", x5u };
  return `${encoded(header)}.${encoded(payload)}`;
}

const encoded = (value: Json): string => Buffer.from(canonicalJson(value), "utf8").toString("base64url");
