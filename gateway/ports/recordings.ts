import type { Speaker, ThreatKind, ThreatState, UnixMs } from "../../detection/index.js";
import type { ScopeQuery } from "./records.js";

/** What is still to be done with a recording, in this order; `done` and `failed` are the ends. */
export const RECORDING_STAGES = ["download", "decode", "transcribe", "summarize", "deliver", "done", "failed"] as const;
export type RecordingStage = (typeof RECORDING_STAGES)[number];

export const RECORDING_ORIGINS = ["webhook", "api", "upload", "folder", "poll"] as const;
export type RecordingOrigin = (typeof RECORDING_ORIGINS)[number];

/** A recording that somebody wants to be worked on. Bounded and checked by who makes it. */
export interface RecordingOrder {
  /** The other system's id of the call; goes to the CRM as it came. */
  readonly callId: string;
  /** `https://…`, `s3://bucket/key`, or `upload:` where the bytes were handed over. May hold credentials: sealed at rest, never logged. */
  readonly source: string;
  readonly origin: RecordingOrigin;
  /** Canonical, where they are known: deletion by subject goes by them. */
  readonly caller?: string;
  readonly called?: string;
  /** ISO 639-1; undefined: found out. */
  readonly language?: string;
  /** Who speaks on which channel; undefined: as configured. */
  readonly speakers?: readonly Speaker[];
  /** 0–9, the highest first. */
  readonly priority: number;
}

/** An order with the key of all that comes of it: whoever cannot open the one cannot read the other. */
export interface KeptOrder extends RecordingOrder {
  /** 32 bytes, base64. Absent in jobs of before: the installation's keys. */
  readonly key?: string;
}

export interface RecordingJob {
  /** Also the idempotency key at the CRM: the same in every try, over restarts. */
  readonly id: string;
  readonly callId: string;
  readonly origin: RecordingOrigin;
  readonly caller: string | undefined;
  readonly called: string | undefined;
  readonly priority: number;
  readonly stage: RecordingStage;
  readonly createdAt: UnixMs;
  readonly updatedAt: UnixMs;
  /** When the stage was reached. */
  readonly stageSince: UnixMs;
  /** When it began to fail: the retry budget counts from there. Undefined: it has not failed since it last went on. */
  readonly failingSince: UnixMs | undefined;
  /** Not before. */
  readonly dueAt: UnixMs;
  /** Failed tries of this stage. */
  readonly attempts: number;
  /** Known from `transcribe` on. */
  readonly pieces: number;
  readonly piecesDone: number;
  readonly durationMs: number;
  /** Code of the last failure; undefined: none since the stage was reached. */
  readonly error: string | undefined;
  /** What went wrong, for people; no URL, number or text of the call in it. */
  readonly detail: string | undefined;
  readonly state: ThreatState | undefined;
  readonly score: number | undefined;
  readonly kind: ThreatKind | undefined;
}

/** What the store keeps beside what it shows. */
export interface KeptRecordingJob extends RecordingJob {
  /** Which gateway has its files; only that one works on it. */
  readonly home: string;
  /** `KeptOrder` as JSON under the keys of caller and called, context `recording-order:ID`, base64. */
  readonly sealedOrder: string;
  /** `RecordingResult` as JSON under the order's key, context `recording-result:ID`; undefined: not there yet. */
  readonly sealedResult: string | undefined;
}

/** What changes of a job; absent: stays. */
export type RecordingChange = Partial<Omit<KeptRecordingJob, "id" | "home" | "callId" | "origin" | "createdAt">>;

/** With `scope`: recordings of calls whose records are all of it; of a Call-ID without any record: none. */
export interface RecordingQuery extends ScopeQuery {
  /** 1–1,000, newest first. */
  readonly limit: number;
  readonly id?: string;
  readonly stage?: RecordingStage;
  readonly callId?: string;
}

/** `fetch` has not begun; `arrived` are those of `fetch` whose bytes were handed over; `work` has files of its own that wait to be done with; `deliver` waits for the CRM, and must not keep the others waiting. */
export type RecordingLane = "fetch" | "arrived" | "work" | "deliver";

/** Canonical numbers; undefined: withheld. */
export interface RecordingParties {
  readonly caller: string | undefined;
  readonly called: string | undefined;
}

