import type { Clock } from "../../core/clock.js";
import { GatewayError } from "../../core/errors.js";
import type { Random } from "../../core/random.js";
import type { AuditEntry } from "../../ports/records.js";
import type { Principal } from "./permissions.js";
import { RefusalAudit, type Refusal } from "./refusal-audit.js";

const REFUSALS = { windowMs: 60_000, maxKinds: 256 };
const MAX_TEXT = 256;

/** Writes who did what, and who was not allowed to. Text from outside is cut, never interpreted. */
export class AuditTrail {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #write: (entry: AuditEntry) => void;
  readonly #refusals: RefusalAudit;

  constructor(clock: Clock, random: Random, write: (entry: AuditEntry) => void) {
    this.#clock = clock;
    this.#random = random;
    this.#write = write;
    this.#refusals = new RefusalAudit(clock, (refusal, count) => this.#writeRefusal(refusal, count), REFUSALS);
  }

  action(
    principal: Principal,
    action: string,
    target: string,
    outcome: AuditEntry["outcome"],
    detail: AuditEntry["detail"] = {},
  ): void {
    this.#put(principal.id, principal.role, action, target, outcome, detail);
  }

  /** Does it. A failure is written and thrown on; what comes of a success its caller writes, who can say more. */
  async attempt<T>(principal: Principal, action: string, target: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      const code = error instanceof GatewayError ? error.code : "internal";
      this.action(principal, action, target, code === "block.refused" ? "refused" : "failed", { code });
      throw error;
    }
  }

  refused(refusal: Refusal): void {
    this.#refusals.add(refusal);
  }

  close(): void {
    this.#refusals.flush();
  }

  #writeRefusal(refusal: Refusal, count: number): void {
    const detail = { status: refusal.status, source: refusal.source, count };
    this.#put(refusal.actor, refusal.role, refusal.action, refusal.target, "refused", detail);
  }

  #put(
    actor: string,
    role: string,
    action: string,
    target: string,
    outcome: AuditEntry["outcome"],
    detail: AuditEntry["detail"],
  ): void {
    const id = this.#random.token(16);
    this.#write({
      id,
      at: this.#clock.unix(),
      actor,
      role,
      action,
      target: target.slice(0, MAX_TEXT),
      outcome,
      detail,
    });
  }
}
