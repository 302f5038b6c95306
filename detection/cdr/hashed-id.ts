import { StringHasher } from "../masking/string-hasher.js";

const SEED = "52494e47464e4447";

/**
 * The same for the same text, and no number in it: 64 bits of a hash, as letters that no mask takes for a number. No secret: who
 * knows all of the text but a number can find that by trying.
 */
export function hashedId(text: string): string {
  const hasher = new StringHasher(SEED);
  hasher.hashWide(text);
  return letters(hasher.high) + letters(hasher.low);
}

/** 32 bits as `a` to `p`. */
const letters = (half: number): string =>
  Array.from({ length: 8 }, (_, at) => String.fromCharCode(97 + ((half >>> (4 * at)) & 15))).join("");
