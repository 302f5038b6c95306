import type { Clock } from "../../../core/clock.js";
import type { Log } from "../../../core/log.js";
import type { Metrics } from "../../../core/metrics.js";
import type { SipProtocol } from "../../../ports/sip-endpoint.js";

/** One socket to listen on. */
export interface ListenOptions {
  readonly protocol: SipProtocol;
  /** IP literal without brackets: `0.0.0.0`, `::`, `192.0.2.1`. */
  readonly address: string;
  /** 0: the kernel chooses; a stream listener then takes the port of the UDP listener on the same address where it is free. */
  readonly port: number;
  /** Host for Via and Contact where the bound one is of no use to peers (NAT, wildcard). */
  readonly advertisedHost?: string;
  readonly advertisedPort?: number;
  /** Must be there for `tls`, and only there. */
  readonly tls?: TlsServerOptions;
  /** Where address and port are configured, for an error text. Default: `sip.listenAddress`, `sip.listenPort`. */
  readonly keys?: readonly [address: string, port: string];
}

/** PEM files. Read at `open` and again by `reloadCertificates`. */
export interface TlsServerOptions {
  /** Certificate, followed by its intermediates. */
  readonly certFile: string;
  readonly keyFile: string;
  /** Who may sign client certificates; needed with `requestCert`. */
  readonly caFile?: string;
  /** Mutual TLS: clients without a certificate signed by `caFile` are refused. Default false. */
  readonly requestCert?: boolean;
}

/** Our side of outgoing TLS connections. */
export interface TlsClientOptions {
  /** Who may sign the peer's certificate; default: the authorities that Node brings. */
  readonly caFile?: string;
  /** Our own certificate, for peers that ask for one. With `keyFile`. */
  readonly certFile?: string;
  readonly keyFile?: string;
  /** False: take any certificate. For laboratories. Default true. */
  readonly verify?: boolean;
}

export interface UdpOptions {
  /** Asked of the kernel, which gives at most net.core.rmem_max; what it gave is logged when it is less. Default 4 MiB. */
  readonly receiveBufferBytes: number;
  /** Likewise, net.core.wmem_max. Default 4 MiB. */
  readonly sendBufferBytes: number;
}

/** Limits of TCP and TLS connections. */
export interface StreamOptions {
  /** Start line and header fields of one message, bytes. Default 64 KiB. */
  readonly maxHeadBytes: number;
  /** Body of one message, bytes. Default 256 KiB. */
  readonly maxBodyBytes: number;
  /** Accepted connections at a time; the next is closed at once. Default 4,096. */
  readonly maxAccepted: number;
  /** Accepted connections of one source address. Default 256. */
  readonly maxAcceptedPerSource: number;
  /** Connections that we opened. Default 1,024; a message that needs another one fails. */
  readonly maxOpened: number;
  /** Bytes waiting to be written to one connection; beyond it the connection is closed and what waits fails. Default 1 MiB. */
  readonly maxQueuedBytes: number;
  /** TCP connect plus TLS handshake, ms. Default 5,000. */
  readonly connectTimeoutMs: number;
  /** From the first byte of a message to its last, ms (slow senders hold no memory). Default 10,000. */
  readonly partialMessageMs: number;
  /** Without any message, ms; then the connection is closed. Default 600,000. */
  readonly idleMs: number;
  /** A double CRLF on connections that we opened after this many ms of silence (RFC 5626 §4.4.1); 0: none. Default 100,000. */
  readonly pingIntervalMs: number;
  /** How long the CRLF may take to come back, once the peer has shown that it answers. Default 10,000. */
  readonly pongTimeoutMs: number;
  /** A request to `address:port` may use a connection that came from exactly there. Default true. */
  readonly reuseAccepted: boolean;
}

export const DEFAULT_UDP: UdpOptions = { receiveBufferBytes: 4 * 1024 * 1024, sendBufferBytes: 4 * 1024 * 1024 };

export const DEFAULT_STREAMS: StreamOptions = {
  maxHeadBytes: 64 * 1024,
  maxBodyBytes: 256 * 1024,
  maxAccepted: 4096,
  maxAcceptedPerSource: 256,
  maxOpened: 1024,
  maxQueuedBytes: 1024 * 1024,
  connectTimeoutMs: 5000,
  partialMessageMs: 10_000,
  idleMs: 600_000,
  pingIntervalMs: 100_000,
  pongTimeoutMs: 10_000,
  reuseAccepted: true,
};

export interface TransportOptions {
  /** At least one. In order: the first that fits is taken for outgoing messages. */
  readonly listeners: readonly ListenOptions[];
  readonly udp?: Partial<UdpOptions>;
  readonly streams?: Partial<StreamOptions>;
  readonly tlsClient?: TlsClientOptions;
  readonly clock: Clock;
  readonly log?: Log;
  readonly metrics?: Metrics;
}
