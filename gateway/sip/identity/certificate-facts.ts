import { ascii, contextTag, DER, derNumber, DerReader, hex, onlyElement } from "./der-reader.js";
import { readTnAuthList, type TnAuthList } from "./tn-auth-list.js";

/** What an X.509 certificate says, as far as chains of SHAKEN certificates need it. RFC 5280 §4, RFC 8226. Nothing is verified. */
export interface CertificateFacts {
  /** What the issuer signed. */
  readonly tbs: Uint8Array;
  /** Of the issuer, DER (ECDSA: a SEQUENCE of r and s). */
  readonly signature: Uint8Array;
  /** Names as hex of their DER: equal bytes are equal names. */
  readonly issuer: string;
  readonly subject: string;
  /** SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  /** Unix ms. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly isAuthority: boolean;
  /** Authorities that may stand below it, before the signing certificate; undefined: any number. */
  readonly pathLength: number | undefined;
  /** Absent key usage allows both. RFC 5280 §4.2.1.3 */
  readonly maySign: boolean;
  readonly mayIssue: boolean;
  /** Undefined: no such extension. */
  readonly tnAuthList: TnAuthList | undefined;
}

export type CertificateError =
  /** Not DER, or not a version 3 certificate. */
  | "malformed"
  /** Key or signature is not ECDSA with P-256 and SHA-256 (ATIS-1000080 §6.4.1). */
  | "algorithm"
  /** A critical extension that nobody here reads, or one that is malformed. */
  | "extension";

const OID = {
  ecdsaWithSha256: "2a8648ce3d040302",
  ecPublicKey: "2a8648ce3d0201",
  prime256v1: "2a8648ce3d030107",
  basicConstraints: "551d13",
  keyUsage: "551d0f",
  tnAuthList: "2b0601050507011a",
} as const;
/** Extensions that may be critical though nothing is done with them: key identifiers, policies, CRL points, EKU, alternative names. */
const HARMLESS: ReadonlySet<string> = new Set(["551d0e", "551d23", "551d20", "551d1f", "551d25", "551d11", "551d12"]);
const MOST_EXTENSIONS = 32;
/** Uncompressed point of P-256 with the count of unused bits before it. */
const POINT_BYTES = 66;

/** @param der One certificate. Hostile; the views in the answer point into it. */
export function readCertificate(der: Uint8Array): CertificateFacts | CertificateError {
  const certificate = onlyElement(der, DER.sequence);
  const tbs = certificate?.take(DER.sequence);
  const algorithm = certificate?.enter(DER.sequence);
  const signature = certificate?.take(DER.bitString);
  if (certificate?.isAtEnd !== true || tbs === undefined || algorithm === undefined || signature === undefined)
    return "malformed";
  const body = new DerReader(tbs.content);
  const version = body.enter(contextTag(0))?.take(DER.integer);
  const serial = body.take(DER.integer);
  const innerAlgorithm = body.enter(DER.sequence);
  const issuer = body.take(DER.sequence);
  const validity = body.enter(DER.sequence);
  const subject = body.take(DER.sequence);
  const spki = body.take(DER.sequence);
  if (version?.content[0] !== 2 || serial === undefined || issuer === undefined || subject === undefined)
    return "malformed";
  const notBefore = timeOf(validity);
  const notAfter = timeOf(validity);
  if (notBefore === undefined || notAfter === undefined || spki === undefined) return "malformed";
  if (!isSha256(algorithm) || !isSha256(innerAlgorithm) || !isP256(spki.content)) return "algorithm";
  if (signature.content[0] !== 0) return "malformed";
  const extensions = readExtensions(body);
  if (extensions === undefined) return "extension";
  return {
    tbs: tbs.whole,
    signature: signature.content.subarray(1),
    issuer: hex(issuer.whole),
    subject: hex(subject.whole),
    spki: spki.whole,
    notBefore,
    notAfter,
    ...extensions,
  };
}

const isSha256 = (reader: DerReader | undefined): boolean => {
  const oid = reader?.take(DER.oid);
  return oid !== undefined && hex(oid.content) === OID.ecdsaWithSha256;
};

