/** A transform of SRTP with its sizes, all in bytes. */
export interface SrtpSuite {
  readonly kind: "counter" | "gcm";
  readonly keyBytes: number;
  readonly saltBytes: number;
  /** Of RTP packets. */
  readonly tagBytes: number;
}

const counter = (keyBytes: number, tagBytes: number): SrtpSuite => ({
  kind: "counter",
  keyBytes,
  saltBytes: 14,
  tagBytes,
});
const gcm = (keyBytes: number): SrtpSuite => ({ kind: "gcm", keyBytes, saltBytes: 12, tagBytes: 16 });

/** RFC 4568 §6.2, RFC 6188 §4, RFC 7714 §12; the second names are those of RFC 6188's drafts. F8 is not there: nobody offers it. */
const SUITES: ReadonlyMap<string, SrtpSuite> = new Map([
  ["AES_CM_128_HMAC_SHA1_80", counter(16, 10)],
  ["AES_CM_128_HMAC_SHA1_32", counter(16, 4)],
  ["AES_192_CM_HMAC_SHA1_80", counter(24, 10)],
  ["AES_192_CM_HMAC_SHA1_32", counter(24, 4)],
  ["AES_256_CM_HMAC_SHA1_80", counter(32, 10)],
  ["AES_256_CM_HMAC_SHA1_32", counter(32, 4)],
  ["AES_CM_192_HMAC_SHA1_80", counter(24, 10)],
  ["AES_CM_192_HMAC_SHA1_32", counter(24, 4)],
  ["AES_CM_256_HMAC_SHA1_80", counter(32, 10)],
  ["AES_CM_256_HMAC_SHA1_32", counter(32, 4)],
  ["AEAD_AES_128_GCM", gcm(16)],
  ["AEAD_AES_256_GCM", gcm(32)],
]);

/** @param name As `a=crypto` has it; case does not matter. @returns Undefined: we cannot read what it protects. */
export const srtpSuiteOf = (name: string): SrtpSuite | undefined => SUITES.get(name.toUpperCase());
