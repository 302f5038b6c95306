import assert from "node:assert/strict";
import * as values from "../../gateway/sip/message/header-values.js";
import { parseMultipart } from "../../gateway/sip/message/multipart.js";
import * as nameAddr from "../../gateway/sip/message/name-addr.js";
import { parseParams, withoutParam, withParam } from "../../gateway/sip/message/params.js";
import { parseSipMessage } from "../../gateway/sip/message/parse-message.js";
import type { SipMessage } from "../../gateway/sip/message/sip-message.js";
import { splitValues } from "../../gateway/sip/message/split-values.js";
import { escapeUri, quote, unescapeUri, unquote, utf8Text } from "../../gateway/sip/message/text.js";
import { isUri, parseSipUri, parseUri } from "../../gateway/sip/message/uri.js";
import { validateRequest, validateResponse } from "../../gateway/sip/message/validate-request.js";
import { formatVia, parseVia } from "../../gateway/sip/message/via.js";
import { checkAnswer } from "./check-answer.js";
import { parseSdp, serializeSdp } from "../../gateway/sip/sdp/parse-sdp.js";
import { formatNameAddr, formatSipUri, serializeMessage } from "./write-sip.js";

/**
 * Reads bytes with everything that reads SIP, and checks what must hold for any bytes: nothing throws, a refusal has a code,
 * what was accepted is written so that it reads the same again, and what is formatted parses back.
 * @returns What became of it: `accepted` or the code of the refusal.
 */
export function readEverything(bytes: Buffer): string {
  const parsed = parseSipMessage(bytes);
  if (!parsed.ok) {
    const { code, status, request } = parsed.error;
    assert.match(code, /^sip\.[a-z-]+$/);
    assert.ok(status === undefined || (status >= 400 && status < 600));
    assert.ok(status === undefined || request !== undefined, "an answer needs a request to answer");
    if (request !== undefined) readValues(request);
    return code;
  }
  const message = parsed.value;
  const valid = message.kind === "request" ? validateRequest(message) : validateResponse(message);
  roundTrip(message, valid.ok);
  readValues(message);
  return valid.ok ? "accepted" : valid.error.code;
}

function roundTrip(message: SipMessage, valid: boolean): void {
  const written = serializeMessage(message);
  const again = parseSipMessage(written);
  assert.ok(again.ok, "what we send can be read");
  assert.deepEqual(comparable(again.value), comparable(message));
  assert.deepEqual(serializeMessage(again.value), written, "writing is stable");
  const second = again.value.kind === "request" ? validateRequest(again.value) : validateResponse(again.value);
  assert.equal(second.ok, valid);
}

/** Everything but Content-Length, which is counted anew. */
function comparable(message: SipMessage): unknown {
  const { headers, body, ...start } = message;
  const lines: string[] = [];
  for (let i = 0; i < headers.size; i++) {
    if (headers.keyAt(i) !== "content-length") lines.push(headers.keyAt(i), headers.nameAt(i), headers.valueAt(i));
  }
  return { ...start, lines, body: Buffer.from(body).toString("latin1") };
}

function readValues(message: SipMessage): void {
  if (message.kind === "request") readUri(message.uri);
  const { headers, body } = message;
  for (let i = 0; i < headers.size; i++) {
    const line = headers.valueAt(i);
    assert.doesNotMatch(line, /[\r\n]/, "a value never holds a line end");
    readLine(line);
    for (const value of splitValues(line)) readValue(value);
  }
  const type = headers.get("content-type");
  if (type !== undefined) parseMultipart(type, body);
  const sdp = parseSdp(Buffer.from(body).toString("latin1"));
  if (sdp.ok) {
    assert.equal(serializeSdp(sdp.value), Buffer.from(body).toString("latin1"));
    checkAnswer(sdp.value, sdp.value);
  }
}

function readLine(line: string): void {
  values.parseCSeq(line);
  values.parseRAck(line);
  values.parseReplaces(line);
  values.parseTargetDialog(line);
  values.parseReason(line);
  values.parseSessionExpires(line);
  values.parseRetryAfter(line);
  values.parseExpires(line);
  values.parseContentType(line);
  values.eventPackage(line);
  utf8Text(line);
  assert.equal(unquote(quote(line)), line);
  assert.equal(unescapeUri(escapeUri(line, "header")), line);
}

function readValue(value: string): void {
  const via = parseVia(value);
  if (via !== undefined) assert.deepEqual(parseVia(formatVia(via)), via);
  const address = nameAddr.parseNameAddr(value);
  if (address !== undefined) {
    assert.deepEqual(nameAddr.parseNameAddr(formatNameAddr(address)), address);
    assert.equal(nameAddr.uriOf(value), address.uri);
    assert.equal(nameAddr.getTag(nameAddr.withTag(value, "fresh-1")), "fresh-1");
    assert.equal(nameAddr.getTag(nameAddr.withoutTag(value)), undefined);
    readUri(address.uri);
  }
  nameAddr.getTag(value);
  nameAddr.withTag(value, "x");
  const params = nameAddr.paramsOf(value);
  for (const [name] of parseParams(params) ?? []) withParam(withoutParam(params, name), name, "1");
}

function readUri(text: string): void {
  const uri = parseUri(text);
  assert.equal(isUri(text), uri !== undefined, "the quick check agrees with the parser");
  const sip = parseSipUri(text);
  if (sip !== undefined) assert.deepEqual(parseSipUri(formatSipUri(sip)), sip);
}
