const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** FNV-1a over UTF-16 units, 32 bits, mixed once more so that low bits are good too. */
export function wordHash(word: string, salt = 0): number {
  let hash = FNV_OFFSET ^ salt;
  for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), FNV_PRIME);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/** A sorted list of word hashes: says whether a word was seen in training, wrongly yes for one unknown word in about a million. */
export class KnownWords {
  readonly #hashes: Uint32Array;

  constructor(hashes: Uint32Array) {
    this.#hashes = hashes;
  }

  has(word: string): boolean {
    const wanted = wordHash(word);
    let low = 0;
    let high = this.#hashes.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const found = this.#hashes[middle] ?? 0;
      if (found === wanted) return true;
      if (found < wanted) low = middle + 1;
      else high = middle - 1;
    }
    return false;
  }
}
