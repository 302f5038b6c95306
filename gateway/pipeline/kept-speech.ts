import type { RedactionSpan, Speaker } from "../../detection/index.js";
import type { PcmAudio } from "../media/audio.js";
import type { SpeechKeeper } from "../ports/speech-keeper.js";
import type { Transcript } from "../ports/transcriber.js";
import { placeTokens } from "./place-tokens.js";

/** A stretch whose text is there. */
export interface SpokenPiece {
  readonly speaker: Speaker;
  readonly segment: number;
  readonly startMs: number;
  readonly audio: PcmAudio;
  readonly transcript: Transcript;
}

interface Waiting {
  readonly piece: SpokenPiece;
  spans: readonly RedactionSpan[];
}

/** Pieces that wait because more of them may have to go; the redactor remembers no more lines than that. */
const MOST_WAITING = 14;
/** A recogniser's times are not exact: so much more goes on both sides, ms. */
const MARGIN_MS = 200;

/**
 * Hands one call's speech to whoever keeps it, silent where its text was redacted. A piece waits as long as its text may still be revised. Speech
 * without text is not kept: nobody knows what is in it.
 */
export class KeptSpeech {
  readonly #callId: string;
  readonly #keeper: SpeechKeeper;
  readonly #isOpen: (segment: number) => boolean;
  #waiting: Waiting[] = [];

  /** @param isOpen More of that line's text may have to go. */
  constructor(callId: string, keeper: SpeechKeeper, isOpen: (segment: number) => boolean) {
    this.#callId = callId;
    this.#keeper = keeper;
    this.#isOpen = isOpen;
  }

  /** @param spans Of the transcript's text, what was redacted. */
  add(piece: SpokenPiece, spans: readonly RedactionSpan[]): void {
    this.#waiting.push({ piece, spans });
    this.#release();
  }

  revise(segment: number, spans: readonly RedactionSpan[]): void {
    const waiting = this.#waiting.find(({ piece }) => piece.segment === segment);
    if (waiting !== undefined) waiting.spans = spans;
    this.#release();
  }

  /** The call is over: nothing more will be revised. */
  close(): void {
    for (const waiting of this.#waiting.splice(0)) this.#keep(waiting);
  }

  #release(): void {
    const tooMany = this.#waiting.length - MOST_WAITING;
    const [going, staying] = partition(
      this.#waiting,
      ({ piece }, index) => index < tooMany || !this.#isOpen(piece.segment),
    );
    this.#waiting = staying;
    for (const waiting of going) this.#keep(waiting);
  }

  #keep({ piece, spans }: Waiting): void {
    const { speaker, startMs, audio, transcript } = piece;
    const { sampleRateHz } = audio;
    const samples = Int16Array.from(audio.samples, (sample) => Math.round(Math.max(-1, Math.min(1, sample)) * 32_767));
    for (const { fromMs, toMs } of timesOf(transcript, spans)) {
      const from = Math.max(0, Math.floor((fromMs * sampleRateHz) / 1_000));
      samples.fill(0, from, toMs === Infinity ? samples.length : Math.ceil((toMs * sampleRateHz) / 1_000));
    }
    this.#keeper.keep({ callId: this.#callId, speaker, startMs, sampleRateHz, samples });
  }
}

interface Times {
  readonly fromMs: number;
  readonly toMs: number;
}

/** When the redacted pieces were said, since the start of the audio. Where the recogniser tells no times, all of it is meant. */
export function timesOf({ text, tokens }: Transcript, spans: readonly RedactionSpan[]): readonly Times[] {
  if (spans.length === 0) return [];
  const placed = placeTokens(text, tokens);
  if (placed === undefined) return [{ fromMs: 0, toMs: Infinity }];
  return spans.map(({ start, end }) => {
    const inside = placed.filter((each) => each.start < end && each.end > start);
    if (inside.length === 0) return { fromMs: 0, toMs: Infinity };
    return {
      fromMs: Math.min(...inside.map(({ token }) => token.startMs)) - MARGIN_MS,
      toMs: Math.max(...inside.map(({ token }) => token.endMs)) + MARGIN_MS,
    };
  });
}

function partition<T>(all: readonly T[], isFirst: (item: T, index: number) => boolean): [T[], T[]] {
  const first: T[] = [];
  const second: T[] = [];
  all.forEach((item, index) => (isFirst(item, index) ? first : second).push(item));
  return [first, second];
}
