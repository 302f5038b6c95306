import type { JournalEntry } from "../../ports/dialog-journal.js";

type OpenKind = Exclude<JournalEntry["kind"], "ended">;
interface OfCall<T> {
  invited: T | undefined;
  answered: T | undefined;
}

/**
 * What counts of each open call: the last INVITE that left, and the last answer. A call that moves again and again has no more than one
 * that does not.
 */
export class LastEntries<T> {
  readonly #calls = new Map<string, OfCall<T>>();

  get calls(): number {
    return this.#calls.size;
  }

  has(callId: string): boolean {
    return this.#calls.has(callId);
  }

  /** @returns What it takes the place of. */
  put(kind: OpenKind, callId: string, value: T): T | undefined {
    const known = this.#calls.get(callId);
    if (known === undefined) {
      const isInvited = kind === "invited";
      this.#calls.set(callId, { invited: isInvited ? value : undefined, answered: isInvited ? undefined : value });
      return undefined;
    }
    const before = known[kind];
    known[kind] = value;
    return before;
  }

  /** The call is over. @returns What there was of it; empty: it was not open. */
  end(callId: string): readonly T[] {
    const known = this.#calls.get(callId);
    if (known === undefined) return [];
    this.#calls.delete(callId);
    return valuesOf(known);
  }

  /** Call by call, in the order in which they came first. */
  values(): T[] {
    const all: T[] = [];
    for (const call of this.#calls.values()) all.push(...valuesOf(call));
    return all;
  }
}

function valuesOf<T>({ invited, answered }: OfCall<T>): T[] {
  const values: T[] = [];
  if (invited !== undefined) values.push(invited);
  if (answered !== undefined) values.push(answered);
  return values;
}
