import type { Speaker } from "../../../detection/index.js";
import type { Clock } from "../../core/clock.js";
import type { Log } from "../../core/log.js";
import type { Metrics } from "../../core/metrics.js";
import type { Random } from "../../core/random.js";
import type { UnixMs } from "../../core/time.js";
import type { HeardStreams } from "../../ports/heard-streams.js";
import type { Listening } from "../../ports/listening.js";
import type { MediaReceiver } from "../../ports/media-receiver.js";
import type { SipSource } from "../../ports/sip-endpoint.js";
import type { RecordedParty } from "../../sip/siprec/recorded-parties.js";
import type { CallIdentifier, RecordingWarning } from "../../sip/siprec/recording-metadata.js";
import type { CallIdentity, Refusal } from "../contracts.js";

export interface RecordingOptions {
  /** False: INVITEs that ask to record are calls like any other. */
  readonly enabled: boolean;
  /** Networks that recording sessions are taken from: they bypass the hop. Others get 403. */
  readonly sources: readonly string[];
  /** Users of Request-URIs whose INVITEs are recording sessions whatever they look like. */
  readonly users: readonly string[];
  /** `Server` of our answers; empty: none. */
  readonly serverName: string;
  /** Recording sessions at a time; further ones get 503. */
  readonly maxSessions: number;
  /** Lines of one session that are heard; further ones are answered with port 0. */
  readonly maxLines: number;
  /** Larger bodies get 413. */
  readonly maxBodyBytes: number;
  /** Who sits at the called side, unless the session says (a Cisco phone's near end is an agent's). */
  readonly calledSide: Extract<Speaker, "callee" | "agent">;
  /** Take the source of the first packet for the sender's address even where one was signalled: clients behind NAT. */
  readonly learnSource: boolean;
  /** A line without a packet for so long makes us ask whether its client is still there, ms; 0: never. */
  readonly idleMs: number;
  /** How often clients are asked, ms; 0: never. Two that are not answered end the session. */
  readonly keepAliveMs: number;
  /** Ports must be there within this long, ms; else 503. */
  readonly receiveTimeoutMs: number;
  /** Our BYEs at a close have this long, ms. */
  readonly closeTimeoutMs: number;
}

export const DEFAULT_RECORDING: RecordingOptions = {
  enabled: true,
  sources: ["127.0.0.0/8", "::1/128"],
  users: [],
  serverName: "Ringfence",
  maxSessions: 1_000,
  maxLines: 16,
  maxBodyBytes: 1_048_576,
  calledSide: "callee",
  learnSource: false,
  idleMs: 60_000,
  keepAliveMs: 300_000,
  receiveTimeoutMs: 5_000,
  closeTimeoutMs: 2_000,
};

/** A call that somebody records to us. */
export interface RecordedCall {
  /** Under which it is heard: the Call-ID of its (first) recording session, unless another call has that name. */
  readonly recordingCallId: string;
  /** Call-ID of the recording session as it came. Some clients use the one of the call that they record. */
  readonly sessionCallId: string;
  /** Names that other systems have for it. */
  readonly identifiers: readonly CallIdentifier[];
  /** As the client wrote it: URI, `user@host` or number; undefined: not told. */
  readonly caller: RecordedParty | undefined;
  readonly called: RecordedParty | undefined;
  /** Who sits at the called side. */
  readonly calledSide: Extract<Speaker, "callee" | "agent">;
  /** Who records it. */
  readonly source: SipSource;
  /** When it began, as the client says; undefined: not told. */
  readonly startedAt: UnixMs | undefined;
  readonly arrivedAt: UnixMs;
  readonly warnings: readonly RecordingWarning[];
}

/** What is to be known of a recorded call before it is heard. */
export interface RecordedVerdict {
  readonly identity: CallIdentity;
  /** How much signalling suspects it, 0–1. */
  readonly risk: number;
}

/** Who takes note of recorded calls. Called synchronously; must not throw. `RecordingDesk` is one. */
export interface RecordedCallDesk {
  begin(call: RecordedCall): RecordedVerdict;
  /** More is known of it: metadata came later, somebody joined, the call was transferred. */
  changed(call: RecordedCall): void;
  ended(recordingCallId: string, at: UnixMs): void;
}

export interface RecordingObserver {
  onRecordedCall(call: RecordedCall, identity: CallIdentity): void;
  onRecordedCallChanged?(call: RecordedCall): void;
  onRecordedCallEnded?(recordingCallId: string, at: UnixMs): void;
}

export interface RecordingDeps {
  readonly desk: RecordedCallDesk;
  readonly listening: Pick<Listening, "open" | "close">;
  readonly heard: HeardStreams;
  readonly media: MediaReceiver;
  readonly observers: readonly RecordingObserver[];
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Another call is known by that id: the hop carries it. Default: none is. */
  isTaken?(callId: string): boolean;
  /** What a source that no recordings are taken from gets; it is counted against that source. Default: 403. */
  refuseStranger?(source: SipSource): Refusal;
  /** Whether the hop takes requests from that address: then it answers their OPTIONS. Default: it does. */
  hopKnows?(address: string): boolean;
}

/** Why a recording session is over; label of `ringfence_recordings_ended_total`. */
export type RecordingEnd =
  /** The client said BYE. */
  | "client"
  /** `endRecording`. */
  | "order"
  /** The gateway closes. */
  | "close"
  /** The client does not answer, or no refresh came. RFC 4028 §10 */
  | "dead"
  /** Our 2xx was never acknowledged. RFC 3261 §13.3.1.4 */
  | "no-ack"
  /** The client took our offer back, or answered it with something that cannot be heard. */
  | "no-media"
  /** A bug of ours. */
  | "fault";
