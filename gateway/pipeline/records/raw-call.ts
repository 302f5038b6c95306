import type { CallRecord, ForwardKind, NumberClass, RecordSource, UnixMs } from "../../../detection/index.js";

/** A call as its source has it: what is missing is worked out by `RecordNormaliser`. */
export interface RawCall {
  readonly source: RecordSource;
  readonly id?: string;
  /** Tells this leg from others of its call, where they have no ids. */
  readonly leg?: string;
  readonly callId?: string;
  readonly user?: string;
  readonly direction?: CallRecord["direction"];
  /** As written; empty: withheld. */
  readonly caller: string;
  readonly called: string;
  readonly dialled?: string;
  /** ISO 3166-1 alpha-2; other texts count as none. */
  readonly country?: string;
  readonly numberClass?: NumberClass;
  readonly international?: boolean;
  readonly startedAt: UnixMs;
  readonly answeredAt?: UnixMs;
  readonly endedAt?: UnixMs;
  readonly durationMs?: number;
  readonly ringMs?: number;
  /** It was answered, whatever the outcome says, or was not. */
  readonly answered?: boolean;
  readonly outcome?: CallRecord["outcome"];
  readonly failure?: NonNullable<CallRecord["failure"]>;
  readonly site?: string;
  /** Of the site, as `SiteCalendar` has it. */
  readonly timeZone?: string;
  readonly trunk?: string;
  readonly department?: string;
  readonly forwardKind?: ForwardKind;
  readonly forwardedBy?: string;
  readonly correlation?: string;
  readonly related?: string;
  readonly transfer?: string;
  readonly encrypted?: boolean;
  readonly client?: string;
  readonly address?: string;
  readonly reportedAt?: UnixMs;
}

export interface RowError {
  /**
   * `record.columns`: more or fewer cells than the header. `record.missing`: a field that must be there is empty.
   * `record.field`: cannot be read. `record.date`: nor can a date whose day and month nobody can tell apart, `record.decimal`:
   * a number with a comma. `record.times`: the call ends before it begins, or lasts longer than a month.
   * `record.future`: it begins later than can be.
   */
  readonly code:
    | "record.columns"
    | "record.missing"
    | "record.field"
    | "record.date"
    | "record.decimal"
    | "record.times"
    | "record.future";
  readonly field: string;
  /** What stood there, 60 characters at most. */
  readonly found: string;
}
