import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSipMessage } from "../../../../gateway/sip/message/parse-message.js";
import type { SipMessage } from "../../../../gateway/sip/message/sip-message.js";
import {
  judgeRequestUri,
  validateRequest,
  validateResponse,
} from "../../../../gateway/sip/message/validate-request.js";

const GOOD = {
  Via: "SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bKaa1",
  From: '"A, B" <sip:+12025550101@192.0.2.7>;tag=f1',
  To: "<sip:+12025550123@192.0.2.9>",
  "Call-ID": "one@192.0.2.7",
  CSeq: "7 INVITE",
  "Max-Forwards": "70",
};
type Fields = Readonly<Record<string, string | undefined>>;

function message(startLine: string, changes: Fields, extra: readonly string[] = [], body = ""): SipMessage {
  const fields = Object.entries<string | undefined>({ ...GOOD, ...changes }).filter(([, value]) => value !== undefined);
  const head = [startLine, ...fields.map(([name, value]) => `${name}: ${value ?? ""}`), ...extra, "", body].join(
    "\r\n",
  );
  const parsed = parseSipMessage(Buffer.from(head, "latin1"));
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.value;
}
function judge(
  changes: Fields,
  extra: readonly string[] = [],
  body = "",
  uri = "sip:+12025550123@192.0.2.9",
  method = "INVITE",
): string {
  const request = message(`${method} ${uri} SIP/2.0`, changes, extra, body);
  assert.ok(request.kind === "request");
  const result = validateRequest(request);
  return result.ok ? "ok" : `${result.error.status ?? "drop"} ${result.error.code}`;
}

test("a good request gives the facts that it was checked by", () => {
  const request = message("INVITE sip:192.0.2.9 SIP/2.0", { To: "<sip:a@b>;tag=t1" });
  assert.ok(request.kind === "request");
  const result = validateRequest(request);
  assert.ok(result.ok);
  assert.deepEqual(result.value, {
    via: { transport: "UDP", host: "192.0.2.7", port: 5060, params: ";branch=z9hG4bKaa1" },
    cseq: { number: 7, method: "INVITE" },
    callId: "one@192.0.2.7",
    fromTag: "f1",
    toTag: "t1",
    maxForwards: 70,
  });
});

