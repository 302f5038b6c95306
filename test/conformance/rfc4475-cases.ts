import assert from "node:assert/strict";
import { parseContentType } from "../../gateway/sip/message/header-values.js";
import { parseNameAddr } from "../../gateway/sip/message/name-addr.js";
import { allValues, splitValues } from "../../gateway/sip/message/split-values.js";
import { parseSipUri } from "../../gateway/sip/message/uri.js";
import { parseVia } from "../../gateway/sip/message/via.js";
import { parseSdp } from "../../gateway/sip/sdp/parse-sdp.js";
import { bodyText, one, type TortureCase } from "./rfc4475-case.js";
import { VALID_CASES } from "./rfc4475-valid.js";

/** RFC 4475 §3.1.2: wrong. */
const INVALID: readonly TortureCase[] = [
  { file: "badinv01", section: "3.1.2.1", title: "empty parameters and values in Via", expect: 400, code: "sip.via" },
  {
    file: "clerr",
    section: "3.1.2.2",
    title: "Content-Length beyond the datagram",
    expect: 400,
    code: "sip.content-length",
  },
  { file: "ncl", section: "3.1.2.3", title: "negative Content-Length", expect: 400, code: "sip.content-length" },
  { file: "scalar02", section: "3.1.2.4", title: "CSeq beyond 2^31 in a request", expect: 400, code: "sip.cseq" },
  {
    file: "scalarlg",
    section: "3.1.2.5",
    title: "CSeq beyond 2^31 in a response",
    expect: "dropped",
    code: "sip.cseq",
  },
  {
    file: "quotbal",
    section: "3.1.2.6",
    title: "a display name whose quote is not closed",
    expect: 400,
    code: "sip.to",
  },
  {
    file: "ltgtruri",
    section: "3.1.2.7",
    title: "angle brackets round the Request-URI",
    expect: 400,
    code: "sip.request-uri",
  },
  {
    file: "lwsruri",
    section: "3.1.2.8",
    title: "a blank inside the Request-URI",
    expect: 400,
    code: "sip.request-uri",
  },
  {
    file: "lwsstart",
    section: "3.1.2.9",
    title: "two blanks between the parts of the request line: refused, which the RFC prefers to guessing",
    expect: 400,
    code: "sip.start-line",
  },
  {
    file: "trws",
    section: "3.1.2.10",
    title: "blanks at the end of the request line: refused, as above",
    expect: 400,
    code: "sip.start-line",
  },
  { file: "escruri", section: "3.1.2.11", title: "headers in the Request-URI", expect: 400, code: "sip.request-uri" },
  {
    file: "baddate",
    section: "3.1.2.12",
    title: "a Date in another zone than GMT passes: a B2BUA does not read it, and the RFC allows to ignore it",
    expect: "accepted",
    check: (message) => assert.match(one(message, "date"), /EST$/),
  },
  {
    file: "regbadct",
    section: "3.1.2.13",
    title: "URI headers in a Contact without brackets",
    expect: 400,
    code: "sip.contact",
  },
  {
    file: "badaspec",
    section: "3.1.2.14",
    title: "blanks inside the brackets are ignored: the RFC suggests that liberty, the value passes as it came",
    expect: "accepted",
    check: (message) => assert.equal(parseNameAddr(one(message, "to"))?.uri, "sip:t.watson@example.org"),
  },
  {
    file: "baddn",
    section: "3.1.2.15",
    title: "a comma in a display name without quotes",
    expect: 400,
    code: "sip.from",
  },
  { file: "badvers", section: "3.1.2.16", title: "SIP/7.0", expect: 505, code: "sip.version" },
  { file: "mismatch01", section: "3.1.2.17", title: "CSeq names another method", expect: 400, code: "sip.cseq-method" },
  {
    file: "mismatch02",
    section: "3.1.2.18",
    title: "unknown method, CSeq names another",
    expect: 400,
    code: "sip.cseq-method",
  },
  {
    file: "bigcode",
    section: "3.1.2.19",
    title: "a status code of ten digits",
    expect: "dropped",
    code: "sip.start-line",
  },
];

