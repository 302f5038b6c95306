import assert from "node:assert/strict";
import { test } from "node:test";
import {
  certificatesIn,
  chainToAnchor,
  readAnchors,
} from "../../../../gateway/adapters/identity-certificates/certificate-chain.js";
import { der, extension, makeCertificate, type MadeCertificate } from "../../../support/shaken.js";

const DAY = 86_400_000;
const now = Date.now();
const root = makeCertificate({ subject: "root", authority: true });
const middle = makeCertificate({ subject: "middle", issuer: root, authority: true, pathLength: 0 });
const leaf = makeCertificate({ subject: "leaf", issuer: middle });
const below = makeCertificate({ subject: "below", issuer: middle, authority: true });
const stranger = makeCertificate({ subject: "root", authority: true });

function longChain(length: number): readonly MadeCertificate[] {
  const chain = [root];
  for (let i = 1; i < length; i++) {
    chain.unshift(makeCertificate({ subject: `c${i}`, issuer: chain[0]!, authority: i < length - 1 }));
  }
  return chain.slice(0, -1);
}

const cases: readonly {
  name: string;
  chain: readonly MadeCertificate[];
  anchors?: readonly MadeCertificate[];
  outcome: string;
}[] = [
  { name: "signed by the anchor", chain: [makeCertificate({ subject: "leaf", issuer: root })], outcome: "good" },
  { name: "with one authority between", chain: [leaf, middle], outcome: "good" },
  { name: "with needless certificates beside", chain: [leaf, stranger, root, middle], outcome: "good" },
  { name: "which is the anchor itself", chain: [makeCertificate({ subject: "self" })], outcome: "untrusted" },
  { name: "with the authority left out", chain: [leaf], outcome: "untrusted" },
  { name: "of another authority of the same name", chain: [leaf, middle], anchors: [stranger], outcome: "untrusted" },
  { name: "without any anchor", chain: [leaf, middle], anchors: [], outcome: "untrusted" },
  { name: "of five certificates", chain: longChain(5), outcome: "good" },
  { name: "of six certificates", chain: longChain(6), outcome: "untrusted" },
  {
    name: "longer than an authority allows",
    chain: [makeCertificate({ subject: "x", issuer: below }), below, middle],
    outcome: "untrusted",
  },
  {
    name: "signed by what is no authority",
    chain: [makeCertificate({ subject: "x", issuer: makeCertificate({ subject: "y", issuer: root }) })],
    outcome: "untrusted",
  },
  {
    name: "expired",
    chain: [makeCertificate({ subject: "x", issuer: root, notAfter: now - DAY })],
    outcome: "expired",
  },
  {
    name: "not yet valid",
    chain: [makeCertificate({ subject: "x", issuer: root, notBefore: now + DAY, notAfter: now + 2 * DAY })],
    outcome: "not-yet-valid",
  },
  {
    name: "that may not sign",
    chain: [makeCertificate({ subject: "x", issuer: root, keyUsage: 0x06 })],
    outcome: "content",
  },
  { name: "on another curve", chain: [makeCertificate({ subject: "x", curve: "secp384r1" })], outcome: "content" },
];
for (const { name, chain, anchors = [root], outcome } of cases) {
  test(`a chain ${name}: ${outcome}`, async () => {
    const read = anchors.length === 0 ? undefined : readAnchors(anchors.map(({ pem }) => pem).join("\n"));
    assert.ok(read === undefined || read.ok);
    const trusted = read?.ok === true ? read.value : [];
    const found = await chainToAnchor(
      chain.map((each) => each.der),
      trusted,
      now,
    );
    assert.equal(found.ok ? "good" : found.error, outcome);
  });
}

test("an authority between that is expired makes the chain so; one that signed with the wrong name does not count", async () => {
  const old = makeCertificate({ subject: "old", issuer: root, authority: true, notAfter: now - DAY });
  const anchors = readAnchors(root.pem);
  assert.ok(anchors.ok);
  const child = makeCertificate({ subject: "child", issuer: old });
  const found = await chainToAnchor([child.der, old.der], anchors.value, now);
  assert.equal(found.ok ? "good" : found.error, "expired");
  const forged = makeCertificate({
    subject: "child",
    issuer: { ...makeCertificate({ subject: "root", authority: true }) },
  });
  const other = await chainToAnchor([forged.der], anchors.value, now);
  assert.equal(other.ok ? "good" : other.error, "untrusted");
});

