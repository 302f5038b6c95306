import type { PcmAudio } from "../media/audio.js";

/** What is told of a caller who is being screened. Nothing comes after `onGone`. */
export interface ScreenedLineUser {
  /** It can be heard and spoken to. Once, before all else. */
  onReady(): void;
  /** It cannot; or cannot any more. */
  onFailed(): void;
  /** The sound that was to be played is over, or cannot be played. */
  onPlayed(): void;
  /** @param agoMs So long ago the caller began to speak, or ended. */
  onSpeech(talking: boolean, agoMs: number): void;
  onDigit(digit: string): void;
  /** The caller has hung up, or the call was taken from us. */
  onGone(): void;
}

/** A call that waits for what screening makes of it; the other system still carries it. */
export interface ScreenedLine {
  /** Under which its words come. */
  readonly callId: string;
  /** Opens it. The call has to be open where its words are heard. Once. */
  open(user: ScreenedLineUser): void;
  /** Instead of what is being played. @returns False: it cannot be played; `onPlayed` does not come. */
  play(sound: PcmAudio): boolean;
  /** Be quiet. `onPlayed` does not come. */
  hush(): void;
  /** What will become of it, before the last prompt: that counts also where the other system takes the call away in the middle of it. */
  decide(result: string, reason: string): void;
  /** Gives the call back with what became of it. Nothing is told afterwards. Safe to call twice: the first counts. Never rejects. */
  finish(result: string, reason: string): Promise<void>;
}
