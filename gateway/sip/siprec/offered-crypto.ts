/** An SDES key that a sender encrypts with. RFC 4568 */
export interface OfferedCrypto {
  /** To be repeated in the answer. */
  readonly tag: string;
  readonly suite: string;
  /** Base64 of key and salt, one after the other. */
  readonly keySalt: string;
}

/** Bytes of key and salt together. RFC 4568 §6.2, RFC 6188, RFC 7714 §14.2 */
const KEY_BYTES: ReadonlyMap<string, number> = new Map([
  ["AES_CM_128_HMAC_SHA1_80", 30],
  ["AES_CM_128_HMAC_SHA1_32", 30],
  ["AES_256_CM_HMAC_SHA1_80", 46],
  ["AES_256_CM_HMAC_SHA1_32", 46],
  ["AEAD_AES_128_GCM", 28],
  ["AEAD_AES_256_GCM", 44],
]);

/** Bytes of key and salt of a suite, one after the other; undefined: we do not know it. */
export function keyBytesOf(suite: string): number | undefined {
  return KEY_BYTES.get(suite);
}

/**
 * The first `a=crypto` that can be used: a suite of ours, one key, no master key identifier (its bytes in every packet are not
 * provided for), encryption and authentication not switched off.
 */
export function chooseCrypto(values: readonly string[], suites: readonly string[]): OfferedCrypto | undefined {
  for (const value of values.slice(0, MOST_VALUES)) {
    const [tag = "", suite = "", key = "", ...session] = value.trim().split(/\s+/);
    const inline = /^inline:([A-Za-z0-9+/]+={0,2})(?:\|([^|;]*))?(?:\|([^|;]*))?$/.exec(key);
    const keySalt = inline?.[1];
    const hasMki = [inline?.[2], inline?.[3]].some((part) => part?.includes(":") === true);
    if (keySalt === undefined || hasMki || !/^\d{1,9}$/.test(tag) || !suites.includes(suite)) continue;
    if (session.some((param) => /^(?:UNENCRYPTED|UNAUTHENTICATED)_/i.test(param))) continue;
    if (Buffer.from(keySalt, "base64").byteLength !== KEY_BYTES.get(suite)) continue;
    return { tag, suite, keySalt };
  }
  return undefined;
}

const MOST_VALUES = 16;
