import { MAX_CASE_INCIDENTS, type AlertCase } from "../alerts/alert-case.js";
import type { UnixMs } from "../model/time.js";
import { isTakenCase } from "./case-row.js";
import { isSevere, type EventRow } from "./event-figures.js";

/** Incidents that are remembered: those of ten thousand full cases. What comes after them counts as not looked after. */
const MAX_INCIDENTS = 500_000;
const MAX_LONG = 50_000;

/** A case that names no more incidents than it does, though it had more. */
interface LongCase {
  readonly from: UnixMs;
  readonly to: UnixMs;
  readonly isTaken: boolean;
}

/** Which incidents somebody has looked after, as the cases say that were open in the period, whenever they were opened. */
export class CaseBook {
  readonly #takenByIncident = new Map<string, boolean>();
  readonly #longByKey = new Map<string, LongCase[]>();
  #longCount = 0;
  #isEmpty = true;

  /** Nobody knows of any case: a file of call records, say. */
  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  note(of: AlertCase): void {
    this.#isEmpty = false;
    const isTaken = isTakenCase(of);
    // A later, harmless case of the same incident that nobody needed to take says nothing of the first.
    if (!isTaken && !isSevere(of)) return;
    for (const id of of.incidentIds) {
      const known = this.#takenByIncident.get(id);
      if (known === undefined && this.#takenByIncident.size >= MAX_INCIDENTS) continue;
      this.#takenByIncident.set(id, isTaken && known !== false);
    }
    if (of.incidentIds.length >= MAX_CASE_INCIDENTS) this.#noteLong(of, isTaken);
  }

  /** @param row An alert or a finding. */
  isTaken({ incidentId, about, at }: EventRow): boolean {
    const known = incidentId === undefined ? undefined : this.#takenByIncident.get(incidentId);
    if (known !== undefined || about === undefined) return known === true;
    const around = (this.#longByKey.get(about) ?? []).filter(({ from, to }) => from <= at && at <= to);
    return around.length > 0 && around.every(({ isTaken }) => isTaken);
  }

  #noteLong(of: AlertCase, isTaken: boolean): void {
    if (this.#longCount >= MAX_LONG) return;
    this.#longCount++;
    const long = { from: of.openedAt, to: of.updatedAt, isTaken };
    this.#longByKey.set(of.key, [...(this.#longByKey.get(of.key) ?? []), long]);
  }
}
