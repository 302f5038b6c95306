import assert from "node:assert/strict";
import { test } from "node:test";
import { StreamFramer } from "../../gateway/adapters/sip-embedded/transport/stream-framer.js";
import { parseSipMessage } from "../../gateway/sip/message/parse-message.js";
import { SIP_SAMPLES } from "../fixtures/sip-samples.js";
import { mutateSip } from "../support/mutate-sip.js";
import { SeededRandom } from "../support/seeded-random.js";

const MESSAGES = 10_000;
const SEED = Number(process.env["FUZZ_SEED"] ?? 18);

/** One stream in chunks of any size. */
function frames(stream: Buffer, random: SeededRandom): Buffer[] {
  const framer = new StreamFramer(65_536, 1_048_576);
  const found: Buffer[] = [];
  const sink = { onMessage: (bytes: Buffer) => void found.push(Buffer.from(bytes)), onLineEnd: () => undefined };
  for (let at = 0; at < stream.length;) {
    const size = 1 + random.below(stream.length);
    if (framer.push(Buffer.from(stream.subarray(at, at + size)), sink) !== undefined) break;
    at += size;
  }
  return found;
}

/** A bare LF ends a line for the parser but not for the framer, whose frames it cannot leave; there the two may differ. */
const hasBareLf = (bytes: Buffer): boolean => /(?<!\r)\n/.test(bytes.toString("latin1"));

test(`framer and parser see the same end in ${MESSAGES} mutated messages (seed ${SEED}): nothing hides between them`, () => {
  const random = new SeededRandom(SEED);
  const samples = SIP_SAMPLES.map((text) =>
    Buffer.from(text.replace(/\r\n(?:Content-Length|l): ?\d+\r\n/, "\r\n"), "latin1"),
  );
  let agreed = 0;
  for (let i = 0; i < MESSAGES; i++) {
    const sample = samples[i % samples.length];
    assert.ok(sample);
    const [head = "", body = ""] = sample.toString("latin1").split(/(?<=\r\n)\r\n/, 2);
    const whole = Buffer.from(`${head}Content-Length: ${body.length}\r\n\r\n${body}`, "latin1");
    for (const frame of frames(Buffer.concat([mutateSip(whole, random, samples), whole]), random)) {
      const parsed = parseSipMessage(frame);
      if (!parsed.ok || hasBareLf(frame)) continue;
      const end = frame.indexOf("\r\n\r\n") + 4 + parsed.value.body.length;
      assert.equal(end, frame.length, `message ${i} of seed ${SEED}, base64: ${frame.toString("base64")}`);
      agreed++;
    }
  }
  assert.ok(agreed > MESSAGES / 4, `${agreed} compared`);
});
