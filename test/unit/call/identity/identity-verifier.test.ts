import assert from "node:assert/strict";
import { test } from "node:test";
import { NodeIdentityCrypto } from "../../../../gateway/adapters/identity-crypto/node-identity-crypto.js";
import { IdentityVerifier, type ClaimedIdentity } from "../../../../gateway/call/identity/identity-verifier.js";
import { unixMs } from "../../../../gateway/core/time.js";
import { compactInput } from "../../../../gateway/sip/identity/build-passport.js";
import { formatIdentity } from "../../../../gateway/sip/identity/identity-header.js";
import { CertificatesDouble, signingCertificate } from "../../../support/identity-doubles.js";
import {
  CALLED_TN,
  CALLER_TN,
  divIdentity,
  divToken,
  makeCertificate,
  ORIGID,
  shakenIdentity,
  shakenToken,
  signedToken,
  tnAuthList,
  X5U,
} from "../../../support/shaken.js";

const now = Math.floor(Date.now() / 1000) * 1000;
const iat = now / 1000;
const signer = makeCertificate({ subject: "SHAKEN 1234" });
const other = makeCertificate({ subject: "SHAKEN 5678" });
const ranged = makeCertificate({ subject: "r", tnAuthList: tnAuthList({ ranges: [["13035550100", 100]] }) });
const bare = makeCertificate({ subject: "b", tnAuthList: null });
const url = (name: string): string => `https://certs.example.org/${name}.pem`;
const certificates = new CertificatesDouble({
  [X5U]: signingCertificate(signer.der),
  [url("ranged")]: signingCertificate(ranged.der),
  [url("bare")]: signingCertificate(bare.der),
  [url("untrusted")]: "untrusted",
  [url("expired")]: "expired",
  [url("refused")]: "address",
  [url("busy")]: "busy",
  [url("soon")]: "not-yet-valid",
});
const OPTIONS = { freshnessMs: 60_000, strictInfo: false, requireTnAuthList: true };
const THIRD = "13035550155";
const tn = (number: string) => ({ kind: "tn", tn: number }) as const;
const shaken = (wish = {}, key = signer.key): string => shakenIdentity(key, iat, wish);

const optIn = (inner: string, from: string, to: string): string =>
  formatIdentity(
    divToken(signer.key, iat, from, to, { header: { ppt: "div-o" }, payload: { opt: inner } }),
    X5U,
    "div-o",
  );

const compact = (at: number): string => {
  const input = compactInput({ x5u: X5U, iat: at / 1000, orig: tn(CALLER_TN), dest: [tn(CALLED_TN)] });
  const parts = input.split(".").map((part) => JSON.parse(Buffer.from(part, "base64url").toString()) as unknown);
  const signature = signedToken(signer.key, parts[0], parts[1]).split(".")[2] ?? "";
  return `..${signature};info=<${X5U}>`;
};

interface Case {
  readonly name: string;
  readonly values: readonly string[];
  readonly over?: Partial<ClaimedIdentity>;
  readonly options?: Partial<typeof OPTIONS>;
  /** `verified A`, `failed dest`, … */
  readonly is: string;
}

