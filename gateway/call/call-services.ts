import type { Cdr, CdrOrigin } from "../../detection/index.js";
import type { Clock } from "../core/clock.js";
import type { Counter } from "../core/metrics.js";
import type { Random } from "../core/random.js";
import type { UnixMs } from "../core/time.js";
import type { OutgoingSpec, SipEndpoint } from "../ports/sip-endpoint.js";
import type { CallOptions } from "./call-options.js";
import type { CallIdentity, CallObserver, CallScreen, HopSelector, LiveCall, TrunkPolicy } from "./contracts.js";
import type { DialogIndex } from "./dialog-index.js";
import type { SignedCall } from "./identity/identity-contracts.js";
import type { MediaAnchors } from "./media/media-anchors.js";
import type { CallOrigins } from "./origin/call-origins.js";
import type { PassRules } from "./pass-headers.js";

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
  /** Absent: nobody asks which call led to which. */
  readonly origins?: CallOrigins;
  /** What is done to an INVITE that leaves so that others know it as ours. Absent: nothing. */
  readonly markLeg?: (call: LiveCall, spec: OutgoingSpec) => OutgoingSpec;
  /** Ids of CDRs: unique for ever. */
  cdrId(): string;
  rulesFor(policy: TrunkPolicy): PassRules;
}

/** What is known of a call from the first. */
export interface CallStart {
  readonly callId: string;
  readonly sipCallId: string;
  readonly identity: CallIdentity;
  readonly policy: TrunkPolicy;
  readonly startedAt: UnixMs;
  /** What its signed caller identity was worth, and what its INVITE leaves with. */
  readonly signed?: SignedCall;
  readonly origin?: CdrOrigin | undefined;
}

/** What a call tells its owner, once each. */
export interface CallOwner {
  answered(call: LiveCall): void;
  /** Both legs are over. */
  ended(call: LiveCall, cdr: Cdr): void;
}
