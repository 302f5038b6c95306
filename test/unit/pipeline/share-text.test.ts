import assert from "node:assert/strict";
import { test } from "node:test";
import { shareText, type Place } from "../../../gateway/pipeline/share-text.js";
import type { Transcript, TranscriptToken } from "../../../gateway/ports/transcriber.js";
import { SeededRandom } from "../../support/seeded-random.js";

const token = (text: string, startMs: number, endMs: number, probability = 0.5): TranscriptToken => ({
  text,
  probability,
  startMs,
  endMs,
});
const transcript = (text: string, tokens: readonly TranscriptToken[], more: Partial<Transcript> = {}): Transcript => ({
  text,
  tokens,
  ...more,
});
/** Two stretches of two seconds with half a second between them. */
const TWO: readonly Place[] = [
  { startMs: 0, endMs: 2_000 },
  { startMs: 2_500, endMs: 4_500 },
];
const texts = (whole: Transcript, places = TWO): readonly string[] | undefined =>
  shareText(whole, places)?.map(({ text }) => text);

test("a word goes to the stretch in which it was said, one said in a pause to the nearer", () => {
  const whole = transcript("Hello there. Well, yes.", [
    token(" Hello", 200, 600),
    token(" there.", 1_900, 2_380),
    token(" Well,", 2_250, 2_600),
    token(" yes.", 3_000, 3_400),
  ]);
  assert.deepEqual(texts(whole), ["Hello there.", "Well, yes."]);
});

test("tokens of one word stay together, and punctuation stays behind it", () => {
  const whole = transcript("Transferring money now", [
    token(" Transfer", 1_500, 2_000),
    token("ring", 2_400, 2_450),
    token(" money", 2_600, 3_000),
    token(" now", 3_000, 3_300),
  ]);
  assert.deepEqual(texts(whole), ["Transferring", "money now"]);
  const ended = transcript("It is me. Who?", [
    token(" It", 0, 100),
    token(" is", 100, 200),
    token(" me", 1_700, 1_900),
    token(".", 2_600, 2_700),
    token(" Who", 2_900, 3_000),
    token("?", 3_000, 3_000),
  ]);
  assert.deepEqual(texts(ended), ["It is me.", "Who?"]);
});

test("words of a script without blanks are broken between tokens", () => {
  const whole = transcript("もしもし。山田です。", [
    token("もし", 100, 300),
    token("もし", 300, 600),
    token("。", 600, 600),
    token("山田", 2_600, 3_000),
    token("です", 3_000, 3_300),
    token("。", 3_300, 3_300),
  ]);
  assert.deepEqual(texts(whole), ["もしもし。", "山田です。"]);
});

test("a server's words without their blanks and punctuation are shared out with both", () => {
  const whole = transcript("“Good morning,” “she” said.", [
    token("Good", 100, 300),
    token("morning", 400, 900),
    token("she", 2_600, 2_800),
    token("said", 2_900, 3_100),
  ]);
  assert.deepEqual(texts(whole), ["“Good morning,”", "“she” said."]);
});

test("a share has its own times, its own confidence, and the language of all", () => {
  const whole = transcript("One two", [token(" One", 100, 400, 0.9), token(" two", 2_400, 3_000, 0.3)], {
    language: "en",
    confidence: 0.6,
  });
  assert.deepEqual(shareText(whole, TWO), [
    { text: "One", tokens: [token(" One", 100, 400, 0.9)], language: "en", confidence: 0.9 },
    { text: "two", tokens: [token(" two", 0, 500, 0.3)], language: "en", confidence: 0.3 },
  ]);
  const later = shareText(transcript("One", [token(" One", 3_000, 3_100)], { confidence: 0.5 }), TWO);
  assert.deepEqual(later?.[0], { text: "", tokens: [], doubtful: true });
});

test("without times, or with tokens that are not the text's, nothing is shared out", () => {
  assert.equal(texts(transcript("One two", [])), undefined);
  assert.equal(texts(transcript("One two", [token(" One", 0, 0), token(" two", 0, 0)])), undefined);
  assert.equal(texts(transcript("One two", [token(" One", 100, 300)])), undefined);
  assert.equal(texts(transcript("One two", [token(" One", 100, 300), token(" too", 2_600, 2_900)])), undefined);
});