const cases: readonly Case[] = [
  { name: "no header", values: [], is: "absent" },
  { name: "a good one", values: [shaken()], is: "verified A" },
  { name: "attested C", values: [shaken({ payload: { attest: "C" } })], is: "verified C" },
  {
    name: "with + and separators",
    values: [shaken({ payload: { orig: { tn: "+1-202-555-0101" } } })],
    is: "verified A",
  },
  {
    name: "without extension",
    values: [
      formatIdentity(
        signedToken(
          signer.key,
          { alg: "ES256", typ: "passport", x5u: X5U },
          { dest: { tn: [CALLED_TN] }, iat, orig: { tn: CALLER_TN } },
        ),
        X5U,
        "shaken",
      ).replace(";ppt=shaken", ""),
    ],
    is: "verified",
  },
  { name: "for another caller", values: [shaken({ payload: { orig: { tn: THIRD } } })], is: "failed orig" },
  { name: "for another called number", values: [shaken({ payload: { dest: { tn: [THIRD] } } })], is: "failed dest" },
  { name: "signed by somebody else", values: [shaken({}, other.key)], is: "failed signature" },
  { name: "61 s old", values: [shakenIdentity(signer.key, iat - 61)], is: "failed stale" },
  { name: "from the future", values: [shakenIdentity(signer.key, iat + 61)], is: "failed stale" },
  { name: "with an old Date", values: [shaken()], over: { dateMs: now - 61_000 }, is: "failed stale" },
  { name: "with a Date of now", values: [shaken()], over: { dateMs: now }, is: "verified A" },
  { name: "no PASSporT", values: ["rubbish"], is: "failed malformed" },
  { name: "alg in the header", values: [shaken().replace("alg=ES256", "alg=RS256")], is: "failed algorithm" },
  { name: "alg none", values: [shaken({ header: { alg: "none" } })], is: "failed algorithm" },
  { name: "claims missing", values: [shaken({ payload: { attest: undefined } })], is: "failed claims" },
  { name: "the extension's name of another", values: [shaken().replace("ppt=shaken", "ppt=div")], is: "failed claims" },
  {
    name: "an unknown extension alone",
    values: [shaken({ header: { ppt: "rcd" } }).replace("ppt=shaken", "ppt=rcd")],
    is: "unverified unsupported",
  },
  {
    name: "an unknown extension beside",
    values: [shaken({ header: { ppt: "rcd" } }).replace("ppt=shaken", "ppt=rcd"), shaken()],
    is: "verified A",
  },
  { name: "a bad one beside a good one", values: ["rubbish", shaken({}, other.key), shaken()], is: "verified A" },
  {
    name: "a ninth one is not looked at",
    values: [...new Array<string>(8).fill("rubbish"), shaken()],
    is: "failed malformed",
  },
  { name: "certificate not fetched", values: [shaken({ x5u: url("nowhere") })], is: "failed certificate-unreachable" },
  { name: "certificate at a private address", values: [shaken({ x5u: url("refused") })], is: "failed certificate-url" },
  { name: "certificate without chain", values: [shaken({ x5u: url("untrusted") })], is: "failed certificate" },
  { name: "certificate expired", values: [shaken({ x5u: url("expired") })], is: "failed certificate" },
  { name: "certificate not yet valid", values: [shaken({ x5u: url("soon") })], is: "failed certificate" },
  { name: "too many fetches", values: [shaken({ x5u: url("busy") })], is: "unverified busy" },
  {
    name: "certificate for other numbers",
    values: [shaken({ x5u: url("ranged") }, ranged.key)],
    is: "failed authority",
  },
  {
    name: "certificate for nobody's numbers",
    values: [shaken({ x5u: url("bare") }, bare.key)],
    is: "failed authority",
  },
  {
    name: "the same, allowed",
    values: [shaken({ x5u: url("bare") }, bare.key)],
    options: { requireTnAuthList: false },
    is: "verified A",
  },
  { name: "info elsewhere", values: [shaken().replace(`<${X5U}>`, "<https://x.example/y>")], is: "verified A" },
  {
    name: "info elsewhere, strictly",
    values: [shaken().replace(`<${X5U}>`, "<https://x.example/y>")],
    options: { strictInfo: true },
    is: "failed info",
  },
  { name: "compact form", values: [compact(now)], over: { dateMs: now }, is: "verified" },
  {
    name: "compact form with another Date",
    values: [compact(now)],
    over: { dateMs: now - 1_000 },
    is: "failed signature",
  },
  { name: "compact form without Date", values: [compact(now)], is: "failed claims" },
  {
    name: "compact form of shaken",
    values: [`${compact(now)};ppt=shaken`],
    over: { dateMs: now },
    is: "failed claims",
  },
  {
    name: "sent on, and whoever did says so",
    values: [shaken(), divIdentity(signer.key, iat, CALLED_TN, THIRD)],
    over: { targets: [tn(THIRD)] },
    is: "verified A diverted",
  },
  { name: "sent on without a word", values: [shaken()], over: { targets: [tn(THIRD)] }, is: "failed dest" },
  {
    name: "sent on, a trusted trunk's Diversion says so",
    values: [shaken()],
    over: { targets: [tn(THIRD)], formerTargets: [tn(CALLED_TN)] },
    is: "verified A diverted",
  },
  {
    name: "sent on by a liar",
    values: [shaken(), divIdentity(other.key, iat, CALLED_TN, THIRD)],
    over: { targets: [tn(THIRD)] },
    is: "failed signature",
  },
  {
    name: "sent on long ago",
    values: [shaken(), divIdentity(signer.key, iat - 90, CALLED_TN, THIRD)],
    over: { targets: [tn(THIRD)] },
    is: "failed stale",
  },
  {
    name: "sent on by who does not own the number",
    values: [shaken(), divIdentity(ranged.key, iat, CALLED_TN, THIRD, { x5u: url("ranged") })],
    over: { targets: [tn(THIRD)] },
    is: "failed authority",
  },
  {
    name: "sent on, the original inside",
    values: [optIn(shakenToken(signer.key, iat), CALLED_TN, THIRD)],
    over: { targets: [tn(THIRD)] },
    is: "verified A diverted",
  },
  {
    name: "sent on twice, both inside",
    values: [
      optIn(
        divToken(signer.key, iat, CALLED_TN, THIRD, {
          header: { ppt: "div-o" },
          payload: { opt: shakenToken(signer.key, iat) },
        }),
        THIRD,
        "13035550166",
      ),
    ],
    over: { targets: [tn("13035550166")] },
    is: "verified A diverted",
  },
  {
    name: "a forged original inside",
    values: [optIn(shakenToken(other.key, iat), CALLED_TN, THIRD)],
    over: { targets: [tn(THIRD)] },
    is: "failed signature",
  },
  {
    name: "only a div",
    values: [divIdentity(signer.key, iat, CALLED_TN, THIRD)],
    over: { targets: [tn(THIRD)] },
    is: "failed claims",
  },
];
for (const { name, values, over, options, is } of cases) {
  test(`signed identity: ${name}: ${is}`, async () => {
    const verifier = new IdentityVerifier({ ...OPTIONS, ...options }, certificates, new NodeIdentityCrypto());
    const { identity: found, signedFor } = await verifier.verify({
      trunk: "t1",
      values,
      callers: [tn(CALLER_TN)],
      targets: [tn(CALLED_TN)],
      formerTargets: [],
      dateMs: undefined,
      at: unixMs(now),
      ...over,
    });
    const { verdict, attest, reason, diverted } = found;
    const shown = [verdict, attest, reason, diverted === true ? "diverted" : undefined];
    assert.equal(shown.filter((each) => each !== undefined).join(" "), is);
    if (attest !== undefined) assert.equal(found.origid, ORIGID);
    assert.deepEqual(signedFor, verdict === "verified" ? tn(CALLER_TN) : undefined);
  });
}
