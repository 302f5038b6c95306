/** Limits and manners of all calls. Reloadable: they are read when needed. */
export interface CallOptions {
  /** Host (with port and brackets as needed) that stands for us where topology is hidden. */
  readonly ownHost: string;
  /** Server header of the answers that we make ourselves; empty: none. */
  readonly serverName: string;
  /** Live calls; above it new INVITEs get 503, emergency calls excepted. */
  readonly maxCalls: number;
  /** Early dialogs that one INVITE may open; further forks are not shown to the caller, but may still answer. */
  readonly maxForks: number;
  /** Requests that one side of a call may have under way at once; further ones get 500 with Retry-After. */
  readonly maxPendingRequests: number;
  /** A teardown reports what it knows after this long: 64·T1. */
  readonly endTimeoutMs: number;
  /** False: a 3xx of the called side reaches the caller as 480. */
  readonly passRedirects: boolean;
  /** URL of the signed contact card that a 608 names. RFC 8688 */
  readonly redressUrl?: string;
}
