import type { Clock } from "../core/clock.js";
import type { Random } from "../core/random.js";
import type { AuditEntry, RecordSink } from "../ports/records.js";

/** Writes audit entries of the call layer: what was done, by whom, and what came of it. */
export class Audit {
  readonly #sink: RecordSink;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(sink: RecordSink, clock: Clock, random: Random) {
    this.#sink = sink;
    this.#clock = clock;
    this.#random = random;
  }

  /** @param actor A key id, `policy`, `signal` or `system`. */
  note(
    actor: string,
    action: string,
    target: string,
    outcome: AuditEntry["outcome"],
    detail: AuditEntry["detail"] = {},
  ): void {
    const role = actor === "policy" || actor === "signal" || actor === "system" ? "system" : "key";
    this.#sink.write({
      kind: "audit",
      entry: { id: this.#random.token(12), at: this.#clock.unix(), actor, role, action, target, outcome, detail },
    });
  }
}