/** RFC 4475 §3.2 to §3.4, and the one message of its archive that no section speaks of. */
const APPLICATION: readonly TortureCase[] = [
  {
    file: "badbranch",
    section: "3.2.1",
    title: "a branch of only the magic cookie is readable; matching then falls back to RFC 2543 rules",
    expect: "accepted",
    check: (_message, facts) => assert.equal(facts?.via.params, ";branch=z9hG4bK"),
  },
  { file: "insuf", section: "3.3.1", title: "no From, To, Call-ID", expect: 400, code: "sip.missing-header" },
  {
    file: "unkscm",
    section: "3.3.2",
    title: "a Request-URI of an unknown scheme",
    expect: 416,
    code: "sip.uri-scheme",
  },
  {
    file: "novelsc",
    section: "3.3.3",
    title: "a Request-URI of a scheme that exists but is nothing to call",
    expect: 416,
    code: "sip.uri-scheme",
  },
  {
    file: "unksm2",
    section: "3.3.4",
    title: "unknown schemes in To, From and Contact pass",
    expect: "accepted",
    check: (message) => assert.equal(parseNameAddr(one(message, "to"))?.uri, "isbn:2983792873"),
  },
  {
    file: "bext01",
    section: "3.3.5",
    title: "option tags of Require and Proxy-Require are handed to who decides about 420",
    expect: "accepted",
    check: (message) => {
      assert.deepEqual(allValues(message.headers, "require"), ["nothingSupportsThis", "nothingSupportsThisEither"]);
      assert.deepEqual(allValues(message.headers, "proxy-require"), [
        "noProxiesSupportThis",
        "norDoAnyProxiesSupportThis",
      ]);
    },
  },
  {
    file: "invut",
    section: "3.3.6",
    title: "a body of an unknown type passes: 415 is for the far end",
    expect: "accepted",
    check: (message) => {
      assert.equal(parseContentType(one(message, "content-type"))?.type, "application/unknownformat");
      assert.ok(message.body.length > 0);
    },
  },
  {
    file: "regaut01",
    section: "3.3.7",
    title: "an unknown Authorization scheme passes",
    expect: "accepted",
    check: (message) => assert.ok(one(message, "authorization").startsWith("NoOneKnowsThisScheme ")),
  },
  {
    file: "multi01",
    section: "3.3.8",
    title: "two CSeq, Call-ID, To, From, Max-Forwards",
    expect: 400,
    code: "sip.repeated-header",
  },
  { file: "mcl01", section: "3.3.9", title: "two Content-Lengths", expect: 400, code: "sip.content-length" },
  {
    file: "bcast",
    section: "3.3.10",
    title: "a response with two Vias is readable; it is dropped above, because its top Via is none of ours (§18.1.2)",
    expect: "accepted",
    check: (message) =>
      assert.deepEqual(
        allValues(message.headers, "via").map((value) => parseVia(value)?.host),
        ["192.0.2.198", "255.255.255.255"],
      ),
  },
  {
    file: "zeromf",
    section: "3.3.11",
    title: "Max-Forwards 0 is reported; as the UAS of an OPTIONS we may answer it",
    expect: "accepted",
    check: (_message, facts) => assert.equal(facts?.maxForwards, 0),
  },
  {
    file: "cparam01",
    section: "3.3.12",
    title: "an unknown Contact parameter stays with the header",
    expect: "accepted",
    check: (message) => {
      const contact = parseNameAddr(one(message, "contact"));
      assert.deepEqual([contact?.uri, contact?.params], ["sip:+19725552222@gw1.example.net", ";unknownparam"]);
    },
  },
  {
    file: "cparam02",
    section: "3.3.13",
    title: "an unknown parameter inside the brackets stays with the URI",
    expect: "accepted",
    check: (message) => {
      const contact = parseNameAddr(one(message, "contact"));
      assert.deepEqual([contact?.uri, contact?.params], ["sip:+19725552222@gw1.example.net;unknownparam", ""]);
    },
  },
  {
    file: "regescrt",
    section: "3.3.14",
    title: "headers in a Contact URI are read; a registrar is the next hop",
    expect: "accepted",
    check: (message) => {
      const uri = parseSipUri(parseNameAddr(one(message, "contact"))?.uri ?? "");
      assert.equal(uri?.headers, "Route=%3Csip:sip.example.com%3E");
    },
  },
  {
    file: "sdp01",
    section: "3.3.15",
    title: "an Accept that nobody can meet passes: 406 is for the far end",
    expect: "accepted",
    check: (message) => {
      assert.deepEqual(splitValues(one(message, "accept")), ["text/nobodyKnowsThis"]);
      assert.ok(parseSdp(bodyText(message)).ok);
    },
  },
  {
    file: "inv2543",
    section: "3.4.1",
    title: "an INVITE of RFC 2543: no branch, no From tag, no Max-Forwards, no Content-Length",
    expect: "accepted",
    check: (message, facts) => {
      assert.equal(facts?.fromTag, undefined);
      assert.equal(facts?.maxForwards, undefined);
      assert.equal(parseNameAddr(one(message, "to"))?.params, ";user=phone");
      assert.ok(bodyText(message).startsWith("v=0"));
    },
  },
  {
    file: "test",
    section: "archive",
    title: "a request line without a version, without a Via to answer to: no SIP",
    expect: "dropped",
    code: "sip.not-sip",
  },
];

/** The expected outcome of every message of the collection, in our own words. None is left out. */
export const TORTURE_CASES: readonly TortureCase[] = [...VALID_CASES, ...INVALID, ...APPLICATION];