/** Every operation throws GatewayError `store.*`. */
export interface RecordingJobStore {
  /** @returns False: a job of that id is there already, nothing was changed. */
  add(job: KeptRecordingJob): Promise<boolean>;
  /** Those that are due and not over, highest priority first, then oldest; without `except`. */
  due(
    home: string,
    lane: RecordingLane,
    now: UnixMs,
    limit: number,
    except: readonly string[],
  ): Promise<readonly KeptRecordingJob[]>;
  /** When the next one is due that is not over; undefined: none. */
  nextDue(home: string, lane: RecordingLane, except: readonly string[]): Promise<UnixMs | undefined>;
  /** What is due later than `after`, as a clock that was ahead has put it off, is due at `now`. */
  pullIn(home: string, after: UnixMs, now: UnixMs): Promise<void>;
  /** How many of lane `work` have not failed: their files wait for somebody who has time. Without `except`; 1,000 at most. */
  begun(home: string, except: readonly string[]): Promise<number>;
  /** @returns False: it is gone. */
  change(id: string, change: RecordingChange): Promise<boolean>;
  get(id: string): Promise<KeptRecordingJob | undefined>;
  list(query: RecordingQuery): Promise<readonly RecordingJob[]>;
  /** How many there are of each stage. */
  count(): Promise<Readonly<Partial<Record<RecordingStage, number>>>>;
  /** In one step with a note that they were here, `wasRemoved`; but those that a legal hold keeps. @returns Those that are gone by it. */
  remove(ids: readonly string[], at: UnixMs): Promise<readonly string[]>;
  /** Was there a job of that id, deleted since? Who is asked for is remembered for longer. */
  wasRemoved(id: string, now: UnixMs): Promise<boolean>;
  /** Notes of what was deleted, and not asked for again, before. */
  dropRemoved(before: UnixMs): Promise<void>;
  /**
   * Ids of jobs from or to that canonical number, by their own numbers or by the records of their Call-ID, ours and other systems'; 1,000 at most.
   * @param held Those that a legal hold on the job's caller or called keeps, and no others; false: all but those.
   * @param after The last id of the page before.
   */
  ofNumber(number: string, held: boolean, after?: string): Promise<readonly string[]>;
  /** From and to of that Call-ID by our own record, or else by the earliest of other systems. */
  partiesOf(callId: string): Promise<RecordingParties | undefined>;
  /**
   * Jobs of other gateways that have changed none of theirs since: nobody will ever work on them. They fail, with `detail`.
   * @param home Ours. @returns How many.
   */
  giveUpOrphans(home: string, before: UnixMs, now: UnixMs, detail: string): Promise<number>;
  /** Ids of jobs that ended before, but those that a legal hold keeps. 1,000 at most. */
  endedBefore(before: UnixMs): Promise<readonly string[]>;
}

export interface RecordingLine {
  readonly speaker: Speaker;
  /** Redacted. */
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly confidence?: number;
  readonly language?: string;
}

/** −1 … 1 */
export interface SentimentPoint {
  readonly startMs: number;
  readonly endMs: number;
  readonly score: number;
}

export interface SpeakerSentiment {
  readonly speaker: Speaker;
  readonly score: number;
  readonly label: "negative" | "neutral" | "positive";
  readonly overTime: readonly SentimentPoint[];
}

export interface ActionItem {
  readonly speaker: Speaker;
  readonly text: string;
  readonly atMs: number;
}

export interface RecordingSummary {
  readonly summary: string;
  /** As "Customer Support". */
  readonly topic: string;
  readonly sentiment: readonly SpeakerSentiment[];
  readonly actionItems: readonly ActionItem[];
  /** `model`: a language model wrote summary and topic. `extractive`: sentences of the call. */
  readonly by: "model" | "extractive";
}

export interface RecordingResult {
  readonly lines: readonly RecordingLine[];
  readonly durationMs: number;
  /** Told apart by channel, or all said by one: a mono recording. */
  readonly speakersBy: "channel" | "one";
  readonly language: string | undefined;
  /** Mean of the lines', 0–1; undefined: the recogniser does not tell. */
  readonly confidence: number | undefined;
  readonly threat: {
    readonly state: ThreatState;
    readonly score: number;
    readonly kind: ThreatKind;
    readonly explanation: string;
  };
  readonly recogniser: string;
  /** Stretches of speech that the recogniser made nothing of. */
  readonly withoutText: number;
  readonly summary: RecordingSummary;
}

/** What the HTTP side asks for. Implementation: workers/recordings-service.ts. */
export interface RecordingDesk {
  /**
   * @returns The job, new or the one that was there: the same call and source are one job.
   * @throws GatewayError `recording.refused`: the source may not be fetched · `recording.deleted`: it was here and was deleted, and no person
   *   asks for it · `recording.full`: too many wait · `store.*`.
   */
  add(order: RecordingOrder): Promise<{ readonly job: RecordingJob; readonly isNew: boolean }>;
  /**
   * Takes the bytes of a recording; the order's source is made from them.
   * @param identity Stands for the bytes where it is known what they are: one that is there already is not read again.
   * @throws as `add`, and `recording.invalid`: too large, or none.
   */
  upload(
    order: Omit<RecordingOrder, "source">,
    bytes: AsyncIterable<Uint8Array>,
    identity?: string,
  ): Promise<{ readonly job: RecordingJob; readonly isNew: boolean }>;
  job(id: string): Promise<RecordingJob | undefined>;
  jobs(query: RecordingQuery): Promise<readonly RecordingJob[]>;
  count(): ReturnType<RecordingJobStore["count"]>;
  /** @throws GatewayError `crypto.key`, `store.*` @returns Undefined: there is none (yet). */
  result(id: string): Promise<RecordingResult | undefined>;
  /** The same as the CRM is sent it. */
  payload(id: string): Promise<Readonly<Record<string, unknown>> | undefined>;
  /** A failed job is tried again, from where it failed. @returns False: there is none, or it has not failed. */
  retry(id: string): Promise<boolean>;
  /** Stops them, deletes their files and what is known of them; but those that a legal hold keeps. @returns How many are gone by it. */
  remove(ids: readonly string[]): Promise<number>;
  /**
   * The same for all recordings of calls from or to that canonical number, but those that a legal hold on the other one keeps: these can be
   * read without that number's key from then on.
   * @returns How many are deleted, and how many a hold keeps.
   */
  forget(number: string): Promise<{ readonly deleted: number; readonly held: number }>;
  /** Is this message of the recording system genuine? @returns Why not; undefined: it is. */
  checkWebhook(headers: Readonly<Record<string, string | undefined>>, body: Uint8Array): string | undefined;
}
