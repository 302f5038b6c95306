/**
 * Who speaks. `caller`: the A side of the call. `callee`: the B side. `agent`: the called side where the operator says that
 * a contact centre's agent sits there; detectors then also look at what a caller tries with an agent.
 */
export type Speaker = "caller" | "callee" | "agent";

/**
 * One stretch of speech as text. A partial is replaced by later partials and by the final of the same `segment`; a final without text
 * takes it back: it was no speech after all, or nothing could be made of it.
 */
export interface TranscriptLine {
  readonly kind: "transcript.line";
  /** The A-leg's Call-ID, or the recording session's call id. */
  readonly callId: string;
  /** Rises from 0 within one call, over both speakers, in the order in which the stretches began. */
  readonly segment: number;
  readonly speaker: Speaker;
  readonly text: string;
  /** Since the call's audio began, ms. Both speakers have the same zero. */
  readonly startMs: number;
  readonly endMs: number;
  readonly final: boolean;
  /** Mean probability of the words, 0–1; absent where the recogniser does not tell. */
  readonly confidence?: number;
  /** ISO 639-1, where it is known. */
  readonly language?: string;
}
