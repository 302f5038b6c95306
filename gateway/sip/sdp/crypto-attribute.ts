import { fail, ok, type Result } from "../../core/result.js";

/** `a=crypto`: the key that one side sends with. RFC 4568 §4, §6 */
export interface SdesCrypto {
  readonly tag: number;
  /** As written; `keyBytes` tells whether we know it. */
  readonly suite: string;
  /** Base64 of key‖salt of the first key. Secret: belongs into no log. */
  readonly keySalt: string;
  /** Master key identifier, where keys carry one. */
  readonly mki?: { readonly value: number; readonly lengthBytes: number };
  /** More than one `inline:` key: only a receiver that looks at the MKI can follow. */
  readonly keys: number;
  /** `KDR=…`, `UNENCRYPTED_SRTP` and others, as written. */
  readonly sessionParameters: readonly string[];
}

export interface CryptoParseError {
  readonly code:
    /** Not tag, suite and `inline:` key; or a tag that is not 1–9 digits without leading zero. */
    | "crypto.syntax"
    /** The key is no base64, or not as long as the suite needs. */
    | "crypto.key"
    /** Lifetime or MKI make no sense. */
    | "crypto.parameters";
}

/** Bytes of key‖salt. RFC 4568 §6.2, RFC 6188 §2, RFC 7714 §14.2 */
const KEY_BYTES: ReadonlyMap<string, number> = new Map([
  ["AES_CM_128_HMAC_SHA1_80", 30],
  ["AES_CM_128_HMAC_SHA1_32", 30],
  ["F8_128_HMAC_SHA1_80", 30],
  ["AES_192_CM_HMAC_SHA1_80", 38],
  ["AES_192_CM_HMAC_SHA1_32", 38],
  ["AES_256_CM_HMAC_SHA1_80", 46],
  ["AES_256_CM_HMAC_SHA1_32", 46],
  // The same as older drafts, and many products, write them.
  ["AES_CM_192_HMAC_SHA1_80", 38],
  ["AES_CM_192_HMAC_SHA1_32", 38],
  ["AES_CM_256_HMAC_SHA1_80", 46],
  ["AES_CM_256_HMAC_SHA1_32", 46],
  ["AEAD_AES_128_GCM", 28],
  ["AEAD_AES_256_GCM", 44],
]);

/** How long key‖salt of a suite is; undefined: a suite that we do not know. */
export const sdesKeyBytes = (suite: string): number | undefined => KEY_BYTES.get(suite.toUpperCase());

/** @param value What stands after `a=crypto:`. */
export function parseCryptoAttribute(value: string): Result<SdesCrypto, CryptoParseError> {
  const [tagText = "", suite = "", keyText = "", ...sessionParameters] = value.trim().split(/[ \t]+/);
  if (!/^[1-9]\d{0,8}$|^0$/.test(tagText) || !/^\w+$/.test(suite)) return fail({ code: "crypto.syntax" });
  const keys = keyText.split(";").filter((text) => text !== "");
  const [first = ""] = keys;
  if (keys.some((key) => !/^inline:/i.test(key))) return fail({ code: "crypto.syntax" });
  const [keySalt = "", ...parameters] = first.slice("inline:".length).split("|");
  const needBytes = sdesKeyBytes(suite);
  const haveBytes = base64Bytes(keySalt);
  if (keys.length === 0) return fail({ code: "crypto.syntax" });
  if (haveBytes === undefined || (needBytes !== undefined && haveBytes !== needBytes))
    return fail({ code: "crypto.key" });
  let mki: SdesCrypto["mki"];
  for (const parameter of parameters) {
    const match = /^(\d{1,15}):(\d{1,3})$/.exec(parameter);
    if (match !== null) {
      mki = { value: Number(match[1]), lengthBytes: Number(match[2]) };
      if (mki.lengthBytes < 1 || mki.lengthBytes > 128) return fail({ code: "crypto.parameters" });
    } else if (!/^(?:2\^)?\d{1,15}$/.test(parameter)) return fail({ code: "crypto.parameters" });
  }
  return ok({
    tag: Number(tagText),
    suite,
    keySalt,
    ...(mki === undefined ? {} : { mki }),
    keys: keys.length,
    sessionParameters,
  });
}

/** Bytes that base64 stands for, padded or not; undefined where it is none. */
function base64Bytes(text: string): number | undefined {
  const digits = text.replace(/={0,2}$/, "");
  if (!/^[A-Za-z0-9+/]*$/.test(digits) || digits.length % 4 === 1) return undefined;
  return Math.floor((digits.length * 3) / 4);
}
