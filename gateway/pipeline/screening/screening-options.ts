/** What is said to a caller who is screened. */
export const SCREENING_PROMPTS = ["ask", "again", "keypad", "pass", "voicemail", "goodbye"] as const;
export type ScreeningPrompt = (typeof SCREENING_PROMPTS)[number];

/** What becomes of the call; the dialplan's `RINGFENCE_SCREENING`. */
export type ScreeningResult = "pass" | "voicemail" | "goodbye" | "unavailable";

/** Why; the dialplan's `RINGFENCE_SCREENING_REASON`. */
export type ScreeningReason =
  | "answered"
  | "scam"
  | "suspicious"
  | "history"
  | "keypad"
  | "silence"
  | "unclear"
  | "too-long"
  /** Nobody hears, no room, or a fault of ours: the call goes on. */
  | "unavailable";

/** Times in ms. */
export interface ScreeningOptions {
  /** After a prompt somebody has to begin to speak within this long. */
  readonly silenceMs: number;
  /** So much silence after the last word ends an answer. */
  readonly endOfSpeechMs: number;
  /** The longest answer; then it is judged as far as it came. */
  readonly answerMs: number;
  /** The text of what was said has to be there so long after its end; else it was not understood. */
  readonly textMs: number;
  /** Time to press a key after the last prompt. */
  readonly keypadMs: number;
  /** A prompt whose end nobody tells is taken for over after this long. */
  readonly promptMs: number;
  /** All of it together. */
  readonly maxMs: number;
  /** What becomes of who says nothing and presses nothing, or nothing that can be understood. */
  readonly onSilence: Exclude<ScreeningResult, "unavailable">;
  readonly onSuspicious: Exclude<ScreeningResult, "unavailable">;
  readonly onScam: Exclude<ScreeningResult, "unavailable">;
}

export const DEFAULT_SCREENING: ScreeningOptions = {
  silenceMs: 5_000,
  endOfSpeechMs: 800,
  answerMs: 20_000,
  textMs: 3_000,
  keypadMs: 6_000,
  promptMs: 20_000,
  maxMs: 90_000,
  onSilence: "voicemail",
  onSuspicious: "voicemail",
  onScam: "goodbye",
};
