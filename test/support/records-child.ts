import { join } from "node:path";
import {
  DEFAULT_CDR_DETECTION,
  unixMs,
  type CallRecord,
  type CalledId,
  type CallerId,
  type Cdr,
  type TrunkId,
} from "../../detection/index.js";
import { RecordSpool } from "../../gateway/adapters/record-spool/record-spool.js";
import { openStore } from "../../gateway/adapters/store/open-store.js";
import { CryptoRandom } from "../../gateway/adapters/system/crypto-random.js";
import { SystemClock } from "../../gateway/adapters/system/system-clock.js";
import { silentLog } from "../../gateway/core/log.js";
import { noMetrics } from "../../gateway/core/metrics.js";
import type { Store, StoreRecord } from "../../gateway/ports/records.js";
import { RecordsService } from "../../gateway/workers/records-service.js";
import { sampleCallRecord } from "./records.js";
import { storeTemplate } from "./store-template.js";

/** As the feed of call records gives them at a time, and as many as the spool writes at a time. */
const PAGE = 500;
const SCAN = 40;

/** A page of a feed that ends with a scan of neighbouring numbers. */
export function scannedPage(from: number): readonly CallRecord[] {
  return Array.from({ length: PAGE }, (_, i) => {
    const startedAt = unixMs(from + i * 5_000);
    const scanned = i - (PAGE - SCAN);
    return sampleCallRecord(i, {
      ...{ source: "webex", startedAt, endedAt: startedAt },
      ...(scanned < 0
        ? { user: `user-${i}`, direction: "in", called: "+576014000002" }
        : { user: "scanner", direction: "out", called: `+5760155${10_000 + scanned}` }),
    });
  });
}

/** The same scan, as calls of our own. */
export const scannedCalls = (from: number): readonly Cdr[] =>
  Array.from({ length: SCAN }, (_, i) => ({
    id: `cdr-${i}`,
    callId: `call-${i}`,
    caller: "+576014000001" as CallerId,
    called: `+5760155${10_000 + i}` as CalledId,
    trunk: "carrier" as TrunkId,
    startedAt: unixMs(from + i * 10_000),
    endedAt: unixMs(from + i * 10_000 + 3_000),
    durationMs: 0,
    status: 487,
    endedBy: "caller",
    cause: "cancelled",
    emergency: false,
  }));

/**
 * - `page-then-kill`: a page of a feed comes; the process dies when the first of its records are in the store.
 * - `parked-then-kill`, `parked-then-stop`: calls come while the past is still being read.
 * - `page-again`: the feed asks again for what it is not sure of. `restart`: nothing comes.
 */
export type ChildTask = "page-then-kill" | "parked-then-kill" | "parked-then-stop" | "page-again" | "restart";

const die = (): void => void process.kill(process.pid, "SIGKILL");
const hasRecords = (records: readonly StoreRecord[]): boolean => records.some(({ kind }) => kind === "call-record");

/** A back office's intake, spool and store, without the rest. */
async function run(folder: string, task: ChildTask, from: number): Promise<void> {
  const store = await openStore({ folder, template: await storeTemplate(), log: silentLog });
  const write: Store["write"] = async (records) => {
    await store.write(records);
    if (task === "page-then-kill" && hasRecords(records)) die();
  };
  const deps = { clock: new SystemClock(), random: new CryptoRandom(), metrics: noMetrics, log: silentLog };
  const spool = await RecordSpool.open({ ...deps, store: { write } }, { folder: join(folder, "spool") });
  const isParked = task === "parked-then-kill" || task === "parked-then-stop";
  const callRecords = isParked ? withoutEnd(store.callRecords) : store.callRecords;
  const service = RecordsService.start(
    {
      normaliser: { sites: {}, ownNumbers: ["+576014*"] },
      detection: DEFAULT_CDR_DETECTION,
      liveCalls: true,
      folder,
    },
    { ...deps, store: callRecords, sink: spool, onAlert: () => undefined },
  );
  if (isParked) {
    service.calls(scannedCalls(from));
    if (task === "parked-then-stop") await service.close();
    await spool.flush();
    if (task === "parked-then-kill") die();
  } else {
    await service.ready;
    if (task !== "restart") service.records(scannedPage(from));
    await spool.flush();
    await service.close();
  }
  await spool.close();
  await store.close();
}

/** A past that takes long to be read. */
function withoutEnd<T extends { recordsFrom: unknown }>(store: T): T {
  const recordsFrom = async function* (): AsyncIterable<readonly CallRecord[]> {
    await new Promise(() => undefined);
  };
  return Object.assign(Object.create(store) as T, { recordsFrom });
}

const [, , folder, task, from] = process.argv;
if (folder !== undefined && process.argv[1]?.endsWith("records-child.ts") === true) {
  // Timers of the clock keep no process alive.
  const alive = setInterval(() => undefined, 1_000);
  await run(folder, task as ChildTask, Number(from));
  clearInterval(alive);
  // What reads the past for ever is still there.
  process.exit(0);
}
