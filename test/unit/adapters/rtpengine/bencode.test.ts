import assert from "node:assert/strict";
import { test } from "node:test";
import {
  decodeBencode,
  encodeBencode,
  type Bencodable,
  type BencodeValue,
} from "../../../../gateway/adapters/rtpengine/bencode.js";
import { isDictionary, parseNgMessage } from "../../../../gateway/adapters/rtpengine/ng-reply.js";
import { SeededRandom } from "../../../support/seeded-random.js";

const bytes = (text: string): Uint8Array => Buffer.from(text, "latin1");
const decode = (text: string): BencodeValue | undefined => {
  const value = decodeBencode(bytes(text));
  return value.ok ? value.value : undefined;
};
const errorOf = (text: string): string | undefined => {
  const value = decodeBencode(bytes(text));
  return value.ok ? undefined : value.error;
};
/** As plain objects, to compare. */
const plain = (value: BencodeValue | undefined): unknown => {
  if (isDictionary(value)) return Object.fromEntries([...value].map(([key, member]) => [key, plain(member)]));
  return Array.isArray(value) ? (value as readonly BencodeValue[]).map(plain) : value;
};

const values: readonly (readonly [text: string, value: unknown])[] = [
  ["4:spam", "spam"],
  ["0:", ""],
  ["i3e", 3],
  ["i-3e", -3],
  ["i0e", 0],
  ["le", []],
  ["l4:spami7ee", ["spam", 7]],
  ["de", {}],
  ["d3:cow3:moo4:spaml1:aee", { cow: "moo", spam: ["a"] }],
  ["d1:z1:a1:a1:ze", { z: "a", a: "z" }],
  ["3:\xff\x00:", "\xff\x00:"],
];
for (const [text, value] of values)
  test(`bencode: ${JSON.stringify(text)} is read`, () => assert.deepEqual(plain(decode(text)), value));

const errors: readonly (readonly [text: string, error: string])[] = [
  ["", "bencode.truncated"],
  ["4:spa", "bencode.truncated"],
  ["4", "bencode.truncated"],
  ["i3", "bencode.truncated"],
  ["l4:spam", "bencode.truncated"],
  ["d3:cow", "bencode.truncated"],
  ["d", "bencode.truncated"],
  ["ie", "bencode.syntax"],
  ["i--3e", "bencode.syntax"],
  ["i3.5e", "bencode.syntax"],
  ["x", "bencode.syntax"],
  ["-1:a", "bencode.syntax"],
  ["di3e1:ae", "bencode.syntax"],
  ["99999999999999999999:a", "bencode.syntax"],
  ["9999999999999999:a", "bencode.truncated"],
  ["i9007199254740993e", "bencode.number"],
  ["4:spamx", "bencode.trailing"],
  [`${"l".repeat(100)}${"e".repeat(100)}`, "bencode.too-large"],
  [`l${"le".repeat(40_000)}e`, "bencode.too-large"],
];
for (const [text, error] of errors)
  test(`bencode: ${JSON.stringify(text.slice(0, 30))} is ${error}`, () => assert.equal(errorOf(text), error));

test("bencode: a key may have any name and does no harm", () => {
  const value = decode("d9:__proto__d8:pollutedi1ee11:constructor1:xe");
  assert.ok(value instanceof Map);
  assert.deepEqual([...value.keys()], ["__proto__", "constructor"]);
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
});

test("bencode: what is written is read back, keys in order, absent members left out", () => {
  const value: Bencodable = { b: [1, "x", { y: -2 }], a: "\xe9", nothing: undefined, blob: Uint8Array.of(0, 255) };
  const written = encodeBencode(value);
  assert.equal(written.toString("latin1"), "d1:a1:\xe91:bli1e1:xd1:yi-2eee4:blob2:\x00\xffe");
  assert.deepEqual(plain(decode(written.toString("latin1"))), { a: "\xe9", blob: "\x00\xff", b: [1, "x", { y: -2 }] });
});

test("ng: a datagram is a cookie and a dictionary; all else is refused", () => {
  const message = parseNgMessage(bytes("c1 d6:result2:oke"));
  assert.ok(message.ok);
  assert.deepEqual([message.value.cookie, plain(message.value.content)], ["c1", { result: "ok" }]);
  for (const text of [
    "",
    " d6:result2:oke",
    "c1",
    "c1 ",
    "c1 4:spam",
    "c1 li1ee",
    `${"c".repeat(200)} de`,
    "c1 d6:result2:ok",
  ])
    assert.equal(parseNgMessage(bytes(text)).ok, false, text);
});

test("ng: no bytes can throw or hang", () => {
  const random = new SeededRandom(7);
  const sound = bytes("cookie d6:result2:ok4:tagsd1:ad6:mediasld7:streamsld5:statsd7:packetsi5eeeeeeee");
  for (let n = 0; n < 20_000; n++) {
    const datagram = Uint8Array.from(sound);
    for (let i = random.below(6); i >= 0; i--) datagram[random.below(datagram.length)] = random.below(256);
    parseNgMessage(datagram.subarray(0, random.below(datagram.length + 1)));
  }
});
