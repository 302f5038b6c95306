import { fail, ok, type Result } from "../../core/result.js";
import { readExtensions } from "./metadata-extensions.js";
import {
  METADATA_LIMITS,
  type CallIdentifier,
  type RecordedParticipant,
  type RecordedSession,
  type RecordedStream,
  type RecordingMetadata,
  type RecordingWarning,
} from "./recording-metadata.js";
import { readXml, type XmlElement, type XmlError } from "./xml-tree.js";

export interface ReadMetadata {
  readonly metadata: RecordingMetadata;
  readonly warnings: readonly RecordingWarning[];
}

export type MetadataError = XmlError | "metadata.root";

/**
 * Reads the metadata of a recording session, RFC 7865, in every dialect that we know of: with and without `:1` in the namespace
 * (which is not looked at), `*_id` or `id` and `session` as attributes, associations of their own or inside the participant,
 * `recording_metadata` of BroadWorks and Webex. What is missing stays empty; what is not known is passed over.
 *
 * A document that was cut off in the middle is read up to there.
 */
export function readMetadata(bytes: Uint8Array): Result<ReadMetadata, MetadataError> {
  const whole = readXml(bytes);
  const cut = whole.ok ? whole : readXml(bytes.subarray(0, bytes.lastIndexOf(GREATER_THAN) + 1));
  if (!cut.ok) return whole.ok ? cut : whole;
  const root = cut.value.find(({ name }) => name === "recording" || name === "recording_metadata");
  if (root === undefined) return fail(whole.ok ? "metadata.root" : whole.error);
  const warnings: RecordingWarning[] = whole.ok ? [] : ["truncated-metadata"];
  return ok({ metadata: readRoot(root, warnings), warnings });
}

const GREATER_THAN = 62;

function readRoot(root: XmlElement, warnings: RecordingWarning[]): RecordingMetadata {
  const sessions = childrenOf(root, "session").map(readSession);
  const streams = childrenOf(root, "stream").map(readStream);
  const mode = valueOf(root, "datamode").toLowerCase() === "partial" ? "partial" : "complete";
  const participants = readParticipants(root, mode === "partial");
  const extensions = readExtensions(root);
  const identifiers = [...ownIdentifiers(root), ...extensions.identifiers];
  const limited = <T>(list: readonly T[], most: number): readonly T[] => {
    if (list.length <= most) return list;
    if (!warnings.includes("too-many")) warnings.push("too-many");
    return list.slice(0, most);
  };
  return {
    mode,
    sessions: limited(sessions, METADATA_LIMITS.sessions),
    participants: limited(participants, METADATA_LIMITS.participants),
    streams: limited(streams, METADATA_LIMITS.streams),
    identifiers: limited(unique(identifiers), METADATA_LIMITS.identifiers),
    caller: extensions.caller,
    called: extensions.called,
  };
}

function readSession(element: XmlElement): RecordedSession {
  return {
    id: idOf(element, "session_id"),
    startedAt: readTime(valueOf(element, "start-time")) ?? readTime(valueOf(element, "associate-time")),
    ended: valueOf(element, "end-time") !== "",
  };
}

function readStream(element: XmlElement): RecordedStream {
  return {
    id: idOf(element, "stream_id"),
    label: valueOf(element, "label"),
    sessionId: element.attributes.get("session_id") ?? element.attributes.get("session") ?? "",
    mixed: valueOf(element, "mode").toLowerCase() === "mixed",
  };
}

function readParticipants(root: XmlElement, isPartial: boolean): RecordedParticipant[] {
  const { sends, left } = readAssociations(root);
  const participants = childrenOf(root, "participant").map((element, index) => {
    const id = firstText(idOf(element, "participant_id"), `participant-${index}`);
    const inside = childrenOf(element, "send").length > 0 ? streamIds(element) : undefined;
    return { ...readParticipant(element, id), sends: sends.get(id) ?? inside, left: left.has(id) || hasLeft(element) };
  });
  if (!isPartial) return participants;
  // A change may name one by its id alone.
  const named = new Set(participants.map(({ id }) => id));
  for (const id of new Set([...sends.keys(), ...left])) {
    if (!named.has(id)) participants.push({ ...NOBODY, id, sends: sends.get(id), left: left.has(id) });
  }
  return participants;
}

const NOBODY = { aor: "", name: "", role: undefined } as const;

