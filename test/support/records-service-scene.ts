import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import {
  DEFAULT_CDR_DETECTION,
  unixMs,
  type Alert,
  type CalledId,
  type CallerId,
  type CallRecord,
  type Cdr,
  type TrunkId,
} from "../../detection/index.js";
import { silentLog, type Log } from "../../gateway/core/log.js";
import { noMetrics } from "../../gateway/core/metrics.js";
import type { BatchSink, StoreRecord } from "../../gateway/ports/records.js";
import { RecordsService, type RecordsOptions } from "../../gateway/workers/records-service.js";
import { FakeClock } from "./fake-clock.js";

/** Records that the store gives at a time. */
export const PAGE = 100;
const HOUR_MS = 3_600_000;
export const HOUR_AGO = new FakeClock().unix() - HOUR_MS;

/** Call records as a store has them. */
export interface StoredRecords {
  readonly judged: readonly CallRecord[];
  readonly unjudged: readonly CallRecord[];
}

const keyOf = ({ source, id }: Pick<CallRecord, "source" | "id">): string => `${source} ${id}`;

/** What a store has that was given these. */
export function storedBy(written: readonly StoreRecord[]): StoredRecords {
  const records = new Map<string, { readonly record: CallRecord; readonly unjudged: boolean }>();
  for (const each of written) {
    if (each.kind === "call-record" && !records.has(keyOf(each.record)))
      records.set(keyOf(each.record), { record: each.record, unjudged: each.unjudged === true });
    if (each.kind !== "records-judged") continue;
    for (const judged of each.judged) {
      const known = records.get(keyOf(judged));
      if (known !== undefined) records.set(keyOf(judged), { ...known, unjudged: false });
    }
  }
  const all = [...records.values()].sort((a, b) => a.record.startedAt - b.record.startedAt);
  const which = (unjudged: boolean): CallRecord[] =>
    all.filter((each) => each.unjudged === unjudged).map(({ record }) => record);
  return { judged: which(false), unjudged: which(true) };
}

export interface SceneOptions {
  /** Judged where it is a list. */
  readonly kept?: readonly CallRecord[] | StoredRecords;
  readonly change?: Partial<RecordsOptions>;
  readonly clock?: FakeClock;
  /** The store is not read before. */
  readonly gate?: Promise<void>;
  readonly log?: Log;
  /** Until then nothing that is written is safe. */
  readonly safe?: Promise<void>;
}

export function startScene(t: TestContext, options: SceneOptions = {}) {
  const { kept = [], change, clock = new FakeClock(), gate = Promise.resolve(), log = silentLog } = options;
  const folder = mkdtempSync(join(tmpdir(), "records-"));
  t.after(() => rmSync(folder, { recursive: true }));
  /** What becomes durable together. */
  const batches: (readonly StoreRecord[])[] = [];
  const written: StoreRecord[] = [];
  const alerts: Alert[] = [];
  const sink: BatchSink = {
    write: (record) => {
      batches.push([record]);
      written.push(record);
    },
    writeTogether: (records) => {
      batches.push(records);
      written.push(...records);
      return options.safe ?? Promise.resolve();
    },
  };
  const service = RecordsService.start(
    {
      normaliser: { sites: {}, ownNumbers: ["+576014*"] },
      detection: DEFAULT_CDR_DETECTION,
      liveCalls: true,
      folder,
      ...change,
    },
    {
      store: {
        async *recordsFrom(_since, which) {
          await gate;
          const earlier = Array.isArray(kept)
            ? { judged: kept as CallRecord[], unjudged: [] }
            : (kept as StoredRecords);
          const now = storedBy(written);
          const rows =
            which?.judged === false
              ? [...earlier.unjudged, ...now.unjudged].sort((a, b) => a.startedAt - b.startedAt)
              : earlier.judged;
          for (let at = 0; at < rows.length; at += PAGE) yield rows.slice(at, at + PAGE);
        },
        records: () => Promise.resolve([]),
        findings: () => Promise.resolve([]),
        finding: () => Promise.resolve(undefined),
        linked: () => Promise.resolve([]),
        settingChanges: () => Promise.resolve([]),
        position: () => Promise.resolve(undefined),
      },
      sink,
      onAlert: (alert) => alerts.push(alert),
      clock,
      log,
      metrics: noMetrics,
    },
  );
  const kinds = (kind: StoreRecord["kind"]): number => written.filter((record) => record.kind === kind).length;
  return { service, written, batches, alerts, clock, kinds, folder: change?.folder ?? folder, started: service.ready };
}

export async function scene(t: TestContext, options: SceneOptions = {}) {
  const made = startScene(t, options);
  await made.started;
  return made;
}

/** Calls of one line to neighbouring numbers, ten seconds apart. */
export function scan(count: number, from = HOUR_AGO): Cdr[] {
  return Array.from({ length: count }, (_, i) => {
    const startedAt = unixMs(from + i * 10_000);
    return {
      id: `cdr-${i}`,
      callId: `call-${i}`,
      caller: "+576014000001" as CallerId,
      called: `+5760155${10_000 + i}` as CalledId,
      trunk: "carrier" as TrunkId,
      startedAt,
      endedAt: unixMs(startedAt + 3_000),
      durationMs: 0,
      status: 487,
      endedBy: "caller",
      cause: "cancelled",
      emergency: false,
    };
  });
}
