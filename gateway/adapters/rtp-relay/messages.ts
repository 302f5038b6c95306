import type { PayloadFormat } from "../../core/payload-format.js";
import type { LinkFromWorker, LinkToWorker, WorkerLink } from "../../core/worker-link.js";
import type { SrtpKey } from "../../media/srtp/srtp-session.js";
import type { MediaSide, MediaStats } from "../../ports/media-anchor.js";

/** Where a peer is: an IP literal and a port. */
export interface Peer {
  readonly address: string;
  /** 0: any, and nothing can be sent there. */
  readonly port: number;
}

/** One of our pairs of ports, as session descriptions have it. */
export interface OpenPlace {
  /** Where it is bound; what is advertised may be another. */
  readonly address: string;
  readonly rtpPort: number;
  readonly rtcpPort: number;
}

/** What the relay has to know of one side of a stream. */
export interface LegState {
  /** Where this side wants RTP, and where it sends it from; undefined: not known yet, or held by an address of zero. */
  readonly rtp: Peer | undefined;
  readonly rtcp: Peer | undefined;
  /** RTCP goes to the RTP port. RFC 5761 */
  readonly rtcpMux: boolean;
  /** Take the sender of the first packet for the peer. */
  readonly learn: boolean;
  /** What this side's payload types mean. */
  readonly formats: readonly PayloadFormat[];
  /** How the other side's packets to this one are to be made by us: formats that this side takes, best first. */
  readonly takes: readonly PayloadFormat[];
  /** Number in the ring; 0: not forked. */
  readonly streamId: number;
  /** Key that this side sends with; `unreadable`: encrypted, and we cannot open it. */
  readonly key: SrtpKey | "unreadable" | undefined;
}

export interface StreamState {
  /** Place of the m-line. */
  readonly index: number;
  readonly isAudio: boolean;
  readonly a: LegState;
  readonly b: LegState;
}

/** All that signalling knows of a call's media. */
export interface CallState {
  readonly streams: readonly StreamState[];
  /** An offer and its answer were exchanged since the last state: sources may be learned anew. */
  readonly agreement: number;
  /** Both sides have said that they will not send: silence is no sign of death. */
  readonly maySilent: boolean;
}

export interface StreamWanted {
  readonly index: number;
  readonly isAudio: boolean;
  readonly families: Readonly<Record<MediaSide, 4 | 6>>;
  /** RTP ports that an earlier worker had. */
  readonly again?: Readonly<Record<MediaSide, number>>;
}

export interface StreamPlaces {
  readonly index: number;
  readonly a: OpenPlace;
  readonly b: OpenPlace;
}

export interface ReceiverWanted {
  readonly streamId: number;
  readonly family: 4 | 6;
  readonly key: SrtpKey | undefined;
  readonly idleMs: number;
  readonly again?: number;
}

/** What the main thread asks, each with an answer. */
export interface Requests {
  /** Streams that are there already keep their ports. */
  allocate: {
    readonly args: { readonly call: number; readonly streams: readonly StreamWanted[] };
    readonly answer: StreamPlaces[];
  };
  play: {
    readonly args: {
      readonly call: number;
      readonly to: MediaSide;
      readonly sampleRateHz: number;
      readonly samples: Float32Array;
    };
    /** Whether it was played to its end. */
    readonly answer: boolean;
  };
  /** All that was said before has been done. */
  sync: { readonly args: Record<string, never>; readonly answer: true };
  stats: { readonly args: { readonly call: number }; readonly answer: MediaStats };
  close: { readonly args: { readonly call: number }; readonly answer: MediaStats };
  receive: { readonly args: { readonly receiver: number } & ReceiverWanted; readonly answer: OpenPlace };
}

export type RequestName = keyof Requests;

export type ToRelay =
  | LinkToWorker<Requests>
  | { readonly kind: "state"; readonly call: number; readonly state: CallState }
  | { readonly kind: "release"; readonly call: number; readonly indexes: readonly number[] }
  | { readonly kind: "answered"; readonly call: number }
  | { readonly kind: "hold"; readonly call: number; readonly held: boolean }
  | { readonly kind: "expect"; readonly receiver: number; readonly peer: Peer | undefined }
  | { readonly kind: "close-receiver"; readonly receiver: number };

/** Counters of all calls since the worker began. */
export interface RelayTotals {
  readonly packetsIn: number;
  readonly packetsOut: number;
  readonly rtcpIn: number;
  readonly strangers: number;
  readonly malformed: number;
  readonly oversized: number;
  /** Came before any description said who would send. */
  readonly early: number;
  /** The system took no more. */
  readonly refused: number;
  readonly forked: number;
  readonly forkDropped: number;
  /** Encrypted, and not by the key that was agreed. */
  readonly unopened: number;
  readonly prompts: number;
}

export interface RelayReport {
  readonly totals: RelayTotals;
  readonly calls: number;
  readonly receivers: number;
  /** Pairs that could be given out, of the family that has the fewest; undefined: the system chooses. */
  readonly freePairs: number | undefined;
}

export type RelayCallEvent =
  | { readonly kind: "idle" }
  | { readonly kind: "unopened"; readonly side: MediaSide }
  | { readonly kind: "digit"; readonly side: MediaSide; readonly digit: string; readonly durationMs: number };

export type FromRelay =
  | { readonly kind: "ready"; readonly io: "native" | "node"; readonly why: string }
  | LinkFromWorker<Requests>
  | { readonly kind: "event"; readonly call: number; readonly event: RelayCallEvent }
  | { readonly kind: "receiver-idle"; readonly receiver: number }
  | { readonly kind: "report"; readonly report: RelayReport }
  | { readonly kind: "pong" };

/** What the relay says of itself. */
export type RelaySays = Exclude<FromRelay, LinkFromWorker<Requests>>;
export type RelayLink = WorkerLink<Requests, ToRelay, RelaySays>;
