import type { Result } from "../core/result.js";
import type { UnixMs } from "../core/time.js";
import type { TnAuthList } from "../sip/identity/tn-auth-list.js";

/** A certificate that PASSporTs may be signed with: fetched, checked, chained to an anchor. RFC 8226 */
export interface SigningCertificate {
  /** SubjectPublicKeyInfo, P-256. */
  readonly spki: Uint8Array;
  /** Of the whole chain, Unix ms. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Undefined: the certificate does not say whose numbers it is for. */
  readonly tnAuthList: TnAuthList | undefined;
}

/**
 * Why there is no certificate.
 * `url`: not one that we fetch (scheme, port, host, query); `address`: the host is no public address; `unreachable`: no answer with
 * status 200 in time; `busy`: too many fetches are under way; `too-large`; `content`: no certificate in it, or one with a key or
 * extension that cannot be used; `untrusted`: no chain to an anchor; `expired` and `not-yet-valid`: anything in the chain.
 */
export type CertificateFault =
  "url" | "address" | "unreachable" | "busy" | "too-large" | "content" | "untrusted" | "expired" | "not-yet-valid";

export interface IdentityCertificates {
  /**
   * The certificate behind a PASSporT's `x5u`: from the cache, or fetched; one fetch at a time for a URL, bounded in time by the
   * adapter. A caller who does not wait for it leaves it to the cache. Never rejects.
   * @param url As the PASSporT says. Hostile.
   * @param asker The trunk whose call asks: one must not use up what others need.
   */
  find(url: string, at: UnixMs, asker: string): Promise<Result<SigningCertificate, CertificateFault>>;
  /** Ends what is under way. Safe to call twice. */
  close(): void;
}
