import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeSrtpCrypto } from "../../gateway/adapters/rtp-relay/node-srtp-crypto.js";
import { deriveSessionKeys, keystream } from "../../gateway/media/srtp/derive-keys.js";
import { srtpCipher, SrtpCipher, SrtpReceiver } from "../../gateway/media/srtp/srtp-session.js";
import { srtpSuiteOf } from "../../gateway/media/srtp/srtp-suite.js";

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(/\s/g, ""), "hex"));
const hex = (data: Uint8Array): string => Buffer.from(data).toString("hex");
const suite = (name: string) => {
  const found = srtpSuiteOf(name);
  assert.ok(found, name);
  return found;
};

test("RFC 3711 B.2: the key stream of AES in counter mode", () => {
  const encrypt = nodeSrtpCrypto.blockCipher(bytes("2B7E151628AED2A6ABF7158809CF4F3C"));
  const stream = keystream(encrypt, bytes("F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000"), 0xff02 * 16);
  const block = (counter: number): string => hex(stream.subarray(counter * 16, counter * 16 + 16));
  assert.equal(block(0), "e03ead0935c95e80e166b16dd92b4eb4");
  assert.equal(block(1), "d23513162b02d0f72a43a2fe4a5f97ab");
  assert.equal(block(2), "41e95b3bb0a2e8dd477901e4fca894c0");
  assert.equal(block(0xfeff), "ec8cdf7398607cb0f2d21675ea9ea1e4");
  assert.equal(block(0xff00), "362b7c3c6773516318a077d7fc5073ae");
  assert.equal(block(0xff01), "6a2cc3787889374fbeb4c81b17ba6c44");
});

const derivations = [
  {
    name: "RFC 3711 B.3",
    suite: "AES_CM_128_HMAC_SHA1_80",
    key: "E1F97A0D3E018BE0D64FA32C06DE4139",
    salt: "0EC675AD498AFEEBB6960B3AABE6",
    cipherKey: "c61e7a93744f39ee10734afe3ff7a087",
    sessionSalt: "30cbbc08863d8c85d49db34a9ae1",
    authKey: "cebe321f6ff7716b6fd4ab49af256a156d38baa4",
  },
  {
    name: "RFC 6188 §7.4 (256 bits)",
    suite: "AES_256_CM_HMAC_SHA1_80",
    key: "f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6",
    salt: "3b04803de51ee7c96423ab5b78d2",
    cipherKey: "5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4",
    sessionSalt: "fa31791685ca444a9e07c6c64e93",
    authKey: "fd9c32d39ed5fbb5a9dc96b30818454d1313dc05",
  },
  {
    name: "RFC 6188 §7.3 (192 bits)",
    suite: "AES_192_CM_HMAC_SHA1_80",
    key: "73edc66c4fa15776fb57f9505c17136550ffda71f3e8e5f1",
    salt: "c8522f3acd4ce86d5add78edbb11",
    cipherKey: "31874736a8f1143870c26e4857d8a5b2c4a354407faadabb",
    sessionSalt: "2372b82d639b6d8503a47adc0a6c",
    authKey: "355b10973cd95b9eacf4061c7e1a7151e7cfbfcb",
  },
];
for (const vector of derivations) {
  test(`${vector.name}: session keys`, () => {
    const keys = deriveSessionKeys(nodeSrtpCrypto, suite(vector.suite), bytes(vector.key), bytes(vector.salt));
    assert.equal(hex(keys.cipherKey), vector.cipherKey);
    assert.equal(hex(keys.salt), vector.sessionSalt);
    assert.equal(hex(keys.authKey), vector.authKey);
  });
}

// RFC 7714 §16.1.1, §16.2.1: session key and salt given, no key derivation.
const PLAIN = bytes(`8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070 61727465
  73207472 6573`);
const gcmVectors = [
  {
    name: "§16.1.1 AEAD_AES_128_GCM",
    suite: "AEAD_AES_128_GCM",
    key: "000102030405060708090a0b0c0d0e0f",
    sealed: `8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a 51c7d19b
      36de3adf 8833 899d7f27 beb16a91 52cf765e e4390cce`,
  },
  {
    name: "§16.2.1 AEAD_AES_256_GCM",
    suite: "AEAD_AES_256_GCM",
    key: "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
    sealed: `8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238 9a58e2f3 b50b2a02 76ffae0f
      1ba63799 b87b7aa3 db36dfff d6b0f9bb 7878d7a7 6c13`,
  },
];
for (const vector of gcmVectors) {
  test(`RFC 7714 ${vector.name}`, () => {
    const keys = { cipherKey: bytes(vector.key), salt: bytes("517569642070726f2071756f"), authKey: new Uint8Array() };
    const cipher = new SrtpCipher(nodeSrtpCrypto, suite(vector.suite), keys, {});
    const index = 0xf17b;
    const sealed = cipher.seal(PLAIN, index);
    assert.ok(sealed.ok);
    assert.equal(hex(sealed.value), hex(bytes(vector.sealed)));
    const opened = cipher.open(bytes(vector.sealed), index);
    assert.ok(opened.ok);
    assert.equal(hex(opened.value), hex(PLAIN));
  });
}

// The reference packet that libsrtp's driver checks itself with (srtp_validate); master key and salt are those of RFC 3711 B.3.
test("a whole packet of AES_CM_128_HMAC_SHA1_80", () => {
  const keySalt = Buffer.from(bytes("E1F97A0D3E018BE0D64FA32C06DE41390EC675AD498AFEEBB6960B3AABE6")).toString("base64");
  const cipher = srtpCipher(nodeSrtpCrypto, { suite: "AES_CM_128_HMAC_SHA1_80", keySalt });
  assert.ok(cipher);
  const protectedPacket = bytes(
    `800f1234 decafbad cafebabe 4e55dc4c e79978d8 8ca4d215 949d2402 b78d6acc 99ea179b 8dbb`,
  );
  const opened = new SrtpReceiver(cipher).open(protectedPacket);
  assert.ok(opened.ok);
  assert.equal(hex(opened.value), "800f1234decafbadcafebabe" + "ab".repeat(16));
  const sealed = cipher.seal(opened.value, 0x1234);
  assert.ok(sealed.ok);
  assert.equal(hex(sealed.value), hex(protectedPacket));
});
