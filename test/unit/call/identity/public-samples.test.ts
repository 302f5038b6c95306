import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import {
  certificatesIn,
  chainToAnchor,
  readAnchors,
} from "../../../../gateway/adapters/identity-certificates/certificate-chain.js";
import { NodeIdentityCrypto } from "../../../../gateway/adapters/identity-crypto/node-identity-crypto.js";
import { IdentityVerifier } from "../../../../gateway/call/identity/identity-verifier.js";
import { unixMs } from "../../../../gateway/core/time.js";
import { parseIdentity } from "../../../../gateway/sip/identity/identity-header.js";
import { readPassport } from "../../../../gateway/sip/identity/passport.js";
import { CertificatesDouble } from "../../../support/identity-doubles.js";

const FOLDER = "../shared/cases/stir-shaken";
const skip = existsSync(FOLDER) ? false : `the public samples are not here (${FOLDER})`;
const X5U = "https://certs.example-telecom.net/shaken/1234.crt";
const IAT = 1_790_053_200;
const tn = (number: string) => ({ kind: "tn", tn: number }) as const;

test("demonstration samples: four verify, the tampered one does not", { skip }, async () => {
  const pem = readFileSync(`${FOLDER}/ts-demo-samples/cert.pem`);
  const anchors = readAnchors(pem.toString());
  assert.ok(anchors.ok);
  // The certificate was made nine minutes after what it signed.
  const at = unixMs(IAT * 1000 + 10 * 60_000);
  const certificate = await chainToAnchor(certificatesIn(pem) ?? [], anchors.value, at);
  assert.ok(certificate.ok);
  assert.deepEqual(certificate.value.tnAuthList?.spcs, ["1234"]);
  const options = { freshnessMs: 15 * 60_000, strictInfo: false, requireTnAuthList: true };
  const certificates = new CertificatesDouble({ [X5U]: certificate.value });
  const verify = async (value: string, strictInfo: boolean) => {
    const verifier = new IdentityVerifier({ ...options, strictInfo }, certificates, new NodeIdentityCrypto());
    const {
      identity: { verdict, attest, reason },
    } = await verifier.verify({
      trunk: "t1",
      values: [value],
      callers: [tn("12155551212")],
      targets: [tn("12125551234")],
      formerTargets: [],
      dateMs: undefined,
      at,
    });
    return `${verdict} ${attest ?? reason ?? ""}`;
  };
  const lines = readFileSync(`${FOLDER}/ts-demo-samples/identities.tsv`, "utf8").trim().split("\n");
  const found: Record<string, string> = {};
  for (const line of lines) {
    const [name = "", value = ""] = line.split("\t");
    found[name] = await verify(value, false);
    if (name === "info-x5u-mismatch") assert.equal(await verify(value, true), "failed info");
  }
  assert.deepEqual(found, {
    valid: "verified A",
    "gateway-C": "verified C",
    "claims-unordered": "verified A",
    "info-x5u-mismatch": "verified A",
    tampered: "failed signature",
  });
});

test("libstirshaken's sample is well-formed, but its orig and dest are text", { skip }, () => {
  const text = readFileSync(`${FOLDER}/libstirshaken/test/ref/sp/passport.txt`, "utf8");
  const value = text.trim().split("\n").at(-1) ?? "";
  const header = parseIdentity(value);
  assert.ok(header.ok);
  assert.equal(header.value.info, "http://shaken.signalwire.cloud/sp.pem");
  const read = readPassport(header.value.token);
  assert.equal(read.ok ? "read" : read.error.code, "passport.claims");
});
