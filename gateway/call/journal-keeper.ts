import type { Clock } from "../core/clock.js";
import type { DialogJournal, InvitedFacts } from "../ports/dialog-journal.js";
import type { CallObserver, LiveCall } from "./contracts.js";

/** Writes what must survive the death of the process: INVITEs that left, calls that were answered, calls that are over. */
export class JournalKeeper implements CallObserver {
  readonly #journal: Pick<DialogJournal, "append">;
  readonly #clock: Pick<Clock, "unix">;
  /** The name under which a call is in the journal. Two live calls may share a Call-ID; their entries must not. */
  readonly #names = new Map<LiveCall, string>();
  readonly #taken = new Set<string>();
  #doubles = 0;

  constructor(journal: Pick<DialogJournal, "append">, clock: Pick<Clock, "unix">) {
    this.#journal = journal;
    this.#clock = clock;
  }

  /** A call that was taken up after a restart: it goes into the journal anew, under a name of this process. */
  onStarted(call: LiveCall): void {
    if (call.phase === "answered") this.onAnswered(call);
  }

  onInvited(call: LiveCall, bCallId: string, bFromTag: string): void {
    const callId = this.#name(call);
    const facts = callId === call.callId ? factsOf(call) : { ...factsOf(call), aCallId: call.callId };
    this.#journal.append({ kind: "invited", callId, bCallId, bFromTag, facts, at: this.#clock.unix() });
  }

  onAnswered(call: LiveCall): void {
    const dialogs = call.snapshots();
    if (dialogs === undefined) return;
    const facts = { ...factsOf(call), answeredAt: call.answeredAt ?? this.#clock.unix() };
    this.#journal.append({
      kind: "answered",
      callId: this.#name(call),
      a: dialogs.a,
      b: dialogs.b,
      facts,
      at: this.#clock.unix(),
    });
  }

  /** The later entry counts. */
  onMoved(call: LiveCall): void {
    this.onAnswered(call);
  }

  onEnded(call: LiveCall): void {
    const name = this.#names.get(call);
    if (name === undefined) return;
    this.#names.delete(call);
    this.#taken.delete(name);
    this.#journal.append({ kind: "ended", callId: name });
  }

  #name(call: LiveCall): string {
    const known = this.#names.get(call);
    if (known !== undefined) return known;
    let name = call.callId;
    // Numbered through, not each Call-ID from 2 on: a caller may send thousands of calls with one.
    while (this.#taken.has(name)) name = `${call.callId} ${++this.#doubles}`;
    this.#names.set(call, name);
    this.#taken.add(name);
    return name;
  }
}

function factsOf({ identity, startedAt, nextHop = "", origin }: LiveCall): InvitedFacts {
  const { caller, called, trunk, emergency } = identity;
  const facts = { caller, called, trunk, startedAt, nextHop, emergency };
  return origin === undefined ? facts : { ...facts, origin };
}
