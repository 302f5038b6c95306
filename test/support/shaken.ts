import { createPublicKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { formatIdentity } from "../../gateway/sip/identity/identity-header.js";

/** One DER element. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...head]), content]);
}

const SEQ = 0x30;
const text = (tag: number, value: string): Buffer => der(tag, Buffer.from(value, "latin1"));
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, "hex"));
const TRUE = Buffer.from([0x01, 0x01, 0xff]);
const ECDSA_SHA256 = der(SEQ, oid("2a8648ce3d040302"));

function number(value: number): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
  return der(0x02, (bytes[0] ?? 0) >= 128 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

const name = (common: string): Buffer => der(SEQ, der(0x31, der(SEQ, oid("550403"), text(0x0c, common))));

const time = (at: number): Buffer => text(0x18, `${new Date(at).toISOString().replace(/[-:T]/g, "").slice(0, 14)}Z`);

/** RFC 8226 §9 */
export function tnAuthList(entries: {
  readonly spcs?: readonly string[];
  readonly ranges?: readonly (readonly [start: string, count: number])[];
  readonly tns?: readonly string[];
}): Buffer {
  return der(
    SEQ,
    ...(entries.spcs ?? []).map((spc) => der(0xa0, text(0x16, spc))),
    ...(entries.ranges ?? []).map(([start, count]) => der(0xa1, der(SEQ, text(0x16, start), number(count)))),
    ...(entries.tns ?? []).map((tn) => der(0xa2, text(0x16, tn))),
  );
}

export interface CertificateWish {
  readonly subject: string;
  /** A renewal has the key of the old one; default: a fresh key. */
  readonly renews?: MadeCertificate;
  /** Default: signs itself. */
  readonly issuer?: MadeCertificate;
  readonly notBefore?: number;
  readonly notAfter?: number;
  readonly authority?: boolean;
  readonly pathLength?: number;
  /** Undefined: one service provider code for what is no authority; null: no extension. */
  readonly tnAuthList?: Uint8Array | null;
  readonly curve?: string;
  /** Bits of the key usage's first byte; default: signing, for authorities issuing. */
  readonly keyUsage?: number;
  /** Further extensions, whole. */
  readonly extensions?: readonly Uint8Array[];
}

export interface MadeCertificate {
  readonly der: Buffer;
  readonly pem: string;
  readonly key: KeyObject;
  readonly keyPem: string;
  readonly subject: string;
}

export const extension = (oidHex: string, critical: boolean, value: Uint8Array): Buffer =>
  der(SEQ, oid(oidHex), ...(critical ? [TRUE] : []), der(0x04, value));

let serial = 1000;

/** A certificate, as wrong as the test wants it. */
export function makeCertificate(wish: CertificateWish): MadeCertificate {
  const { subject, issuer, authority = false, pathLength, curve = "prime256v1" } = wish;
  const key = wish.renews?.key ?? generateKeyPairSync("ec", { namedCurve: curve }).privateKey;
  const list = wish.tnAuthList === undefined ? (authority ? null : tnAuthList({ spcs: ["1234"] })) : wish.tnAuthList;
  const usage = wish.keyUsage ?? (authority ? 0x06 : 0x80);
  const extensions = [
    extension(
      "551d13",
      true,
      der(SEQ, ...(authority ? [TRUE] : []), ...(pathLength === undefined ? [] : [number(pathLength)])),
    ),
    extension("551d0f", true, der(0x03, Buffer.from([usage === 0x80 ? 7 : 1, usage]))),
    ...(list === null ? [] : [extension("2b0601050507011a", false, list)]),
    ...(wish.extensions ?? []),
  ];
  const now = Date.now();
  const tbs = der(
    SEQ,
    der(0xa0, number(2)),
    number(++serial),
    ECDSA_SHA256,
    name(issuer?.subject ?? subject),
    der(SEQ, time(wish.notBefore ?? now - 86_400_000), time(wish.notAfter ?? now + 86_400_000)),
    name(subject),
    createPublicKey(key).export({ type: "spki", format: "der" }),
    der(0xa3, der(SEQ, ...extensions)),
  );
  const signature = sign("sha256", tbs, issuer?.key ?? key);
  const whole = der(SEQ, tbs, ECDSA_SHA256, der(0x03, Buffer.from([0]), signature));
  return {
    der: whole,
    pem: `-----BEGIN CERTIFICATE-----\n${whole.toString("base64").replace(/(.{64})/g, "$1\n")}\n-----END CERTIFICATE-----\n`,
    key,
    keyPem: key.export({ type: "pkcs8", format: "pem" }) as string,
    subject,
  };
}

/** SubjectPublicKeyInfo. */
export const spkiOf = (key: KeyObject): Uint8Array => createPublicKey(key).export({ type: "spki", format: "der" });

export interface PassportWish {
  readonly x5u?: string;
  /** Laid over the usual header and payload; undefined takes a claim away. */
  readonly header?: Readonly<Record<string, unknown>>;
  readonly payload?: Readonly<Record<string, unknown>>;
}

export const X5U = "https://certs.example.org/shaken.pem";
export const CALLER_TN = "12025550101";
export const CALLED_TN = "12025550199";
export const ORIGID = "123e4567-e89b-12d3-a456-426655440000";

/** `header.payload.signature` of a SHAKEN PASSporT. */
export function shakenToken(key: KeyObject, iat: number, wish: PassportWish = {}): string {
  const header = { alg: "ES256", ppt: "shaken", typ: "passport", x5u: wish.x5u ?? X5U, ...wish.header };
  const payload = {
    attest: "A",
    dest: { tn: [CALLED_TN] },
    iat,
    orig: { tn: CALLER_TN },
    origid: ORIGID,
    ...wish.payload,
  };
  return signedToken(key, header, payload);
}

export function divToken(key: KeyObject, iat: number, from: string, to: string, wish: PassportWish = {}): string {
  const header = { alg: "ES256", ppt: "div", typ: "passport", x5u: wish.x5u ?? X5U, ...wish.header };
  const payload = { dest: { tn: [to] }, div: { tn: from }, iat, orig: { tn: CALLER_TN }, ...wish.payload };
  return signedToken(key, header, payload);
}

export function signedToken(key: KeyObject, header: unknown, payload: unknown): string {
  const input = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  const signature = sign("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" });
  return `${input}.${signature.toString("base64url")}`;
}

export const shakenIdentity = (key: KeyObject, iat: number, wish: PassportWish = {}): string =>
  formatIdentity(shakenToken(key, iat, wish), wish.x5u ?? X5U, "shaken");

export const divIdentity = (key: KeyObject, iat: number, from: string, to: string, wish: PassportWish = {}): string =>
  formatIdentity(divToken(key, iat, from, to, wish), wish.x5u ?? X5U, "div");
