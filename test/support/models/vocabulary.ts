const COUNT = 50_257;
const ONSETS = ["b", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "z"];
const VOWELS = ["a", "e", "i", "o", "u"];

/**
 * As many words as Whisper's vocabulary has, made up: all single bytes first, as there, then syllables, most with a blank before
 * them; the last one is the end of text. Some of the single bytes are halves of UTF-8 characters, as in the real one.
 */
export function syntheticVocabulary(): Uint8Array[] {
  const words = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
  const utf8 = new TextEncoder();
  for (let n = 0; words.length < COUNT - 1; n++) words.push(utf8.encode(`${n % 4 === 3 ? "" : " "}${syllables(n)}`));
  words.push(utf8.encode("<|endoftext|>"));
  return words;
}

function syllables(n: number): string {
  let text = "";
  let rest = n + 1;
  while (rest > 0) {
    const digit = rest % (ONSETS.length * VOWELS.length);
    text += `${ONSETS[digit % ONSETS.length] ?? ""}${VOWELS[Math.floor(digit / ONSETS.length)] ?? ""}`;
    rest = Math.floor(rest / (ONSETS.length * VOWELS.length));
  }
  return text;
}
