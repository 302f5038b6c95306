import type { VerifiedToken } from "../../ports/token-verifier.js";
import type { TokenGrant } from "../api-options.js";

const MOST_ID_CHARS = 128;
const MOST_VALUES = 1_000;

/** The first grant that a token meets counts, in the order of the settings; they are never added up. */
export function grantOf(token: VerifiedToken, grants: readonly TokenGrant[]): TokenGrant | undefined {
  return grants.find(({ claim, value }) => valuesAt(token.claims, claim).includes(value));
}

/** The strings of a claim. */
export function valuesAt(claims: Readonly<Record<string, unknown>>, path: string): readonly string[] {
  const found = Object.hasOwn(claims, path) ? claims[path] : walk(claims, path.split("."));
  if (typeof found === "string") return found.split(" ");
  if (!Array.isArray(found)) return [];
  return found.slice(0, MOST_VALUES).filter((item): item is string => typeof item === "string");
}

function walk(value: unknown, path: readonly string[]): unknown {
  let at = value;
  for (const step of path) {
    if (typeof at !== "object" || at === null || Array.isArray(at) || !Object.hasOwn(at, step)) return undefined;
    at = (at as Readonly<Record<string, unknown>>)[step];
  }
  return at;
}

/**
 * Who it is, as the audit log has it: `oidc:` and the subject, which no API key's id can be. What cannot be written there as it is
 * gets its hash, so that two people never share a name.
 */
export function subjectId(subject: string, sha256Hex: (text: string) => string): string {
  if (subject.length <= MOST_ID_CHARS && /^[\x21-\x7e]+$/.test(subject)) return `oidc:${subject}`;
  return `oidc:sha256:${sha256Hex(subject).slice(0, 32)}`;
}
