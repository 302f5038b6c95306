import type { Clock } from "../../core/clock.js";
import { GatewayError } from "../../core/errors.js";
import { monoMs } from "../../core/time.js";
import type { PcmAudio } from "../../media/audio.js";
import type { MediaSide } from "../../ports/media-anchor.js";
import type { Bencodable } from "./bencode.js";
import type { NgOutcome } from "./ng-client.js";
import { promptPieces } from "./prompts.js";

export type Arguments = Readonly<Record<string, Bencodable | undefined>>;

/** What sounds are made by: commands about one call, one after the other. */
export interface SoundDesk {
  /** @throws GatewayError `media.unavailable`. */
  command(command: string, side: MediaSide, args?: Arguments): Promise<NgOutcome>;
  /** The call is over. */
  readonly isClosed: boolean;
}

const SIDES = ["a", "b"] as const;
export const opposite = (side: MediaSide): MediaSide => (side === "a" ? "b" : "a");

/**
 * Prompts and hold by rtpengine. It puts a prompt beside what the other side says, as a second stream, which telephones play by
 * turns; so the other side is blocked meanwhile. What is blocked is not forked either: nobody hears it.
 */
export class SessionSound {
  readonly #desk: SoundDesk;
  readonly #clock: Clock;
  readonly #holdTone: Uint8Array;
  readonly #prompts: Record<MediaSide, number> = { a: 0, b: 0 };
  #held = false;

  constructor(desk: SoundDesk, clock: Clock, holdTone: Uint8Array) {
    this.#desk = desk;
    this.#clock = clock;
    this.#holdTone = holdTone;
  }

  get held(): boolean {
    return this.#held;
  }

  /** See `MediaSession.play`. */
  async play(to: MediaSide, audio: PcmAudio): Promise<boolean> {
    const pieces = promptPieces(audio);
    if (pieces === undefined) throw new GatewayError("media.rejected", "a prompt of that sample rate cannot be played");
    const prompt = ++this.#prompts[to];
    const isCurrent = (): boolean => this.#prompts[to] === prompt && !this.#desk.isClosed;
    try {
      await this.#block(opposite(to), true);
      for (const { wav, durationMs } of pieces) {
        if (!isCurrent()) return false;
        await this.#playTo(to, { blob: wav });
        await this.#pause(durationMs);
      }
      return isCurrent();
    } finally {
      if (isCurrent() && !this.#held) await this.#block(opposite(to), false).catch(ignored);
    }
  }

  /** See `MediaSession.hold`. */
  hold(held: boolean): void {
    if (this.#held === held) return;
    this.#held = held;
    for (const side of SIDES) {
      if (held) {
        this.#block(side, true).catch(ignored);
        this.#playTo(side, { blob: this.#holdTone, "repeat-times": 10_000 }).catch(ignored);
      } else {
        this.#desk.command("stop media", side).catch(ignored);
        this.#block(side, false).catch(ignored);
      }
    }
  }

  /** What that side says goes nowhere. */
  async #block(side: MediaSide, blocked: boolean): Promise<void> {
    await this.#desk.command(blocked ? "block media" : "unblock media", side, { flags: ["directional"] });
  }

  async #playTo(side: MediaSide, media: Arguments): Promise<void> {
    const outcome = await this.#desk.command("play media", side, media);
    if (outcome.kind === "ok") return;
    throw new GatewayError("media.rejected", `rtpengine does not play it: ${outcome.kind}`);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.callAt(monoMs(this.#clock.mono() + ms), resolve));
  }
}

const ignored = (): void => undefined;
