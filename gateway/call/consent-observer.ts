import type { Log } from "../core/log.js";
import type { PcmAudio } from "../media/audio.js";
import type { CallObserver, LiveCall } from "./contracts.js";

/** Plays the announcement that the call is listened to, to both sides, once it is answered. A call that cannot play it goes on. */
export class ConsentObserver implements CallObserver {
  readonly #announcement: PcmAudio;
  readonly #log: Log;

  constructor(announcement: PcmAudio, log: Log) {
    this.#announcement = announcement;
    this.#log = log;
  }

  onAnswered({ policy, media }: LiveCall): void {
    if (policy.media?.listen !== true || media === undefined) return;
    for (const side of ["a", "b"] as const) {
      media.play(side, this.#announcement).catch(() => this.#log.warn("media.consent-not-played", { side }));
    }
  }
}
