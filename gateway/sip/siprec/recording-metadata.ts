/** Who took part in a recorded call. */
export interface RecordedParticipant {
  /** Unique within the document; made up where the sender gave none. */
  readonly id: string;
  /** As written, without blanks around it: `sip:+12025550101@192.0.2.1`, `tel:…`, `user@host`, a bare number; empty: not told. */
  readonly aor: string;
  /** As shown to people; empty: not told. */
  readonly name: string;
  /** Ids of the streams that carry what it says; undefined: nothing is said of it, empty: none. */
  readonly sends: readonly string[] | undefined;
  /** Said outright by the sender; undefined: to be told from streams and order. */
  readonly role: "caller" | "called" | undefined;
  /** It has left the call (`disassociate-time`). */
  readonly left: boolean;
}

/** A stream of the recording session. RFC 7865 §6.5 */
export interface RecordedStream {
  readonly id: string;
  /** The `a=label` of its m= line; empty: not told. */
  readonly label: string;
  readonly sessionId: string;
  /** Several participants in one stream. */
  readonly mixed: boolean;
}

/** A communication session: the call that is recorded. RFC 7865 §6.3 */
export interface RecordedSession {
  readonly id: string;
  /** ms since 1970; undefined: not told, or without a time zone. */
  readonly startedAt: number | undefined;
  readonly ended: boolean;
}

/**
 * A name by which some other system knows the recorded call.
 *
 * `call-id`: Call-ID of one of its legs · `session-id`: one half of a Session-ID (RFC 7989) · `guid`: Cisco-Guid ·
 * `ucid`: Avaya's universal call id · `refci`: call identifier of Cisco Unified CM · `group`, `session`: of the metadata document ·
 * `tracking`: any other correlation id of the vendor.
 */
export interface CallIdentifier {
  readonly kind: "call-id" | "session-id" | "guid" | "ucid" | "refci" | "group" | "session" | "tracking";
  readonly value: string;
}

/** What a recording client says of the call that it records, whatever dialect it speaks. RFC 7865 */
export interface RecordingMetadata {
  /** `partial`: only what has changed. RFC 7865 §6.1 */
  readonly mode: "complete" | "partial";
  readonly sessions: readonly RecordedSession[];
  /** In the order of the document. */
  readonly participants: readonly RecordedParticipant[];
  readonly streams: readonly RecordedStream[];
  readonly identifiers: readonly CallIdentifier[];
  /** URI or number of who called, where an extension says it outright. */
  readonly caller: string | undefined;
  /** The same of who was called. */
  readonly called: string | undefined;
}

export const NO_METADATA: RecordingMetadata = {
  mode: "complete",
  sessions: [],
  participants: [],
  streams: [],
  identifiers: [],
  caller: undefined,
  called: undefined,
};

/** More of a kind are left out, with the warning `too-many`. */
export const METADATA_LIMITS = { sessions: 32, participants: 64, streams: 64, identifiers: 64 } as const;

/** What is odd about a recording session that is heard all the same. Stable names: metric labels. */
export type RecordingWarning =
  /** No metadata at all. */
  | "no-metadata"
  /** There is some, and it cannot be read. */
  | "unreadable-metadata"
  /** It was cut off in the middle; what was there is used. */
  | "truncated-metadata"
  /** Several participants in one stream: all of it counts as said by the caller. */
  | "mixed"
  /** The boundary is not the one that the Content-Type names. */
  | "wrong-boundary"
  /** The closing boundary is missing. */
  | "unterminated-body"
  /** A part has no type that we know; told by what it looks like. */
  | "untyped-part"
  /** Lines of the session description were left out or mended. */
  | "mended-sdp"
  /** Two m= lines with one label, or two streams. */
  | "duplicate-label"
  /** The metadata names a label that no m= line has. */
  | "unknown-label"
  /** Nobody is said to send on a stream: its speaker is told by the order. */
  | "guessed-speaker"
  /** More than two people speak. */
  | "conference"
  /** More of something than we look at. */
  | "too-many"
  /** Changes to a document that we have never had whole. */
  | "partial-first"
  /** Roles have changed in a way that takes effect with the next offer. */
  | "late-roles";
