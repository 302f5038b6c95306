import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { test } from "node:test";
import { NodeIdentityCrypto } from "../../../../gateway/adapters/identity-crypto/node-identity-crypto.js";
import { GatewayError } from "../../../../gateway/core/errors.js";
import { spkiOf } from "../../../support/shaken.js";

const pemOf = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }) as string;
const p384 = generateKeyPairSync("ec", { namedCurve: "secp384r1" }).privateKey;
const p256 = generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey;

const bad: readonly { name: string; pem: string }[] = [
  { name: "of another curve", pem: pemOf(p384) },
  { name: "of another kind", pem: pemOf(generateKeyPairSync("ed25519").privateKey) },
  { name: "that is none", pem: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----" },
  { name: "that is empty", pem: "" },
];
for (const { name, pem } of bad) {
  test(`a key ${name} is refused at start, and not quoted`, () => {
    assert.throws(
      () => new NodeIdentityCrypto(pem),
      (error) => error instanceof GatewayError && error.code === "crypto.key" && !error.message.includes("AAAA"),
    );
  });
}

test("only P-256 verifies, only 64 bytes are a signature, and without a key nothing is signed", async () => {
  const crypto = new NodeIdentityCrypto(pemOf(p256));
  const data = Buffer.from("data");
  const signature = await crypto.signEs256(data);
  assert.equal(signature.length, 64);
  assert.equal(await crypto.verifyEs256(spkiOf(p256), data, signature), true);
  assert.equal(await crypto.verifyEs256(spkiOf(p384), data, signature), false);
  assert.equal(await crypto.verifyEs256(spkiOf(p256), data, signature.subarray(1)), false);
  await assert.rejects(new NodeIdentityCrypto().signEs256(data), { code: "crypto.key" });
});
