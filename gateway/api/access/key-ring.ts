import { GatewayError } from "../../core/errors.js";
import type { ApiKeyOption, Role } from "../api-options.js";

interface HeldKey {
  readonly id: string;
  readonly role: Role;
  readonly teams: readonly string[] | undefined;
  readonly hash: string;
}

/** A key offered in a request is read no further than this. */
const MAX_KEY_LENGTH = 512;
const HASHED = /^sha256:([0-9a-f]{64})$/i;

/**
 * The API keys, held as SHA-256 only. Keys are random, not chosen by people, so a fast hash is right: it is the
 * comparison that must not tell, and every look-up compares all keys in full.
 */
export class KeyRing {
  readonly #keys: readonly HeldKey[];
  readonly #sha256Hex: (text: string) => string;

  /** @throws GatewayError `config.invalid` for a hash that is none: its text must not become a key. */
  constructor(keys: readonly ApiKeyOption[], sha256Hex: (text: string) => string) {
    this.#sha256Hex = sha256Hex;
    this.#keys = keys.map(({ key, role, id, teams }, index) => {
      const hash = /^sha256:/i.test(key) ? HASHED.exec(key)?.[1]?.toLowerCase() : sha256Hex(key);
      if (hash === undefined) {
        throw new GatewayError("config.invalid", `http.apiKeys.${index}.key: sha256: needs 64 hex digits after it`);
      }
      return { id: id ?? hash.slice(0, 8), role, teams, hash };
    });
  }

  get empty(): boolean {
    return this.#keys.length === 0;
  }

  /** @returns Whose key it is; undefined: not ours. Takes the same time wherever the difference is. */
  find(offered: string): Pick<HeldKey, "id" | "role" | "teams"> | undefined {
    if (offered.length === 0 || offered.length > MAX_KEY_LENGTH) return undefined;
    const hash = this.#sha256Hex(offered);
    let found: HeldKey | undefined;
    for (const key of this.#keys) {
      if (equalInConstantTime(key.hash, hash)) found = key;
    }
    return found;
  }
}

function equalInConstantTime(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}

/**
 * The key in a request's headers: `Authorization: Bearer KEY`, `X-API-Key: KEY`, and, where `basic` is allowed (pages that
 * a browser opens), the password of `Authorization: Basic`.
 */
export function offeredKey(
  authorization: string | undefined,
  apiKey: string | undefined,
  basic: boolean,
): string | undefined {
  if (authorization !== undefined) {
    const [scheme = "", value = ""] = authorization.trim().split(/ +/, 2);
    if (scheme.toLowerCase() === "bearer") return value;
    if (basic && scheme.toLowerCase() === "basic") return basicPassword(value);
  }
  return apiKey;
}

function basicPassword(value: string): string | undefined {
  if (value.length > 2 * MAX_KEY_LENGTH || !/^[A-Za-z0-9+/]+=*$/.test(value)) return undefined;
  const text = Buffer.from(value, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon < 0 ? undefined : text.slice(colon + 1);
}
