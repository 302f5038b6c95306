import assert from "node:assert/strict";
import { performance } from "node:perf_hooks";
import { test } from "node:test";
import { Redactor, redactText } from "../../detection/redaction/redactor.js";
import { withoutSpans, type RedactionSpan } from "../../detection/redaction/redaction.js";
import { SeededRandom } from "../support/seeded-random.js";

const SEED = Number(process.env["FUZZ_SEED"] ?? 9031);
const TALKS = 400;
const PIECES =
  "one two zero oh o to for double triple four hundred thousand and um okay 4111 1 22 12/28 10:30 1,234 12.5 - . , ; : + ( ) $ % \n the code is pin card number my expires GB29 NWBK X1234567L 123-45-6789 cuatro treinta y dos doscientos mil zeros ones é \ud800 \u0000 \u202e 𝟙 ١ A I O street dollars may call me IBAN".split(
    " ",
  );

function randomText(random: SeededRandom, most: number): string {
  let text = "";
  for (let n = random.below(most); n > 0; n--)
    text += `${PIECES[random.below(PIECES.length)] ?? ""}${random.below(4) === 0 ? "" : " "}`;
  return text;
}

function assertSound(text: string, spans: readonly RedactionSpan[], shown: string): void {
  let end = 0;
  for (const span of spans) {
    assert.ok(span.start >= end && span.end > span.start && span.end <= text.length, JSON.stringify({ text, spans }));
    end = span.end;
  }
  assert.equal(shown, withoutSpans(text, spans));
}

test(`random talks (seed ${SEED}): spans are in order and within the text, revisions only take more away`, () => {
  const random = new SeededRandom(SEED);
  for (let talk = 0; talk < TALKS; talk++) {
    const redactor = new Redactor({ phones: random.below(2) === 0 });
    const said: string[] = [];
    const gone = new Map<number, readonly RedactionSpan[]>();
    for (let n = 0; n < 25; n++) {
      const speaker = random.below(3) === 0 ? "caller" : "callee";
      const text = randomText(random, 40);
      const partial = redactor.preview({ speaker, text });
      assertSound(text, partial.spans, partial.text);
      said.push(text);
      const at = random.below(5) === 0 ? { atMs: random.below(9_000) } : {};
      const line = redactor.add({ speaker, text, key: n, ...at });
      assertSound(text, line.spans, line.text);
      gone.set(n, line.spans);
      for (const { key, text: shown, spans } of line.revised) {
        assertSound(said[key] ?? "", spans, shown);
        for (const { start, end } of gone.get(key) ?? []) {
          assert.ok(
            spans.some((span) => span.start <= start && span.end >= end),
            "what was gone came back",
          );
        }
        gone.set(key, spans);
      }
    }
  }
});

for (const [name, piece] of [
  ["digits", "4111 "],
  ["words", "four "],
  ["cues", "code pin card "],
  ["letters", "G B 2 9 "],
  ["one number", "1"],
  ["thousands", "1,234,"],
  ["ohs", "oh "],
  ["marks", "- . , "],
] as const) {
  test(`time is linear in the text: ${name}`, () => {
    const cost = (times: number): number => {
      const text = piece.repeat(times);
      let best = Infinity;
      for (let n = 0; n < 3; n++) {
        const startedAt = performance.now();
        redactText(text);
        best = Math.min(best, performance.now() - startedAt);
      }
      return best;
    };
    cost(2_000);
    const [small, large] = [cost(4_000), cost(32_000)];
    // Eight times the text; a square would take 64 times as long.
    assert.ok(large < 40 * Math.max(small, 1), `${small.toFixed(1)} ms, ${large.toFixed(1)} ms`);
  });
}
