import assert from "node:assert/strict";
import { test } from "node:test";
import { languageCode } from "../../../../gateway/adapters/openai-compatible/language-codes.js";

const cases: readonly (readonly [text: string, code: string | undefined])[] = [
  ["English", "en"],
  ["haitian creole", "ht"],
  ["es", "es"],
  ["Klingon", undefined],
  ["constructor", undefined],
  ["__proto__", undefined],
  ["", undefined],
];
for (const [text, code] of cases)
  test(`language of a transcription server: "${text}" is ${code ?? "none"}`, () => {
    assert.equal(languageCode(text), code);
  });
