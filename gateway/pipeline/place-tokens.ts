import type { TranscriptToken } from "../ports/transcriber.js";

export interface PlacedToken {
  /** In the text. */
  readonly start: number;
  readonly end: number;
  readonly token: TranscriptToken;
}

/** Where in the text each token is; undefined: they are not those of the text, or have no times. */
export function placeTokens(text: string, tokens: readonly TranscriptToken[]): readonly PlacedToken[] | undefined {
  const placed: PlacedToken[] = [];
  let at = 0;
  for (const token of tokens) {
    const { startMs, endMs } = token;
    const word = token.text.trim();
    if (word === "") continue;
    const start = text.indexOf(word, at);
    const isTimed = Number.isFinite(startMs) && Number.isFinite(endMs) && endMs >= startMs && startMs >= 0;
    // Letters that no token accounts for: these are not the text's tokens.
    if (start < 0 || !isTimed || /[\p{L}\p{N}]/u.test(text.slice(at, start))) return undefined;
    at = start + word.length;
    placed.push({ start, end: at, token });
  }
  const isWhole = placed.length > 0 && !/[\p{L}\p{N}]/u.test(text.slice(at));
  const hasTimes = placed.some(({ token }) => token.endMs > 0);
  return isWhole && hasTimes ? placed : undefined;
}
