import { monoMs, type MonoMs } from "../core/time.js";
import type { LiveSpeaker } from "./live-speaker.js";
import type { SpeakerText } from "./speaker-text.js";

/** One who is listened to, and what becomes of it. */
export interface LiveEar {
  readonly speaker: LiveSpeaker;
  readonly text: SpeakerText;
}

/** A detector in another process has so long for the last steps; then the own one stands in, ms. */
const LAST_SCORES_MS = 1_500;
/** Of one call. One more, and the one that left first is waited for no longer. */
const MOST = 4;

/** Speakers of one call who have left, and whose last words are not cut into stretches yet. */
export class LeavingSpeakers {
  readonly #onFault: (error: unknown) => void;
  readonly #left = new Map<LiveEar, MonoMs>();

  /** @param onFault A bug that somebody's last words ran into, which costs them. */
  constructor(onFault: (error: unknown) => void) {
    this.#onFault = onFault;
  }

  get some(): boolean {
    return this.#left.size > 0;
  }

  /** It has been told to `end`, and gets no more packets. */
  add(ear: LiveEar, now: MonoMs): void {
    if (!ear.speaker.cutting) {
      ear.speaker.close();
      return;
    }
    const [oldest] = this.#left.keys();
    if (this.#left.size >= MOST && oldest !== undefined) this.#finish(oldest);
    this.#left.set(ear, monoMs(now + LAST_SCORES_MS));
  }

  /** Those whose scores have come, or whose time is over, go. */
  sweep(now: MonoMs): void {
    for (const [ear, until] of this.#left) if (!ear.speaker.cutting || now >= until) this.#finish(ear);
  }

  /** What they said last is forgotten. */
  forget(): void {
    for (const { text, speaker } of this.#left.keys()) {
      text.close();
      speaker.close();
    }
    this.#left.clear();
  }

  #finish(ear: LiveEar): void {
    this.#left.delete(ear);
    try {
      ear.speaker.settle();
    } catch (error) {
      ear.text.close();
      this.#onFault(error);
    }
    ear.speaker.close();
  }
}
