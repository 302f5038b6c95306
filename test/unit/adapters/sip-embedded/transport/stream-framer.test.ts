import assert from "node:assert/strict";
import { test } from "node:test";
import {
  StreamFramer,
  type FramingError,
} from "../../../../../gateway/adapters/sip-embedded/transport/stream-framer.js";

const LIMITS = { head: 2000, body: 1000 };

const message = (name: string, body = "", lengthLine = `Content-Length: ${body.length}`) =>
  `OPTIONS sip:${name} SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.1\r\n${lengthLine}\r\nSubject: x\r\n\r\n${body}`;

interface Seen {
  messages: string[];
  lineEnds: number;
  error: FramingError | undefined;
  partial: boolean;
}

/** @param sizes Chunk sizes, used in turn. */
function run(stream: string, sizes: readonly number[] = [stream.length]): Seen {
  const framer = new StreamFramer(LIMITS.head, LIMITS.body);
  const seen: Seen = { messages: [], lineEnds: 0, error: undefined, partial: false };
  const sink = {
    onMessage: (bytes: Buffer) => seen.messages.push(bytes.toString("latin1")),
    onLineEnd: () => seen.lineEnds++,
  };
  const bytes = Buffer.from(stream, "latin1");
  for (let at = 0, turn = 0; at < bytes.length && seen.error === undefined; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? 1);
    seen.error = framer.push(Buffer.from(bytes.subarray(at, at + size)), sink);
    at += size;
  }
  seen.partial = framer.partial;
  return seen;
}

const framed = [
  { name: "one without a body", stream: message("a"), expect: [message("a")] },
  { name: "one with a body", stream: message("a", "v=0\r\n\r\n"), expect: [message("a", "v=0\r\n\r\n")] },
  { name: "compact form", stream: message("a", "xyz", "l: 3"), expect: [message("a", "xyz", "l: 3")] },
  {
    name: "any case, space before the colon",
    stream: message("a", "xyz", "cOnTeNt-LeNgTh \t :3 "),
    expect: [message("a", "xyz", "cOnTeNt-LeNgTh \t :3 ")],
  },
  {
    name: "folded value",
    stream: message("a", "xyz", "Content-Length:\r\n 3"),
    expect: [message("a", "xyz", "Content-Length:\r\n 3")],
  },
  {
    name: "a folded line that looks like the field",
    stream: message("a", "xyz", "Subject: y\r\n l: 99\r\nl: 3"),
    expect: [message("a", "xyz", "Subject: y\r\n l: 99\r\nl: 3")],
  },
  {
    name: "the same length twice",
    stream: message("a", "xyz", "l: 3\r\nContent-Length: 3"),
    expect: [message("a", "xyz", "l: 3\r\nContent-Length: 3")],
  },
  {
    name: "another field that begins alike",
    stream: message("a", "xyz", "Content-Length-Of: 9\r\nLocation: 8\r\nl: 3"),
    expect: [message("a", "xyz", "Content-Length-Of: 9\r\nLocation: 8\r\nl: 3")],
  },
  { name: "a response", stream: "SIP/2.0 200 OK\r\nl:0\r\n\r\n", expect: ["SIP/2.0 200 OK\r\nl:0\r\n\r\n"] },
  {
    name: "an unknown version (to be answered 505)",
    stream: message("a").replace("SIP/2.0\r", "SIP/7.0\r"),
    expect: [message("a").replace("SIP/2.0\r", "SIP/7.0\r")],
  },
  {
    name: "three in a row, with keep-alives between",
    stream: `${message("a")}\r\n\r\n${message("b", "body")}\r\n${message("c")}`,
    expect: [message("a"), message("b", "body"), message("c")],
  },
  {
    name: "a body that looks like a message",
    stream: message("a", message("b")),
    expect: [message("a", message("b"))],
  },
];

