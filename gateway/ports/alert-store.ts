import type {
  Alert,
  AlertCase,
  AlertGuard,
  AlertNotice,
  CaseState,
  CdrFinding,
  Incident,
  UnixMs,
} from "../../detection/index.js";
import type { PageQuery, ScopeQuery } from "./records.js";

export type DeliveryState = "waiting" | "sent" | "dead";

/** A notice on its way to a route: a row of the outbox. */
export interface OutboxDelivery {
  readonly id: string;
  readonly caseId: string;
  readonly route: string;
  readonly notice: AlertNotice;
  readonly state: DeliveryState;
  /** Tries so far, one that is under way included. */
  readonly attempts: number;
  readonly createdAt: UnixMs;
  readonly nextAt: UnixMs;
  readonly sentAt?: UnixMs;
  /** When the first of the tries failed. */
  readonly failingSince?: UnixMs;
  readonly lastError?: string;
}

/** Numbers that people mark as honest: each is asked for at every call, so there is an end to them. */
export const MAX_GUARDS = 1_000;

/** A delivery to be made. Above `maxQueue` that wait for its route it becomes a dead letter at once. */
export interface NewDelivery {
  readonly route: string;
  readonly maxQueue: number;
  /** Of its own, where it is not of the case's notice: its id, which makes it one however often it is asked for. */
  readonly own?: { readonly id: string; readonly notice: AlertNotice };
}

/** A delivery that became a dead letter at once, as too many wait for its route. */
export interface FullQueue {
  readonly route: string;
  readonly id: string;
}

export interface CaseChange {
  readonly after: AlertCase;
  /** When the case wants to be looked at again. */
  readonly deadlineAt?: UnixMs | undefined;
  readonly notice?: AlertNotice | undefined;
  readonly deliveries: readonly NewDelivery[];
}

export interface CaseComment {
  readonly id: string;
  readonly caseId: string;
  readonly at: UnixMs;
  readonly author: string;
  readonly text: string;
}

export interface CaseQuery extends ScopeQuery {
  readonly limit: number;
  readonly state?: CaseState;
}

export interface DeliveryQuery {
  readonly limit: number;
  readonly state?: DeliveryState;
  readonly route?: string;
  readonly caseId?: string;
}

/**
 * Alerts as people work on them, and the outbox. Every method is one transaction: a process that dies in it has done nothing, and
 * what it had begun to send is sent again under the same id when its lease is over. Several gateways may share one database.
 *
 * `onFull` is told after the transaction, once, when deliveries
 * of it came to full queues. All methods reject with GatewayError `store.*`.
 */
