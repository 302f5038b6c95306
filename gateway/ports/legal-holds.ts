import type { UnixMs } from "../core/time.js";
import type { PageQuery } from "./records.js";

/** Somebody must keep what there is about a number: until the hold is lifted nothing of it is deleted, by age or on request. */
export interface LegalHold {
  /** Canonical. */
  readonly number: string;
  /** Key id or `oidc:SUBJECT`. */
  readonly placedBy: string;
  readonly placedAt: UnixMs;
  /** For people: the case, the order of a court. */
  readonly reason: string;
}

export interface HeldCallsQuery {
  readonly limit: number;
  /** The last one of the page before. */
  readonly after?: string;
}

/** Adapter: store. Every operation throws GatewayError `store.*`. */
export interface LegalHoldStore {
  hold(number: string): Promise<LegalHold | undefined>;
  /** Newest first. `beforeId` is a number. */
  holds(query: PageQuery): Promise<readonly LegalHold[]>;
  /** Names of calls whose transcripts a hold keeps, as they had them while they were up; each once, in ascending order. */
  heldCalls(query: HeldCallsQuery): Promise<readonly string[]>;
  /** One that is there already stays as it is. @returns The hold in force. */
  place(hold: LegalHold): Promise<LegalHold>;
  /** @returns False: there was none. */
  lift(number: string): Promise<boolean>;
}
