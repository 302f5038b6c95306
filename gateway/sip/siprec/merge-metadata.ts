import {
  METADATA_LIMITS,
  type CallIdentifier,
  type RecordingMetadata,
  type RecordingWarning,
} from "./recording-metadata.js";
import type { ReadMetadata } from "./read-metadata.js";

/**
 * What is known after a further document. A complete one replaces all that was known; a partial one adds, and replaces by id
 * what it names (RFC 7865 §6.1). Names by which the call is known elsewhere are kept all the same: a call does not lose them.
 *
 * @param before Undefined: this is the first one.
 */
export function mergeMetadata(before: RecordingMetadata | undefined, change: RecordingMetadata): ReadMetadata {
  if (before === undefined) {
    const warnings: RecordingWarning[] = change.mode === "partial" ? ["partial-first"] : [];
    return { metadata: { ...change, mode: "complete" }, warnings };
  }
  const identifiers = byKey([...before.identifiers, ...change.identifiers], identifierKey);
  const parties = { caller: change.caller ?? before.caller, called: change.called ?? before.called };
  const merged: RecordingMetadata =
    change.mode === "complete"
      ? { ...change, identifiers, ...parties }
      : {
          mode: "complete",
          sessions: byKey([...before.sessions, ...change.sessions], ({ id }) => id),
          participants: mergeParticipants(before, change),
          streams: byKey([...before.streams, ...change.streams], ({ id }) => id),
          identifiers,
          ...parties,
        };
  return limited(merged);
}

/** One that is only associated anew (no name, no address in the change) keeps what was known of it. */
function mergeParticipants(before: RecordingMetadata, change: RecordingMetadata): RecordingMetadata["participants"] {
  const known = new Map(before.participants.map((participant) => [participant.id, participant]));
  for (const changed of change.participants) {
    const was = known.get(changed.id);
    known.set(changed.id, {
      ...changed,
      aor: changed.aor === "" ? (was?.aor ?? "") : changed.aor,
      name: changed.name === "" ? (was?.name ?? "") : changed.name,
      sends: changed.sends ?? was?.sends,
      role: changed.role ?? was?.role,
    });
  }
  return [...known.values()];
}

const identifierKey = ({ kind, value }: CallIdentifier): string => `${kind} ${value}`;

/** The last of each key, in the place of the first. */
function byKey<T>(items: readonly T[], keyOf: (item: T) => string): readonly T[] {
  return [...new Map(items.map((item) => [keyOf(item), item])).values()];
}

/** The newest are kept: who has just joined matters more than who left an hour ago. */
function limited(metadata: RecordingMetadata): ReadMetadata {
  const { sessions, participants, streams, identifiers } = metadata;
  const cut = {
    ...metadata,
    sessions: sessions.slice(-METADATA_LIMITS.sessions),
    participants: participants.slice(-METADATA_LIMITS.participants),
    streams: streams.slice(-METADATA_LIMITS.streams),
    identifiers: identifiers.slice(0, METADATA_LIMITS.identifiers),
  };
  const isCut =
    cut.sessions.length < sessions.length ||
    cut.participants.length < participants.length ||
    cut.streams.length < streams.length ||
    cut.identifiers.length < identifiers.length;
  return { metadata: cut, warnings: isCut ? ["too-many"] : [] };
}