const REQUESTS: readonly (readonly [name: string, changes: Fields, expected: string, extra?: readonly string[]])[] = [
  ["no Via: nowhere to answer to", { Via: undefined }, "drop sip.missing-header"],
  ["malformed Via", { Via: "SIP/2.0/UDP 192.0.2.7;;" }, "400 sip.via"],
  ["only the topmost Via is ours to judge", {}, "ok", ["Via: garbage"]],
  ["no From", { From: undefined }, "400 sip.missing-header"],
  ["no To", { To: undefined }, "400 sip.missing-header"],
  ["no Call-ID", { "Call-ID": undefined }, "400 sip.missing-header"],
  ["no CSeq", { CSeq: undefined }, "400 sip.missing-header"],
  ["no Max-Forwards, as in RFC 2543", { "Max-Forwards": undefined }, "ok"],
  ["no From tag, as in RFC 2543", { From: "<sip:a@b>" }, "ok"],
  ["two From", {}, "400 sip.repeated-header", ["f: <sip:a@b>"]],
  ["two To", {}, "400 sip.repeated-header", ["To: <sip:a@b>"]],
  ["two Call-ID", {}, "400 sip.repeated-header", ["i: x"]],
  ["two CSeq", {}, "400 sip.repeated-header", ["CSeq: 7 INVITE"]],
  ["two Max-Forwards", {}, "400 sip.repeated-header", ["Max-Forwards: 70"]],
  ["two Content-Types", {}, "400 sip.repeated-header", ["c: a/b", "Content-Type: a/b"]],
  ["two values in From", { From: "<sip:a@b>;tag=1, <sip:c@d>;tag=2" }, "400 sip.from"],
  ["an open quote in From", { From: '"A <sip:a@b>;tag=1' }, "400 sip.from"],
  ["a SIP URI in From without a host", { From: "<sip:a@>;tag=1" }, "400 sip.from"],
  ["an unknown scheme in From is none of our business", { From: "<isbn:123>;tag=1" }, "ok"],
  ["a malformed To", { To: "nobody" }, "400 sip.to"],
  ["a Call-ID with a blank", { "Call-ID": "a b" }, "400 sip.call-id"],
  ["CSeq of 2^31", { CSeq: "2147483648 INVITE" }, "400 sip.cseq"],
  ["CSeq below 2^31", { CSeq: "2147483647 INVITE" }, "ok"],
  ["CSeq of another method", { CSeq: "7 BYE" }, "400 sip.cseq-method"],
  ["methods are case-sensitive", { CSeq: "7 invite" }, "400 sip.cseq-method"],
  ["Max-Forwards 255", { "Max-Forwards": "255" }, "ok"],
  ["Max-Forwards 256", { "Max-Forwards": "256" }, "400 sip.max-forwards"],
  ["Max-Forwards of words", { "Max-Forwards": "many" }, "400 sip.max-forwards"],
  ["a good Contact list", {}, "ok", ["Contact: <sip:a@b>, sip:c@d;q=1", "m: *"]],
  ["a Contact for everybody in an INVITE", {}, "400 sip.contact", ["Contact: *"]],
  ["a bad second Contact", {}, "400 sip.contact", ["Contact: <sip:a@b>, oops"]],
  ["URI headers in a Contact without brackets", {}, "400 sip.contact", ["Contact: sip:a@b?x=y"]],
  ["a hundred Contacts", {}, "400 sip.contact", [`Contact: ${"sip:a@b,".repeat(100)}`]],
  ["a date of another zone passes", {}, "ok", ["Date: Fri, 01 Jan 2027 16:00:00 EST"]],
];
for (const [name, changes, expected, extra] of REQUESTS) {
  test(`request: ${name} -> ${expected}`, () => assert.equal(judge(changes, extra), expected));
}

test("a malformed Content-Type counts only where there is a body", () => {
  assert.equal(judge({}, ["Content-Type: sdp"], "v=0"), "400 sip.content-type");
  assert.equal(judge({}, ["Content-Type: sdp"]), "ok");
});

test("an ACK never gets an answer (RFC 3261 §17)", () => {
  assert.equal(judge({ CSeq: "7 BYE" }, [], "", "sip:192.0.2.9", "ACK"), "drop sip.cseq-method");
});

const URIS = [
  ["sip:a@192.0.2.9;user=phone", undefined],
  ["sips:a@example.com", undefined],
  ["tel:+12025550123", undefined],
  ["urn:service:sos", undefined],
  ["http://example.com", 416],
  ["isbn:123", 416],
  ["sip:", 400],
  ["tel:abcxyz", 400],
  ["nothing", 400],
  ["sip:a@b?Route=x", 400],
  ["sip:a@b:0x1", 400],
] as const;
for (const [uri, status] of URIS) {
  test(`Request-URI ${uri}: ${status ?? "fine"} (RFC 3261 §8.2.2.1, §19.1.5)`, () => {
    assert.equal(judgeRequestUri(uri)?.status, status);
    assert.equal(judge({}, [], "", uri).startsWith(String(status ?? "ok")), true);
  });
}

test("a faulty response is dropped, whatever the fault", () => {
  for (const changes of [
    { CSeq: "99999999999 INVITE" },
    { To: undefined },
    { Via: "x" },
    { From: '"A' },
    { Via: undefined },
  ]) {
    const response = message("SIP/2.0 200 OK", changes);
    assert.ok(response.kind === "response");
    const result = validateResponse(response);
    assert.equal(result.ok ? "accepted" : result.error.status, undefined);
  }
  const good = message("SIP/2.0 200 OK", {});
  assert.ok(good.kind === "response" && validateResponse(good).ok);
});
