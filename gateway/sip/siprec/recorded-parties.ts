import { uriOf } from "../message/name-addr.js";
import { unescapeUri } from "../message/text.js";
import type { CiscoForking } from "./cisco-forking.js";
import type { RecordedParticipant, RecordingMetadata, RecordingWarning } from "./recording-metadata.js";

export interface RecordedParty {
  /** URI, `user@host` or number, as written; empty: not told. */
  readonly aor: string;
  readonly name: string;
}

export type RecordedSide = "caller" | "called";

export interface RecordedParties {
  readonly caller: RecordedParty | undefined;
  readonly called: RecordedParty | undefined;
  /** Who speaks on each line, in the order of `labels`. */
  readonly sides: readonly RecordedSide[];
  readonly warnings: readonly RecordingWarning[];
}

/**
 * Who called whom, and who is heard on which line of a recording session. In this order: what an extension says outright; the
 * participant whose number the call is said to come from; well-known labels (`a_leg`, `inbound` …), the smallest number, the first
 * line for the caller. A stream that several people share counts as the caller's: what is said to a victim must not be missed.
 *
 * @param labels `a=label` of the audio lines that are heard, in order; empty: the line has none.
 */
export function recordedParties(metadata: RecordingMetadata | undefined, labels: readonly string[]): RecordedParties {
  const warnings = new Set<RecordingWarning>();
  const here = (metadata?.participants ?? []).filter(({ left }) => !left);
  if (here.length > 2) warnings.add("conference");
  const senders = sendersByLine(metadata, here, labels, warnings);
  const roles = rolesOf(metadata, here, senders, labels);
  const sides = sidesOf(senders, roles, labels, here.length, warnings);
  return {
    caller: partyOf(metadata?.caller, here, roles, "caller"),
    called: partyOf(metadata?.called, here, roles, "called"),
    sides,
    warnings: [...warnings],
  };
}

/** The recorded line is the called one: in a contact centre it is the agent's, whoever dialled. */
export function forkedParties(forking: CiscoForking): RecordedParties {
  const { nearAddress, farAddress, end } = forking;
  return {
    caller: farAddress === "" ? undefined : { aor: farAddress, name: "" },
    called: nearAddress === "" ? undefined : { aor: nearAddress, name: "" },
    sides: [end === "far" ? "caller" : "called"],
    warnings: [],
  };
}

/** Participants who are said to speak on each line. */
function sendersByLine(
  metadata: RecordingMetadata | undefined,
  here: readonly RecordedParticipant[],
  labels: readonly string[],
  warnings: Set<RecordingWarning>,
): readonly (readonly RecordedParticipant[])[] {
  const streams = new Map<string, { id: string; mixed: boolean }>();
  for (const { id, label, mixed } of metadata?.streams ?? []) {
    if (label === "" || id === "") continue;
    if (!labels.includes(label)) warnings.add("unknown-label");
    streams.set(label, { id, mixed });
  }
  if (new Set(labels).size < labels.length && labels.some((label) => label !== "")) warnings.add("duplicate-label");
  return labels.map((label) => {
    const stream = label === "" ? undefined : streams.get(label);
    if (stream === undefined) return [];
    if (stream.mixed && labels.length === 1) return here;
    return here.filter(({ sends }) => sends?.includes(stream.id) === true);
  });
}

type Roles = ReadonlyMap<RecordedParticipant, RecordedSide>;

function rolesOf(
  metadata: RecordingMetadata | undefined,
  here: readonly RecordedParticipant[],
  senders: readonly (readonly RecordedParticipant[])[],
  labels: readonly string[],
): Roles {
  const roles = new Map<RecordedParticipant, RecordedSide>();
  for (const participant of here) {
    const side = participant.role ?? sideByNumber(participant, metadata);
    if (side !== undefined) roles.set(participant, side);
  }
  if (roles.size === 0) {
    const first = callerByOrder(here, senders, labels);
    if (first !== undefined) roles.set(first, "caller");
  }
  // Whoever is left over stands at the side that nobody is at yet, or is one more at the called side.
  const other: RecordedSide = [...roles.values()].includes("caller") ? "called" : "caller";
  for (const participant of here) if (!roles.has(participant)) roles.set(participant, other);
  return roles;
}

