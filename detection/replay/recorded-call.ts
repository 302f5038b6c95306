import { fail, ok, type Result } from "../model/result.js";
import { unixMs, type UnixMs } from "../model/time.js";

/** One recorded event, numbers as they were written. */
export interface RecordedEvent {
  readonly callId: string;
  readonly aNumber: string;
  readonly bNumber: string;
  readonly trunk: string;
  readonly at: UnixMs;
  readonly status: "started" | "answered" | "ended";
}

export interface RecordError {
  /** `replay.json`: not a JSON object. `replay.field`: a field is missing or cannot be read. */
  readonly code: "replay.json" | "replay.field";
  readonly field: string;
  readonly found: string;
}

type Row = Readonly<Record<string, unknown>>;

/** Names of the switch's events, then of our own CDR export, then of our JSON. */
const CALL_ID = ["call_id", "callId", "id"];
const A_NUMBER = ["a_number", "caller", "aNumber"];
const B_NUMBER = ["b_number", "called", "bNumber"];
const STARTED = ["timestamp", "started_at", "startedAt", "at"];
const TRUNK = ["trunk", "switch_id", "switchId"];

const STATUS: Readonly<Record<string, RecordedEvent["status"]>> = {
  active: "started",
  started: "started",
  ringing: "started",
  initiated: "started",
  answered: "answered",
  connected: "answered",
  ended: "ended",
  completed: "ended",
  terminated: "ended",
  hangup: "ended",
};

/** One JSON line of events as the switch reports them, or of our CDR export. */
export function readJsonLine(line: string): Result<readonly RecordedEvent[], RecordError> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return fail({ code: "replay.json", field: "", found: line.slice(0, 60) });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return fail({ code: "replay.json", field: "", found: line.slice(0, 60) });
  }
  return readRow(value as Row);
}

/**
 * One row by column name. A CDR (it has `ended_at` or `duration_ms`) gives up to three events: started, answered, ended. Times are ISO 8601,
 * ms or seconds since 1970.
 */
export function readRow(row: Row): Result<readonly RecordedEvent[], RecordError> {
  const callId = text(row, CALL_ID);
  const aNumber = text(row, A_NUMBER);
  const bNumber = text(row, B_NUMBER);
  const startedAt = time(row, STARTED);
  if (callId === undefined) return missing(row, CALL_ID);
  if (bNumber === undefined) return missing(row, B_NUMBER);
  if (startedAt === undefined) return missing(row, STARTED);
  const trunk = text(row, TRUNK) ?? "default";
  const call = { callId, aNumber: aNumber ?? "", bNumber, trunk };
  const endedAt = time(row, ["ended_at", "endedAt"]);
  if (endedAt === undefined) return readEvent(row, call, startedAt);
  const answeredAt = time(row, ["answered_at", "answeredAt"]);
  const events: RecordedEvent[] = [{ ...call, at: startedAt, status: "started" }];
  if (answeredAt !== undefined) events.push({ ...call, at: answeredAt, status: "answered" });
  events.push({ ...call, at: endedAt, status: "ended" });
  return ok(events);
}

function readEvent(
  row: Row,
  call: Omit<RecordedEvent, "at" | "status">,
  at: UnixMs,
): Result<readonly RecordedEvent[], RecordError> {
  const name = text(row, ["status", "event"]) ?? "active";
  const word = name.toLowerCase();
  const status = Object.hasOwn(STATUS, word) ? STATUS[word] : undefined;
  if (status === undefined) return fail({ code: "replay.field", field: "status", found: name.slice(0, 60) });
  return ok([{ ...call, at, status }]);
}

function missing(row: Row, names: readonly string[]): Result<never, RecordError> {
  const present = names.find((name) => row[name] !== undefined && row[name] !== "");
  const found = present === undefined ? "nothing" : JSON.stringify(row[present]).slice(0, 60);
  return fail({ code: "replay.field", field: present ?? (names[0] as string), found });
}

function text(row: Row, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = row[name];
    if (typeof value === "string" && value !== "") return value;
    if (typeof value === "number" && Number.isFinite(value)) return String(value);
  }
  return undefined;
}

/** Numbers below this are seconds. */
const FIRST_MS = 100_000_000_000;

function time(row: Row, names: readonly string[]): UnixMs | undefined {
  const value = text(row, names);
  if (value === undefined) return undefined;
  if (/^\d+(?:\.\d+)?$/.test(value)) {
    const number = Number(value);
    return unixMs(Math.round(number < FIRST_MS ? number * 1000 : number));
  }
  const parsed = /^\d{4}-\d\d-\d\d/.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(parsed) ? undefined : unixMs(parsed);
}
