import { createHash, randomUUID, timingSafeEqual } from "node:crypto";
import { GatewayError } from "../../core/errors.js";
import type { MediaClaim, MediaConnection } from "../../ports/media-connections.js";
import type {
  AcceptOptions,
  WebSocketAcceptor,
  WebSocketDialer,
  WebSocketPeer,
  WebSocketRequest,
  WebSocketServer,
} from "../../ports/web-socket.js";
import { claimOf } from "./media-claim.js";
import {
  MediaWebSocketConnection,
  type MediaWebSocketDeps,
  type MediaWebSocketLimits,
} from "./media-websocket-connection.js";

export interface MediaWebSocketOptions extends MediaWebSocketLimits {
  readonly address: string;
  /** 0: chosen by the kernel. */
  readonly port: number;
  readonly path: string;
  readonly maxConnections: number;
  /** Both or none: what an Asterisk has to say to be let in. */
  readonly username: string | undefined;
  readonly password: string | undefined;
}

export interface MediaWebSocketsDeps extends MediaWebSocketDeps {
  readonly acceptor: WebSocketAcceptor;
  readonly dialer: WebSocketDialer;
  readonly allowed: (address: string) => boolean;
}

/** Name of the subprotocol. Asterisk: channels/chan_websocket.c, `ast_websocket_sub_protocol_alloc` */
const PROTOCOL = "media";
const SOURCE = "media-websocket";
/** Asterisk sends no larger ones; its text messages may have all of a channel's variables in them. */
const MOST_MESSAGE_BYTES = 65_536;
/** A second of the widest sound. */
const MOST_WAITING_BYTES = 384_000;
const DIAL_TIMEOUT_MS = 5_000;
/** Connections that are no WebSockets yet, of all Asterisks and of one: more is no Asterisk. */
const MOST_HANDSHAKES = 256;
const MOST_HANDSHAKES_OF_ONE = 128;

/** All media WebSockets: those that Asterisks open to us, and those that we open to them. */
export class MediaWebSockets {
  readonly #options: MediaWebSocketOptions;
  readonly #deps: MediaWebSocketsDeps;
  readonly #connections = new Set<MediaConnection>();
  #server: WebSocketServer | undefined;
  #dialling = 0;

