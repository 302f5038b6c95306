import type { SrtpCrypto } from "./srtp-crypto.js";
import type { SrtpSuite } from "./srtp-suite.js";

export interface SessionKeys {
  readonly cipherKey: Uint8Array;
  readonly authKey: Uint8Array;
  /** As long as the suite's salt. */
  readonly salt: Uint8Array;
}

const BLOCK_BYTES = 16;
const AUTH_KEY_BYTES = 20;
/** Of SRTP; SRTCP has 3 to 5. RFC 3711 §4.3.2 */
const LABEL = { cipher: 0, auth: 1, salt: 2 } as const;

/**
 * Session keys of SRTP from a master key, with a key derivation rate of 0. RFC 3711 §4.3, RFC 6188 §3 (longer keys),
 * RFC 7714 §11 (a salt of 96 bits counts as one of 112 with zeros behind).
 */
export function deriveSessionKeys(
  crypto: SrtpCrypto,
  suite: SrtpSuite,
  masterKey: Uint8Array,
  masterSalt: Uint8Array,
): SessionKeys {
  const encrypt = crypto.blockCipher(masterKey);
  const derive = (label: number, bytes: number): Uint8Array => {
    const iv = new Uint8Array(BLOCK_BYTES);
    iv.set(masterSalt);
    iv[7] = (iv[7] ?? 0) ^ label;
    return keystream(encrypt, iv, bytes);
  };
  return {
    cipherKey: derive(LABEL.cipher, suite.keyBytes),
    authKey: derive(LABEL.auth, AUTH_KEY_BYTES),
    salt: derive(LABEL.salt, suite.saltBytes),
  };
}

/** AES in counter mode: `bytes` of it from the counter block `iv` on, whose last 16 bits count. RFC 3711 §4.1.1 */
export function keystream(encrypt: (blocks: Uint8Array) => Uint8Array, iv: Uint8Array, bytes: number): Uint8Array {
  const blocks = Math.ceil(bytes / BLOCK_BYTES);
  const counters = new Uint8Array(blocks * BLOCK_BYTES);
  const first = ((iv[14] ?? 0) << 8) | (iv[15] ?? 0);
  for (let i = 0; i < blocks; i++) {
    const at = i * BLOCK_BYTES;
    counters.set(iv, at);
    counters[at + 14] = (first + i) >>> 8;
    counters[at + 15] = first + i;
  }
  return encrypt(counters).subarray(0, bytes);
}
