/** When a stretch of speech begins and ends. All times in ms of the speaker's own audio. */
export interface SegmentOptions {
  /** Probability of speech at which a stretch begins, 0–1. */
  readonly startProbability: number;
  /** Below it a step of a stretch counts as silent, 0–1; lower than `startProbability`, so that it does not flicker. */
  readonly keepProbability: number;
  /** A stretch with less speech in it is none: clicks, coughs. */
  readonly minSpeechMs: number;
  /** Silence that ends a stretch. */
  readonly endSilenceMs: number;
  /** Silence after which it is worth decoding as if the stretch were over. */
  readonly speculateMs: number;
  /** Talk after which a first partial text is wanted, and how often from then on. */
  readonly partialAfterMs: number;
  readonly partialEveryMs: number;
  /** A longer stretch is cut where it is quietest. */
  readonly longestMs: number;
  /** Kept of what was heard before the first step that counts: the first consonant is often quiet. */
  readonly leadMs: number;
  /** Kept of the silence after the last. */
  readonly tailMs: number;
}

export const DEFAULT_SEGMENT_OPTIONS: SegmentOptions = {
  startProbability: 0.5,
  keepProbability: 0.35,
  minSpeechMs: 160,
  endSilenceMs: 300,
  speculateMs: 150,
  partialAfterMs: 1_500,
  partialEveryMs: 1_500,
  longestMs: 25_000,
  leadMs: 200,
  tailMs: 150,
};
