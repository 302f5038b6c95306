import type { SipProtocol, SipSource, SipTarget } from "../../../ports/sip-endpoint.js";

/** One bound socket, and how others are to reach it. */
export interface Listener {
  readonly protocol: SipProtocol;
  readonly address: string;
  readonly port: number;
  /** What goes into Via and Contact: the advertised address where one is configured, else the bound one. Brackets for IPv6. */
  readonly sentByHost: string;
  readonly sentByPort: number;
  /** `udp:127.0.0.1:5060` */
  readonly name: string;
}

/** A message as it came: for streams exactly one message cut out by Content-Length, for UDP one datagram. */
export interface Received {
  /** Owned by the receiver from now on. */
  readonly bytes: Buffer;
  readonly source: SipSource;
  readonly listener: Listener;
  /** Streams: the connection it came by, for answers. RFC 3261 §18.2.2 */
  readonly connectionId?: number;
}

export interface TransportHandler {
  onMessage(received: Received): void;
  /** A stream sent something that cannot be framed; the connection is closed after `reply` (a whole 400, where one can be made). */
  onUnframeable?(bytes: Buffer, source: SipSource): Uint8Array | undefined;
}

export interface SendTo extends SipTarget {
  /** Prefer this connection while it is open (answers on streams, RFC 5923 reuse). */
  readonly connectionId?: number;
  /** Send from this listener's socket (answers on UDP leave by the socket that the request came to). */
  readonly listenerName?: string;
}

/** UDP, TCP and TLS sockets: bytes in, bytes out. Knows framing and connections, not transactions. */
export interface SipTransports {
  /** Filled by `open`. */
  readonly listeners: readonly Listener[];
  open(handler: TransportHandler): Promise<void>;
  /** Which listener a message to this target leaves by: its sent-by goes into Via and Contact. Undefined: no such protocol or family. */
  listenerFor(target: SipTarget): Listener | undefined;
  /**
   * Never throws, never blocks. `onFailure` is called at most once, later, if the kernel or the peer refuses
   * (ECONNREFUSED, connection closed before the bytes left, send queue of the connection full).
   */
  send(bytes: Uint8Array, to: SendTo, onFailure?: (error: Error) => void): void;
  /** New TLS handshakes use the new files; open connections stay. @throws GatewayError `tls.certificate`, the old ones stay in force. */
  reloadCertificates(): Promise<void>;
  close(): Promise<void>;
}
