import type {
  Alert,
  AlertCase,
  AuditProof,
  CallRecord,
  CdrFinding,
  Incident,
  SettingChange,
} from "../../detection/index.js";
import { seenAlert, seenFinding, seenIncident, sees, seesCase, type DataScope } from "../core/data-scope.js";
import type { LinkQuery } from "../ports/call-records.js";
import type { AuditEntry } from "../ports/records.js";
import type { ReportData, ReportDataRange } from "../ports/report-data.js";

/** The rows of a team, by the same functions that the API filters with. The audit log belongs to no team. */
export class ScopedReportData implements ReportData {
  readonly #all: ReportData;
  readonly #scope: DataScope;

  constructor(all: ReportData, scope: DataScope) {
    this.#all = all;
    this.#scope = scope;
  }

  get limits(): readonly string[] {
    const { teams } = this.#scope;
    return [
      `Of the ${teams.length === 1 ? "team" : "teams"} ${teams.length === 0 ? "–" : teams.join(", ")} alone: calls, findings and alerts of its trunks, sites and departments. Nothing of the audit log is in it.`,
      ...this.#all.limits,
    ];
  }

  calls(range: ReportDataRange): AsyncIterable<readonly CallRecord[]> {
    return mapped(this.#all.calls(range), (record) => (sees(this.#scope, record) ? record : undefined));
  }

  async linked(query: LinkQuery): Promise<readonly CallRecord[]> {
    // Asked for with the scope: a thousand legs of somebody else's would leave no room for the team's.
    const found = await this.#all.linked({ ...query, scope: this.#scope });
    return found.filter((record) => sees(this.#scope, record));
  }

  findings(range: ReportDataRange): AsyncIterable<readonly CdrFinding[]> {
    return mapped(this.#all.findings(range), (finding) => seenFinding(finding, this.#scope)?.finding);
  }

  async *alerts(range: ReportDataRange): AsyncIterable<readonly Alert[]> {
    for await (const page of this.#all.alerts(range)) {
      const attacks = page.filter(({ finding }) => finding === undefined).map(({ incidentId }) => incidentId);
      const incidents = new Map((await this.#all.incidentsOf([...new Set(attacks)])).map((each) => [each.id, each]));
      yield page.flatMap((alert) => seenAlert(alert, incidents.get(alert.incidentId), this.#scope) ?? []);
    }
  }

  incidents(range: ReportDataRange): AsyncIterable<readonly Incident[]> {
    return mapped(this.#all.incidents(range), (incident) => seenIncident(incident, this.#scope));
  }

  async incidentsOf(ids: readonly string[]): Promise<readonly Incident[]> {
    return (await this.#all.incidentsOf(ids)).flatMap((incident) => seenIncident(incident, this.#scope) ?? []);
  }

  cases(range: ReportDataRange): AsyncIterable<readonly AlertCase[]> {
    return mapped(this.#all.cases(range), (of) => (seesCase(of, this.#scope) ? of : undefined));
  }

  async *audit(): AsyncIterable<readonly AuditEntry[]> {
    // Whose an entry is does not stand in it.
  }

  changes(range: ReportDataRange): AsyncIterable<readonly SettingChange[]> {
    return mapped(this.#all.changes(range), (change) => (sees(this.#scope, change) ? change : undefined));
  }

  auditProof(): Promise<AuditProof | undefined> {
    return Promise.resolve(undefined);
  }
}

async function* mapped<T>(
  pages: AsyncIterable<readonly T[]>,
  seen: (row: T) => T | undefined,
): AsyncIterable<readonly T[]> {
  for await (const page of pages) yield page.flatMap((row) => seen(row) ?? []);
}
