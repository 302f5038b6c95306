import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeSrtpCrypto } from "../../../../gateway/adapters/rtp-relay/node-srtp-crypto.js";
import { buildRtpPacket } from "../../../../gateway/media/rtp/rtp-header.js";
import { srtpCipher, SrtpReceiver, type SrtpCipher } from "../../../../gateway/media/srtp/srtp-session.js";
import { SeededRandom } from "../../../support/seeded-random.js";

const SUITES = [
  { suite: "AES_CM_128_HMAC_SHA1_80", bytes: 30, tag: 10 },
  { suite: "AES_CM_128_HMAC_SHA1_32", bytes: 30, tag: 4 },
  { suite: "AES_256_CM_HMAC_SHA1_80", bytes: 46, tag: 10 },
  { suite: "AES_CM_256_HMAC_SHA1_32", bytes: 46, tag: 4 },
  { suite: "aead_aes_128_gcm", bytes: 28, tag: 16 },
  { suite: "AEAD_AES_256_GCM", bytes: 44, tag: 16 },
];
const random = new SeededRandom(11);
const randomBytes = (count: number): Uint8Array => Uint8Array.from({ length: count }, () => random.below(256));
const keyOf = (count: number): string => Buffer.from(randomBytes(count)).toString("base64");

function cipherOf(suite: string, keySalt: string, mkiBytes = 0): SrtpCipher {
  const cipher = srtpCipher(nodeSrtpCrypto, { suite, keySalt, mkiBytes });
  assert.ok(cipher);
  return cipher;
}

function packet(sequenceNumber: number, ssrc = 0x1234): Uint8Array {
  const fields = { payloadType: 0, marker: false, sequenceNumber, timestamp: sequenceNumber * 160, ssrc };
  return buildRtpPacket(
    fields,
    Uint8Array.from({ length: 160 }, (_, i) => i),
  );
}

function seal(cipher: SrtpCipher, plain: Uint8Array, index: number): Uint8Array {
  const sealed = cipher.seal(plain, index);
  assert.ok(sealed.ok);
  return sealed.value;
}

for (const { suite, bytes, tag } of SUITES) {
  test(`${suite}: what is sealed is opened, over a wrap of the sequence number`, () => {
    const cipher = cipherOf(suite, keyOf(bytes));
    const receiver = new SrtpReceiver(cipher);
    for (let index = 65_500; index < 65_600; index++) {
      const plain = packet(index);
      const sealed = seal(cipher, plain, index);
      assert.equal(sealed.byteLength, plain.byteLength + tag);
      assert.notDeepEqual(sealed.subarray(12, 172), plain.subarray(12));
      const opened = receiver.open(sealed);
      assert.ok(opened.ok);
      assert.deepEqual(Uint8Array.from(opened.value), plain);
    }
  });

  test(`${suite}: a bit that flipped anywhere is noticed, and the packet is taken when it comes right`, () => {
    const cipher = cipherOf(suite, keyOf(bytes));
    const receiver = new SrtpReceiver(cipher);
    const sealed = seal(cipher, packet(7), 7);
    // Not the version, the counts and lengths of the first bytes: those are refused before.
    for (let bit = 8; bit < sealed.byteLength * 8; bit += 37) {
      const bad = Uint8Array.from(sealed);
      bad[bit >> 3] = bad[bit >> 3]! ^ (1 << (bit & 7));
      const opened = receiver.open(bad);
      assert.equal(opened.ok ? "opened" : opened.error.code, "srtp.auth", `bit ${bit}`);
    }
    assert.ok(receiver.open(sealed).ok);
    const again = receiver.open(sealed);
    assert.equal(again.ok ? "opened" : again.error.code, "srtp.replay");
  });
}

test("the identifier of the master key is passed over", () => {
  for (const { suite, bytes, tag } of SUITES) {
    const keySalt = keyOf(bytes);
    const sealed = seal(cipherOf(suite, keySalt), packet(1), 1);
    const at = suite.toUpperCase().startsWith("AEAD") ? sealed.byteLength : sealed.byteLength - tag;
    const withMki = Uint8Array.from([...sealed.subarray(0, at), 0, 0, 0, 1, ...sealed.subarray(at)]);
    const opened = new SrtpReceiver(cipherOf(suite, keySalt, 4)).open(withMki);
    assert.ok(opened.ok, suite);
    assert.deepEqual(Uint8Array.from(opened.value), packet(1));
  }
});

test("padding, CSRCs and extensions stay where they are", () => {
  const head = [0xb2, 0x80, 0, 9, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0xbe, 0xde, 0, 1, 1, 2, 3, 4];
  const plain = Uint8Array.from([...head, ...Array<number>(20).fill(7), 0, 0, 3]);
  for (const { suite, bytes } of SUITES) {
    const cipher = cipherOf(suite, keyOf(bytes));
    const sealed = seal(cipher, plain, 9);
    assert.deepEqual([...sealed.subarray(0, head.length)], head);
    const opened = new SrtpReceiver(cipher).open(sealed);
    assert.ok(opened.ok, suite);
    assert.deepEqual(Uint8Array.from(opened.value), plain);
  }
});

