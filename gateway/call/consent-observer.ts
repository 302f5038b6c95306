import type { Log } from "../core/log.js";
import type { PcmAudio } from "../media/audio.js";
import type { CallMediaEvent, CallObserver, LiveCall, LiveMedia } from "./contracts.js";

export interface ConsentDeps {
  readonly log: Log;
  /** That call is not to be heard any more. */
  readonly unheard: (call: LiveCall) => void;
}

/**
 * Plays the announcement that the call is listened to, to both sides, once it is answered and both can be spoken to. One that was cut
 * short (a warning took its place, or another coding was agreed) is played once more. A call that cannot play it to both, to its end,
 * goes on, but is not heard.
 */
export class ConsentObserver implements CallObserver {
  readonly #announcement: PcmAudio;
  readonly #deps: ConsentDeps;
  readonly #heard = new WeakSet<LiveCall>();

  constructor(announcement: PcmAudio, deps: ConsentDeps) {
    this.#announcement = announcement;
    this.#deps = deps;
  }

  onMedia(call: LiveCall, event: CallMediaEvent): void {
    if (event.kind === "settling" && event.listen) this.#heard.add(call);
    const { media } = call;
    if (event.kind !== "agreed" || media === undefined || !this.#heard.has(call)) return;
    for (const side of ["a", "b"] as const) void this.#announce(call, media, side);
  }

  async #announce(call: LiveCall, media: LiveMedia, side: "a" | "b"): Promise<void> {
    const isOver = (): boolean => call.phase === "ending" || call.phase === "ended";
    let why = "cut short";
    const play = (waits: boolean): Promise<boolean | undefined> =>
      media.play(side, this.#announcement, waits).catch((error: unknown) => {
        why = error instanceof Error ? error.message : "failed";
        return undefined;
      });
    const isPlayed = await play(false);
    if (isPlayed === true || isOver()) return;
    if (isPlayed === false && ((await play(true)) === true || isOver())) return;
    this.#deps.log.warn("media.consent-not-played", { side, why });
    media.notHeard("consent");
    this.#deps.unheard(call);
  }
}
