import { connect, type Socket } from "node:net";
import { connect as connectTls, type SecureContext } from "node:tls";
import type { Clock } from "../../../core/clock.js";
import { GatewayError } from "../../../core/errors.js";
import { monoMs, type MonoMs } from "../../../core/time.js";
import { isLoopback, isWildcard } from "./listener-address.js";
import { StreamConnection, type ConnectionFacts, type ConnectionOwner } from "./stream-connection.js";
import type { FramingError } from "./stream-framer.js";
import { checkSipIdentity } from "./tls-files.js";
import type { StreamOptions } from "./transport-options.js";
import type { Listener, SendTo, TransportHandler } from "./transport.js";

/** How often deadlines of connections are looked at. */
const SWEEP_MS = 250;
/** At `close`: how long what was written may take to leave. */
const FLUSH_MS = 500;

export interface StreamCounts {
  received: number;
  sent: number;
  refusedTotal: number;
  refusedSource: number;
  unframeable: number;
  handshakeFailed: number;
  failed: number;
}

type Failure = ((error: Error) => void) | undefined;

/** All TCP and TLS connections: finds the one to use, opens new ones, keeps the limits. */
export class StreamHub implements ConnectionOwner {
  readonly counts: StreamCounts = {
    received: 0,
    sent: 0,
    refusedTotal: 0,
    refusedSource: 0,
    unframeable: 0,
    handshakeFailed: 0,
    failed: 0,
  };
  /** For outgoing TLS; replaced by a reload. */
  clientContext: SecureContext | undefined;
  readonly #options: StreamOptions;
  readonly #verifyPeers: boolean;
  readonly #clock: Clock;
  readonly #handler: TransportHandler;
  readonly #byId = new Map<number, StreamConnection>();
  readonly #byKey = new Map<string, StreamConnection>();
  /** TCP sockets, those within their TLS handshake included. */
  readonly #accepted = new Set<Socket>();
  readonly #acceptedBySource = new Map<string, number>();
  #opened = 0;
  #lastId = 0;
  #closing = false;
  #cancelSweep: (() => void) | undefined;
  #whenEmpty: (() => void) | undefined;

  constructor(options: StreamOptions, verifyPeers: boolean, clock: Clock, handler: TransportHandler) {
    this.#options = options;
    this.#verifyPeers = verifyPeers;
    this.#clock = clock;
    this.#handler = handler;
    this.#sweepLater();
  }

  get accepted(): number {
    return this.#accepted.size;
  }

  get opened(): number {
    return this.#opened;
  }

  now(): MonoMs {
    return this.#clock.mono();
  }

