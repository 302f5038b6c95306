import type { Speaker } from "../../../../detection/index.js";
import type { PcmAudio } from "../../../media/audio.js";

/** What Asterisk sends us, by its own name of the format: 8 kHz, or 16 kHz, where wide-band calls are heard as they are. */
export type EarFormat = "ulaw" | "slin16";

export interface HeardSpeaker {
  /** The call, opened before. */
  readonly callId: string;
  readonly speaker: Speaker;
  readonly format: EarFormat;
}

/** One external media channel of an Asterisk, and our end of it. */
export interface MediaLine {
  /** The channel, as soon as Asterisk has one. */
  readonly channelId: string | undefined;
  /**
   * Once. What fails leaves nothing behind.
   * @returns The channel's id; it is in Stasis.
   * @throws GatewayError `media.full`, `media.unavailable`, `ari.unavailable`, `ari.rejected`
   */
  open(): Promise<string>;
  /** Our end in the same turn; Asterisk's takes a while. Never rejects. Safe to call twice. */
  close(): Promise<void>;
}

export interface SpokenLine extends MediaLine {
  /**
   * @param onOver Told once, when the last of it has left, or cannot; not after the returned function was called.
   * @returns Stops it; undefined: not now.
   */
  speak(sound: PcmAudio, onOver: (complete: boolean) => void): (() => void) | undefined;
}

/** How the sound of one Asterisk's channels comes to us, and ours goes there: `asterisk.servers[].media`. */
export interface MediaPath {
  hear(heard: HeardSpeaker): MediaLine;
  speak(): SpokenLine;
}