test("keys of another length and suites that nobody knows give no cipher", () => {
  assert.equal(srtpCipher(nodeSrtpCrypto, { suite: "AES_CM_128_HMAC_SHA1_80", keySalt: keyOf(29) }), undefined);
  assert.equal(srtpCipher(nodeSrtpCrypto, { suite: "F8_128_HMAC_SHA1_80", keySalt: keyOf(30) }), undefined);
});

test("who has not the key pushes no source out; who has it pushes out the one unused for longest", () => {
  const cipher = cipherOf("AES_CM_128_HMAC_SHA1_80", keyOf(30));
  const stranger = cipherOf("AES_CM_128_HMAC_SHA1_80", keyOf(30));
  const receiver = new SrtpReceiver(cipher);
  const result = (sealed: Uint8Array): string => {
    const opened = receiver.open(sealed);
    return opened.ok ? "ok" : opened.error.code;
  };
  const first = Array.from({ length: 16 }, (_, ssrc) => seal(cipher, packet(1, ssrc), 1));
  assert.deepEqual(first.map(result), Array<string>(16).fill("ok"));
  for (let ssrc = 100; ssrc < 200; ssrc++) assert.equal(result(seal(stranger, packet(1, ssrc), 1)), "srtp.auth");
  assert.deepEqual(first.map(result), Array<string>(16).fill("srtp.replay"), "all of them are known");
  assert.equal(result(seal(cipher, packet(2, 0), 2)), "ok");
  for (const ssrc of [16, 17]) assert.equal(result(seal(cipher, packet(1, ssrc), 1)), "ok");
  const known = first.map((sealed) => result(sealed) === "srtp.replay");
  assert.deepEqual(known.slice(0, 3), [true, false, false], "0 was used after 1 and 2");
});

for (const { suite, bytes } of SUITES) {
  test(`${suite}: a stream that is joined after its numbers have wrapped is opened within 16 packets`, () => {
    const cipher = cipherOf(suite, keyOf(bytes));
    for (const roc of [1, 3, 61]) {
      const receiver = new SrtpReceiver(cipher);
      const opened = Array.from({ length: 40 }, (_, n) => {
        const index = roc * 65_536 + 65_510 + n;
        const result = receiver.open(seal(cipher, packet(index), index));
        return result.ok ? Buffer.from(result.value).equals(Buffer.from(packet(index))) : result.error.code;
      });
      const lost = opened.indexOf(true);
      assert.ok(lost >= 0 && lost < 16, `${roc}: the first is number ${lost}`);
      assert.deepEqual(opened.slice(lost), Array<boolean>(40 - lost).fill(true), "from then on all, over a wrap");
    }
  });
}

test("a packet of long ago that is sent again does not make the stream deaf; nor does a pause of two wraps", () => {
  const cipher = cipherOf("AES_CM_128_HMAC_SHA1_80", keyOf(30));
  const at = (index: number): Uint8Array => seal(cipher, packet(index), index);
  const receiver = new SrtpReceiver(cipher);
  assert.ok(receiver.open(at(50_000)).ok, "of the first round, replayed to one who joined in the fourth");
  const live = Array.from({ length: 20 }, (_, n) => receiver.open(at(3 * 65_536 + 49_000 + n)).ok);
  assert.equal(live.at(-1), true);
  assert.equal(receiver.open(at(50_001)).ok, false, "and never back");
  const later = Array.from({ length: 20 }, (_, n) => receiver.open(at(5 * 65_536 + 60_000 + n)).ok);
  assert.equal(later.at(-1), true);
});

test("what does not open costs five tries at most", () => {
  let tries = 0;
  const counting: typeof nodeSrtpCrypto = {
    ...nodeSrtpCrypto,
    hmacSha1: (key) => {
      const mac = nodeSrtpCrypto.hmacSha1(key);
      return (...parts) => {
        tries++;
        return mac(...parts);
      };
    },
  };
  const [suite, keySalt] = ["AES_CM_128_HMAC_SHA1_80", keyOf(30)];
  const cipher = srtpCipher(counting, { suite, keySalt });
  assert.ok(cipher);
  const receiver = new SrtpReceiver(cipher);
  const stranger = cipherOf(suite, keyOf(30));
  for (let n = 0; n < 100; n++) receiver.open(seal(stranger, packet(n), n));
  assert.equal(tries, 500);
});

test("whatever comes is refused, not thrown at", () => {
  const fuzz = new SeededRandom(5);
  for (const { suite, bytes } of SUITES) {
    const receiver = new SrtpReceiver(cipherOf(suite, keyOf(bytes), 2));
    for (let i = 0; i < 2_000; i++) {
      const garbage = Uint8Array.from({ length: fuzz.below(60) }, () => fuzz.below(256));
      if (i % 2 === 0 && garbage.length > 0) garbage[0] = 0x80 | (garbage[0]! & 0x3f);
      assert.equal(receiver.open(garbage).ok, false);
    }
  }
});
