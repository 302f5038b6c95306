import type { Transcript } from "../ports/transcriber.js";
import { placeTokens, type PlacedToken } from "./place-tokens.js";

/** Where a stretch lies in the sound that was decoded, ms. */
export interface Place {
  readonly startMs: number;
  readonly endMs: number;
}

/** What was said in a stretch by a window's times. */
export interface Share extends Transcript {
  /** Words of it may be with others, or others' with it. */
  readonly doubtful?: true;
}

/** Nobody is silent for so long within a stretch: what was said then has been left out, or is elsewhere, ms. */
const HOLE_MS = 3_000;
/** A token whose end is later than that was not said for so long, ms. */
const SHORT_TOKEN_MS = 1_000;
const CHARACTER_MS = 200;

/** Their words have no blanks between them: a line may be broken at any token. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

/**
 * Shares the text of a window out to the stretches in it, by the times of its tokens: a word belongs to the stretch in which the middle of it was
 * said, or, said in a pause, to the nearer one. The method of WhisperX and of faster-whisper's filter of silence. Nothing is lost and nothing
 * changes its place: the shares one after the other are the text. In doubt is what cannot be so: times that run back from one stretch to another, a
 * stretch in which nothing was said at all or for long, and the last one of a text that was cut off.
 *
 * @param places In order, not one in another.
 * @returns One a place, times since its own start, empty where nothing was said; undefined: the tokens have no times, or are not the text's.
 */
export function shareText(whole: Transcript, places: readonly Place[]): readonly Share[] | undefined {
  const placed = placeTokens(whole.text, whole.tokens);
  if (placed === undefined) return undefined;
  const shares = places.map((): PlacedToken[] => []);
  const crossed = new Set<number>();
  let index = 0;
  for (const word of wordsOf(whole.text, placed)) {
    const said = nearest(places, middleOf(word));
    // Not back: what was said first is told first, whatever the times say.
    for (let at = said; said < index && at <= index; at++) crossed.add(at);
    index = Math.max(index, said);
    shares[index]?.push(...word);
  }
  const starts = shares.map((share) => share[0] && startOf(whole.text, share[0].start));
  const first = starts.findIndex((start) => start !== undefined);
  return places.map((place, each) => {
    const share = shares[each] ?? [];
    const from = each === first ? 0 : starts[each];
    const to = starts.find((start, other) => other > each && start !== undefined);
    const text = from === undefined ? "" : whole.text.slice(from, to).trim();
    const isCutOff = whole.truncated === true && each === index;
    const isDoubtful = crossed.has(each) || isCutOff || hasHole(place, share);
    return { ...shareOf(whole, place, share, text), ...(isDoubtful ? { doubtful: true } : {}) };
  });
}

/** Tokens of one word stay together. */
function wordsOf(text: string, placed: readonly PlacedToken[]): readonly (readonly PlacedToken[])[] {
  const words: PlacedToken[][] = [];
  let before = "";
  placed.forEach((each, i) => {
    const gap = text.slice(placed[i - 1]?.end ?? 0, each.start);
    const own = text.slice(each.start, each.end);
    const isUnspaced = UNSPACED.test(own.charAt(0)) || (UNSPACED.test(before) && /^\p{L}/u.test(own));
    if (i === 0 || /\s/.test(gap) || isUnspaced) words.push([]);
    words.at(-1)?.push(each);
    before = own.slice(-1);
  });
  return words;
}

/** With what stands before it and belongs to it: a server's words have no quotation marks. */
function startOf(text: string, wordAt: number): number {
  const marks = text.slice(0, wordAt).search(/(?<=\s)[^\s\p{L}\p{N}]*$/u);
  return marks < 0 ? wordAt : marks;
}

function middleOf(word: readonly PlacedToken[]): number {
  return ((word[0]?.token.startMs ?? 0) + (word.at(-1)?.token.endMs ?? 0)) / 2;
}

function nearest(places: readonly Place[], ms: number): number {
  const away = places.map(({ startMs, endMs }) => Math.max(0, startMs - ms, ms - endMs));
  return away.indexOf(Math.min(...away));
}

function hasHole(place: Place, share: readonly PlacedToken[]): boolean {
  if (share.length === 0) return true;
  let heardMs = place.startMs;
  for (const { token } of share) {
    if (token.startMs - heardMs > HOLE_MS) return true;
    const longestMs = SHORT_TOKEN_MS + CHARACTER_MS * token.text.length;
    heardMs = Math.max(heardMs, Math.min(token.endMs, token.startMs + longestMs));
  }
  return place.endMs - heardMs > HOLE_MS;
}

function shareOf(whole: Transcript, place: Place, share: readonly PlacedToken[], text: string): Transcript {
  const { language, confidence } = whole;
  const within = (ms: number): number => Math.min(place.endMs, Math.max(place.startMs, ms)) - place.startMs;
  const tokens = share.map(({ token }) => ({
    ...token,
    startMs: within(token.startMs),
    endMs: within(token.endMs),
  }));
  const mean = tokens.reduce((sum, { probability }) => sum + probability, 0) / tokens.length;
  return {
    text,
    tokens,
    ...(language === undefined ? {} : { language }),
    ...(confidence === undefined || tokens.length === 0 ? {} : { confidence: mean }),
  };
}
