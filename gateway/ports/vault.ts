/**
 * Seals what is kept about people. AES-256-GCM; each piece names its key, so keys can be rotated while old pieces stay readable.
 * Adapter: vault.
 */
export interface Vault {
  /**
   * @param context What the piece is and belongs to, as `transcript:CALL-ID`: it opens under this context only, so that nobody who
   *   can write to the database can put one piece in another's place.
   */
  seal(plain: Uint8Array, context: string): Uint8Array;
  /** @throws GatewayError `crypto.key`: the key is gone, the context is another, or a byte was changed. */
  open(sealed: Uint8Array, context: string): Uint8Array;
  /** One that has nothing but that key, of 32 bytes: for what is sealed under a key of its own, which is kept sealed beside it. */
  withKey(key: Uint8Array): Vault;
}

/** Who may read, and seals nothing. */
export type Opener = Pick<Vault, "open" | "withKey">;
