import assert from "node:assert/strict";
import { test } from "node:test";
import { readCopied, StringHasher } from "../../../../detection/masking/string-hasher.js";

const SEED = "0123456789abcdef";
const hashOf = (text: string, seed = SEED): string => {
  const hasher = new StringHasher(seed);
  hasher.hash(text);
  return `${hasher.high} ${hasher.low}`;
};

test("a text has one hash, copied or not, whatever room there was for the copy", () => {
  const hasher = new StringHasher(SEED);
  const words = new Int32Array(64);
  for (let length = 0; length < 200; length++) {
    const text = Array.from({ length }, (_, i) => String.fromCharCode(1 + ((i * 37) % 255))).join("");
    for (const room of [0, 3, 11, 31, 32]) {
      const copied = hasher.hashAndCopy(text, words, 5, room);
      assert.equal(`${hasher.high} ${hasher.low}`, hashOf(text), `${length} characters, room for ${4 * room}`);
      assert.equal(copied, length <= 4 * room);
      if (copied) assert.equal(readCopied(words, 5, length), text);
    }
  }
});

test("a copy writes nothing beyond its room", () => {
  const words = new Int32Array(16).fill(-1);
  new StringHasher(SEED).hashAndCopy("x".repeat(44), words, 2, 11);
  assert.deepEqual([...words.subarray(0, 2), ...words.subarray(13)], [-1, -1, -1, -1, -1]);
});

test("texts that differ in one character, in length, in order or in width have different hashes", () => {
  const base = "+12025550100";
  const others = new Set([base, `${base}\0`, base.slice(0, -1), `\0${base}`, "0012025550100", "", "\0", "\0\0\0\0"]);
  for (let at = 0; at < base.length; at++) {
    // U+0130 and so on: what would be the neighbour's bits if characters were taken for bytes.
    for (const code of [0x00, 0x30, 0x39, 0xff, 0x100, 0x130, 0x1030, 0xff30])
      others.add(base.slice(0, at) + String.fromCharCode(code) + base.slice(at + 1));
  }
  const hashes = new Set([...others].map((text) => hashOf(text)));
  assert.equal(hashes.size, others.size);
});

test("another seed, other hashes", () => {
  assert.notEqual(hashOf("+12025550100"), hashOf("+12025550100", "fedcba9876543210"));
});
