import type { StoreRecord } from "../../ports/records.js";

/** One message from the thread that makes records to the thread that stores them. Text: cheaper to hand over than objects. */
export interface RecordBatch {
  /** Counts up from 1; the receiver names it when the batch is safe. */
  readonly seq: number;
  /** A JSON array of `StoreRecord`. */
  readonly json: string;
}

export type RecordKind = StoreRecord["kind"];

/** Which property of a record of that kind holds it. */
const PAYLOAD = {
  cdr: "cdr",
  alert: "alert",
  incident: "incident",
  block: "block",
  teardown: "teardown",
  audit: "entry",
  transcript: "transcript",
  "call-record": "record",
  "records-judged": "judged",
  "setting-change": "change",
  finding: "finding",
  "intake-position": "position",
} as const satisfies Record<RecordKind, string>;

/** Is this a record, as far as its outside shows? Files may have been cut off or edited. */
export function isStoreRecord(value: unknown): value is StoreRecord {
  if (typeof value !== "object" || value === null || !("kind" in value)) return false;
  const { kind } = value;
  if (typeof kind !== "string" || !Object.hasOwn(PAYLOAD, kind)) return false;
  const payload = (value as Record<string, unknown>)[PAYLOAD[kind as RecordKind]];
  return typeof payload === "object" && payload !== null;
}

/** Reads JSON that may be cut off or foreign. Undefined: it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/**
 * When room is short, call records go first: what says that an attack happened and who did what about it is rarer and worth more.
 */
export const isEvidence = (kind: RecordKind): boolean =>
  kind !== "cdr" && kind !== "teardown" && kind !== "call-record";
