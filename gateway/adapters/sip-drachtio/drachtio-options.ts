import type { ConnectionOptions } from "node:tls";
import type { Clock } from "../../core/clock.js";
import type { Log } from "../../core/log.js";
import type { Metrics } from "../../core/metrics.js";
import type { Random } from "../../core/random.js";
import type { SipProtocol } from "../../ports/sip-endpoint.js";

/** Where a message came from or went to. Port 0: the server does not say. */
export interface WirePeer {
  readonly protocol: SipProtocol;
  readonly address: string;
  readonly port: number;
}

/** Sees every message that the server tells of, not its repeats. Must not throw and must copy `bytes` to keep them. */
export type DrachtioTap = (direction: "in" | "out", bytes: Uint8Array, peer: WirePeer) => void;

export interface ServerAddress {
  /** Of the admin port. The server takes commands from anybody who reaches it: loopback only, unless `allowRemote`. */
  readonly host: string;
  readonly port: number;
  readonly secret: string;
  /** TLS towards the admin port, kept on reconnecting. Default: plain TCP. */
  readonly tls?: ConnectionOptions;
  /** Lets `host` be no loopback address. Default false. */
  readonly allowRemote?: boolean;
}

export interface LinkTimes {
  /** For connecting and authenticating together, ms. Default 5,000. */
  readonly connectTimeoutMs?: number;
  /** A command that is not answered for longer means that the server is gone, ms. Default 5,000. */
  readonly answerTimeoutMs?: number;
  /** A ping goes out so often, ms. Default 10,000. */
  readonly pingIntervalMs?: number;
  /** Pause before connecting again: doubles from the first to the second, ms. Default 200. */
  readonly reconnectMinMs?: number;
  /** Default 10,000. */
  readonly reconnectMaxMs?: number;
}

export interface DrachtioEndpointOptions {
  readonly server: ServerAddress;
  readonly times?: LinkTimes;
  readonly clock: Clock;
  readonly random: Random;
  readonly log?: Log;
  readonly metrics?: Metrics;
  /** Live transactions, both directions; above it new requests get 503. Default 100,000. */
  readonly maxTransactions?: number;
  /**
   * Least time that an INVITE waits for a first response, whatever its `noResponseMs` says: a 100 is not delivered, so a hop that
   * works looks dead until it rings. Default 0.
   */
  readonly leastNoResponseMs?: number;
  /** `Server` of the answers that the endpoint makes itself. Default: none. */
  readonly serverName?: string;
}

export const DEFAULT_TIMES: Required<LinkTimes> = {
  connectTimeoutMs: 5_000,
  answerTimeoutMs: 5_000,
  pingIntervalMs: 10_000,
  reconnectMinMs: 200,
  reconnectMaxMs: 10_000,
};

export const DEFAULT_MAX_TRANSACTIONS = 100_000;
/** Methods that the server is asked to deliver outside of dialogs. What belongs to a dialog comes anyway. */
export const ROUTED_METHODS = [
  "invite",
  "options",
  "register",
  "message",
  "publish",
  "subscribe",
  "notify",
  "info",
  "refer",
  "update",
] as const;
