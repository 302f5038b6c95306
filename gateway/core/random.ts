/** Randomness, injected: main.ts supplies a cryptographic one, tests a seeded one. */
export interface Random {
  /** Unguessable text for tags, branches and Call-IDs: `bytes` × 8 bits, lower-case hex. */
  token(bytes: number): string;
  /** Uniform in [0, 1). */
  next(): number;
}
