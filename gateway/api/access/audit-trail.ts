import type { Clock } from "../../core/clock.js";
import { GatewayError } from "../../core/errors.js";
import type { Random } from "../../core/random.js";
import type { AuditEntry } from "../../ports/records.js";
import { ApiError } from "../errors.js";
import { isoTime } from "../schemas/common.js";
import type { Principal } from "./permissions.js";
import { RefusalAudit, type Refusal } from "./refusal-audit.js";

const REFUSALS = { windowMs: 60_000, maxKinds: 256 };
const MAX_TEXT = 256;
const TIMES: ReadonlySet<string> = new Set(["since", "before"]);
const NUMBERS: ReadonlySet<string> = new Set(["caller", "called", "a_number", "b_number", "user", "subject"]);
const REFUSED: ReadonlySet<string> = new Set(["block.refused", "subject.held", "guard.full"]);

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
  async attempt<T>(
    principal: Principal,
    action: string,
    target: string,
    act: () => Promise<T>,
    detail: AuditEntry["detail"] = {},
  ): Promise<T> {
    try {
      return await act();
    } catch (error) {
      const code = error instanceof GatewayError || error instanceof ApiError ? error.code : "internal";
      this.action(principal, action, target, REFUSED.has(code) ? "refused" : "failed", { ...detail, code });
      throw error;
    }
  }

  /**
   * Shows rows to somebody: one entry a request, with what was asked for and how many there were.
   * @param what `record` → `record.list`
   */
  async list<T>(
    principal: Principal,
    what: string,
    asked: Readonly<Record<string, string | number | undefined>>,
    read: () => Promise<readonly T[]>,
  ): Promise<readonly T[]> {
    const detail = askedFor(asked);
    const rows = await this.attempt(principal, `${what}.list`, what, read, detail);
    this.action(principal, `${what}.list`, what, "done", { ...detail, rows: rows.length });
    return rows;
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

/** A telephone number in whatever notation; a `+` that came unescaped in a query is a blank. */
const WRITTEN_NUMBER = /^(?:tel:|sip:)?[\s+(]*\d(?:[\s().\/-]*\d){6,14}\s*$/i;

const WITH_COUNTRY = /^(?:tel:|sip:)?[\s(]*\+|^\s/i;

/** Without what stands between its digits, so that it is sealed like others. */
function asNumber(text: string): string {
  if (!WRITTEN_NUMBER.test(text)) return text;
  return `${WITH_COUNTRY.test(text) ? "+" : ""}${text.replace(/\D/g, "")}`;
}

/** What a query said; times for people. */
export function askedFor(asked: Readonly<Record<string, string | number | undefined>>): AuditEntry["detail"] {
  const detail: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(asked)) {
    if (value === undefined) continue;
    if (TIMES.has(name) && typeof value === "number") detail[name] = isoTime(value);
    else detail[name] = NUMBERS.has(name) && typeof value === "string" ? asNumber(value) : value;
  }
  return detail;
}
