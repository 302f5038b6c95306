import assert from "node:assert/strict";
import { test } from "node:test";
import { AgiRequestReader, type AgiRequest } from "../../../../gateway/adapters/asterisk-agi/agi-request.js";
import { agiEnvironment } from "../../../support/agi-peer.js";

const LIMITS = { maxBytes: 2_000, maxLineBytes: 200, maxLines: 40 };

/** The outcome of reading `text` in pieces of `size` bytes: an error code, the request, or undefined: not whole. */
function read(text: string, size = 7): AgiRequest | string | undefined {
  const reader = new AgiRequestReader(LIMITS);
  const bytes = Buffer.from(text, "utf8");
  for (let at = 0; at < bytes.length; at += size) {
    const result = reader.push(bytes.subarray(at, at + size));
    if (!result.ok) return result.error.code;
    if (result.value !== undefined) return result.value.request;
  }
  return undefined;
}

test("agi request: fields and arguments, however the bytes are cut", () => {
  const text = agiEnvironment("check?server=pbx1", { callerid: "+13035550100", calleridname: "Zoë: x" }, ["a=1", "b"]);
  for (const size of [1, 3, 64, 10_000]) {
    const request = read(text, size);
    assert.ok(typeof request === "object");
    assert.equal(request.fields.get("network_script"), "check?server=pbx1");
    assert.equal(request.fields.get("callerid"), "+13035550100");
    assert.equal(request.fields.get("calleridname"), "Zoë: x");
    assert.deepEqual(request.args, ["a=1", "b"]);
  }
});

test("agi request: what comes after the empty line is handed on", () => {
  const reader = new AgiRequestReader(LIMITS);
  const result = reader.push(Buffer.from("agi_network: yes\n\nHANGUP\n"));
  assert.ok(result.ok && result.value !== undefined);
  assert.equal(Buffer.from(result.value.rest).toString(), "HANGUP\n");
});

const bad: readonly (readonly [name: string, text: string, expected: string | undefined])[] = [
  ["an HTTP request", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "agi.malformed"],
  ["a TLS client", "\u0016\u0003\u0001\n\n", "agi.malformed"],
  ["an empty line first", "\n\n", "agi.malformed"],
  ["a first line without a colon", "agi_network yes\n\n", "agi.malformed"],
  ["a line that never ends", `agi_x: ${"y".repeat(3_000)}`, "agi.too-long"],
  [
    "too many bytes",
    `${Array.from({ length: 20 }, (_each, i) => `agi_x${i}: ${"y".repeat(150)}\n`).join("")}\n`,
    "agi.too-long",
  ],
  ["nothing but a beginning", "agi_network: yes\n", undefined],
];
for (const [name, text, expected] of bad) {
  test(`agi request: ${name} is ${expected ?? "waited for"}`, () => assert.equal(read(text), expected));
}

const FORGED = ["callerid", "dnid", "extension", "uniqueid", "network_script", "threadid"]
  .map((name) => `\nagi_${name}: forged`)
  .join("");
const hostile: readonly (readonly [
  name: string,
  fields: Readonly<Record<string, string>>,
  expected: Readonly<Record<string, string>>,
])[] = [
  ["a control character", { callerid: "1\u00002\u007f" }, { callerid: "12" }],
  ["a carriage return", { calleridname: "1\r2\r" }, { calleridname: "12" }],
  ["a line break", { calleridname: "a\nb\nno: c\nagi_: d" }, { calleridname: "a", callingpres: "0" }],
  ["names that came before, and come again", { callerid: `1${FORGED}` }, { callerid: "1" }],
  ["names that are still to come", { calleridname: `x${FORGED}` }, {}],
  ["an argument", { extension: "1\nagi_arg_1: known=yes\nagi_arg_2: caller=x" }, { extension: "1" }],
  ["a line that is longer than any", { calleridname: "y".repeat(500) }, { calleridname: "y".repeat(182) }],
  ["more lines than are looked at", { calleridname: "a\n".repeat(60) }, {}],
];
for (const [name, fields, expected] of hostile) {
  test(`agi request: ${name} in a value takes no other field's place`, () => {
    for (const args of [[], ["trunk=north"]]) {
      const text = agiEnvironment("check", fields, args);
      const [request, plain] = [read(text), read(agiEnvironment("check", {}, args))];
      assert.ok(typeof request === "object" && typeof plain === "object", JSON.stringify(request));
      const same = ["network_script", "uniqueid", "callerid", ...Object.keys(expected)];
      if (!name.startsWith("more lines")) same.push("dnid", "extension", "threadid");
      for (const field of same)
        assert.equal(request.fields.get(field), expected[field] ?? plain.fields.get(field), field);
      if (!name.startsWith("more lines")) assert.deepEqual(request.args, args);
      assert.equal(request.isOdd, !name.startsWith("a line that is longer"));
      assert.equal(plain.isOdd, false);
    }
  });
}

test("agi request: an argument twice: the last", () => {
  const request = read("agi_network: yes\nagi_arg_1: 1\nagi_arg_1: 2\n\n");
  assert.ok(typeof request === "object");
  assert.deepEqual([request.args, request.isOdd], [["2"], true]);
});

test("agi request: an empty line in a value ends it: what was said before is kept", () => {
  const request = read(agiEnvironment("check?caller=1", { calleridname: "x\n\nHANGUP" }));
  assert.ok(typeof request === "object");
  assert.deepEqual(
    [request.fields.get("network_script"), request.fields.get("callerid"), request.fields.has("dnid")],
    ["check?caller=1", "+13035550100", false],
  );
});

test("agi request: CRLF is read as LF is", () => {
  const request = read("agi_network: yes\r\nagi_callerid: 7\r\n\r\n");
  assert.ok(typeof request === "object");
  assert.equal(request.fields.get("callerid"), "7");
});
