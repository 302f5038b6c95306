import type { CertificateFault, SigningCertificate } from "../../ports/identity-certificates.js";

export type CacheEntry =
  | {
      readonly kind: "good";
      readonly certificate: SigningCertificate;
      readonly etag: string | undefined;
      /** Fresh until then, monotonic ms. */
      readonly freshUntil: number;
      /** The last try to renew it failed: the next not before, monotonic ms. */
      readonly retryAt: number;
      readonly bytes: number;
    }
  | { readonly kind: "bad"; readonly fault: CertificateFault; readonly until: number; readonly bytes: number };

/** What an entry costs besides its certificate: URL, objects, map. */
const ENTRY_BYTES = 1_024;

/** Certificates and failures by URL, bounded in entries and bytes; what was used longest ago goes first. */
export class CertificateCache {
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  readonly #entries = new Map<string, CacheEntry>();
  #bytes = 0;

  constructor(maxEntries: number, maxBytes: number) {
    this.#maxEntries = maxEntries;
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): CacheEntry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  set(key: string, entry: CacheEntry): void {
    this.delete(key);
    this.#entries.set(key, entry);
    this.#bytes += entry.bytes + ENTRY_BYTES;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#maxEntries && this.#bytes <= this.#maxBytes) break;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes + ENTRY_BYTES;
  }
}
