import type { Alert, Cdr, Incident } from "../../detection/index.js";
import type { AuditEntry, StoreRecord } from "../ports/records.js";

export interface InboxOutlets {
  readonly onAlert: (alert: Alert, incident: Incident | undefined) => void;
  readonly onAudit: (entry: AuditEntry) => void;
  /** Calls that are over. Absent: they go by unread. */
  readonly onCalls?: ((cdrs: readonly Cdr[]) => void) | undefined;
}

const MAX_ALERTS = 1_000;
const MAX_INCIDENTS = 256;
/** Only batches that hold one of these are read here; CDRs go by unread where nobody wants them. */
const OF_INTEREST = ['"kind":"alert"', '"kind":"incident"', '"kind":"audit"'];

/** Sees the SIP thread's records before the store has them: the newest alerts for the API, alerts for the webhook, audit entries for the file. */
export class RecordInbox {
  readonly #outlets: InboxOutlets;
  readonly #incidents = new Map<string, Incident>();
  /** By id, oldest first. */
  readonly #alerts = new Map<string, Alert>();

  constructor(outlets: InboxOutlets) {
    this.#outlets = outlets;
  }

  /** Newest first. */
  recentAlerts(): readonly Alert[] {
    return [...this.#alerts.values()].reverse();
  }

  /** `json`: an array of `StoreRecord`, made by our own SIP thread. A batch may come twice; what it holds is passed on once. */
  accept(json: string): void {
    const { onCalls } = this.#outlets;
    const hasCalls = onCalls !== undefined && json.includes('"kind":"cdr"');
    if (!hasCalls && !OF_INTEREST.some((mark) => json.includes(mark))) return;
    const records = JSON.parse(json) as readonly StoreRecord[];
    if (hasCalls) onCalls(records.flatMap((record) => (record.kind === "cdr" ? [record.cdr] : [])));
    for (const record of records) if (record.kind === "incident") this.#remember(record.incident);
    for (const record of records) {
      if (record.kind === "alert") this.alert(record.alert);
      else if (record.kind === "audit") this.#outlets.onAudit(record.entry);
    }
  }

  #remember(incident: Incident): void {
    this.#incidents.delete(incident.id);
    this.#incidents.set(incident.id, incident);
    dropOldest(this.#incidents, MAX_INCIDENTS);
  }

  /** One that was made here; passed on once. */
  alert(alert: Alert): void {
    if (this.#alerts.has(alert.id)) return;
    this.#alerts.set(alert.id, alert);
    dropOldest(this.#alerts, MAX_ALERTS);
    this.#outlets.onAlert(alert, this.#incidents.get(alert.incidentId));
  }
}

function dropOldest(map: Map<string, unknown>, most: number): void {
  if (map.size <= most) return;
  const oldest = map.keys().next();
  if (oldest.done !== true) map.delete(oldest.value);
}
