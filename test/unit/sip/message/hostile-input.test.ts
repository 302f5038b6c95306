import assert from "node:assert/strict";
import { test } from "node:test";
import * as headerValues from "../../../../gateway/sip/message/header-values.js";
import { multipartBoundary, parseMultipart } from "../../../../gateway/sip/message/multipart.js";
import * as nameAddr from "../../../../gateway/sip/message/name-addr.js";
import * as params from "../../../../gateway/sip/message/params.js";
import { parseSipMessage } from "../../../../gateway/sip/message/parse-message.js";
import { SipHeaders } from "../../../../gateway/sip/message/sip-headers.js";
import { allValues, splitValues } from "../../../../gateway/sip/message/split-values.js";
import {
  escapeUri,
  oneLine,
  quote,
  unescapeUri,
  unquote,
  utf8Text,
  wireText,
} from "../../../../gateway/sip/message/text.js";
import { parseUri } from "../../../../gateway/sip/message/uri.js";
import { parseVia } from "../../../../gateway/sip/message/via.js";
import { parseSdp } from "../../../../gateway/sip/sdp/parse-sdp.js";
import { formatNameAddr } from "../../../support/write-sip.js";

// A reader whose work grows with the square of its input needs minutes for these and never comes back under the runner's limit;
// one that recurses runs out of stack. Linear ones take milliseconds.

const SIZE = 256 * 1024;

const READERS: Readonly<Record<string, (text: string) => unknown>> = {
  parseNameAddr: nameAddr.parseNameAddr,
  uriOf: nameAddr.uriOf,
  getTag: nameAddr.getTag,
  withTag: (text) => nameAddr.withTag(text, "x"),
  withoutTag: nameAddr.withoutTag,
  formatNameAddr: (text) => formatNameAddr({ display: text, uri: "sip:a@b", params: "" }),
  parseParams: params.parseParams,
  areParams: (text) => params.areParams(text),
  paramOf: (text) => params.paramOf(text, "zzz"),
  withParam: (text) => params.withParam(text, "a", "1"),
  parseVia,
  parseUri,
  splitValues,
  allValues: (text) => allValues(SipHeaders.of([["Via", text]]), "via"),
  parseCSeq: headerValues.parseCSeq,
  parseRAck: headerValues.parseRAck,
  parseReplaces: headerValues.parseReplaces,
  parseReason: headerValues.parseReason,
  parseRetryAfter: headerValues.parseRetryAfter,
  parseExpires: headerValues.parseExpires,
  parseContentType: headerValues.parseContentType,
  eventPackage: headerValues.eventPackage,
  multipartBoundary,
  parseMultipart: (text) => parseMultipart("multipart/mixed;boundary=x", Buffer.from(text, "latin1")),
  parseSdp: (text) => parseSdp(text, { bytes: SIZE * 2, lines: SIZE, media: SIZE }),
  unquote,
  quote,
  oneLine,
  wireText,
  utf8Text,
  unescapeUri,
  escapeUri: (text) => escapeUri(text, "user"),
  parseSipMessage: (text) =>
    parseSipMessage(Buffer.from(text, "latin1"), {
      startLineBytes: SIZE * 2,
      headerLineBytes: SIZE * 2,
      headerCount: SIZE,
      headBytes: SIZE * 2,
      bodyBytes: SIZE * 2,
    }),
};

const PATTERNS = [
  " ", "\t", "\r", "\n", "\r\n", "\r\n ", "a\r\n", "\n a", ":", "a:b\r\n", ";", ";;", ";a", ";a=", ';a="', '""', '"', '\\"', "\\", "<", ">", "<>", "<a>,", ",", ", ",
  "@", "sip:", "sip:a@", "?", "&", "a=b&", "%", "%41", "%4", "[", "]", "::", "1", "1.", "-", "--x", "\n--x", "\r\n--x\r\n", "--x--", "=", "\0", "\xff", "a/", "m=", "m=a 1 b c\n", "a=b\n", "v=0\n",
] as const; // prettier-ignore

const PREFIXES = [
  "",
  "sip:",
  "<sip:a@b>;",
  "INVITE sip:a@b SIP/2.0\r\n",
  "INVITE sip:a@b SIP/2.0\r\nSubject: x",
  "v=0\no=- 1 1 IN IP4 a\n",
  '"',
  "SIP/2.0/UDP h;",
];

for (const [name, read] of Object.entries(READERS)) {
  test(`${name} reads or refuses 256 KiB of anything in one pass`, () => {
    for (const pattern of PATTERNS) {
      for (const prefix of PREFIXES) {
        const text = prefix + pattern.repeat(SIZE / (16 * pattern.length)) + prefix;
        assert.doesNotThrow(() => read(text), `${JSON.stringify(prefix)} + ${JSON.stringify(pattern)}`);
      }
      assert.doesNotThrow(() => read(pattern.repeat(SIZE / pattern.length)), JSON.stringify(pattern));
    }
  });
}