export interface AlertStore {
  /**
   * Gives up to `limit` alerts that no case has yet, the most severe first and of these the oldest, to `decide`, each with the case
   * that is likeliest to be its own: its incident's, else of those with its key the nearest in time, one that was marked as false
   * last. Nobody else changes that case meanwhile.
   * @param except Ids of alerts that are passed over.
   * @returns How many there were.
   */
  takeIn(
    limit: number,
    now: UnixMs,
    decide: (alert: Alert, incident: Incident | undefined, current: AlertCase | undefined) => CaseChange,
    onFull?: (full: readonly FullQueue[]) => void,
    except?: readonly string[],
  ): Promise<number>;
  /**
   * `decide` is given the incident of the case's latest alert too, as it is now; undefined: it is not known.
   * @param id Of a case or of one of its alerts. @returns The case as it is now; undefined: no such case.
   */
  change(
    id: string,
    now: UnixMs,
    decide: (of: AlertCase, incident: Incident | undefined) => CaseChange | undefined,
    onFull?: (full: readonly FullQueue[]) => void,
  ): Promise<AlertCase | undefined>;
  /**
   * As `change`, and guards with it: the change and all of them, or nothing. Of a case there is one for each side and number, the
   * newest: who marks it again because the answer got lost does not guard twice.
   * @returns As above. `full`: with them more than `most` guards would be in force. Nobody else's come in between.
   */
  changeAndGuard(
    id: string,
    guards: readonly AlertGuard[],
    most: number,
    now: UnixMs,
    decide: (of: AlertCase, incident: Incident | undefined) => CaseChange,
    onFull?: (full: readonly FullQueue[]) => void,
  ): Promise<AlertCase | undefined | "full">;
  /** Ids of cases whose deadline has come. */
  dueCases(now: UnixMs, limit: number): Promise<readonly string[]>;
  /** Ids of cases that go on although none of their incidents does. */
  overCases(limit: number): Promise<readonly string[]>;
  /**
   * Ids of cases that say fewer calls or callers than there are of their latest alert's incident, which is open or was closed since
   * `closedSince`; the longest that has not grown first.
   */
  grownCases(closedSince: UnixMs, limit: number): Promise<readonly string[]>;
  /**
   * Findings of call records that have grown since their case was told of them, or go on although it was closed: cases whose close
   * and latest alert are not before `closedSince`. A finding that raised an alert of its own belongs to that alert's case.
   */
  grownFindings(
    closedSince: UnixMs,
    limit: number,
  ): Promise<readonly { readonly caseId: string; readonly finding: CdrFinding }[]>;
  /**
   * Ids of cases of call records that go on although nothing more was found since `before`. One whose finding is still open waits
   * for its end, until that says nothing since `lostBefore`: who found it may be gone.
   */
  quietCases(before: UnixMs, lostBefore: UnixMs, limit: number): Promise<readonly string[]>;
  /** Every open case is due once: the settings may be others now. */
  reviewAll(): Promise<void>;

  /**
   * Takes deliveries of a route whose time has come, oldest first; nobody else gets them for `leaseMs`. What waits for a time beyond
   * `longestMs` from now was put off by a clock that was ahead: it is due.
   */
  claim(
    route: string,
    limit: number,
    now: UnixMs,
    leaseMs: number,
    longestMs: number,
  ): Promise<readonly OutboxDelivery[]>;
  sent(delivery: OutboxDelivery, now: UnixMs): Promise<void>;
  /** It fails since `since`. Tried again at `nextAt`; without it: a dead letter. */
  failed(delivery: OutboxDelivery, why: string, since: UnixMs, nextAt: UnixMs | undefined): Promise<void>;
  /** Dead letters wait again, with all their tries: those with these ids, or all of a route. @returns How many. */
  replay(which: { readonly ids?: readonly string[]; readonly route?: string }, now: UnixMs): Promise<number>;
  /** How many wait and how many are dead, by route. */
  outboxSizes(): Promise<readonly { readonly route: string; readonly state: DeliveryState; readonly count: number }[]>;
  /**
   * Deliveries that were made before `before` and wait yet, as those of a route that is gone, are dead letters from now on.
   * @returns How many, by route.
   */
  expireDeliveries(before: UnixMs): Promise<readonly { readonly route: string; readonly count: number }[]>;
  deliveries(query: DeliveryQuery): Promise<readonly OutboxDelivery[]>;

  /** By latest alert, newest first. With `scope`: those that are of it as a whole. */
  cases(query: CaseQuery): Promise<readonly AlertCase[]>;
  /** That were opened before the end and were not over at the beginning, by when they were opened, newest first. */
  casesOpenIn(query: PageQuery): Promise<readonly AlertCase[]>;
  case(id: string): Promise<AlertCase | undefined>;
  comment(comment: CaseComment): Promise<void>;
  /** Oldest first, 1,000 at most. */
  comments(caseId: string): Promise<readonly CaseComment[]>;
  /** @returns False: no such guard. */
  removeGuard(id: string): Promise<boolean>;
  /** All that are in force. */
  guards(now: UnixMs): Promise<readonly AlertGuard[]>;
  /** Deletes what has ended before `before`: deliveries that do not wait, cases that were closed, guards. */
  pruneAlerts(before: UnixMs): Promise<number>;
}
