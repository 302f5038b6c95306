/** `rfc`: RFC 7865. `acme`: as Oracle's (Acme Packet's) session border controllers write it. */
export type MetadataDialect = "rfc" | "acme";

export interface WrittenParticipant {
  readonly id: string;
  readonly aor: string;
  readonly name?: string;
  /** The stream that carries what it says, and the label of its m= line. */
  readonly streamId: string;
  readonly label: string;
  readonly isCaller: boolean;
  /** ISO 8601 time at which it left; absent: it is there. */
  readonly leftAt?: string;
}

export interface WrittenMetadata {
  readonly mode: "complete" | "partial";
  readonly sessionId: string;
  /** ISO 8601 */
  readonly startedAt: string;
  /** Call-ID or Session-ID of the recorded call. */
  readonly sipSessionId?: string;
  readonly participants: readonly WrittenParticipant[];
}

/** The document that a recording client sends. RFC 7865 §10; UTF-8. */
export function writeMetadata(metadata: WrittenMetadata, dialect: MetadataDialect = "rfc"): Uint8Array {
  const lines = dialect === "rfc" ? rfcLines(metadata) : acmeLines(metadata);
  return Buffer.from(['<?xml version="1.0" encoding="UTF-8"?>', ...lines, ""].join("\r\n"), "utf8");
}

function rfcLines({ mode, sessionId, startedAt, sipSessionId, participants }: WrittenMetadata): string[] {
  const session = escape(sessionId);
  const lines = [`<recording xmlns="urn:ietf:params:xml:ns:recording:1">`, `  <datamode>${mode}</datamode>`];
  lines.push(`  <session session_id="${session}">`);
  if (sipSessionId !== undefined) lines.push(`    <sipSessionID>${escape(sipSessionId)}</sipSessionID>`);
  lines.push(`    <start-time>${escape(startedAt)}</start-time>`, "  </session>");
  for (const participant of participants) {
    lines.push(
      `  <participant participant_id="${escape(participant.id)}">`,
      ...nameLines(participant),
      "  </participant>",
    );
  }
  for (const { streamId, label } of participants) {
    lines.push(`  <stream stream_id="${escape(streamId)}" session_id="${session}">`);
    lines.push(`    <label>${escape(label)}</label>`, "  </stream>");
  }
  for (const { id, leftAt } of participants) {
    lines.push(`  <participantsessionassoc participant_id="${escape(id)}" session_id="${session}">`);
    lines.push(`    <associate-time>${escape(startedAt)}</associate-time>`);
    if (leftAt !== undefined) lines.push(`    <disassociate-time>${escape(leftAt)}</disassociate-time>`);
    lines.push("  </participantsessionassoc>");
  }
  for (const { id, streamId } of participants) {
    lines.push(`  <participantstreamassoc participant_id="${escape(id)}">`, `    <send>${escape(streamId)}</send>`);
    for (const other of participants) if (other.id !== id) lines.push(`    <recv>${escape(other.streamId)}</recv>`);
    lines.push("  </participantstreamassoc>");
  }
  return [...lines, "</recording>"];
}

function acmeLines({ mode, sessionId, startedAt, participants }: WrittenMetadata): string[] {
  const session = escape(sessionId);
  const lines = [`<recording xmlns='urn:ietf:params:xml:ns:recording'>`, `  <datamode>${mode}</datamode>`];
  lines.push(
    `  <session id="${session}">`,
    `    <associate-time>${escape(startedAt)}</associate-time>`,
    "  </session>",
  );
  for (const participant of participants) {
    lines.push(`  <participant id="${escape(participant.id)}" session="${session}">`, ...nameLines(participant));
    lines.push(`    <send>${escape(participant.streamId)}</send>`);
    lines.push(`    <extensiondata xmlns:apkt="http://acmepacket.com/siprec/extensiondata">`);
    lines.push(`      <apkt:callingParty>${participant.isCaller}</apkt:callingParty>`, "    </extensiondata>");
    lines.push("  </participant>");
  }
  for (const { streamId, label } of participants) {
    lines.push(`  <stream id="${escape(streamId)}" session="${session}">`, `    <label>${escape(label)}</label>`);
    lines.push("    <mode>separate</mode>", "  </stream>");
  }
  return [...lines, "</recording>"];
}

function nameLines({ aor, name }: WrittenParticipant): string[] {
  if (name === undefined) return [`    <nameID aor="${escape(aor)}"/>`];
  return [`    <nameID aor="${escape(aor)}">`, `      <name xml:lang="en">${escape(name)}</name>`, "    </nameID>"];
}

/** Text and attribute values; characters that XML 1.0 does not have become blanks. */
function escape(text: string): string {
  return text
    .replace(CONTROLS, " ")
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/"/g, "&quot;");
}

const CONTROLS = /[\0-\x08\x0b\x0c\x0e-\x1f]/g;
