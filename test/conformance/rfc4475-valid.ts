import assert from "node:assert/strict";
import { parseContentType } from "../../gateway/sip/message/header-values.js";
import { parseMultipart } from "../../gateway/sip/message/multipart.js";
import { parseNameAddr } from "../../gateway/sip/message/name-addr.js";
import { allValues } from "../../gateway/sip/message/split-values.js";
import { unescapeUri, utf8Text } from "../../gateway/sip/message/text.js";
import { parseSipUri } from "../../gateway/sip/message/uri.js";
import { parseVia } from "../../gateway/sip/message/via.js";
import { asRequest, one, type TortureCase } from "./rfc4475-case.js";

/** RFC 4475 §3.1.1: strange, but right. */
export const VALID_CASES: readonly TortureCase[] = [
  {
    file: "wsinv",
    section: "3.1.1.1",
    title: "folding, blanks, odd capitals, compact forms and escapes in one INVITE are read",
    expect: "accepted",
    check: (message, facts) => {
      assert.equal(facts?.cseq.number, 9);
      assert.equal(facts.maxForwards, 68);
      assert.equal(facts.fromTag, "98asjd8");
      assert.equal(facts.toTag, "1918181833n");
      const from = parseNameAddr(one(message, "from"));
      assert.equal(from?.display, 'J Rosenberg \\"');
      const vias = allValues(message.headers, "via").map(parseVia);
      assert.deepEqual(
        vias.map((via) => via?.transport),
        ["UDP", "TCP", "UDP"],
      );
      assert.equal(one(message, "subject"), "");
      assert.equal(message.body.length, 150);
      assert.equal(one(message, "newfangledheader"), "newfangled value continued newfangled value");
    },
  },
  {
    file: "intmeth",
    section: "3.1.1.2",
    title: "every character that a token may hold, in an unknown method; control characters inside quotes",
    expect: "accepted",
    check: (message) => {
      const request = asRequest(message);
      assert.ok(request.method.startsWith("!interesting-Method0123456789"));
      const uri = parseSipUri(request.uri);
      assert.equal(uri?.host, "example.com");
      assert.match(uri.password ?? "", /weird!\*pas\$wo~d_too/);
      assert.equal(parseNameAddr(one(message, "to"))?.display, "BEL:\u0007 NUL:\0 DEL:\u007f");
    },
  },
  {
    file: "esc01",
    section: "3.1.1.3",
    title: "escapes in the Request-URI's user are undone by who asks, and pass as they came",
    expect: "accepted",
    check: (message) => {
      const uri = parseSipUri(asRequest(message).uri);
      assert.equal(unescapeUri(uri?.user ?? ""), "sips:user@example.com");
      assert.equal(uri?.host, "example.net");
    },
  },
  {
    file: "escnull",
    section: "3.1.1.4",
    title: "an escaped NUL is a character of the user part and ends nothing",
    expect: "accepted",
    check: (message) => {
      const users = allValues(message.headers, "contact").map(
        (value) => parseSipUri(parseNameAddr(value)?.uri ?? "")?.user,
      );
      assert.deepEqual(
        users.map((user) => unescapeUri(user ?? "").length),
        [1, 2],
      );
    },
  },
  {
    file: "esc02",
    section: "3.1.1.5",
    title: "a percent sign in method and header name is no escape",
    expect: "accepted",
    check: (message) => {
      assert.equal(asRequest(message).method, "RE%47IST%45R");
      assert.equal(parseNameAddr(one(message, "to"))?.display, "%Z%45");
      assert.equal(message.headers.count("contact"), 2, "C%6Fntact is another header");
    },
  },
  {
    file: "lwsdisp",
    section: "3.1.1.6",
    title: "no blank is needed between display name and <",
    expect: "accepted",
    check: (message) => assert.equal(parseNameAddr(one(message, "from"))?.display, "caller"),
  },
  {
    file: "longreq",
    section: "3.1.1.7",
    title: "long values and 34 Via lines are within the limits",
    expect: "accepted",
    check: (message) => {
      assert.equal(message.headers.count("via"), 34);
      assert.ok((parseNameAddr(one(message, "to"))?.uri.length ?? 0) > 100);
    },
  },
  {
    file: "dblreq",
    section: "3.1.1.8",
    title: "what follows the Content-Length in a datagram is cut off",
    expect: "accepted",
    check: (message) => {
      assert.equal(asRequest(message).method, "REGISTER");
      assert.equal(message.body.length, 0);
    },
  },
  {
    file: "semiuri",
    section: "3.1.1.9",
    title: "a semicolon before the @ belongs to the user",
    expect: "accepted",
    check: (message) => {
      const uri = parseSipUri(asRequest(message).uri);
      assert.equal(uri?.user, "user;par=u%40example.net");
      assert.equal(uri.params, "");
    },
  },
  {
    file: "transports",
    section: "3.1.1.10",
    title: "unknown transports in Via are read",
    expect: "accepted",
    check: (message) =>
      assert.deepEqual(
        allValues(message.headers, "via").map((value) => parseVia(value)?.transport),
        ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"],
      ),
  },
  {
    file: "mpart01",
    section: "3.1.1.11",
    title: "a multipart body with binary parts is split without losing a byte",
    expect: "accepted",
    check: (message) => {
      const parts = parseMultipart(one(message, "content-type"), message.body);
      assert.ok(parts.ok);
      assert.deepEqual(
        parts.value.map((part) => parseContentType(part.headers.get("content-type") ?? "")?.type),
        ["text/plain", "application/octet-stream"],
      );
      assert.equal(Buffer.from(parts.value[0]!.body).toString("latin1"), "Hello");
    },
  },
  {
    file: "unreason",
    section: "3.1.1.12",
    title: "a reason phrase in UTF-8 passes byte for byte",
    expect: "accepted",
    check: (message) => {
      assert.ok(message.kind === "response");
      assert.equal(message.status, 200);
      assert.ok(utf8Text(message.reason).includes("сто девяносто девять"));
    },
  },
  {
    file: "noreason",
    section: "3.1.1.13",
    title: "an empty reason phrase is one",
    expect: "accepted",
    check: (message) => {
      assert.ok(message.kind === "response");
      assert.deepEqual([message.status, message.reason], [100, ""]);
    },
  },
];