// A root that is renewed keeps its name and its key, and for a while both certificates are in the file.
const oldRoot = makeCertificate({ subject: "root", authority: true, notBefore: now - 900 * DAY, notAfter: now - DAY });
const newRoot = makeCertificate({ subject: "root", authority: true, renews: oldRoot, notAfter: now + 900 * DAY });
const shortRoot = makeCertificate({ subject: "root", authority: true, renews: oldRoot, notAfter: now + DAY });
const futureRoot = makeCertificate({
  subject: "root",
  authority: true,
  renews: oldRoot,
  notBefore: now + DAY,
  notAfter: now + 900 * DAY,
});
const under = makeCertificate({ subject: "leaf", issuer: newRoot, notAfter: now + 30 * DAY });
const renewals: readonly { name: string; anchors: readonly MadeCertificate[]; outcome: string }[] = [
  { name: "old first", anchors: [oldRoot, newRoot], outcome: "good for 30 days" },
  { name: "new first", anchors: [newRoot, oldRoot], outcome: "good for 30 days" },
  { name: "the one that ends soon first", anchors: [shortRoot, newRoot], outcome: "good for 30 days" },
  { name: "the next one first", anchors: [futureRoot, newRoot], outcome: "good for 30 days" },
  { name: "only the old one", anchors: [oldRoot], outcome: "expired" },
  { name: "only the next one", anchors: [futureRoot], outcome: "not-yet-valid" },
  { name: "another root of that name first", anchors: [stranger, newRoot], outcome: "good for 30 days" },
];
for (const { name, anchors, outcome } of renewals) {
  test(`a root was renewed, ${name} in the file: ${outcome}`, async () => {
    const read = readAnchors(anchors.map(({ pem }) => pem).join(""));
    assert.ok(read.ok);
    const found = await chainToAnchor([under.der], read.value, now);
    const days = found.ok ? Math.round((found.value.notAfter - now) / DAY) : 0;
    assert.equal(found.ok ? `good for ${days} days` : found.error, outcome);
  });
}

test("a cross certificate that is over, or leads nowhere, does not hide the way that holds", async () => {
  const anchors = readAnchors(root.pem);
  assert.ok(anchors.ok);
  const good = makeCertificate({ subject: "between", issuer: root, authority: true });
  const over = makeCertificate({
    subject: "between",
    issuer: root,
    authority: true,
    renews: good,
    notAfter: now - DAY,
  });
  const elsewhere = makeCertificate({
    subject: "between",
    issuer: makeCertificate({ subject: "nobody", authority: true }),
    authority: true,
    renews: good,
    notAfter: now + 900 * DAY,
  });
  const child = makeCertificate({ subject: "child", issuer: good });
  const chain = [child, over, elsewhere, good].map((each) => each.der);
  assert.ok((await chainToAnchor(chain, anchors.value, now)).ok);
  const without = await chainToAnchor(chain.slice(0, 3), anchors.value, now);
  assert.equal(without.ok ? "good" : without.error, "expired");
});

test("look-alikes by the dozen cost a bounded number of signature checks", async () => {
  const heap = Array.from({ length: 40 }, () => makeCertificate({ subject: "root", authority: true }));
  const read = readAnchors(heap.map(({ pem }) => pem).join("") + root.pem);
  assert.ok(read.ok);
  const child = makeCertificate({ subject: "child", issuer: root });
  const found = await chainToAnchor([child.der], read.value, now);
  assert.equal(found.ok ? "good" : found.error, "untrusted");
});

test("the certificate that signs may be an anchor itself", async () => {
  const self = makeCertificate({ subject: "self" });
  const anchors = readAnchors(self.pem);
  assert.ok(anchors.ok);
  assert.ok((await chainToAnchor([self.der], anchors.value, now)).ok);
});

const bodies: readonly { name: string; body: Uint8Array | string; count: number | undefined }[] = [
  { name: "PEM with text before the second", body: `${leaf.pem}\nissuer: x\n${middle.pem}`, count: 2 },
  { name: "DER", body: leaf.der, count: 1 },
  { name: "HTML", body: "<html>-----BEGIN CERTIFICATE-----</html>", count: undefined },
  { name: "nothing", body: "", count: undefined },
  { name: "a private key beside", body: leaf.pem + leaf.keyPem, count: undefined },
  { name: "seven certificates", body: leaf.pem.repeat(7), count: undefined },
  { name: "an open end", body: "-----BEGIN CERTIFICATE-----\nAAAA", count: undefined },
];
for (const { name, body, count } of bodies) {
  test(`an answer with ${name}`, () => {
    assert.equal(certificatesIn(typeof body === "string" ? Buffer.from(body) : body)?.length, count);
  });
}

test("an anchor file with a certificate that cannot be used, or none, is refused", () => {
  const odd = makeCertificate({ subject: "x", extensions: [extension("551d1e", true, der(0x30))] });
  assert.deepEqual(readAnchors(root.pem + odd.pem), { ok: false, error: { unusable: 1 } });
  assert.deepEqual(readAnchors("nothing"), { ok: false, error: { unusable: 0 } });
});
