import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSipMessage } from "../../../../gateway/sip/message/parse-message.js";
import { serializeRequest, serializeResponse } from "../../../../gateway/sip/message/serialize-message.js";
import { SipHeaders } from "../../../../gateway/sip/message/sip-headers.js";
import { NO_BODY, type SipRequest } from "../../../../gateway/sip/message/sip-message.js";
import { serializeMessage } from "../../../support/write-sip.js";

const request = (headers: SipHeaders, body: Uint8Array = NO_BODY): SipRequest => ({
  kind: "request",
  method: "INFO",
  uri: "sip:192.0.2.9",
  headers,
  body,
});
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

test("a request goes out with its headers as given and a Content-Length counted in bytes", () => {
  const headers = SipHeaders.of([
    ["v", "SIP/2.0/UDP 192.0.2.7"],
    ["l", "999"],
    ["X-Any", "\xc3\xa9"],
  ]);
  assert.equal(
    text(serializeRequest(request(headers, Buffer.from("né", "utf8")))),
    "INFO sip:192.0.2.9 SIP/2.0\r\nv: SIP/2.0/UDP 192.0.2.7\r\nX-Any: \xc3\xa9\r\nContent-Length: 3\r\n\r\nn\xc3\xa9",
  );
});

test("a response keeps the blank before an empty reason (RFC 3261 §7.2)", () => {
  const bytes = serializeResponse({
    kind: "response",
    status: 200,
    reason: "",
    headers: new SipHeaders(),
    body: NO_BODY,
  });
  assert.equal(text(bytes), "SIP/2.0 200 \r\nContent-Length: 0\r\n\r\n");
});

const INJECTIONS = [
  "a\r\nX-Evil: 1",
  "a\nX-Evil: 1",
  "a\rX-Evil: 1",
  "a\u010d\u010aX-Evil: 1",
  "a\u2028X-Evil: 1",
  "a\r\n\r\nINVITE sip:x SIP/2.0",
];
for (const evil of INJECTIONS) {
  test(`a value cannot start another header: ${JSON.stringify(evil)}`, () => {
    const headers = SipHeaders.of([
      ["Subject", evil],
      ["Call-ID", "x"],
    ]);
    headers.set("Reason", evil);
    headers.setFirst("call-id", evil);
    headers.prepend("Via", evil);
    const bytes = serializeMessage({ kind: "response", status: 200, reason: evil, headers, body: NO_BODY });
    assert.equal(text(bytes).split(/[\r\n]+/).length, 7, "status line, four headers, Content-Length, end");
    const again = parseSipMessage(bytes);
    assert.ok(again.ok);
    assert.equal(again.value.headers.has("x-evil"), false);
  });
}

test("characters above U+00FF go out as a question mark, never as their low byte", () => {
  const headers = SipHeaders.of([["Subject", "\u010a\u4e2d"]]);
  assert.match(text(serializeRequest(request(headers))), /\r\nSubject: \?\?\r\n/);
});

test("what is parsed and written reads the same again, and writing is stable", () => {
  const first = parseSipMessage(
    Buffer.from('OPTIONS sip:a@192.0.2.9 SIP/2.0\nf: "\\"x" <sip:a@b>\n ;tag=1\nl: 2\nX: \n\nab', "latin1"),
  );
  assert.ok(first.ok);
  const once = serializeMessage(first.value);
  const second = parseSipMessage(once);
  assert.ok(second.ok);
  assert.equal(second.value.headers.get("from"), '"\\"x" <sip:a@b> ;tag=1');
  assert.deepEqual(serializeMessage(second.value), once);
});