test("in doubt is what times that run back have crossed, what is silent for long, and the end of what was cut off", () => {
  const places = [...TWO, { startMs: 5_000, endMs: 13_000 }];
  const doubts = (words: readonly (readonly [text: string, startMs: number, endMs: number])[], more = {}) => {
    const whole = transcript(
      words.map(([text]) => text).join(" "),
      words.map(([text, startMs, endMs]) => token(` ${text}`, startMs, endMs)),
      more,
    );
    return shareText(whole, places)?.map(({ doubtful = false }) => doubtful);
  };
  const [a, b] = [["a", 100, 300] as const, ["b", 2_600, 2_900] as const];
  const c = [5_000, 7_000, 9_000, 11_000].map((startMs) => ["c", startMs, startMs + 2_000] as const);
  assert.deepEqual(doubts([a, b, ...c]), [false, false, false]);
  assert.deepEqual(doubts([a, b, ["x", 1_000, 1_200], ...c]), [true, true, false]);
  assert.deepEqual(doubts([["x", 12_000, 12_100], a, b, ...c]), [true, true, true]);
  assert.deepEqual(doubts([a, ...c]), [false, true, false]);
  assert.deepEqual(doubts([a, b]), [false, false, true]);
  assert.deepEqual(doubts([a, b, ...c.slice(0, 2)]), [false, false, true], "silent at its end");
  assert.deepEqual(doubts([a, b, ...c.slice(2)]), [false, false, true], "silent at its beginning");
  assert.deepEqual(doubts([a, b, ["x", 5_000, 13_000]]), [false, false, true], "nobody says x for eight seconds");
  assert.deepEqual(doubts([a, b, ...c], { truncated: true }), [false, false, true]);
});

test("whatever the times are: no word is lost, none changes its place, every time is within its stretch", () => {
  const random = new SeededRandom(5);
  const between = (least: number, most: number): number => least + Math.floor(random.next() * (most - least + 1));
  for (let round = 0; round < 2_000; round++) {
    let endMs = 0;
    const places = Array.from({ length: between(2, 9) }, () => {
      const startMs = endMs === 0 ? 0 : endMs + 500;
      endMs = startMs + between(200, 8_000);
      return { startMs, endMs };
    });
    const pieces = Array.from({ length: between(1, 40) }, (_, i) => {
      const blank = i === 0 || random.next() < 0.6 ? " " : "";
      return `${blank}${["ab", "c", "1.", "'s", "ñu", "電"][between(0, 5)] ?? ""}`;
    });
    // In order, as the port promises, and as often wild: a model's times may be anything.
    const starts = pieces.map(() => between(0, endMs));
    if (round % 2 === 0) starts.sort((a, b) => a - b);
    const tokens = pieces.map((piece, i) => token(piece, starts[i] ?? 0, (starts[i] ?? 0) + between(1, 900)));
    const text = pieces.join("").trim();
    const shares = shareText(transcript(text, tokens), places) ?? [];
    const bare = (some: string): string => some.replace(/\s/g, "");
    assert.equal(shares.length, places.length);
    assert.equal(shares.map((share) => bare(share.text)).join(""), bare(text));
    // No word is cut: what blanks keep apart in the whole are the shares' own words (a character of the other script may stand alone).
    const words = (some: string): string[] => some.split(/\s+|(?<=電)|(?=電)/).filter((word) => word !== "");
    assert.deepEqual(
      shares.flatMap((share) => words(share.text)),
      words(text),
    );
    assert.deepEqual(
      shares.flatMap((share) => share.tokens.map((each) => each.text)),
      pieces,
    );
    shares.forEach((share, i) => {
      const lengthMs = (places[i]?.endMs ?? 0) - (places[i]?.startMs ?? 0);
      for (const each of share.tokens)
        assert.ok(0 <= each.startMs && each.startMs <= each.endMs && each.endMs <= lengthMs);
      assert.equal(bare(share.tokens.map((each) => each.text).join("")), bare(share.text));
    });
  }
});
