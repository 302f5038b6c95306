import type { UnixMs } from "../../detection/index.js";

/** A person of the service whose settings can be looked at. */
export interface FeedPerson {
  readonly id: string;
  /** As the call records name the user. */
  readonly user: string;
  readonly site?: string | undefined;
}

export interface FeedForwarding {
  readonly always: string;
  readonly busy: string;
  readonly noAnswer: string;
  readonly unreachable: string;
}

/** A service that gives out call records by time. Every implementation passes test/contract/call-feed. */
export interface CallFeed {
  /**
   * Items whose report time is in the window, page after page, as the service has them.
   * @throws GatewayError `webex.unavailable` (its cause is a `RetryHint` where it said how long to wait), `webex.rejected`, `webex.credentials`
   * @throws The signal's reason, once it has aborted.
   */
  items(from: UnixMs, to: UnixMs, signal: AbortSignal): AsyncIterable<readonly unknown[]>;
  /** Everybody who can make calls. @throws As `items`. */
  people(signal: AbortSignal): AsyncIterable<readonly FeedPerson[]>;
  /** Empty text: not forwarded. @throws As `items`. */
  forwarding(personId: string, signal: AbortSignal): Promise<FeedForwarding>;
}

/** The service asks to be left alone for so long. */
export interface RetryHint {
  readonly retryAfterMs: number;
}