for (const { name, stream, expect } of framed)
  test(`framing (RFC 3261 §18.3): ${name}, however it is cut`, () => {
    for (const sizes of [[stream.length], [1], [2], [3], [7], [1, 50, 2], [stream.length - 1, 1]]) {
      const seen = run(stream, sizes);
      assert.equal(seen.error, undefined, `cut by ${sizes.join()}`);
      assert.deepEqual(seen.messages, expect, `cut by ${sizes.join()}`);
      assert.equal(seen.partial, false);
    }
  });

const refused: readonly { name: string; stream: string; error: FramingError }[] = [
  { name: "no length", stream: message("a", "", "Subject: y"), error: "stream.no-length" },
  {
    name: "two lengths that differ",
    stream: message("a", "", "l: 0\r\nContent-Length: 5"),
    error: "stream.bad-length",
  },
  { name: "negative", stream: message("a", "", "l: -1"), error: "stream.bad-length" },
  { name: "empty", stream: message("a", "", "l:"), error: "stream.bad-length" },
  { name: "a list", stream: message("a", "", "l: 0, 0"), error: "stream.bad-length" },
  { name: "hexadecimal", stream: message("a", "", "l: 0x10"), error: "stream.bad-length" },
  {
    name: "more digits than any body has",
    stream: message("a", "", "l: 99999999999999999999"),
    error: "stream.bad-length",
  },
  {
    name: "a body over the limit, before any of it is held",
    stream: message("a", "", "l: 1001"),
    error: "stream.body-too-large",
  },
  {
    name: "a head over the limit, ended",
    stream: message("a", "", `X: ${"y".repeat(2000)}\r\nl: 0`),
    error: "stream.head-too-large",
  },
  {
    name: "a head over the limit, never ended",
    stream: `OPTIONS sip:a SIP/2.0\r\n${"X: y\r\n".repeat(400)}`,
    error: "stream.head-too-large",
  },
  { name: "HTTP", stream: "GET / HTTP/1.1\r\nHost: x\r\n\r\n", error: "stream.not-sip" },
  { name: "a TLS hello on the TCP port", stream: "\x16\x03\x01\x02\x00\x01", error: "stream.not-sip" },
  { name: "garbage after a message", stream: `${message("a")}\x00\x01`, error: "stream.not-sip" },
];

for (const { name, stream, error } of refused)
  test(`framing: ${name} is ${error}`, () => {
    for (const sizes of [[stream.length], [1], [7], [64]])
      assert.equal(run(stream, sizes).error, error, `cut by ${sizes.join()}`);
  });

test("framing: line ends between messages are counted, CR and LF apart or together; those inside are not", () => {
  const stream = `\r\n\r\n${message("a", "\r\n\r\n")}\r\n`;
  for (const sizes of [[stream.length], [1], [3]]) assert.equal(run(stream, sizes).lineEnds, 3);
});

test("framing: what is kept of an unfinished message is a copy, so a small rest does not hold a large chunk", () => {
  const framer = new StreamFramer(LIMITS.head, LIMITS.body);
  const sink = { onMessage: () => undefined, onLineEnd: () => undefined };
  const chunk = Buffer.from(message("a") + "OPT", "latin1");
  framer.push(chunk, sink);
  chunk.fill(0);
  assert.equal(framer.unfinished.toString("latin1"), "OPT");
});

test("framing: random cuts of a long random stream give every message back (seed 7)", () => {
  let state = 7;
  const random = (below: number) => (state = (state * 1103515245 + 12345) % 2 ** 31) % below;
  const messages = Array.from({ length: 300 }, (_, i) => message(`m${i}`, "b\r\n".repeat(random(60))));
  const stream = messages.map((each) => each + "\r\n".repeat(random(4))).join("");
  for (let round = 0; round < 10; round++) {
    const sizes = Array.from({ length: 50 }, () => 1 + random(900));
    const seen = run(stream, sizes);
    assert.deepEqual(seen.messages, messages);
  }
});