/** A named curve: explicit parameters would let the certificate choose its own. */
function isP256(spki: Uint8Array): boolean {
  const reader = new DerReader(spki);
  const algorithm = reader.enter(DER.sequence);
  const key = algorithm?.take(DER.oid);
  const curve = algorithm?.take(DER.oid);
  const point = reader.take(DER.bitString);
  if (key === undefined || curve === undefined || point === undefined) return false;
  const isKnown = hex(key.content) === OID.ecPublicKey && hex(curve.content) === OID.prime256v1;
  return isKnown && point.content.length === POINT_BYTES && point.content[0] === 0 && point.content[1] === 4;
}

/** RFC 5280 §4.1.2.5 */
function timeOf(reader: DerReader | undefined): number | undefined {
  const element = reader?.next();
  if (element === undefined) return undefined;
  const short = element.tag === DER.utcTime;
  if (!short && element.tag !== DER.generalizedTime) return undefined;
  const found = (short ? /^(\d{2})(\d{10})Z$/ : /^(\d{4})(\d{10})Z$/).exec(ascii(element.content));
  if (found === null) return undefined;
  const [, yearText = "", rest = ""] = found;
  const year = Number(yearText) + (short ? (Number(yearText) < 50 ? 2000 : 1900) : 0);
  const part = (at: number): number => Number(rest.slice(at, at + 2));
  const [month, day, hour, minute, second] = [part(0), part(2), part(4), part(6), part(8)];
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59) return undefined;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

type Extensions = Pick<CertificateFacts, "isAuthority" | "pathLength" | "maySign" | "mayIssue" | "tnAuthList">;

function readExtensions(body: DerReader): Extensions | undefined {
  // Unique identifiers, which nobody uses, may stand before.
  body.take(0x81);
  body.take(0x82);
  let found: Extensions = {
    isAuthority: false,
    pathLength: undefined,
    maySign: true,
    mayIssue: true,
    tnAuthList: undefined,
  };
  const list = body.enter(contextTag(3))?.enter(DER.sequence);
  if (list === undefined) return body.isAtEnd ? found : undefined;
  const seen = new Set<string>();
  while (!list.isAtEnd) {
    const extension = list.enter(DER.sequence);
    const oid = extension?.take(DER.oid);
    const critical = extension?.take(DER.boolean);
    const value = extension?.take(DER.octetString);
    if (oid === undefined || value === undefined || seen.size === MOST_EXTENSIONS) return undefined;
    const name = hex(oid.content);
    // RFC 5280 §4.2: never twice.
    if (seen.has(name)) return undefined;
    seen.add(name);
    const read = readExtension(name, value.content);
    if (read === undefined) return undefined;
    if (read === "unknown" && critical?.content[0] === 0xff && !HARMLESS.has(name)) return undefined;
    if (read !== "unknown") found = { ...found, ...read };
  }
  return found;
}

/** @returns Undefined: malformed. */
function readExtension(name: string, value: Uint8Array): Partial<Extensions> | "unknown" | undefined {
  switch (name) {
    case OID.basicConstraints: {
      const reader = onlyElement(value, DER.sequence);
      if (reader === undefined) return undefined;
      const isAuthority = reader.take(DER.boolean)?.content[0] === 0xff;
      const length = reader.take(DER.integer);
      const pathLength = length === undefined ? undefined : derNumber(length.content);
      if (!reader.isAtEnd || (length !== undefined && pathLength === undefined)) return undefined;
      return { isAuthority, pathLength };
    }
    case OID.keyUsage: {
      const bits = new DerReader(value).take(DER.bitString)?.content[1];
      return bits === undefined ? undefined : { maySign: (bits & 0x80) !== 0, mayIssue: (bits & 0x04) !== 0 };
    }
    case OID.tnAuthList: {
      const tnAuthList = readTnAuthList(value);
      return tnAuthList === undefined ? undefined : { tnAuthList };
    }
    default:
      return "unknown";
  }
}
