import { fail, ok, type Result } from "../../gateway/core/result.js";
import type { UnixMs } from "../../gateway/core/time.js";
import type {
  CertificateFault,
  IdentityCertificates,
  SigningCertificate,
} from "../../gateway/ports/identity-certificates.js";
import { readCertificate } from "../../gateway/sip/identity/certificate-facts.js";

/** A certificate of a test, without a chain. */
export function signingCertificate(der: Uint8Array): SigningCertificate {
  const facts = readCertificate(der);
  if (typeof facts === "string") throw new Error(facts);
  const { spki, notBefore, notAfter, tnAuthList } = facts;
  return { spki, notBefore, notAfter, tnAuthList };
}

/** Certificates by URL; what is not there is unreachable. Held back until `release` where `holds` says so. */
export class CertificatesDouble implements IdentityCertificates {
  readonly #known: ReadonlyMap<string, SigningCertificate | CertificateFault>;
  readonly asked: string[] = [];
  holds = false;
  #held: (() => void)[] = [];

  constructor(known: Readonly<Record<string, SigningCertificate | CertificateFault>>) {
    this.#known = new Map(Object.entries(known));
  }

  async find(url: string, _at: UnixMs): Promise<Result<SigningCertificate, CertificateFault>> {
    this.asked.push(url);
    if (this.holds) await new Promise<void>((resolve) => this.#held.push(resolve));
    const found = this.#known.get(url) ?? "unreachable";
    return typeof found === "string" ? fail(found) : ok(found);
  }

  release(): void {
    for (const go of this.#held.splice(0)) go();
  }

  close(): void {
    this.release();
  }
}