function sideByNumber({ aor }: RecordedParticipant, metadata: RecordingMetadata | undefined): RecordedSide | undefined {
  const { caller, called } = metadata ?? {};
  if (caller !== undefined && isSameParty(aor, caller)) return "caller";
  return called !== undefined && isSameParty(aor, called) ? "called" : undefined;
}

/** The only one who sends on the line that looks most like the caller's, else the first in the document. */
function callerByOrder(
  here: readonly RecordedParticipant[],
  senders: readonly (readonly RecordedParticipant[])[],
  labels: readonly string[],
): RecordedParticipant | undefined {
  for (const line of callersLinesFirst(labels)) {
    const [sender, another] = senders[line] ?? [];
    if (sender !== undefined && another === undefined) return sender;
  }
  return here[0];
}

const CALLER_LABEL = /^(?:a|a[_-]?leg|inbound|caller|calling|originat\w*|in|rx)$/i;
const CALLED_LABEL = /^(?:b|b[_-]?leg|outbound|callee|called|terminat\w*|out|tx)$/i;

/** Indexes of the lines, those in front that most look like the caller's. */
function callersLinesFirst(labels: readonly string[]): readonly number[] {
  const numbered = labels.every((label) => /^\d{1,15}$/.test(label));
  const rank = (line: number): number => {
    const label = labels[line] ?? "";
    if (CALLER_LABEL.test(label)) return -1;
    if (CALLED_LABEL.test(label)) return Number.MAX_SAFE_INTEGER;
    return numbered ? Number(label) : line;
  };
  // Stable: lines of one rank stay in their order.
  return labels.map((_label, line) => line).toSorted((x, y) => rank(x) - rank(y));
}

function sidesOf(
  senders: readonly (readonly RecordedParticipant[])[],
  roles: Roles,
  labels: readonly string[],
  people: number,
  warnings: Set<RecordingWarning>,
): readonly RecordedSide[] {
  if (labels.length === 1 && people > 1 && (senders[0]?.length ?? 0) !== 1) {
    warnings.add("mixed");
    return ["caller"];
  }
  const known = senders.map((speaking) => sideOfLine(speaking, roles));
  const order = callersLinesFirst(labels);
  return known.map((side, line) => {
    if (side !== undefined) return side;
    if (people > 0) warnings.add("guessed-speaker");
    const taken = known.includes("caller");
    if (taken || known.includes("called")) return taken ? "called" : "caller";
    return order[0] === line ? "caller" : "called";
  });
}

/** Two who share a line with others: the called side's, where one of them is there (a conference that was joined). */
function sideOfLine(speaking: readonly RecordedParticipant[], roles: Roles): RecordedSide | undefined {
  const sides = new Set(speaking.map((participant) => roles.get(participant)));
  if (sides.size > 1) return "called";
  return [...sides][0];
}

function partyOf(
  told: string | undefined,
  here: readonly RecordedParticipant[],
  roles: Roles,
  side: RecordedSide,
): RecordedParty | undefined {
  const participant = here.find((each) => roles.get(each) === side);
  if (told !== undefined) return { aor: told, name: participant?.name ?? "" };
  return participant === undefined || participant.aor === ""
    ? undefined
    : { aor: participant.aor, name: participant.name };
}

/** Numbers that are written in two ways are one when the last so many digits agree. */
const COMPARED_DIGITS = 9;
const LEAST_DIGITS = 7;

/** Whether two ways of writing name the same user, whatever scheme, host, prefix or separators they have. */
export function isSameParty(a: string, b: string): boolean {
  const x = userOf(a);
  const y = userOf(b);
  if (x === "" || y === "") return false;
  if (x === y) return true;
  const xDigits = x.replace(/\D/g, "");
  const yDigits = y.replace(/\D/g, "");
  if (/[a-z]/.test(x) || /[a-z]/.test(y) || Math.min(xDigits.length, yDigits.length) < LEAST_DIGITS) return false;
  const compared = Math.min(COMPARED_DIGITS, xDigits.length, yDigits.length);
  return xDigits.slice(-compared) === yDigits.slice(-compared);
}

/** The user part or number, in lower case and without parameters; empty: none. */
function userOf(text: string): string {
  const uri = (text.includes("<") ? (uriOf(text) ?? "") : text).trim();
  const bare = uri.replace(/^(?:sips?|tel):/i, "");
  const at = bare.indexOf("@");
  const user = at < 0 ? bare : bare.slice(0, at);
  return unescapeUri(user.split(";", 1)[0] ?? "")
    .trim()
    .toLowerCase();
}
