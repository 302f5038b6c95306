import { createServer, isIPv6, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type Server as TlsServer } from "node:tls";
import { GatewayError } from "../../../core/errors.js";
import { listenFailed } from "../../../core/listen-failed.js";
import { describeListener, placeOf } from "./listener-address.js";
import { loadServerCredentials, type ServerCredentials } from "./tls-files.js";
import type { ListenOptions, StreamOptions, TlsServerOptions } from "./transport-options.js";
import type { Listener } from "./transport.js";

export interface Acceptor {
  /** Asked for every TCP connection before anything is read. @returns False: close it. */
  mayAccept(socket: Socket): boolean;
  /** The connection is ready for SIP (for TLS: the handshake is done). */
  accept(socket: Socket, listener: Listener): void;
  handshakeFailed(error: Error): void;
}

/** One listening TCP or TLS socket. */
export class StreamServer {
  readonly listener: Listener;
  /** Unix ms; undefined without TLS. */
  validUntil: number | undefined;
  readonly #server: Server;
  readonly #secure: TlsServer | undefined;
  readonly #options: ListenOptions;

  private constructor(
    server: Server,
    secure: TlsServer | undefined,
    listener: Listener,
    options: ListenOptions,
    validUntil: number | undefined,
  ) {
    this.#server = server;
    this.#secure = secure;
    this.listener = listener;
    this.#options = options;
    this.validUntil = validUntil;
  }

  /**
   * @param preferredPort Tried first where the kernel may choose.
   * @throws GatewayError `listen.failed`, `tls.certificate`
   */
  static async open(
    options: ListenOptions,
    streams: StreamOptions,
    acceptor: Acceptor,
    preferredPort?: number,
  ): Promise<StreamServer> {
    const credentials = options.protocol === "tls" ? await loadServerCredentials(tlsOf(options)) : undefined;
    const secure = credentials === undefined ? undefined : createSecureServer(credentials, tlsOf(options), streams);
    const server: Server = secure ?? createServer();
    const listener = describeListener(options, await listen(server, options, preferredPort));
    server.on("error", () => undefined); // out of file descriptors: the connection is lost, the server stays
    server.prependListener("connection", (socket: Socket) => {
      if (!acceptor.mayAccept(socket)) socket.destroy();
    });
    server.on(secure === undefined ? "connection" : "secureConnection", (socket: Socket) => {
      if (!socket.destroyed) acceptor.accept(socket, listener);
    });
    server.on("tlsClientError", (error: Error) => acceptor.handshakeFailed(error));
    return new StreamServer(server, secure, listener, options, credentials?.validUntil);
  }

  /** @throws GatewayError `tls.certificate`; what was in force stays in force. */
  async reload(): Promise<() => void> {
    const { tls } = this.#options;
    if (tls === undefined) return () => undefined;
    const credentials = await loadServerCredentials(tls);
    return () => {
      this.#secure?.setSecureContext(credentials);
      this.validUntil = credentials.validUntil;
    };
  }

  /** No more connections; those that are open stay. */
  close(): Promise<void> {
    return new Promise((resolve) => void this.#server.close(() => resolve()));
  }
}

function tlsOf(options: ListenOptions): TlsServerOptions {
  if (options.tls === undefined)
    throw new GatewayError("tls.certificate", "a tls listener needs tls.certFile and tls.keyFile");
  return options.tls;
}

function createSecureServer(credentials: ServerCredentials, tls: TlsServerOptions, streams: StreamOptions): TlsServer {
  const wantsCert = tls.requestCert === true;
  const handshakeTimeout = streams.connectTimeoutMs;
  return createTlsServer({ ...credentials, requestCert: wantsCert, rejectUnauthorized: wantsCert, handshakeTimeout });
}

async function listen(server: Server, options: ListenOptions, preferredPort: number | undefined): Promise<number> {
  const tryPort = (port: number) =>
    new Promise<number>((resolve, reject) => {
      server.once("error", reject);
      server.listen(
        { port, host: options.address, ipv6Only: isIPv6(options.address), exclusive: true, backlog: 511 },
        () => {
          server.off("error", reject);
          const bound = server.address();
          resolve(typeof bound === "object" && bound !== null ? bound.port : port);
        },
      );
    });
  try {
    if (options.port === 0 && preferredPort !== undefined) {
      const taken = await tryPort(preferredPort).catch(() => undefined);
      if (taken !== undefined) return taken;
    }
    return await tryPort(options.port);
  } catch (cause) {
    throw listenFailed(placeOf(options), cause);
  }
}
