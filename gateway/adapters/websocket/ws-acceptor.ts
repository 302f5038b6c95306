import { createServer, STATUS_CODES, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer as WsServer } from "ws";
import type { Clock } from "../../core/clock.js";
import { listenFailed } from "../../core/listen-failed.js";
import { monoMs } from "../../core/time.js";
import type {
  AcceptOptions,
  AcceptWebSocket,
  WebSocketAcceptor,
  WebSocketRequest,
  WebSocketServer,
} from "../../ports/web-socket.js";
import { WsPeer } from "./web-socket-peer.js";

const KEYS = ["asterisk.mediaWebSocket.listenAddress", "asterisk.mediaWebSocket.listenPort"] as const;

const MOST_HEADER_BYTES = 16_384;
/** RFC 9110 §15.5.22 */
const UPGRADE_REQUIRED = 426;
const BAD_REQUEST = 400;
/** RFC 6455 §7.4.1 */
const GOING_AWAY = 1001;
/** For peers to answer our close. */
const CLOSE_MS = 500;

/** Takes WebSockets on a port of their own. Nothing is compressed; whatever is no WebSocket is answered 426. */
export class WsAcceptor implements WebSocketAcceptor {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  listen(options: AcceptOptions, accept: AcceptWebSocket): Promise<WebSocketServer> {
    const listener = new Listener(options, accept, this.#clock);
    return listener.listen();
  }
}

class Listener implements WebSocketServer {
  readonly #options: AcceptOptions;
  readonly #accept: AcceptWebSocket;
  readonly #clock: Clock;
  readonly #http: Server;
  readonly #ws: WsServer;
  readonly #sockets = new Set<Duplex>();
  /** Those that are no WebSockets yet, by the address they come from. */
  readonly #handshakes = new Map<string, number>();
  #handshaking = 0;
  readonly #upgraded = new WeakMap<Duplex, WsPeer>();
  readonly #handshakeOf = new WeakMap<Duplex, () => void>();
  #chosen: string | undefined;

  constructor(options: AcceptOptions, accept: AcceptWebSocket, clock: Clock) {
    this.#options = options;
    this.#accept = accept;
    this.#clock = clock;
    this.#http = createServer({ maxHeaderSize: MOST_HEADER_BYTES, noDelay: true, keepAlive: true }, (_, response) => {
      response.writeHead(UPGRADE_REQUIRED, { connection: "close", upgrade: "websocket" }).end();
    });
    this.#ws = new WsServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: options.maxMessageBytes,
      handleProtocols: () => this.#chosen ?? false,
    });
    this.#http.on("connection", (socket) => this.#onConnection(socket));
    this.#http.on("upgrade", (request, socket, head) => this.#onUpgrade(request, socket, head));
  }

  get port(): number {
    return (this.#http.address() as AddressInfo | null)?.port ?? 0;
  }

  listen(): Promise<WebSocketServer> {
    const { address, port } = this.#options;
    return new Promise((resolve, reject) => {
      this.#http.once("error", (cause) =>
        reject(listenFailed({ what: "the media WebSocket", keys: KEYS, address, port }, cause)),
      );
      this.#http.listen({ host: address, port }, () => {
        this.#http.on("error", () => undefined);
        resolve(this);
      });
    });
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#http.close(() => resolve()));
    for (const socket of this.#sockets) {
      const peer = this.#upgraded.get(socket);
      if (peer === undefined) socket.destroy();
      else peer.close(GOING_AWAY);
    }
    const cancel = this.#clock.callAt(monoMs(this.#clock.mono() + CLOSE_MS), () => {
      for (const socket of this.#sockets) socket.destroy();
    });
    await closed;
    cancel();
  }

  #onConnection(socket: Socket): void {
    const { remoteAddress: from = "" } = socket;
    const refused = this.#refusalOf(from);
    if (refused !== undefined) {
      socket.destroy();
      this.#options.onTurnedAway?.(refused);
      return;
    }
    this.#sockets.add(socket);
    const began = this.#beginHandshake(from);
    const cancel = this.#clock.callAt(monoMs(this.#clock.mono() + this.#options.handshakeTimeoutMs), () => {
      if (!this.#upgraded.has(socket)) socket.destroy();
    });
    socket.on("error", () => undefined);
    socket.once("close", () => {
      cancel();
      began();
      this.#sockets.delete(socket);
    });
    this.#handshakeOf.set(socket, began);
  }

  /** Who has not shown a password yet takes no place of those who have. */
  #refusalOf(from: string): "not-allowed" | "full" | undefined {
    const { admits, maxConnections, maxHandshakes, maxHandshakesOfOne } = this.#options;
    if (admits?.(from) === false) return "not-allowed";
    const ofOne = this.#handshakes.get(from) ?? 0;
    const isOpen = this.#sockets.size - this.#handshaking;
    const isFull = this.#handshaking >= maxHandshakes || ofOne >= maxHandshakesOfOne || isOpen >= maxConnections;
    return isFull ? "full" : undefined;
  }

  /** @returns Ends it. Safe to call twice. */
  #beginHandshake(from: string): () => void {
    let over = false;
    this.#handshaking++;
    this.#handshakes.set(from, (this.#handshakes.get(from) ?? 0) + 1);
    return () => {
      if (over) return;
      over = true;
      this.#handshaking--;
      const left = (this.#handshakes.get(from) ?? 1) - 1;
      if (left === 0) this.#handshakes.delete(from);
      else this.#handshakes.set(from, left);
    };
  }

  #onUpgrade(message: IncomingMessage, socket: Duplex, head: Buffer): void {
    const request = requestOf(message);
    const decision = request === undefined ? { status: BAD_REQUEST } : this.#accept(request);
    if ("status" in decision) {
      refuse(socket, decision.status);
      return;
    }
    // `ws` asks for the protocol in the same turn.
    this.#chosen = decision.protocol;
    this.#ws.handleUpgrade(message, socket, head, (opened) => {
      const peer = new WsPeer(opened, this.#options, this.#clock);
      this.#handshakeOf.get(socket)?.();
      this.#upgraded.set(socket, peer);
      peer.attach(decision.user(peer));
    });
  }
}

/** @returns Undefined: its target is none. */
function requestOf(message: IncomingMessage): WebSocketRequest | undefined {
  let url: URL;
  try {
    url = new URL(message.url ?? "", "ws://localhost");
  } catch {
    return undefined;
  }
  const headers = Object.fromEntries(
    Object.entries(message.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value]),
  );
  const offered = headers["sec-websocket-protocol"] ?? "";
  const protocols = offered
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "");
  const remoteAddress = message.socket.remoteAddress ?? "";
  return { path: url.pathname, query: url.searchParams, headers, protocols, remoteAddress };
}

function refuse(socket: Duplex, status: number): void {
  const authenticate = status === 401 ? 'WWW-Authenticate: Basic realm="media"\r\n' : "";
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\nConnection: close\r\nContent-Length: 0\r\n${authenticate}\r\n`,
  );
  socket.once("finish", () => socket.destroy());
}