function readParticipant(element: XmlElement, id: string): Omit<RecordedParticipant, "sends" | "left"> {
  const nameId = childrenOf(element, "nameid")[0];
  return {
    id,
    aor: firstText(nameId?.attributes.get("aor") ?? "", valueOf(element, "aor"), nameId?.text ?? ""),
    name: nameId === undefined ? valueOf(element, "name") : valueOf(nameId, "name"),
    role: roleOf(element),
  };
}

/** By participant: the streams that it sends on, and whether it has gone. */
function readAssociations(root: XmlElement): { readonly sends: Map<string, string[]>; readonly left: Set<string> } {
  const sends = new Map<string, string[]>();
  for (const element of childrenOf(root, "participantstreamassoc")) {
    const id = idOf(element, "participant_id");
    sends.set(id, [...(sends.get(id) ?? []), ...(hasLeft(element) ? [] : streamIds(element))]);
  }
  const gone = childrenOf(root, "participantsessionassoc").filter(hasLeft);
  return { sends, left: new Set(gone.map((element) => idOf(element, "participant_id"))) };
}

const hasLeft = (element: XmlElement): boolean => valueOf(element, "disassociate-time") !== "";

/** `<send>ID</send>`, or `<send><id>ID</id></send>`. */
function streamIds(element: XmlElement): string[] {
  return childrenOf(element, "send")
    .map((each) => firstText(each.text, valueOf(each, "id")))
    .filter((id) => id !== "");
}

/** Acme's `callingParty`, or a plain `<role>calling</role>`. */
function roleOf(participant: XmlElement): RecordedParticipant["role"] {
  const extension = childrenOf(participant, "extensiondata").flatMap(({ children }) => children);
  const calling = extension.find(({ name }) => name === "callingparty")?.text.toLowerCase();
  if (calling === "true") return "caller";
  if (calling === "false") return "called";
  const role = valueOf(participant, "role").toLowerCase();
  if (/^(?:calling|caller|originat)/.test(role)) return "caller";
  return /^(?:called|callee|terminat)/.test(role) ? "called" : undefined;
}

/** What names the call in elements of RFC 7865 itself. */
function ownIdentifiers(root: XmlElement): CallIdentifier[] {
  const found: CallIdentifier[] = [];
  for (const session of childrenOf(root, "session")) {
    for (const { text } of childrenOf(session, "sipsessionid")) found.push(...readSipSessionId(text));
    found.push({ kind: "session", value: idOf(session, "session_id") });
  }
  for (const group of childrenOf(root, "group")) found.push({ kind: "group", value: idOf(group, "group_id") });
  return found.filter(({ value }) => value !== "");
}

/**
 * `LOCAL;remote=REMOTE` as RFC 7989 has it: 32 hex digits, all zeros where that side is not known. OpenSIPS and others write the
 * Call-ID there.
 */
export function readSipSessionId(text: string): CallIdentifier[] {
  const [local = "", ...params] = text.split(";");
  const remote = params
    .map((param) => /^\s*remote\s*=\s*(\S+)\s*$/i.exec(param)?.[1] ?? "")
    .find((value) => value !== "");
  if (!SESSION_UUID.test(local.trim())) return local.trim() === "" ? [] : [{ kind: "call-id", value: local.trim() }];
  return [local.trim(), remote ?? ""]
    .filter((value) => SESSION_UUID.test(value) && !/^0+$/.test(value))
    .map((value) => ({ kind: "session-id", value: value.toLowerCase() }));
}

const SESSION_UUID = /^[0-9a-f]{32}$/i;

/** ISO 8601 with its zone; without one nobody knows when it was. */
function readTime(text: string): number | undefined {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?)\s*(?:(Z)|([+-]\d\d):?(\d\d))$/i.exec(text);
  if (match === null) return undefined;
  const zone = match[2] === undefined ? `${match[3] ?? ""}:${match[4] ?? ""}` : "Z";
  const at = Date.parse(`${match[1] ?? ""}${zone}`);
  return Number.isNaN(at) ? undefined : at;
}

function idOf(element: XmlElement, name: string): string {
  return element.attributes.get(name) ?? element.attributes.get("id") ?? "";
}

function childrenOf(element: XmlElement, name: string): readonly XmlElement[] {
  return element.children.filter((child) => child.name === name);
}

function valueOf(element: XmlElement, name: string): string {
  return element.children.find((child) => child.name === name)?.text ?? "";
}

const firstText = (...texts: readonly string[]): string => texts.find((text) => text !== "") ?? "";

function unique(identifiers: readonly CallIdentifier[]): CallIdentifier[] {
  const seen = new Map(identifiers.map((each) => [`${each.kind} ${each.value}`, each]));
  return [...seen.values()];
}
