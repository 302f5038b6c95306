import type { LinkFromWorker, LinkToWorker, WorkerLink } from "../../core/worker-link.js";
import type { MediaClaim, MediaSource } from "../../ports/media-connections.js";

/** A server, as its thread opens it: plain data. */
export interface MediaServerOptions {
  readonly address: string;
  readonly port: number;
  readonly allowFrom: readonly string[];
  readonly maxConnections: number;
  readonly claimTimeoutMs: number;
  readonly idleMs: number;
}

export interface MediaSocketServerOptions extends MediaServerOptions {
  readonly path: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

/** What the worker finds in `workerData`. */
export interface AsteriskMediaStart {
  /** Undefined: off. */
  readonly audioSocket: MediaServerOptions | undefined;
  readonly mediaWebSocket: MediaSocketServerOptions | undefined;
  /** Where there is no such server, of the media WebSockets that we open. */
  readonly dialling?: Pick<MediaServerOptions, "maxConnections" | "claimTimeoutMs" | "idleMs">;
  /** Of the packet ring; undefined: nobody listens. */
  readonly ring: SharedArrayBuffer | undefined;
}

/** What the main thread asks, each with an answer. Channels have a number, given by the thread and never twice. */
export interface AsteriskMediaRequests {
  /** Connects to an Asterisk that waits for it. Its channel is claimed as `dialled`, after the answer. */
  dial: {
    readonly args: {
      readonly url: string;
      readonly credentials: { readonly username: string; readonly password: string } | undefined;
    };
    readonly answer: number;
  };
  play: {
    readonly args: { readonly channel: number; readonly sampleRateHz: number; readonly samples: Float32Array };
    /** Whether it was played to its end. */
    readonly answer: boolean;
  };
}

export type ToAsteriskMedia =
  | LinkToWorker<AsteriskMediaRequests>
  /** @param streamId 0: its sound is not heard. */
  | { readonly kind: "accept"; readonly channel: number; readonly streamId: number; readonly codec: string }
  | { readonly kind: "flush" | "hang-up"; readonly channel: number }
  | { readonly kind: "close"; readonly channel: number; readonly reason: string };

/** Counted since the thread's last report. */
export interface MediaCount {
  readonly source: MediaSource;
  readonly what: string;
  readonly by: number;
}

export type AsteriskMediaSays =
  | { readonly kind: "ready"; readonly audioSocketPort: number; readonly mediaWebSocketPort: number }
  | { readonly kind: "claim"; readonly channel: number; readonly source: MediaSource; readonly claim: MediaClaim }
  | { readonly kind: "digit"; readonly channel: number; readonly digit: string }
  | { readonly kind: "closed"; readonly channel: number; readonly reason: string }
  | {
      readonly kind: "report";
      readonly counts: readonly MediaCount[];
      readonly connections: Readonly<Record<MediaSource, number>>;
    }
  | { readonly kind: "pong" };

export type FromAsteriskMedia = AsteriskMediaSays | LinkFromWorker<AsteriskMediaRequests>;

export type AsteriskMediaLink = WorkerLink<AsteriskMediaRequests, ToAsteriskMedia, AsteriskMediaSays>;
