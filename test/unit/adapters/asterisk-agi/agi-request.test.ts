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

const line = (count: number): string => Array.from({ length: count }, (_each, i) => `agi_x${i}: y\n`).join("");
const bad: readonly (readonly [name: string, text: string, expected: string | undefined])[] = [
  ["an HTTP request", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "agi.malformed"],
  ["a TLS client", "\u0016\u0003\u0001\n\n", "agi.malformed"],
  ["an empty line first", "\n\n", "agi.malformed"],
  ["a line without a colon", "agi_network yes\n\n", "agi.malformed"],
  ["a control character", "agi_callerid: 1\u00002\n\n", "agi.malformed"],
  ["a carriage return in a value", "agi_callerid: 1\r2\n\n", "agi.malformed"],
  ["a name twice", "agi_callerid: 1\nagi_callerid: 2\n\n", "agi.malformed"],
  ["an argument twice", "agi_arg_1: 1\nagi_arg_1: 2\n\n", "agi.malformed"],
  ["a line that never ends", `agi_x: ${"y".repeat(300)}`, "agi.too-long"],
  ["too many lines", `${line(41)}\n`, "agi.too-many-lines"],
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

test("agi request: CRLF is read as LF is", () => {
  const request = read("agi_network: yes\r\nagi_callerid: 7\r\n\r\n");
  assert.ok(typeof request === "object");
  assert.equal(request.fields.get("callerid"), "7");
});
