import { setImmediate as nextTurn } from "node:timers/promises";
import {
  buildReport,
  DEFAULT_SITE,
  ReportFacts,
  reportRules,
  type ReportDocument,
  type ReportName,
  type ReportRange,
  type ReportRules,
  type UnixMs,
} from "../../detection/index.js";
import type { Config } from "../config/schema.js";
import { GatewayError } from "../core/errors.js";
import type { ReportData } from "../ports/report-data.js";

/** The parts of the configuration that reports read. */
export interface ReportSettings {
  readonly reports: Config["reports"];
  readonly records: Pick<Config["records"], "sites" | "retentionDays">;
  readonly store: Pick<Config["store"], "retentionDays">;
}

/** What the back office is told. No secret is in it. */
export const reportSettings = ({ reports, records: { sites, retentionDays }, store }: Config): ReportSettings => ({
  reports,
  records: { sites, retentionDays },
  store: { retentionDays: store.retentionDays },
});

/** @throws GatewayError `config.invalid` when a site's hours or zone cannot be used. */
export function reportRulesOf({ reports, records, store }: ReportSettings): ReportRules {
  const sites = Object.fromEntries(
    Object.entries(records.sites).map(([name, { timeZone, open, holidays }]) => [name, { timeZone, open, holidays }]),
  );
  const rules = reportRules({
    ...(reports.organisation === undefined ? {} : { organisation: reports.organisation }),
    timeZone: reports.timeZone,
    sites: { default: DEFAULT_SITE, ...sites },
    paymentLines: reports.paymentLines,
    euCallers: reports.euCallers,
    recordRetentionDays: records.retentionDays,
    storeRetentionDays: store.retentionDays,
    numbers: reports.numbers,
  });
  if (!rules.ok) throw new GatewayError("config.invalid", `records.sites.${rules.error.site}: ${rules.error.code}`);
  return rules.value;
}

export interface ReportRequest {
  readonly name: Exclude<ReportName, "journey">;
  readonly range: ReportRange;
  readonly now: UnixMs;
  readonly signal?: AbortSignal;
}

/** Reports for auditors: what they say of the audit log is checked. */
const PROVED: ReadonlySet<ReportName> = new Set(["iso27001", "hipaa", "sox", "pci", "gdpr"]);

/** Reads what the report needs, a page at a time, and makes it. @throws GatewayError of the data; the signal's reason */
export async function makeReport(
  { name, range, now, signal }: ReportRequest,
  data: ReportData,
  rules: ReportRules,
): Promise<ReportDocument> {
  const facts = new ReportFacts(range, rules);
  const { to } = range;
  const events = { from: facts.before.from, to };
  await each(data.calls({ from: facts.readsFrom, to }), signal, (record) => facts.call(record));
  await each(data.findings(events), signal, (finding) => facts.finding(finding));
  await each(data.alerts(events), signal, (alert) => facts.alert(alert));
  await each(data.incidents(events), signal, (incident) => facts.incident(incident));
  await each(data.cases(events), signal, (of) => facts.case(of));
  await each(data.audit(events), signal, (entry) => facts.audit(entry));
  await each(data.changes(events), signal, (change) => facts.change(change));
  if (PROVED.has(name)) facts.auditProof = await data.auditProof();
  return buildReport(name, facts, now, data.limits);
}

async function each<T>(
  pages: AsyncIterable<readonly T[]>,
  signal: AbortSignal | undefined,
  take: (row: T) => void,
): Promise<void> {
  for await (const page of pages) {
    signal?.throwIfAborted();
    for (const row of page) take(row);
    // The embedded database answers without a turn of the event loop: other requests would wait for all pages.
    await nextTurn();
  }
}
