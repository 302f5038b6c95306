import assert from "node:assert/strict";
import { test } from "node:test";
import * as values from "../../../../gateway/sip/message/header-values.js";

interface Reading {
  readonly name: string;
  readonly read: (value: string) => unknown;
  readonly good: readonly (readonly [string, unknown])[];
  readonly bad: readonly string[];
}

const READINGS: readonly Reading[] = [
  {
    name: "CSeq (RFC 3261 §20.16)",
    read: values.parseCSeq,
    good: [
      ["1 INVITE", { number: 1, method: "INVITE" }],
      ["0009 \t INVITE ", { number: 9, method: "INVITE" }],
      ["2147483647 x-Y.z", { number: 2147483647, method: "x-Y.z" }],
    ],
    bad: [
      "",
      "1",
      "INVITE",
      "1INVITE",
      "-1 INVITE",
      "2147483648 INVITE",
      "1 IN VITE",
      "1 INV@ITE",
      "1.0 INVITE",
      "99999999999999999999 BYE",
    ],
  },
  {
    name: "RAck (RFC 3262 §7.2)",
    read: values.parseRAck,
    good: [
      ["1 2 INVITE", { rseq: 1, cseq: 2, method: "INVITE" }],
      ["4294967295  2\tINVITE", { rseq: 4294967295, cseq: 2, method: "INVITE" }],
    ],
    bad: ["", "1 INVITE", "1 2", "x 2 INVITE", "4294967296 1 INVITE"],
  },
  {
    name: "RSeq (RFC 3262 §7.1)",
    read: values.parseRSeq,
    good: [
      ["1", 1],
      ["4294967295", 4294967295],
    ],
    bad: ["", "0", "4294967296", "1 2", "-1"],
  },
  {
    name: "Max-Forwards (RFC 3261 §20.22)",
    read: values.parseMaxForwards,
    good: [
      ["0", 0],
      ["0070", 70],
      ["255", 255],
    ],
    bad: ["", "256", "-1", "70 ", "7x"],
  },
  {
    name: "Replaces (RFC 3891)",
    read: values.parseReplaces,
    good: [
      ["a@b;to-tag=1;from-tag=2", { callId: "a@b", toTag: "1", fromTag: "2", params: ";to-tag=1;from-tag=2" }],
      [
        "a ; From-Tag=2;early-only; to-tag = 1",
        { callId: "a", toTag: "1", fromTag: "2", params: "; From-Tag=2;early-only; to-tag = 1" },
      ],
      ["a", { callId: "a", toTag: "", fromTag: "", params: "" }],
    ],
    bad: ["", ";to-tag=1", "a b;to-tag=1", "a;;"],
  },
  {
    name: "Target-Dialog (RFC 4538)",
    read: values.parseTargetDialog,
    good: [
      [
        "a@b;local-tag=1;remote-tag=2",
        { callId: "a@b", toTag: "2", fromTag: "1", params: ";local-tag=1;remote-tag=2" },
      ],
    ],
    bad: [""],
  },
  {
    name: "Reason (RFC 3326)",
    read: values.parseReason,
    good: [
      ['Q.850 ;cause=21;text="Call \\"rejected\\""', { protocol: "Q.850", cause: 21, text: 'Call "rejected"' }],
      ["SIP;cause=200;text=ok", { protocol: "SIP", cause: 200, text: "ok" }],
      ["SIP", { protocol: "SIP", cause: undefined, text: undefined }],
      ["SIP;cause=x", { protocol: "SIP", cause: undefined, text: undefined }],
    ],
    bad: ["", ";cause=1", "a b", "SIP;"],
  },
  {
    name: "Session-Expires (RFC 4028 §4)",
    read: values.parseSessionExpires,
    good: [
      ["1800", { interval: 1800, refresher: undefined }],
      ["90 ;refresher=UAS", { interval: 90, refresher: "uas" }],
      ["90;refresher=me", { interval: 90, refresher: undefined }],
    ],
    bad: ["", "x", "-1", "1 2", "99999999999"],
  },
  {
    name: "Retry-After (RFC 3261 §20.33)",
    read: values.parseRetryAfter,
    good: [
      ["0", 0],
      ["120 (in a meeting)", 120],
      ["120;duration=60", 120],
    ],
    bad: ["", "soon", "949302838503028349304023988", "12x"],
  },
  {
    name: "Expires (RFC 3261 §20.19)",
    read: values.parseExpires,
    good: [
      ["0", 0],
      ["9".repeat(80), 4294967295],
    ],
    bad: ["", "-1", "1.5"],
  },
  {
    name: "Content-Type (RFC 3261 §20.15)",
    read: values.parseContentType,
    good: [
      ["application/SDP", { type: "application/sdp", params: "" }],
      ['multipart/mixed ; boundary="a b"', { type: "multipart/mixed", params: '; boundary="a b"' }],
      ["a / b", { type: "a/b", params: "" }],
    ],
    bad: ["", "sdp", "a/b/c", "/b", "a/", "a b/c", "a/b;", 'a/b;x="'],
  },
];
for (const { name, read, good, bad } of READINGS) {
  for (const [value, expected] of good)
    test(`${name}: ${JSON.stringify(value.slice(0, 40))} is read`, () => assert.deepEqual(read(value), expected));
  for (const value of bad) test(`${name}: ${JSON.stringify(value)} is not`, () => assert.equal(read(value), undefined));
}

test("an Event's package is named without its parameters, in lower case", () => {
  assert.equal(values.eventPackage("Dialog;id=1"), "dialog");
  assert.equal(values.eventPackage(" refer "), "refer");
});

test("a Call-ID is anything visible in one piece", () => {
  for (const good of ["a", "a@b", 'x<>(){}[]:\\/"?@b']) assert.ok(values.isCallId(good), good);
  for (const bad of ["", "a b", "a,b", "a;b", "a\tb", "a\x7f"]) assert.ok(!values.isCallId(bad), bad);
});
