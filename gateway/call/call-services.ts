import type { Cdr } from "../../detection/index.js";
import type { Clock } from "../core/clock.js";
import type { Counter } from "../core/metrics.js";
import type { Random } from "../core/random.js";
import type { UnixMs } from "../core/time.js";
import type { SipEndpoint } from "../ports/sip-endpoint.js";
import type { CallIdentity, CallObserver, CallScreen, HopSelector, LiveCall, TrunkPolicy } from "./contracts.js";
import type { DialogIndex } from "./dialog-index.js";
import type { MediaAnchors } from "./media/media-anchors.js";
import type { PassRules } from "./pass-headers.js";

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

/** What every call needs and none owns. */
export interface CallServices {
  readonly endpoint: SipEndpoint;
  readonly clock: Clock;
  readonly random: Random;
  readonly screen: CallScreen;
  readonly hops: HopSelector;
  readonly observers: readonly CallObserver[];
  readonly index: DialogIndex;
  readonly options: CallOptions;
  readonly failovers: Counter;
  /** Absent: no call's media is anchored. */
  readonly media?: MediaAnchors;
  /** Ids of CDRs: unique for ever. */
  cdrId(): string;
  rulesFor(policy: TrunkPolicy): PassRules;
}

/** What is known of a call from the first. */
export interface CallStart {
  readonly callId: string;
  readonly identity: CallIdentity;
  readonly policy: TrunkPolicy;
  readonly startedAt: UnixMs;
}

/** What a call tells its owner, once each. */
export interface CallOwner {
  answered(call: LiveCall): void;
  /** Both legs are over. */
  ended(call: LiveCall, cdr: Cdr): void;
}
