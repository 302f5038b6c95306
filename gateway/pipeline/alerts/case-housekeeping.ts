import { closeCase, closeQuiet, escalate, followFinding, unixMs } from "../../../detection/index.js";
import type { Clock } from "../../core/clock.js";
import type { AlertStore } from "../../ports/alert-store.js";
import { alertOfFinding } from "../records/finding-alert.js";
import type { CaseBook } from "./case-book.js";

/** Cases that one look changes at most: the next look is soon. */
const BATCH = 100;
/** A finding that is open, but has said nothing for so many quiet times, is lost; a case that was closed longer ago stays closed. */
const LOST_AFTER = 7;
/** A case may have been closed by hand before its incident was: what that says in the end is looked for so long. */
const CLOSED_OF_LATE_MS = 600_000;
/** Where cases do not close by themselves. */
const LOOK_BACK_MS = 7 * 86_400_000;

export interface CaseHousekeepingDeps {
  readonly store: AlertStore;
  readonly book: CaseBook;
  readonly clock: Clock;
}

/** What happens to cases by time and by what happens elsewhere. All methods reject with GatewayError `store.*`. */
export class CaseHousekeeping {
  readonly #deps: CaseHousekeepingDeps;

  constructor(deps: CaseHousekeepingDeps) {
    this.#deps = deps;
  }

  async escalateDue(): Promise<void> {
    const { store, book, clock } = this.#deps;
    for (const id of await store.dueCases(clock.unix(), BATCH)) await book.change(id, escalate);
  }

  /** Cases end with their incidents. */
  async closeOver(): Promise<void> {
    const { store, book } = this.#deps;
    for (const id of await store.overCases(BATCH))
      await book.change(id, (of, { now }) => closeCase(of, "incidents-over", now));
  }

  /** Cases of attacks grow with their incidents. */
  async followIncidents(): Promise<void> {
    const { store, book, clock } = this.#deps;
    const since = unixMs(clock.unix() - CLOSED_OF_LATE_MS);
    for (const id of await store.grownCases(since, BATCH)) await book.follow(id);
  }

  /** Cases of call records grow with their findings, go on with them, and close when nothing more is found. */
  async followFindings(): Promise<void> {
    const { store, book, clock } = this.#deps;
    const { closeAfterQuietMs: quietMs } = book.options.settings;
    const now = clock.unix();
    const lookBackMs = quietMs === 0 ? LOOK_BACK_MS : LOST_AFTER * quietMs;
    for (const { caseId, finding } of await store.grownFindings(unixMs(now - lookBackMs), BATCH))
      await book.change(caseId, (of, context) => followFinding(of, alertOfFinding(finding), context));
    if (quietMs === 0) return;
    for (const id of await store.quietCases(unixMs(now - quietMs), unixMs(now - lookBackMs), BATCH))
      await book.change(id, (of, context) => closeQuiet(of, context.settings, context.now));
  }
}
