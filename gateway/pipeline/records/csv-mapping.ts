import type { RecordSource } from "../../../detection/index.js";
import type { RecordField } from "../../core/record-fields.js";
import { CSV_COLUMNS } from "./csv-columns.js";

/** Where a field comes from. */
export interface FieldSource {
  /** The first that has something in it; with `join` all of them, a blank between. */
  readonly columns: readonly string[];
  readonly join?: boolean | undefined;
  /** The same for every row. */
  readonly value?: string | undefined;
  /** Other words for what is there; `*` stands for all that are not named. */
  readonly values?: Readonly<Record<string, string>> | undefined;
  /** Times: see `timeReader`. */
  readonly format?: string | undefined;
  /** Durations. Default `s`. */
  readonly unit?: "s" | "ms" | "min" | undefined;
  /** What stands in the first pair of brackets is what counts: `/([^-]+)-/`. */
  readonly extract?: string | undefined;
}

/** How the columns of a file become call records. */
export interface CsvMapping {
  readonly name: string;
  /** Names of the columns where the file has no header line. */
  readonly columns?: readonly string[] | undefined;
  readonly delimiter?: string | undefined;
  /** IANA name, of times that name no zone. Default UTC. */
  readonly timeZone?: string | undefined;
  /** What stands before decimals. Default a point. */
  readonly decimal?: "." | "," | undefined;
  /** Rows may end before the last column: what is missing is empty. Else such a row was cut off, and is kept aside. */
  readonly shortRows?: boolean | undefined;
  readonly source: Exclude<RecordSource, "hop">;
  /** Rows in which one of these columns has one of these values are passed over. */
  readonly skip?: Readonly<Record<string, readonly string[]>> | undefined;
  readonly fields: { readonly [Field in RecordField]?: FieldSource | undefined };
}

const from = (...columns: readonly string[]): FieldSource => ({ columns });

/** `ring_seconds` is the field `ring`; all else is the field's name with underscores. */
const fieldOf = (column: string): RecordField => {
  const name = column.replace(/_seconds$/, "").replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return name as RecordField;
};

/** Our own columns: `csv-columns.ts`. */
export const DEFAULT_MAPPING: CsvMapping = {
  name: "default",
  source: "csv",
  fields: Object.fromEntries(CSV_COLUMNS.map(({ name }) => [fieldOf(name), from(name)])),
};

/** What `ringfence cdr export` writes. */
export const EXPORT_MAPPING: CsvMapping = {
  name: "ringfence-export",
  source: "csv",
  fields: {
    id: from("id"),
    source: { columns: [], value: "hop" },
    callId: from("call_id"),
    caller: from("caller"),
    called: from("called"),
    startedAt: from("started_at"),
    answeredAt: from("answered_at"),
    endedAt: from("ended_at"),
    duration: { columns: ["duration_ms"], unit: "ms" },
    outcome: {
      columns: ["status"],
      values: {
        "200": "answered",
        "486": "busy",
        "600": "busy",
        "603": "refused",
        "607": "refused",
        "608": "refused",
        "487": "cancelled",
        "408": "no-answer",
        "480": "no-answer",
        "*": "failed",
      },
    },
    // As `own-call.ts`; an export does not say whether a challenge had been answered, so none is a failed authentication.
    failure: {
      columns: ["status"],
      values: {
        "403": "other",
        "404": "unallocated",
        "410": "unallocated",
        "484": "unallocated",
        "604": "unallocated",
        "503": "congestion",
        "*": "",
      },
    },
    trunk: from("trunk"),
  },
};

/**
 * Asterisk's `cdr_csv` (Master.csv), in the order of cdr_csv.c; the last five are there as `cdr.conf` says (loguniqueid,
 * loguserfield, newcdrcolumns). No header. Times are the machine's local ones unless `usegmtime` is on: give `--time-zone`.
 */
export const ASTERISK_MAPPING: CsvMapping = {
  name: "asterisk",
  source: "asterisk",
  shortRows: true,
  columns: [
    "accountcode",
    "src",
    "dst",
    "dcontext",
    "clid",
    "channel",
    "dstchannel",
    "lastapp",
    "lastdata",
    "start",
    "answer",
    "end",
    "duration",
    "billsec",
    "disposition",
    "amaflags",
    "uniqueid",
    "userfield",
    "peeraccount",
    "linkedid",
    "sequence",
  ],
  fields: {
    // The sequence number counts records; without it (newcdrcolumns) all legs of Dial(A&B) and of a queue have one uniqueid.
    id: { columns: ["uniqueid", "sequence"], join: true, extract: "^(.+ \\d+)$" },
    leg: {
      columns: ["channel", "dstchannel", "lastapp", "lastdata", "answer", "duration", "billsec", "disposition"],
      join: true,
    },
    callId: from("uniqueid"),
    user: { columns: ["accountcode", "src"] },
    caller: from("src"),
    called: from("dst"),
    startedAt: from("start"),
    answeredAt: from("answer"),
    endedAt: from("end"),
    duration: from("billsec"),
    outcome: {
      columns: ["disposition"],
      values: { ANSWERED: "answered", "NO ANSWER": "no-answer", BUSY: "busy", CONGESTION: "failed", FAILED: "failed" },
    },
    failure: { columns: ["disposition"], values: { CONGESTION: "congestion", "*": "" } },
    trunk: { columns: ["dstchannel"], extract: "^[^/]+/(.+)-[0-9a-f]+$" },
    correlation: from("linkedid"),
  },
};

