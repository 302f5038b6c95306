import type { Speaker } from "../../detection/index.js";
import type { PcmAudio } from "../media/audio.js";

/** How a connection says whose sound it brings. From outside: nothing of it is to be believed without a check. */
export type MediaClaim =
  /** Lower case. */
  | { readonly kind: "uuid"; readonly uuid: string }
  /** What the dialplan wrote into the URI of a media WebSocket. */
  | {
      readonly kind: "named";
      readonly callId: string;
      readonly speaker: Speaker;
      readonly caller: string;
      readonly called: string;
      readonly trunk: string | undefined;
      readonly language: string | undefined;
    }
  /** We connected to it. */
  | { readonly kind: "dialled" };

export type MediaSource = "audio-socket" | "media-websocket";

/** A connection that brings the sound of one channel and takes ours. */
export interface MediaConnection {
  readonly source: MediaSource;
  /**
   * From now on its sound counts.
   * @param codec What the connection sends where its protocol says linear and the dialplan may mean another: a name of Asterisk's.
   */
  accept(write: (packet: Uint8Array, nowMs: number) => boolean, codec: string): void;
  /** @returns False: not open, or in a coding that we cannot make; `done` is not called then. */
  play(audio: PcmAudio, done: (complete: boolean) => void): boolean;
  /** What is being played stops, also what waits at the other end. */
  flush(): void;
  /** Asks the other end to hang up, and closes. Safe to call twice. */
  hangUp(): void;
  /** @param reason Counted. Safe to call twice. */
  close(reason: string): void;
  /** Every 10 ms or so. */
  onTime(nowMs: number): void;
}

/** Told synchronously; nothing comes after `onClosed`, which comes once. */
export interface MediaConnectionUser {
  onClaim(connection: MediaConnection, claim: MediaClaim): void;
  onDigit(connection: MediaConnection, digit: string): void;
  onClosed(connection: MediaConnection, reason: string): void;
  /** Something worth counting: a word of a small set of ours. @param by Default 1. */
  onCount(source: MediaSource, what: string, by?: number): void;
}
