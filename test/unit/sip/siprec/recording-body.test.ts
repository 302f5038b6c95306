import assert from "node:assert/strict";
import { test } from "node:test";
import { readRecordingBody } from "../../../../gateway/sip/siprec/recording-body.js";
import { MULTIPART, multipart, sdpOf } from "../../../fixtures/siprec/dialects.js";

const SDP = sdpOf(["1"]);
const META = `<?xml version="1.0"?><recording xmlns="urn:ietf:params:xml:ns:recording:1"/>`;
const WHOLE = multipart([
  ["application/sdp", SDP],
  ["application/rs-metadata+xml", META, "recording-session"],
]);
const bytes = (text: string): Buffer => Buffer.from(text, "latin1");
const seen = (contentType: string | undefined, body: string) => {
  const { sdp, metadata, warnings } = readRecordingBody(contentType, bytes(body));
  return { sdp: sdp?.startsWith("v=0") ?? false, metadata: metadata?.includes(60) ?? false, warnings };
};

const cases: readonly {
  readonly name: string;
  readonly type: string | undefined;
  readonly body: string;
  readonly sdp?: boolean;
  readonly metadata?: boolean;
  readonly warnings?: readonly string[];
}[] = [
  { name: "two parts", type: MULTIPART, body: WHOLE },
  { name: "bare line feeds", type: MULTIPART, body: WHOLE.replace(/\r\n/g, "\n") },
  {
    name: "metadata first",
    type: MULTIPART,
    body: multipart([
      ["application/rs-metadata", META],
      ["application/sdp", SDP],
    ]),
  },
  {
    name: "an unknown part between them",
    type: MULTIPART,
    body: multipart([
      ["application/sdp", SDP],
      ["application/isup", "\x01\x02"],
      ["application/rs-metadata+xml", META],
    ]),
  },
  {
    name: "a quoted boundary, as Twilio writes it",
    type: `multipart/mixed; boundary="----=_Part_1_2.3"`,
    body: WHOLE.replaceAll("part-of-it", "----=_Part_1_2.3"),
  },
  {
    name: "another boundary than announced",
    type: "multipart/mixed;boundary=other",
    body: WHOLE,
    warnings: ["wrong-boundary"],
  },
  { name: "no boundary announced", type: "multipart/mixed", body: WHOLE, warnings: ["wrong-boundary"] },
  {
    name: "no closing boundary",
    type: MULTIPART,
    body: WHOLE.replace("--part-of-it--\r\n", ""),
    warnings: ["unterminated-body"],
  },
  {
    name: "a Content-Length that cuts the metadata",
    type: MULTIPART,
    body: WHOLE.slice(0, -40),
    warnings: ["unterminated-body"],
  },
  {
    name: "a Content-Length that cuts the metadata off",
    type: MULTIPART,
    body: WHOLE.slice(0, WHOLE.indexOf("--part-of-it", 20)),
    metadata: false,
    warnings: ["unterminated-body"],
  },
  {
    name: "more than the body behind the closing boundary",
    type: MULTIPART,
    body: `${WHOLE}\r\nINVITE sip:x SIP/2.0\r\n`,
  },
  {
    name: "parts with a Content-Length of their own",
    type: MULTIPART,
    body: WHOLE.replaceAll("Content-Type", "Content-Length: 7\r\nContent-Type"),
  },
  {
    name: "parts without a type",
    type: MULTIPART,
    body: WHOLE.replace(/Content-Type: .*\r\n/g, ""),
    warnings: ["untyped-part"],
  },
  {
    name: "a type with a hole in it",
    type: MULTIPART,
    body: WHOLE.replace("application/rs-metadata+xml", "application/ +xml"),
    warnings: ["untyped-part"],
  },
  {
    name: "a multipart inside a multipart",
    type: "multipart/mixed;boundary=outer",
    body: multipart([[MULTIPART, WHOLE]], "outer"),
  },
  { name: "a description alone", type: "application/sdp", body: SDP, metadata: false },
  { name: "metadata alone, as in an UPDATE", type: "application/rs-metadata", body: META, sdp: false },
  { name: "a description without a type", type: undefined, body: SDP, metadata: false, warnings: ["untyped-part"] },
  { name: "a type that cannot be read", type: "nonsense", body: META, sdp: false, warnings: ["untyped-part"] },
  { name: "something else", type: "text/plain", body: "hello", sdp: false, metadata: false },
  { name: "nothing", type: undefined, body: "", sdp: false, metadata: false },
];

for (const { name, type, body, sdp = true, metadata = true, warnings = [] } of cases)
  test(`siprec body: ${name}`, () => assert.deepEqual(seen(type, body), { sdp, metadata, warnings }));

test("siprec body: the first description counts, the GUID is taken from the GTD part", () => {
  const body = multipart([
    ["application/sdp", SDP],
    ["application/sdp", SDP.replace("192.0.2.9", "192.0.2.66")],
    ["application/gtd", "IAM,\r\nGCI,0123456789abcdef0123456789abcdef\r\n"],
  ]);
  const read = readRecordingBody(MULTIPART, bytes(body));
  assert.ok(read.sdp?.includes("192.0.2.66") === false);
  assert.equal(read.guid, "0123456789abcdef0123456789abcdef");
});

test("siprec body: ten megabytes of boundaries are gone through once", () => {
  const started = performance.now();
  readRecordingBody("multipart/mixed;boundary=x", bytes("--x".repeat(3_500_000)));
  readRecordingBody("multipart/mixed;boundary=y", bytes("--x\r\n".repeat(2_000_000)));
  assert.ok(performance.now() - started < 20_000);
});
