import type { Clock } from "../../core/clock.js";
import type { Log } from "../../core/log.js";
import type { Metrics } from "../../core/metrics.js";
import type { Random } from "../../core/random.js";
import type { NextHopResolver } from "../../ports/next-hop-resolver.js";
import type { SipProtocol, SipSource } from "../../ports/sip-endpoint.js";
import type { SipLimits } from "../../sip/message/limits.js";
import type { SipTimers } from "../../sip/transaction/sip-timers.js";
import type { Listener, SipTransports } from "./transport/transport.js";

/**
 * Sees every message as it comes and goes, repeats included: for HEP3 and the SIP trace. Must be quick, must not throw and must
 * copy `bytes` to keep them. Nothing is done for it when it is absent.
 */
export type WireTap = (
  direction: "in" | "out",
  bytes: Uint8Array,
  peer: { readonly protocol: SipProtocol; readonly address: string; readonly port: number },
  listener: Listener | undefined,
) => void;

export interface EmbeddedEndpointOptions {
  readonly transports: SipTransports;
  readonly clock: Clock;
  readonly random: Random;
  /** For names in Contact and Route; without one such requests in a dialog fail with a local 503. */
  readonly resolver?: NextHopResolver;
  readonly log?: Log;
  readonly metrics?: Metrics;
  /** Default: RFC 3261's 500, 4,000 and 5,000 ms. */
  readonly timers?: SipTimers;
  /** Live transactions, both directions; above it new requests get 503, above 9/10 new INVITEs do. Default 400,000. */
  readonly maxTransactions?: number;
  /** Live dialogs; above it new INVITEs get 503. Default 1,000,000. */
  readonly maxDialogs?: number;
  /** 100 is sent when the user has said nothing for so long; at most 200 (RFC 3261 §17.2.1). Default 200 ms. */
  readonly tryingAfterMs?: number;
  /**
   * An outgoing INVITE without any response for longer, after a 1xx, is cancelled: the last resort against a peer that has
   * forgotten it. How long a call may ring is the user's affair. Default 3,600,000 ms.
   */
  readonly ringingTimeoutMs?: number;
  /** Requests over UDP larger than this go by TCP where the target allows it (RFC 3261 §18.1.1). Default 1,300 bytes. */
  readonly mtuBytes?: number;
  /** `Server` of the answers that the endpoint makes itself. Default: none. */
  readonly serverName?: string;
  readonly limits?: SipLimits;
  /**
   * At least 32 secret bytes by which late answers are known as answers to INVITEs of ours. The same after a restart: those to
   * INVITEs of the process before are known too. Default: a key for this run.
   */
  readonly sealKey?: Uint8Array | undefined;
  readonly onWire?: WireTap;
  /** Told who sent bytes that are no SIP message, or a request that cannot be answered as one. Must be quick and must not throw. */
  readonly onMalformed?: (source: SipSource) => void;
}

export const DEFAULT_MAX_TRANSACTIONS = 400_000;
export const DEFAULT_MAX_DIALOGS = 1_000_000;
export const DEFAULT_TRYING_AFTER_MS = 200;
export const DEFAULT_RINGING_TIMEOUT_MS = 3_600_000;
export const DEFAULT_MTU_BYTES = 1300;
