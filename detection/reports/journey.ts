import type { CallRecord } from "../cdr/call-record.js";
import { firstDifference } from "./first-difference.js";

/** One leg of a conversation, and how it came about. */
export interface JourneyLeg {
  readonly record: CallRecord;
  /** Index of the leg that led to it; absent: it began the conversation, or nothing says what did. */
  readonly parent?: number;
  /** Steps from the first leg. */
  readonly depth: number;
  /** By what it was linked. */
  readonly because: "first" | "transfer" | "related" | "forwarded" | "correlation";
}

const MAX_LEGS = 200;
const OPEN_LIMIT = `A journey has ${MAX_LEGS} legs at most; there are more.`;

/**
 * Gathers the legs of one conversation: those that share a correlation, and those that name each other as related or as what they
 * were transferred from, step by step. Records come in any order; offer all again until none is taken any more.
 */
export class CallJourney {
  readonly #legs = new Map<string, CallRecord>();
  readonly #callIds = new Set<string>();
  /** Call ids that a leg of ours names. */
  readonly #named = new Set<string>();
  readonly #correlations = new Set<string>();
  #isFull = false;

  constructor(seed: CallRecord) {
    this.#take(seed);
  }

  /** What other legs would be known by. */
  get wanted(): { readonly ids: readonly string[]; readonly correlations: readonly string[] } {
    return { ids: [...new Set([...this.#callIds, ...this.#named])], correlations: [...this.#correlations] };
  }

  get limits(): readonly string[] {
    return this.#isFull ? [OPEN_LIMIT] : [];
  }

  /** @returns True: it belongs to the journey, and was not known yet. */
  offer(record: CallRecord): boolean {
    const key = `${record.source} ${record.id}`;
    if (this.#legs.has(key) || !this.#belongs(record)) return false;
    if (this.#legs.size >= MAX_LEGS) {
      this.#isFull = true;
      return false;
    }
    this.#take(record);
    return true;
  }

  #belongs({ callId, links }: CallRecord): boolean {
    if (callId !== "" && (this.#callIds.has(callId) || this.#named.has(callId))) return true;
    if (links === undefined) return false;
    const { correlation = "", related = "", transfer = "" } = links;
    return (
      (correlation !== "" && this.#correlations.has(correlation)) ||
      (related !== "" && this.#callIds.has(related)) ||
      (transfer !== "" && this.#callIds.has(transfer))
    );
  }

  #take(record: CallRecord): void {
    this.#legs.set(`${record.source} ${record.id}`, record);
    if (record.callId !== "") this.#callIds.add(record.callId);
    const { correlation = "", related = "", transfer = "" } = record.links ?? {};
    if (correlation !== "") this.#correlations.add(correlation);
    if (related !== "") this.#named.add(related);
    if (transfer !== "") this.#named.add(transfer);
  }

  /** In the order in which they began. */
  legs(): readonly JourneyLeg[] {
    const records = [...this.#legs.values()].sort((a, b) =>
      firstDifference(a.startedAt - b.startedAt, a.endedAt - b.endedAt, a.id < b.id ? -1 : 1),
    );
    const legs: JourneyLeg[] = [];
    for (const [index, record] of records.entries()) {
      const link = linkOf(record, index, records);
      // Only what began before can have led to it, so there are no circles.
      const parent = link === undefined ? undefined : legs[link.parent];
      legs.push(
        link === undefined || parent === undefined
          ? { record, depth: 0, because: index === 0 ? "first" : "correlation" }
          : { record, parent: link.parent, depth: parent.depth + 1, because: link.because },
      );
    }
    return legs;
  }
}

function linkOf(
  record: CallRecord,
  index: number,
  records: readonly CallRecord[],
): { readonly parent: number; readonly because: JourneyLeg["because"] } | undefined {
  const { transfer = "", related = "" } = record.links ?? {};
  const before = (is: (each: CallRecord) => boolean): number => {
    for (let at = index - 1; at >= 0; at--) {
      const each = records[at];
      if (each !== undefined && is(each)) return at;
    }
    return -1;
  };
  const named = (callId: string): number =>
    callId === "" || callId === record.callId ? -1 : before((each) => each.callId === callId);
  const byTransfer = named(transfer);
  if (byTransfer >= 0) return { parent: byTransfer, because: "transfer" };
  const byRelated = named(related);
  if (byRelated >= 0) return { parent: byRelated, because: "related" };
  const by = record.forwarded?.by;
  const byForward = by === undefined ? -1 : before((each) => each.user === by || each.called === by);
  if (byForward >= 0) return { parent: byForward, because: "forwarded" };
  return undefined;
}
