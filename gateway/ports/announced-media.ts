import type { Speaker } from "../../detection/index.js";
import type { PcmAudio } from "../media/audio.js";

/** Codings that an AudioSocket may carry as if they were linear: `Dial(AudioSocket/…)` without `/c(slin)` sends the caller's own codec. */
export type SocketCodec = "slin" | "ulaw" | "alaw" | "g722";

/** Whose sound comes in over a connection that somebody opens to us, or we open. */
export interface AnnouncedStream {
  /** Of the call that it belongs to: the same for both of its sides. */
  readonly callId: string;
  readonly speaker: Speaker;
  /** Who calls whom, as the switch writes it; empty: withheld. Only the first announcement of a call counts. */
  readonly caller: string;
  readonly called: string;
  /** Trunk whose number plan reads the numbers; default: the default one. */
  readonly trunk?: string;
  /** ISO 639-1; undefined: detected. */
  readonly language?: string;
  readonly codec?: SocketCodec;
  /**
   * Default: heard, and the call is opened with it where nobody else has. `if-open`: heard while the call is open, which somebody else
   * has opened. `never`: only spoken into.
   */
  readonly heard?: "if-open" | "never";
}

/** Told synchronously; nothing comes after `onClosed`, which comes once. */
export interface MediaChannelUser {
  /** Sound comes in and can go out. */
  onOpen?(): void;
  onDigit?(digit: string): void;
  /** The connection has ended, by either side; or nobody came in time (`not-connected`). */
  onClosed?(reason: string): void;
}

/** One announced connection. Before it is open and after it is closed, everything is without effect. */
export interface MediaChannel {
  /** What the connection says to be recognised. */
  readonly id: string;
  /** A newer sound replaces the one before. @returns Whether it was played to its end. @throws GatewayError `media.rejected`: not open, or in a coding that we cannot make. */
  play(audio: PcmAudio): Promise<boolean>;
  /** What is being played stops at once, also what waits at the other end: barge-in. */
  flush(): void;
  /** Asks the other end to hang up that channel, and closes. Safe to call twice. */
  hangUp(): void;
  /** The announcement is withdrawn, or the connection closed. Safe to call twice. */
  close(): void;
}

/** A media WebSocket that Asterisk waits for: externalMedia with `connection_type=server`, or `WebSocket/INCOMING`. */
export interface MediaDial {
  /** `ws://HOST:8088/media/CONNECTION_ID` */
  readonly url: string;
  /** Of Asterisk's HTTP server; never logged. */
  readonly username?: string;
  readonly password?: string;
}

/**
 * Where the audio of calls comes in that an Asterisk forks to us over AudioSocket or a media WebSocket. An id is good for one
 * connection.
 */
export interface AnnouncedMedia {
  /**
   * Says whose audio a connection will bring.
   * @param id A UUID in any case: AudioSocket's, or the URI parameter `uuid` of a media WebSocket.
   * @throws GatewayError `media.rejected`: no UUID, or announced already; `media.full`: too many are announced.
   */
  announce(id: string, stream: AnnouncedStream, user?: MediaChannelUser): MediaChannel;
  /** Connects to an Asterisk that waits for it. @throws GatewayError `websocket.unavailable`, `websocket.rejected`, `media.full`. */
  dial(to: MediaDial, stream: AnnouncedStream, user?: MediaChannelUser): Promise<MediaChannel>;
  /** Where an Asterisk connects to; undefined: that server is off. */
  readonly addresses: { readonly audioSocket?: string; readonly mediaWebSocket?: string };
}
