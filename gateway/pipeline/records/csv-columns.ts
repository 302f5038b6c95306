import type { CallRecord } from "../../../detection/index.js";
import { csvCell } from "../../core/cdr-format.js";

type Cell = string | number | boolean | undefined;

interface CsvColumn {
  readonly name: string;
  /** For the guide. */
  readonly meaning: string;
  readonly write: (record: CallRecord) => Cell;
}

/**
 * The columns of call records as CSV: written by exports and by the generator, imported without a mapping. Times are ISO 8601 in UTC
 * with milliseconds, durations seconds with up to three decimals. Every field of `CallRecord` has one, so nothing is lost on the way.
 */
export const CSV_COLUMNS: readonly CsvColumn[] = [
  {
    name: "id",
    meaning: "unique for ever within its source; made of the row's content where it is missing",
    write: ({ id }) => id,
  },
  { name: "source", meaning: "`hop`, `asterisk`, `csv` or `webex`", write: ({ source }) => source },
  { name: "call_id", meaning: "what the switch calls this leg", write: ({ callId }) => callId },
  { name: "user", meaning: "who is accountable at our side: extension, user, trunk", write: ({ user }) => user },
  { name: "direction", meaning: "`out`, `in`, `internal` or `unknown`", write: ({ direction }) => direction },
  {
    name: "caller",
    meaning: "E.164 with `+`, or as the switch has it; empty: withheld",
    write: ({ caller }) => caller,
  },
  { name: "called", meaning: "the same, of the called side", write: ({ called }) => called },
  { name: "dialled", meaning: "as typed, before translation", write: ({ dialled }) => dialled },
  { name: "country", meaning: "ISO 3166-1 alpha-2 of the far end", write: ({ country }) => country },
  {
    name: "number_class",
    meaning: "of the far end: `fixed`, `mobile`, `premium`, `satellite` …",
    write: ({ numberClass }) => numberClass,
  },
  {
    name: "international",
    meaning: "`true`: the far end is in another country than the site",
    write: ({ international }) => international,
  },
  { name: "started_at", meaning: "when it was dialled", write: ({ startedAt }) => isoTime(startedAt) },
  { name: "answered_at", meaning: "empty: never", write: ({ answeredAt }) => isoTime(answeredAt) },
  { name: "ended_at", meaning: "when it was over", write: ({ endedAt }) => isoTime(endedAt) },
  { name: "duration_seconds", meaning: "from answer to end", write: ({ durationMs }) => durationMs / 1000 },
  {
    name: "ring_seconds",
    meaning: "how long it rang",
    write: ({ ringMs }) => (ringMs === undefined ? undefined : ringMs / 1000),
  },
  {
    name: "outcome",
    meaning: "`answered`, `no-answer`, `busy`, `refused`, `failed` or `cancelled`",
    write: ({ outcome }) => outcome,
  },
  {
    name: "failure",
    meaning: "`authentication`, `congestion`, `unallocated` or `other`",
    write: ({ failure }) => failure,
  },
  { name: "site", meaning: "of the user, as in `records.sites`", write: ({ site }) => site },
  { name: "trunk", meaning: "that carried it", write: ({ trunk }) => trunk },
  { name: "department", meaning: "of the user", write: ({ department }) => department },
  {
    name: "forward_kind",
    meaning:
      "the leg exists because a call was sent on: `always`, `busy`, `no-answer`, `unreachable`, `selective`, `mode`, `transfer` or `unknown`",
    write: ({ forwarded }) => forwarded?.kind,
  },
  { name: "forwarded_by", meaning: "who sent it on", write: ({ forwarded }) => forwarded?.by },
  {
    name: "correlation",
    meaning: "the same in all legs of one conversation",
    write: ({ links }) => links?.correlation,
  },
  { name: "related", meaning: "call id of the leg that led to it", write: ({ links }) => links?.related },
  { name: "transfer", meaning: "call id of the leg it was transferred from", write: ({ links }) => links?.transfer },
  {
    name: "encrypted",
    meaning: "`true`: media or signalling was; empty: not known",
    write: ({ encrypted }) => encrypted,
  },
  { name: "client", meaning: "kind of telephone or program", write: ({ client }) => client },
  { name: "address", meaning: "network address of it", write: ({ address }) => address },
  { name: "reported_at", meaning: "when the switch wrote the record", write: ({ reportedAt }) => isoTime(reportedAt) },
];

/** The header line, with its line end. RFC 4180 §2 */
export const CSV_HEADER = `${CSV_COLUMNS.map(({ name }) => name).join(",")}\r\n`;

/** One record as a line, with its line end. RFC 4180 §2; cells are made harmless for spreadsheets by `csvCell`. */
export const csvLine = (record: CallRecord): string =>
  `${CSV_COLUMNS.map(({ write }) => csvCell(write(record))).join(",")}\r\n`;

/** Beyond it there is no date (ECMA-262 §21.4.1.1). */
const MAX_DATE_MS = 8.64e15;

const isoTime = (ms: number | undefined): string | undefined =>
  ms === undefined || Math.abs(ms) > MAX_DATE_MS ? undefined : new Date(ms).toISOString();
