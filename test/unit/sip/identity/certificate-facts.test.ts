import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import { readCertificate } from "../../../../gateway/sip/identity/certificate-facts.js";
import { derNumber, DerReader } from "../../../../gateway/sip/identity/der-reader.js";
import { coversTn, readTnAuthList } from "../../../../gateway/sip/identity/tn-auth-list.js";
import { der, extension, makeCertificate, tnAuthList } from "../../../support/shaken.js";

test("a certificate is read as OpenSSL reads it", () => {
  const ca = makeCertificate({ subject: "SHAKEN root", authority: true, pathLength: 1 });
  const made = makeCertificate({
    subject: "SHAKEN 1234",
    issuer: ca,
    notBefore: Date.UTC(2026, 0, 2, 3, 4, 5),
    notAfter: Date.UTC(2056, 0, 2, 3, 4, 5),
    tnAuthList: tnAuthList({ spcs: ["1234"], ranges: [["12025550100", 100]], tns: ["13035550100"] }),
  });
  const openssl = new X509Certificate(made.der);
  const facts = readCertificate(made.der);
  assert.ok(typeof facts !== "string");
  assert.equal(facts.notBefore, Date.parse(openssl.validFrom));
  assert.equal(facts.notAfter, Date.parse(openssl.validTo));
  assert.deepEqual(Buffer.from(facts.spki), openssl.publicKey.export({ type: "spki", format: "der" }));
  assert.deepEqual([facts.isAuthority, facts.maySign, facts.mayIssue], [openssl.ca, true, false]);
  assert.deepEqual(facts.tnAuthList, {
    spcs: ["1234"],
    ranges: [{ start: "12025550100", count: 100 }],
    tns: ["13035550100"],
  });
  const root = readCertificate(ca.der);
  assert.ok(typeof root !== "string");
  assert.deepEqual(
    [root.isAuthority, root.pathLength, root.mayIssue, root.subject === facts.issuer],
    [true, 1, true, true],
  );
});

const critical = extension("551d1e", true, der(0x30));
const bad: readonly { name: string; der: () => Uint8Array; error: string }[] = [
  { name: "another curve", der: () => makeCertificate({ subject: "x", curve: "secp384r1" }).der, error: "algorithm" },
  {
    name: "name constraints",
    der: () => makeCertificate({ subject: "x", extensions: [critical] }).der,
    error: "extension",
  },
  {
    name: "an extension twice",
    der: () => makeCertificate({ subject: "x", extensions: [critical, critical] }).der,
    error: "extension",
  },
  {
    name: "a TNAuthList that is none",
    der: () => makeCertificate({ subject: "x", tnAuthList: Buffer.from([0x30, 0x00]) }).der,
    error: "extension",
  },
  {
    name: "bytes behind it",
    der: () => Buffer.concat([makeCertificate({ subject: "x" }).der, Buffer.from([0])]),
    error: "malformed",
  },
  { name: "half of it", der: () => makeCertificate({ subject: "x" }).der.subarray(0, 200), error: "malformed" },
  { name: "nothing", der: () => new Uint8Array(0), error: "malformed" },
];
for (const { name, der: make, error } of bad) {
  test(`a certificate with ${name}: ${error}`, () => assert.equal(readCertificate(make()), error));
}

const lists: readonly { name: string; bytes: Uint8Array; read: boolean }[] = [
  { name: "the one of ATIS-1000080", bytes: Buffer.from("3008a006160431323334", "hex"), read: true },
  { name: "empty", bytes: Buffer.from("3000", "hex"), read: false },
  { name: "an unknown choice", bytes: Buffer.from("3004a3021600", "hex"), read: false },
  { name: "a length beyond its end", bytes: Buffer.from("3008a006160531323334", "hex"), read: false },
  { name: "an indefinite length", bytes: Buffer.from("3080a00616043132333400", "hex"), read: false },
  { name: "a range with a star", bytes: tnAuthList({ ranges: [["*1", 5]] }), read: false },
  { name: "a range of one", bytes: tnAuthList({ ranges: [["1", 1]] }), read: false },
  { name: "1,001 entries", bytes: tnAuthList({ tns: new Array<string>(1_001).fill("1") }), read: false },
  { name: "1,000 entries", bytes: tnAuthList({ tns: new Array<string>(1_000).fill("1") }), read: true },
];
for (const { name, bytes, read } of lists) {
  test(`TNAuthList: ${name}`, () => assert.equal(readTnAuthList(bytes) !== undefined, read));
}

test("numbers that a TNAuthList covers", () => {
  const list = readTnAuthList(tnAuthList({ ranges: [["12025550100", 100]], tns: ["13035550100", "*11"] }))!;
  const covered = (tn: string): boolean => coversTn(list, tn);
  assert.deepEqual(
    ["12025550100", "12025550199", "12025550200", "12025550099", "2025550100", "13035550100", "*11", "*12"].map(
      covered,
    ),
    [true, true, false, false, false, true, true, false],
  );
  assert.equal(coversTn(readTnAuthList(tnAuthList({ spcs: ["709J"] }))!, "4930123456"), true);
});

test("DER: lengths in their shortest form, nothing beyond the end", () => {
  const read = (hex: string): string | undefined => {
    const element = new DerReader(Buffer.from(hex, "hex")).next();
    return element === undefined ? undefined : Buffer.from(element.content).toString("hex");
  };
  assert.deepEqual(
    ["0401aa", "048101aa", "04820001aa", "0402aa", "04", "1f0101aa", "0480aa0000", "0484ffffffff"].map(read),
    ["aa", undefined, undefined, undefined, undefined, undefined, undefined, undefined],
  );
  assert.deepEqual([derNumber(Buffer.from("0100", "hex")), derNumber(Buffer.from("80", "hex"))], [256, undefined]);
});