const WEBEX_FORWARDS = {
  CallForwardAlways: "always",
  CallForwardBusy: "busy",
  CallForwardNoAnswer: "no-answer",
  CallForwardNotReachable: "unreachable",
  CallForwardSelective: "selective",
  CallForwardModeBased: "mode",
  Unconditional: "always",
  UserBusy: "busy",
  NoAnswer: "no-answer",
  Deflection: "unknown",
  FollowMe: "unknown",
  TimeOfDay: "mode",
  "*": "",
};

/** Outcomes of calls that were not answered, by Webex's reasons, and by its outcomes where the reason tells nothing. */
const WEBEX_ENDINGS = [
  ["busy", ["UserBusy"]],
  [
    "no-answer",
    [
      ...["NoAnswer", "NoAnswerFromUser", "NoUserResponse", "SIP408", "SIP480"],
      ...["InternalRequestTimeout", "TemporarilyUnavailable"],
    ],
  ],
  ["cancelled", ["SIP487"]],
  ["failed", ["Failure"]],
  ["refused", ["Refusal"]],
] as const;
const WEBEX_OUTCOMES = WEBEX_ENDINGS.flatMap(([, words]) => words);

/** Webex Calling's Detailed Call History: the report as CSV and the feed's JSON have the same names. */
export const WEBEX_MAPPING: CsvMapping = {
  name: "webex",
  source: "webex",
  fields: {
    id: from("Report ID"),
    callId: from("Call ID"),
    user: from("User UUID", "User", "User number"),
    direction: { columns: ["Direction"], values: { ORIGINATING: "out", TERMINATING: "in", "*": "unknown" } },
    caller: from("Calling number", "Calling line ID"),
    called: from("Called number", "Called line ID", "Dialed digits"),
    dialled: from("Dialed digits"),
    startedAt: from("Start time"),
    answeredAt: from("Answer time"),
    endedAt: from("Release time"),
    duration: from("Duration"),
    ring: from("Ring duration"),
    answered: { columns: ["Answered", "Answer indicator"], values: { "Yes-PostRedirection": "true" } },
    // Success is every call that was put through, answered or not: the reason goes first, and `Normal` says nothing.
    outcome: {
      columns: ["Call outcome reason", "Call outcome"],
      join: true,
      extract: `\\b(${WEBEX_OUTCOMES.join("|")})\\b`,
      values: Object.fromEntries(WEBEX_ENDINGS.flatMap(([outcome, words]) => words.map((word) => [word, outcome]))),
    },
    failure: {
      columns: ["Call outcome reason"],
      values: {
        Congestion: "congestion",
        UnassignedNumber: "unallocated",
        NetworkCongestion: "congestion",
        "*": "",
      },
    },
    numberClass: {
      columns: ["Call type"],
      values: {
        SIP_PREMIUM: "premium",
        SIP_TOLLFREE: "toll-free",
        SIP_MOBILE: "mobile",
        SIP_EMERGENCY: "emergency",
        SIP_SHORTCODE: "short-code",
        SIP_ENTERPRISE: "internal",
        "*": "",
      },
    },
    international: {
      columns: ["Call type"],
      values: {
        SIP_INTERNATIONAL: "true",
        SIP_NATIONAL: "false",
        SIP_MOBILE: "false",
        SIP_ENTERPRISE: "false",
        "*": "",
      },
    },
    country: from("International country"),
    site: from("Location"),
    timeZone: from("Site timezone"),
    trunk: from("Outbound trunk", "Inbound trunk"),
    department: from("Department ID"),
    forwardKind: { columns: ["Related reason", "Redirect reason"], values: WEBEX_FORWARDS },
    forwardedBy: from("Redirecting number"),
    correlation: from("Correlation ID"),
    related: from("Related call ID"),
    transfer: from("Transfer related call ID"),
    client: from("Client type"),
    address: from("Public Calling IP Address"),
    reportedAt: from("Report time"),
  },
};

export const BUILT_IN_MAPPINGS: readonly CsvMapping[] = [
  DEFAULT_MAPPING,
  EXPORT_MAPPING,
  ASTERISK_MAPPING,
  WEBEX_MAPPING,
];

/** Columns without which a file is not of that kind. */
const MARKS: Readonly<Record<string, readonly string[]>> = {
  default: ["called", "started_at"],
  "ringfence-export": ["call_id", "started_at", "status", "ended_by"],
  webex: ["Report ID", "Start time"],
  asterisk: ["disposition", "billsec"],
};

/** Of a first row: the built-in mapping that it fits, if any. A row of data that looks like Master.csv is one too. */
export function recogniseMapping(firstRow: readonly string[]): CsvMapping | undefined {
  const names = new Set(firstRow.map(columnKey));
  const fits = (mapping: CsvMapping): boolean =>
    (MARKS[mapping.name] ?? []).every((name) => names.has(columnKey(name)));
  const named = [EXPORT_MAPPING, DEFAULT_MAPPING, WEBEX_MAPPING].find(fits);
  if (named !== undefined) return named;
  if (fits(ASTERISK_MAPPING)) return { ...ASTERISK_MAPPING, columns: undefined };
  const isTime = (text: string | undefined): boolean => /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(text ?? "");
  const isMaster = firstRow.length >= 16 && firstRow.length <= 21 && isTime(firstRow[9]) && isTime(firstRow[11]);
  return isMaster ? ASTERISK_MAPPING : undefined;
}

/** Names are compared without case, and without the blanks around them. */
export const columnKey = (name: string): string => name.trim().toLowerCase();
