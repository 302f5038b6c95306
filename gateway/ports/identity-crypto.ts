/** ECDSA with P-256 and SHA-256 (ES256), the only algorithm of PASSporTs. RFC 8225 §8. Off the calling thread. */
export interface IdentityCrypto {
  /**
   * @param spki SubjectPublicKeyInfo of a P-256 key, DER. Keep one array a key: what it means is remembered with it.
   * @param signature 64 bytes, r and s.
   * @returns False too where the key cannot be used. Never rejects.
   */
  verifyEs256(spki: Uint8Array, data: Uint8Array, signature: Uint8Array): Promise<boolean>;
  /** With the key that the adapter was made with. @throws GatewayError `crypto.key` where it has none. */
  signEs256(data: Uint8Array): Promise<Uint8Array>;
}
