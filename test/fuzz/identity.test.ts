import assert from "node:assert/strict";
import { test } from "node:test";
import {
  certificatesIn,
  chainToAnchor,
  readAnchors,
} from "../../gateway/adapters/identity-certificates/certificate-chain.js";
import { fetchableUrl } from "../../gateway/adapters/identity-certificates/fetchable-url.js";
import { NodeIdentityCrypto } from "../../gateway/adapters/identity-crypto/node-identity-crypto.js";
import { readIdentities } from "../../gateway/call/identity/read-identities.js";
import { IdentityVerifier } from "../../gateway/call/identity/identity-verifier.js";
import { unixMs } from "../../gateway/core/time.js";
import { readCertificate } from "../../gateway/sip/identity/certificate-facts.js";
import { parseIdentity } from "../../gateway/sip/identity/identity-header.js";
import { MOST_DIVERSIONS } from "../../gateway/sip/identity/div-chain.js";
import { withVerstat } from "../../gateway/sip/identity/verstat.js";
import { CertificatesDouble, signingCertificate } from "../support/identity-doubles.js";
import { mutateSip } from "../support/mutate-sip.js";
import { SeededRandom } from "../support/seeded-random.js";
import {
  CALLED_TN,
  CALLER_TN,
  divToken,
  makeCertificate,
  shakenIdentity,
  shakenToken,
  tnAuthList,
  X5U,
} from "../support/shaken.js";

const SEED = Number(process.env["FUZZ_SEED"] ?? 8224);
const HEADERS = 20_000;
const VERIFIED = 1_500;
const CERTIFICATES = 20_000;
const tn = (number: string) => ({ kind: "tn", tn: number }) as const;
const now = Math.floor(Date.now() / 1000);
const root = makeCertificate({ subject: "root", authority: true });
const signer = makeCertificate({
  subject: "signer",
  issuer: root,
  tnAuthList: tnAuthList({ spcs: ["1234"], ranges: [["12025550100", 100]], tns: ["13035550100"] }),
});
const nested = divToken(signer.key, now, CALLED_TN, "13035550155", {
  header: { ppt: "div-o" },
  payload: { opt: shakenToken(signer.key, now) },
});
const values = [
  shakenIdentity(signer.key, now),
  shakenIdentity(signer.key, now).replace("ppt=shaken", 'ppt="shaken"'),
  `${nested};info=<${X5U}>;alg=ES256;ppt=div-o`,
  `..${shakenToken(signer.key, now).split(".")[2] ?? ""};info=<${X5U}>`,
];
const samples = values.map((value) => Buffer.from(value, "latin1"));

/** A PASSporT whose JSON was mutated under its base64url. */
function mutatedInside(random: SeededRandom): string {
  const [header = "", payload = "", rest = ""] = values[random.below(3)]!.split(".", 3);
  const parts = [header, payload].map((part) => Buffer.from(part, "base64url"));
  const at = random.below(2);
  parts[at] = Buffer.from(mutateSip(parts[at]!, random, parts));
  return [...parts.map((part) => part.toString("base64url")), rest].join(".");
}

test(`${HEADERS} mutated Identity headers (seed ${SEED}): read or refused, within limits`, () => {
  const random = new SeededRandom(SEED);
  let read = 0;
  for (let i = 0; i < HEADERS; i++) {
    const value =
      random.below(2) === 0
        ? mutatedInside(random)
        : Buffer.from(mutateSip(samples[i % samples.length]!, random, samples)).toString("latin1");
    const header = parseIdentity(value);
    if (header.ok) assert.doesNotMatch(header.value.info, /[\s<>"]/);
    const { callers, divs } = readIdentities([value, value], { orig: tn("1"), dest: tn("2"), dateMs: now * 1000 });
    read += callers.length;
    assert.ok(callers.length <= 2 && divs.length <= 2 * (MOST_DIVERSIONS + 1));
    for (const { passport } of callers) {
      assert.ok(passport.dest.length >= 1 && passport.dest.length <= 32 && passport.signature.length === 64);
      assert.ok(Number.isInteger(passport.iat));
    }
    const from = `"x" <sip:+1202;verstat=${value.slice(0, 20)}@h>;tag=1`;
    assert.equal(typeof withVerstat(from, "TN-Validation-Passed"), "string");
    fetchableUrl(value.slice(0, 200), { hosts: [], anyPublicHost: true, ports: [443], allowHttp: true });
  }
  assert.ok(read > 100, `${read} could be read: the mutations are too wild to tell anything`);
});

test(`${VERIFIED} mutated signed identities (seed ${SEED}): none verifies that does not say what was signed`, async () => {
  const random = new SeededRandom(SEED + 1);
  const certificates = new CertificatesDouble({ [X5U]: signingCertificate(signer.der) });
  const options = { freshnessMs: 60_000, strictInfo: false, requireTnAuthList: true };
  const verifier = new IdentityVerifier(options, certificates, new NodeIdentityCrypto());
  const original = values[0]!.split(";", 1)[0]!;
  let verified = 0;
  for (let i = 0; i < VERIFIED; i++) {
    const value =
      random.below(2) === 0
        ? mutatedInside(random)
        : Buffer.from(mutateSip(samples[0]!, random, samples)).toString("latin1");
    const {
      identity: { verdict },
    } = await verifier.verify({
      trunk: "t1",
      values: [value],
      callers: [tn(CALLER_TN)],
      targets: [tn(CALLED_TN)],
      formerTargets: [],
      dateMs: undefined,
      at: unixMs(now * 1000),
    });
    if (verdict !== "verified") continue;
    verified++;
    // Parameters may change, and the unused last bits of base64url; what is signed may not.
    assert.equal(value.split(".", 2).join("."), original.split(".", 2).join("."));
  }
  assert.ok(verified < VERIFIED);
});

test(`${CERTIFICATES} mutated certificates (seed ${SEED}): read or refused; none is chained that was not signed`, async () => {
  const random = new SeededRandom(SEED + 2);
  const anchors = readAnchors(root.pem);
  assert.ok(anchors.ok);
  const ders = [signer.der, root.der];
  for (let i = 0; i < CERTIFICATES; i++) {
    const der = Buffer.from(mutateSip(signer.der, random, ders));
    readCertificate(der);
    certificatesIn(mutateSip(Buffer.from(signer.pem), random, [Buffer.from(root.pem)]));
    if (i % 20 !== 0 || der.equals(signer.der) || der.equals(root.der)) continue;
    const chained = await chainToAnchor([der], anchors.value, Date.now());
    assert.equal(chained.ok, false, der.toString("hex"));
  }
});
