import { fail, ok, type Result } from "../../core/result.js";
import { paramOf } from "../message/params.js";
import { unquote } from "../message/text.js";

/** One value of an Identity header field. RFC 8224 §4 */
export interface IdentityHeader {
  /** The PASSporT: `header.payload.signature`, or `..signature` in compact form. */
  readonly token: string;
  readonly compact: boolean;
  /** Where the certificate is, without angle brackets. */
  readonly info: string;
  /** Absent in the header: ES256. */
  readonly alg: string;
  /** PASSporT extension, lower case; undefined: none (RFC 8225 alone). */
  readonly ppt: string | undefined;
}

export interface IdentityHeaderError {
  readonly code: "identity.malformed";
}

/** Characters of one Identity value. A `div-o` that nests five PASSporTs stays below. */
export const MOST_IDENTITY_CHARS = 16_000;
/** base64url, its dots, and what RFC 8224's own grammar names (base64). */
const TOKEN = /^[A-Za-z0-9_+/-]*\.[A-Za-z0-9_+/-]*\.[A-Za-z0-9_+/-]+$/;

/**
 * Reads one value of an Identity header field (split the line first, see `allValues`). RFC 8224 §4
 * @param value As received. Hostile.
 * @returns `identity.malformed` where it is no Identity value, or longer than `MOST_IDENTITY_CHARS`.
 */
export function parseIdentity(value: string): Result<IdentityHeader, IdentityHeaderError> {
  const malformed = fail({ code: "identity.malformed" } as const);
  if (value.length > MOST_IDENTITY_CHARS) return malformed;
  const semicolon = value.indexOf(";");
  if (semicolon < 0) return malformed;
  const token = value.slice(0, semicolon).trim();
  const params = value.slice(semicolon);
  if (!TOKEN.test(token)) return malformed;
  const compact = token.startsWith("..");
  if (!compact && (token.startsWith(".") || token.includes(".."))) return malformed;
  const info = bracketed(paramOf(params, "info"));
  if (info === undefined) return malformed;
  const ppt = paramOf(params, "ppt");
  const alg = paramOf(params, "alg");
  return ok({
    token,
    compact,
    info,
    alg: alg === undefined ? "ES256" : unquote(alg),
    ppt: ppt === undefined ? undefined : unquote(ppt).toLowerCase(),
  });
}

/** `<https://…>`: a URI without blanks. */
function bracketed(value: string | undefined): string | undefined {
  if (value === undefined || !value.startsWith("<") || !value.endsWith(">")) return undefined;
  const uri = value.slice(1, -1);
  return uri === "" || /[\s<>"]/.test(uri) ? undefined : uri;
}

/** The inverse, for what we sign: always the full form with all parameters (ATIS-1000074 §5.2.3). */
export function formatIdentity(token: string, info: string, ppt: string): string {
  return `${token};info=<${info}>;alg=ES256;ppt=${ppt}`;
}
