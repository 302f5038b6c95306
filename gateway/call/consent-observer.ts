import type { Log } from "../core/log.js";
import type { PcmAudio } from "../media/audio.js";
import type { CallMediaEvent, CallObserver, LiveCall } from "./contracts.js";

export interface ConsentDeps {
  readonly log: Log;
  /** That call is not to be heard any more. */
  readonly unheard: (call: LiveCall) => void;
}

/**
 * Plays the announcement that the call is listened to, to both sides, once it is answered and both can be spoken to. A call that
 * cannot play it to both goes on, but is not heard.
 */
export class ConsentObserver implements CallObserver {
  readonly #announcement: PcmAudio;
  readonly #deps: ConsentDeps;

  constructor(announcement: PcmAudio, deps: ConsentDeps) {
    this.#announcement = announcement;
    this.#deps = deps;
  }

  onMedia(call: LiveCall, event: CallMediaEvent): void {
    const { policy, media } = call;
    if (event.kind !== "agreed" || policy.media?.listen !== true || media === undefined) return;
    for (const side of ["a", "b"] as const) {
      media.play(side, this.#announcement).catch(() => {
        if (call.phase === "ending" || call.phase === "ended") return;
        this.#deps.log.warn("media.consent-not-played", { side });
        this.#deps.unheard(call);
      });
    }
  }
}
