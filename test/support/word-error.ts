const DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

/** Lower case, no punctuation, digits as words: what is said, however it is written. */
export const saidWords = (text: string): string[] =>
  text
    .toLowerCase()
    .replace(/\d/g, (digit) => ` ${DIGITS[Number(digit)] ?? ""} `)
    .replace(/[^\p{L}' ]+/gu, " ")
    .split(/\s+/)
    .filter((word) => word !== "");

/** Words put in, left out or changed, for each word that was said (Levenshtein). 0 is perfect; it may be above 1. */
export function wordErrorRate(said: string, heard: string): number {
  const expected = saidWords(said);
  const actual = saidWords(heard);
  let row = Array.from({ length: actual.length + 1 }, (_, i) => i);
  expected.forEach((word, i) => {
    const next = [i + 1];
    actual.forEach((other, j) => {
      const changed = (row[j] ?? 0) + (word === other ? 0 : 1);
      next.push(Math.min(changed, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    });
    row = next;
  });
  return (row[actual.length] ?? 0) / Math.max(1, expected.length);
}
