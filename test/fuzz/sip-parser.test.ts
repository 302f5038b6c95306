import assert from "node:assert/strict";
import { test } from "node:test";
import { SIP_SAMPLES } from "../fixtures/sip-samples.js";
import { mutateSip } from "../support/mutate-sip.js";
import { readEverything } from "../support/read-everything.js";
import { SeededRandom } from "../support/seeded-random.js";

const MESSAGES = 10_000;
const SEED = Number(process.env["FUZZ_SEED"] ?? 4475);

test(`${MESSAGES} mutated messages (seed ${SEED}): none throws, each is refused with a code or reads the same after writing`, () => {
  const random = new SeededRandom(SEED);
  const samples = SIP_SAMPLES.map((text) => Buffer.from(text, "latin1"));
  const outcomes = new Map<string, number>();
  for (let i = 0; i < MESSAGES; i++) {
    const sample = samples[i % samples.length];
    assert.ok(sample);
    const bytes = mutateSip(sample, random, samples);
    try {
      const outcome = readEverything(bytes);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    } catch (cause) {
      throw new Error(`message ${i} of seed ${SEED}, base64: ${bytes.toString("base64")}`, { cause });
    }
  }
  // The mutations reach both sides of the parser: else this test would prove little.
  assert.ok((outcomes.get("accepted") ?? 0) > MESSAGES / 20, JSON.stringify([...outcomes]));
  assert.ok(outcomes.size >= 12, JSON.stringify([...outcomes]));
});

test("the samples themselves are accepted", () => {
  for (const text of SIP_SAMPLES) assert.equal(readEverything(Buffer.from(text, "latin1")), "accepted", text);
});
