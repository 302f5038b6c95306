import assert from "node:assert/strict";
import { test } from "node:test";
import { StreamFramer } from "../../gateway/adapters/sip-embedded/transport/stream-framer.js";
import { SeededRandom } from "../support/seeded-random.js";

const ROUNDS = 3000;
const LIMITS = { head: 4000, body: 2000 };
const PIECES = [
  "OPTIONS sip:a SIP/2.0\r\nl: 0\r\n\r\n",
  "SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP 192.0.2.1\r\nContent-Length:\r\n 9\r\n\r\nbody\r\nbod",
  "INVITE sip:x@192.0.2.1 SIP/2.0",
  "SIP/2.0 200 OK",
  "\r\n",
  "\r\n\r\n",
  "\n",
  "\r",
  "Content-Length: ",
  "l:",
  "Content-Length:\r\n 7",
  "0",
  "12",
  "999999",
  "-1",
  "Via: SIP/2.0/TCP 192.0.2.1",
  "body body body",
  "\0",
  "\xff\xfe",
  " ",
  "\t",
  ":",
];

for (const seed of [1, 2, 3])
  test(`framing survives ${ROUNDS} random streams in random cuts: no throw, nothing made up, memory bounded (seed ${seed})`, () => {
    const random = new SeededRandom(seed);
    const below = (limit: number) => Math.floor(random.next() * limit);
    let framed = 0;
    let refused = 0;
    for (let round = 0; round < ROUNDS; round++) {
      let stream = PIECES[below(4)]!;
      for (let i = below(30); i > 0; i--)
        stream += PIECES[below(PIECES.length)]!.repeat(random.next() < 0.02 ? 500 : 1);
      const bytes = Buffer.from(stream, "latin1");
      const framer = new StreamFramer(LIMITS.head, LIMITS.body);
      let end = 0;
      const onMessage = (message: Buffer): void => {
        // Each message is a piece of the stream, after the one before it.
        const at = bytes.indexOf(message, end);
        assert.ok(at >= end, `seed ${seed}, round ${round}`);
        end = at + message.length;
        framed++;
      };
      let error: string | undefined;
      for (let at = 0; at < bytes.length && error === undefined;) {
        const size = 1 + below(random.next() < 0.5 ? 4 : 800);
        error = framer.push(bytes.subarray(at, at + size), { onMessage, onLineEnd: () => undefined });
        at += size;
        assert.ok(framer.unfinished.length <= LIMITS.head + LIMITS.body + 800, `seed ${seed}, round ${round}`);
      }
      if (error !== undefined) refused++;
    }
    // Both kinds have to occur, or the streams test nothing.
    assert.ok(framed > 50 && refused > 50, `${framed} framed, ${refused} refused`);
  });
