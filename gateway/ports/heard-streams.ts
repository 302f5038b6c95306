import type { Speaker } from "../../detection/index.js";
import type { PayloadFormat } from "../media/audio.js";

/** One speaker's RTP as somebody forks it to us. */
export interface HeardStream {
  /** The call it belongs to, opened with `Listening.open` before. */
  readonly callId: string;
  readonly speaker: Speaker;
  readonly formats: readonly PayloadFormat[];
}

/**
 * Where media adapters tell of the streams that they fork. The packets themselves do not pass here: they go through the packet
 * ring (gateway/media/fork) from the thread that receives them to the thread that listens, under the stream's number.
 */
export interface HeardStreams {
  /** @returns The number to write packets under, 1 or more; undefined: nobody listens to that call, or no room (counted). */
  open(stream: HeardStream): number | undefined;
  /** The formats have changed: re-INVITE, codec change. */
  change(streamId: number, formats: readonly PayloadFormat[]): void;
  close(streamId: number): void;
}
