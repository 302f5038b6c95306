import { createPublicKey, verify } from "node:crypto";
import { fail, ok, type Result } from "../../core/result.js";
import type { CertificateFault, SigningCertificate } from "../../ports/identity-certificates.js";
import { readCertificate, type CertificateFacts } from "../../sip/identity/certificate-facts.js";

/** Certificates from the one that signs to the anchor, both counted. */
const LONGEST_CHAIN = 5;
/** Certificates that one answer may hold. */
const MOST_CERTIFICATES = 6;
/** Signatures that are checked for one chain: a served heap of look-alikes must not cost more. */
const MOST_CHECKS = 32;

interface Held {
  readonly der: Uint8Array;
  readonly facts: CertificateFacts;
}

/** What every chain must end in. */
export type TrustAnchors = readonly Held[];

/**
 * Splits PEM, or takes a single certificate in DER.
 * @returns Undefined where it is neither, or holds too many.
 */
export function certificatesIn(body: Uint8Array): readonly Uint8Array[] | undefined {
  if (body[0] === 0x30) return [body];
  const text = Buffer.from(body).toString("latin1");
  // Whoever serves his private key there is not to be trusted with anything.
  if (!text.trimStart().startsWith("-----BEGIN CERTIFICATE-----") || text.includes("PRIVATE KEY")) return undefined;
  const found: Uint8Array[] = [];
  for (const [, base64 = ""] of text.matchAll(
    /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----/g,
  )) {
    if (found.length === MOST_CERTIFICATES) return undefined;
    found.push(Buffer.from(base64, "base64"));
  }
  return found.length === 0 ? undefined : found;
}

/** @returns The anchors in a PEM file, or how many of its certificates cannot be used. */
export function readAnchors(pem: string): Result<TrustAnchors, { readonly unusable: number }> {
  const blocks = [...pem.matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----/g)];
  const anchors: Held[] = [];
  for (const [, base64 = ""] of blocks) {
    const held = holdOf(Buffer.from(base64, "base64"));
    if (held !== undefined) anchors.push(held);
  }
  const unusable = blocks.length - anchors.length;
  return unusable > 0 || blocks.length === 0 ? fail({ unusable }) : ok(anchors);
}

function holdOf(der: Uint8Array): Held | undefined {
  const facts = readCertificate(der);
  return typeof facts === "string" ? undefined : { der, facts };
}

/**
 * Chains the first certificate to an anchor. RFC 5280 §6.1, as much of it as SHAKEN's certificates use: names, signatures, dates,
 * basic constraints and key usage; no policies, no name constraints (a critical one is refused), no revocation lists.
 *
 * @param ders The signing certificate first; the others in any order. Hostile.
 * @param at Unix ms.
 */
export async function chainToAnchor(
  ders: readonly Uint8Array[],
  anchors: TrustAnchors,
  at: number,
): Promise<Result<SigningCertificate, CertificateFault>> {
  const held = ders.map(holdOf);
  const [leaf, ...others] = held;
  if (leaf === undefined || !leaf.facts.maySign) return fail("content");
  const { notBefore, notAfter, spki, tnAuthList } = leaf.facts;
  const search = { anchors, among: [...anchors, ...others], at, checksLeft: MOST_CHECKS };
  const period = await periodOf([leaf], { notBefore, notAfter }, search);
  // A copy: a view would keep the whole answer of the server.
  return period.ok ? ok({ spki: Uint8Array.from(spki), ...period.value, tnAuthList }) : period;
}

interface Period {
  readonly notBefore: number;
  readonly notAfter: number;
}

interface Search {
  readonly anchors: TrustAnchors;
  /** Where issuers are looked for. */
  readonly among: readonly (Held | undefined)[];
  readonly at: number;
  checksLeft: number;
}

/**
 * When the first chain holds that leads from the last of `path` to an anchor and is in force. A root that was renewed, and an authority
 * with cross certificates, have several certificates of one name and key: the first that fits may be the one that is over.
 * @returns Why there is none: of the first chain that would lead there, else `untrusted`.
 */
async function periodOf(
  path: readonly Held[],
  { notBefore, notAfter }: Period,
  search: Search,
): Promise<Result<Period, "untrusted" | "expired" | "not-yet-valid">> {
  const last = path.at(-1);
  if (last === undefined) return fail("untrusted");
  if (isAnchor(last, search.anchors)) {
    if (search.at < notBefore) return fail("not-yet-valid");
    return search.at > notAfter ? fail("expired") : ok({ notBefore, notAfter });
  }
  if (path.length === LONGEST_CHAIN) return fail("untrusted");
  let fault: "untrusted" | "expired" | "not-yet-valid" = "untrusted";
  for (const issuer of issuersOf(path, search)) {
    if (--search.checksLeft < 0) break;
    if (!(await isSignedBy(last.facts, issuer.facts))) continue;
    const { facts } = issuer;
    const period = {
      notBefore: Math.max(notBefore, facts.notBefore),
      notAfter: Math.min(notAfter, facts.notAfter),
    };
    const found = await periodOf([...path, issuer], period, search);
    if (found.ok) return found;
    if (fault === "untrusted") fault = found.error;
  }
  return fail(fault);
}

const isAnchor = ({ der }: Held, anchors: TrustAnchors): boolean =>
  anchors.some((anchor) => Buffer.compare(anchor.der, der) === 0);

/** Who may have issued the last of `path` by name and rights; those in force first, and of them who is so for longest. */
function issuersOf(path: readonly Held[], { among, at }: Search): Held[] {
  const child = path.at(-1);
  const below = path.length - 1;
  const able = among.filter((each): each is Held => {
    if (each === undefined || path.includes(each) || each.facts.subject !== child?.facts.issuer) return false;
    const { isAuthority, mayIssue, pathLength } = each.facts;
    return isAuthority && mayIssue && (pathLength === undefined || pathLength >= below);
  });
  const inForce = ({ facts }: Held): boolean => at >= facts.notBefore && at <= facts.notAfter;
  const lasting = able.filter(inForce).sort((a, b) => b.facts.notAfter - a.facts.notAfter);
  return [...lasting, ...able.filter((each) => !inForce(each))];
}

function isSignedBy({ tbs, signature }: CertificateFacts, { spki }: CertificateFacts): Promise<boolean> {
  return new Promise((resolve) => {
    try {
      const key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
      verify("sha256", tbs, key, signature, (error, good) => resolve(error === null && good));
    } catch {
      resolve(false);
    }
  });
}
