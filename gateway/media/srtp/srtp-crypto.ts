/** What SRTP needs of a crypto library. Adapter: adapters/rtp-relay/node-srtp-crypto.ts. */
export interface SrtpCrypto {
  /** AES on whole blocks of 16 bytes, each by itself (ECB): counter mode is made of it here. @param key 16, 24 or 32 bytes. */
  blockCipher(key: Uint8Array): (blocks: Uint8Array) => Uint8Array;
  /** HMAC-SHA1 over the parts joined. @returns 20 bytes. */
  hmacSha1(key: Uint8Array): (...parts: readonly Uint8Array[]) => Uint8Array;
  /** AES-GCM with a tag of 16 bytes. @returns Ciphertext, then tag. */
  gcmSeal(key: Uint8Array, iv: Uint8Array, aad: Uint8Array, plain: Uint8Array): Uint8Array;
  /** @returns Undefined when the tag is not right. */
  gcmOpen(key: Uint8Array, iv: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | undefined;
}
