import { join } from "node:path";
import { proveAudit } from "../adapters/audit-file/prove-audit.js";
import { openStore } from "../adapters/store/open-store.js";
import { holdsPglite } from "../adapters/store/pglite-database.js";
import type { Config } from "../config/schema.js";
import { silentLog } from "../core/log.js";
import { fail, ok, type Result } from "../core/result.js";
import type { ReportData } from "../ports/report-data.js";
import { StoreReportData } from "../wiring/store-report-data.js";
import { importSettings } from "./cdr-settings.js";
import { CsvReportData } from "./report-csv-data.js";

export interface OpenReportData {
  readonly data: ReportData;
  readonly close: () => Promise<void>;
}

export interface ReportSourceOptions {
  readonly records?: readonly string[];
  readonly changes?: string;
  readonly config?: string;
  readonly store?: string;
}

/** Files, or the store; or both: call records of the files, and what the store has beside them. @throws GatewayError `store.*` */
export async function openReportData(
  { records = [], changes, config: file, store: folder }: ReportSourceOptions,
  config: Config,
): Promise<Result<OpenReportData, string>> {
  const settings = importSettings(file);
  if (!settings.ok) return fail(settings.error.join("; "));
  if (records.length > 0 && folder === undefined) {
    const { normaliser, detection } = settings.value;
    return ok({
      data: new CsvReportData({ files: records, changes, normaliser, detection }),
      close: () => Promise.resolve(),
    });
  }
  if (records.length > 0) return fail("give --records or --store, not both");
  if (changes !== undefined) return fail("--changes goes with --records");
  const { databaseUrl } = config.store;
  const usesPostgres = folder === undefined && databaseUrl !== undefined;
  const where = folder ?? config.store.folder;
  // Opening makes what is not there; a report only reads.
  if (!usesPostgres && !(await holdsPglite(where)))
    return fail(`there is no store in ${where}; give --store, --config, or --records with a CSV`);
  const opened = await openStore({
    ...(usesPostgres ? { folder: undefined, databaseUrl } : { folder: where }),
    log: silentLog,
  });
  const data = new StoreReportData({
    store: opened,
    records: opened.callRecords,
    cases: opened.alertCases,
    proveAudit: () => proveAudit(join(where, "audit")),
  });
  return ok({ data, close: () => opened.close() });
}
