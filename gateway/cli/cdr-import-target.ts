import { openStore, type ManagedStore } from "../adapters/store/open-store.js";
import { makeFolder } from "../adapters/system/make-folder.js";
import { GatewayError } from "../core/errors.js";
import { silentLog } from "../core/log.js";
import { alertOfFinding } from "../pipeline/records/finding-alert.js";
import type { StoreRecord } from "../ports/records.js";
import type { ImportedRows, ImportTarget } from "./cdr-import-run.js";
import type { CdrFinding, UnixMs } from "../../detection/index.js";
import { storeIds } from "./record-ids.js";

const BATCH = 2_000;

/** Writes an import to the store of a gateway that is not running; what is there already stays as it is. */
export class StoreTarget implements ImportTarget {
  readonly #store: ManagedStore;
  readonly #toldFrom: UnixMs;
  readonly idOf: (content: string) => string;

  private constructor(store: ManagedStore, toldFrom: UnixMs, idOf: (content: string) => string) {
    this.#store = store;
    this.#toldFrom = toldFrom;
    this.idOf = idOf;
  }

  /**
   * @param where A folder, or a PostgreSQL URL.
   * @param toldFrom Nobody is told of incidents whose last call was before.
   * @throws GatewayError `store.*`
   */
  static async open(where: string, toldFrom: UnixMs): Promise<StoreTarget> {
    const isUrl = /^postgres(?:ql)?:\/\//.test(where);
    if (!isUrl)
      await makeFolder(where, 0o700).catch((cause: unknown) => {
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new GatewayError("store.unavailable", `${where} cannot be made: ${why}`, { cause });
      });
    const store = await openStore({
      folder: isUrl ? undefined : where,
      ...(isUrl ? { databaseUrl: where } : {}),
      log: silentLog,
    });
    try {
      return new StoreTarget(store, toldFrom, await storeIds(store));
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  async write({ records, changes, findings: found }: ImportedRows): Promise<void> {
    const findings = found.map((each): CdrFinding => (each.at < this.#toldFrom ? { ...each, isPast: true } : each));
    const all: StoreRecord[] = [
      ...records.map((record): StoreRecord => ({ kind: "call-record", record })),
      ...changes.map((change): StoreRecord => ({ kind: "setting-change", change })),
      ...findings.map((finding): StoreRecord => ({ kind: "finding", finding })),
      ...findings
        .filter(({ change, mode }) => change === "opened" && mode === "enforce")
        .map((finding): StoreRecord => ({ kind: "alert", alert: alertOfFinding(finding) })),
    ];
    for (let i = 0; i < all.length; i += BATCH) await this.#store.write(all.slice(i, i + BATCH));
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