  mayAccept(socket: Socket): boolean {
    const address = socket.remoteAddress;
    if (address === undefined || this.#closing) return false;
    const ofSource = this.#acceptedBySource.get(address) ?? 0;
    if (this.#accepted.size >= this.#options.maxAccepted) return this.#refuse("refusedTotal");
    if (ofSource >= this.#options.maxAcceptedPerSource) return this.#refuse("refusedSource");
    this.#accepted.add(socket);
    this.#acceptedBySource.set(address, ofSource + 1);
    socket.once("close", () => {
      this.#accepted.delete(socket);
      const left = (this.#acceptedBySource.get(address) ?? 1) - 1;
      if (left > 0) this.#acceptedBySource.set(address, left);
      else this.#acceptedBySource.delete(address);
    });
    return true;
  }

  accept(socket: Socket, listener: Listener): void {
    const { remoteAddress: address, remotePort: port } = socket;
    if (address === undefined || port === undefined) {
      socket.destroy(); // gone already
      return;
    }
    const { protocol } = listener;
    const source = { protocol, address, port, listener: listener.name };
    this.#add(socket, {
      id: ++this.#lastId,
      key: keyOf({ protocol, address, port }),
      accepted: true,
      listener,
      source,
    });
  }

  handshakeFailed(): void {
    this.counts.handshakeFailed++;
  }

  /** @param listener Whose address a new connection leaves from, and whose name its messages bear. */
  send(bytes: Uint8Array, to: SendTo, listener: Listener | undefined, onFailure: Failure): void {
    this.counts.sent++;
    const existing = this.#find(to);
    if (existing === undefined) {
      this.#sendOnNew(bytes, to, listener, onFailure);
      return;
    }
    // The peer may have closed it while our bytes were on their way: then once more on a new one, before anybody hears of it.
    existing.send(bytes, (error, retriable) => {
      if (retriable && !this.#closing) this.#sendOnNew(bytes, to, listener, onFailure);
      else this.#fail(error, onFailure);
    });
  }

  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    this.#cancelSweep?.();
    for (const each of this.#byId.values()) each.end();
    if (this.#byId.size > 0) await this.#emptyOr(monoMs(this.now() + FLUSH_MS));
    for (const each of this.#byId.values()) each.destroy();
    for (const each of this.#accepted) each.destroy();
  }

  onMessage(connection: StreamConnection, bytes: Buffer): void {
    this.counts.received++;
    const { source, listener, id } = connection.facts;
    this.#handler.onMessage({ bytes, source, listener, connectionId: id });
  }

  onUnframeable(connection: StreamConnection, bytes: Buffer, _why: FramingError): Uint8Array | undefined {
    this.counts.unframeable++;
    return this.#handler.onUnframeable?.(bytes, connection.facts.source);
  }

  onClosed(connection: StreamConnection): void {
    const { id, key, accepted } = connection.facts;
    this.#byId.delete(id);
    if (this.#byKey.get(key) === connection) this.#byKey.delete(key);
    if (!accepted) this.#opened--;
    if (this.#byId.size === 0) this.#whenEmpty?.();
  }

  #find(to: SendTo): StreamConnection | undefined {
    const named = to.connectionId === undefined ? undefined : this.#byId.get(to.connectionId);
    if (named?.open === true) return named;
    const ours = this.#byKey.get(keyOf(to));
    if (ours?.open === true && (!ours.facts.accepted || this.#options.reuseAccepted)) return ours;
    if (to.tlsServerName === undefined || !this.#options.reuseAccepted) return undefined;
    // RFC 5923 §8.2: a TLS connection that the peer opened carries our requests only if its certificate says who it is.
    const theirs = this.#byKey.get(keyOf({ protocol: to.protocol, address: to.address, port: to.port }));
    const tls = theirs?.open === true && theirs.facts.accepted ? theirs.tls : undefined;
    const proven =
      tls?.authorized === true && checkSipIdentity(to.tlsServerName, tls.getPeerCertificate()) === undefined;
    return proven ? theirs : undefined;
  }

  #sendOnNew(bytes: Uint8Array, to: SendTo, listener: Listener | undefined, onFailure: Failure): void {
    // Others may have opened one while the old one was failing.
    const reopened = this.#byKey.get(keyOf(to));
    const usable = reopened?.open === true && !reopened.facts.accepted ? reopened : this.#open(to, listener);
    if (usable instanceof Error) queueMicrotask(() => this.#fail(usable, onFailure));
    else usable.send(bytes, (error) => this.#fail(error, onFailure));
  }

  #open(to: SendTo, listener: Listener | undefined): StreamConnection | Error {
    if (listener === undefined)
      return new GatewayError("sip.transport", `no ${to.protocol} listener for this address family`);
    if (this.#closing) return new GatewayError("sip.transport", "closing");
    if (this.#opened >= this.#options.maxOpened) return new GatewayError("sip.transport", "too many connections");
    let socket: Socket;
    try {
      socket = this.#connect(to, listener);
    } catch (cause) {
      return new GatewayError("sip.transport", "cannot open a connection", { cause });
    }
    this.#opened++;
    const source = { protocol: to.protocol, address: to.address, port: to.port, listener: listener.name };
    return this.#add(socket, { id: ++this.#lastId, key: keyOf(to), accepted: false, listener, source });
  }

  #connect(to: SendTo, listener: Listener): Socket {
    const bindable = !isWildcard(listener.address) && isLoopback(listener.address) === isLoopback(to.address);
    const where = { host: to.address, port: to.port, ...(bindable ? { localAddress: listener.address } : {}) };
    if (to.protocol === "tcp") return connect(where);
    const name = to.tlsServerName;
    return connectTls({
      ...where,
      ...(name === undefined ? {} : { servername: name }),
      ...(this.clientContext === undefined ? {} : { secureContext: this.clientContext }),
      minVersion: "TLSv1.2",
      rejectUnauthorized: this.#verifyPeers,
      checkServerIdentity: (_host, certificate) => checkSipIdentity(name ?? to.address, certificate),
    });
  }

  #add(socket: Socket, facts: ConnectionFacts): StreamConnection {
    const connection = new StreamConnection(socket, facts, this, this.#options);
    this.#byId.set(facts.id, connection);
    this.#byKey.set(facts.key, connection);
    return connection;
  }

  #refuse(reason: "refusedTotal" | "refusedSource"): false {
    this.counts[reason]++;
    return false;
  }

  #fail(error: Error, onFailure: Failure): void {
    this.counts.failed++;
    onFailure?.(error);
  }

  #emptyOr(at: MonoMs): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.callAt(at, resolve);
      this.#whenEmpty = () => {
        cancel();
        resolve();
      };
    });
  }

  #sweepLater(): void {
    this.#cancelSweep = this.#clock.callAt(monoMs(this.now() + SWEEP_MS), () => {
      const now = this.now();
      for (const connection of this.#byId.values()) connection.check(now);
      this.#sweepLater();
    });
  }
}

/** Connections are found again by protocol, address, port and the name that their certificate was checked for. */
function keyOf(to: Pick<SendTo, "protocol" | "address" | "port" | "tlsServerName">): string {
  return `${to.protocol}|${to.address}|${to.port}|${to.tlsServerName ?? ""}`;
}
