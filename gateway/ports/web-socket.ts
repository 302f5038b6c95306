import { GatewayError } from "../core/errors.js";

/** One WebSocket that is open. RFC 6455 */
export interface WebSocketPeer {
  /** Bytes that wait to be sent. */
  readonly bufferedBytes: number;
  /** When the peer was last heard of, answers to pings included: on the clock's `mono`. */
  readonly heardAtMs?: number;
  /** Copies what it is given. @returns False: it is closed, or more waits than the limit it was opened with; nothing was sent. */
  send(data: string | Uint8Array): boolean;
  /** Nothing is read, and nothing told, until `resume`; at most what has been read already still comes. */
  pause(): void;
  resume(): void;
  /** Starts the closing handshake; the socket is destroyed where the peer does not answer it. Safe to call twice. */
  close(code?: number, reason?: string): void;
}

/** Told synchronously; nothing comes after `onClose`, which comes once. */
export interface WebSocketUser {
  onText?(text: string): void;
  /** @param bytes Good only until this returns. */
  onBinary?(bytes: Uint8Array): void;
  onClose(code: number, reason: string): void;
}

export interface WebSocketLimits {
  /** Larger messages close the socket (1009). */
  readonly maxMessageBytes: number;
  /** More than that waiting to be sent: `send` says false. */
  readonly maxBufferedBytes: number;
  /** A peer that does not answer pings for twice that long is taken for gone, ms; 0: no pings. */
  readonly pingMs: number;
}

export interface DialOptions extends WebSocketLimits {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly protocols?: readonly string[];
  /** Connecting and the handshake, ms. */
  readonly timeoutMs: number;
}

/** Adapter: websocket. */
export interface WebSocketDialer {
  /** The user may be told of messages before this resolves. @throws GatewayError `websocket.unavailable`: refused, unreachable, too slow; `websocket.rejected`: the peer answered another status (`refusedStatus`). */
  dial(options: DialOptions, user: WebSocketUser): Promise<WebSocketPeer>;
}

/** @returns The HTTP status with which a WebSocket was refused, from a `websocket.rejected`. */
export function refusedStatus(error: unknown): number | undefined {
  if (!(error instanceof GatewayError) || error.code !== "websocket.rejected") return undefined;
  const { cause } = error;
  return typeof cause === "object" && cause !== null && "status" in cause && typeof cause.status === "number"
    ? cause.status
    : undefined;
}

/** What somebody who connects asks for. */
export interface WebSocketRequest {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly protocols: readonly string[];
  readonly remoteAddress: string;
}

export interface AcceptOptions extends WebSocketLimits {
  readonly address: string;
  /** 0: chosen by the kernel. */
  readonly port: number;
  readonly maxConnections: number;
  /** Connections that have not finished their handshake, of all and of one address; more are cut off. They take no place of an open one. */
  readonly maxHandshakes: number;
  readonly maxHandshakesOfOne: number;
  /** Asked before a byte is read. @returns False: whoever connects from there is cut off. */
  readonly admits?: (address: string) => boolean;
  /** A connection was cut off before its handshake. */
  readonly onTurnedAway?: (why: "not-allowed" | "full") => void;
  /** A connection that has not finished its handshake by then is destroyed, ms. */
  readonly handshakeTimeoutMs: number;
}

/** @returns The user of that connection, and the subprotocol that was chosen; or the HTTP status that refuses it. */
export type AcceptWebSocket = (
  request: WebSocketRequest,
) =>
  { readonly status: number } | { readonly user: (peer: WebSocketPeer) => WebSocketUser; readonly protocol?: string };

export interface WebSocketServer {
  readonly port: number;
  /** Closes every connection. Safe to call twice. */
  close(): Promise<void>;
}

/** Adapter: websocket. */
export interface WebSocketAcceptor {
  /** @throws GatewayError `listen.failed` */
  listen(options: AcceptOptions, accept: AcceptWebSocket): Promise<WebSocketServer>;
}