  constructor(options: MediaWebSocketOptions, deps: MediaWebSocketsDeps) {
    this.#options = options;
    const { user } = deps;
    this.#deps = {
      ...deps,
      user: {
        onClaim: (connection, claim) => user.onClaim(connection, claim),
        onDigit: (connection, digit) => user.onDigit(connection, digit),
        onCount: (source, what, by) => user.onCount(source, what, by),
        onClosed: (connection, reason) => {
          this.#connections.delete(connection);
          user.onClosed(connection, reason);
        },
      },
    };
  }

  /** @throws GatewayError `listen.failed` */
  async listen(): Promise<void> {
    const { address, port, maxConnections, claimTimeoutMs } = this.#options;
    const options: AcceptOptions = {
      ...LIMITS,
      address,
      port,
      maxConnections,
      maxHandshakes: Math.min(maxConnections, MOST_HANDSHAKES),
      maxHandshakesOfOne: Math.min(maxConnections, MOST_HANDSHAKES_OF_ONE),
      admits: (from) => this.#deps.allowed(from),
      onTurnedAway: (why) => this.#deps.user.onCount(SOURCE, why),
      handshakeTimeoutMs: claimTimeoutMs,
    };
    this.#server = await this.#deps.acceptor.listen(options, (request) => this.#decide(request));
  }

  /** Of the server; 0: it does not listen. */
  get port(): number {
    return this.#server?.port ?? 0;
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** @throws GatewayError `websocket.unavailable`, `websocket.rejected`, `media.full` */
  async dial(url: string, credentials: { readonly username: string; readonly password: string } | undefined) {
    if (this.#connections.size + this.#dialling >= this.#options.maxConnections) {
      throw new GatewayError("media.full", "as many media WebSockets are open as are allowed");
    }
    const headers = credentials && { authorization: basic(credentials.username, credentials.password) };
    // The peer is known only after the connection is told of what it says first.
    const held: { connection?: MediaWebSocketConnection } = {};
    const early: (() => void)[] = [];
    const tell = (act: (connection: MediaWebSocketConnection) => void): void => {
      if (held.connection === undefined) early.push(() => held.connection && act(held.connection));
      else act(held.connection);
    };
    this.#dialling++;
    try {
      const peer = await this.#deps.dialer.dial(
        { ...LIMITS, url, protocols: [PROTOCOL], timeoutMs: DIAL_TIMEOUT_MS, ...(headers && { headers }) },
        {
          onText: (text) => tell((connection) => connection.onText(text)),
          onBinary: (bytes) => {
            const kept = held.connection === undefined ? bytes.slice() : bytes;
            tell((connection) => connection.onBinary(kept));
          },
          onClose: (code, reason) => tell((connection) => connection.onClose(code, reason)),
        },
      );
      held.connection = this.#open(peer);
      return {
        connection: held.connection,
        /** What came meanwhile. Once, after the connection was accepted. */
        begin: () => early.splice(0).forEach((act) => act()),
      };
    } finally {
      this.#dialling--;
    }
  }

  onTime(nowMs: number): void {
    for (const connection of this.#connections) connection.onTime(nowMs);
  }

  /** Closes every connection. Safe to call twice. */
  async close(): Promise<void> {
    for (const connection of [...this.#connections]) connection.close("gateway-closes");
    await this.#server?.close();
  }

  #open(peer: WebSocketPeer): MediaWebSocketConnection {
    const connection = new MediaWebSocketConnection(peer, this.#options, this.#deps);
    this.#connections.add(connection);
    this.#deps.user.onCount(SOURCE, "accepted");
    return connection;
  }

  #decide(request: WebSocketRequest): ReturnType<Parameters<WebSocketAcceptor["listen"]>[1]> {
    const { user } = this.#deps;
    const refusal = this.#refusal(request);
    if (refusal !== undefined) {
      user.onCount(SOURCE, refusal.why);
      return { status: refusal.status };
    }
    const claim = claimOf(request.query);
    if (claim === "bad") {
      user.onCount(SOURCE, "bad-uri");
      return { status: 400 };
    }
    // Nobody announced it; whether such are taken is not decided here.
    const said: MediaClaim = claim ?? { kind: "uuid", uuid: randomUUID() };
    return {
      user: (peer) => {
        const connection = this.#open(peer);
        connection.claim(said);
        return connection;
      },
      ...(request.protocols.includes(PROTOCOL) ? { protocol: PROTOCOL } : {}),
    };
  }

  #refusal({ path, headers, protocols, remoteAddress }: WebSocketRequest) {
    const { username = "", password } = this.#options;
    if (!this.#deps.allowed(remoteAddress)) return { status: 403, why: "not-allowed" };
    if (password !== undefined && !same(headers["authorization"] ?? "", basic(username, password))) {
      return { status: 401, why: "wrong-password" };
    }
    if (path !== this.#options.path) return { status: 404, why: "wrong-path" };
    if (protocols.length > 0 && !protocols.includes(PROTOCOL)) return { status: 400, why: "wrong-protocol" };
    if (this.#connections.size >= this.#options.maxConnections) return { status: 503, why: "full" };
    return undefined;
  }
}

/** No pings: an Asterisk of before 2026 takes one for the end of the channel (commit 0607f2cb79 of channels/chan_websocket.c). */
const LIMITS = { maxMessageBytes: MOST_MESSAGE_BYTES, maxBufferedBytes: MOST_WAITING_BYTES, pingMs: 0 };

/** RFC 7617 */
const basic = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`, "utf8").toString("base64")}`;

/** Takes as long whatever differs. */
function same(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
