import { GatewayError } from "../../../core/errors.js";
import { silentLog, type Log } from "../../../core/log.js";
import type { SipTarget } from "../../../ports/sip-endpoint.js";
import { isLoopback, isWildcard } from "./listener-address.js";
import { StreamHub } from "./stream-hub.js";
import { StreamServer, type Acceptor } from "./stream-server.js";
import { loadClientContext } from "./tls-files.js";
import { publishTransportMetrics } from "./transport-metrics.js";
import {
  DEFAULT_STREAMS,
  DEFAULT_UDP,
  type ListenOptions,
  type StreamOptions,
  type TransportOptions,
} from "./transport-options.js";
import type { Listener, SendTo, SipTransports, TransportHandler } from "./transport.js";
import { UdpSocket } from "./udp-socket.js";

const WARN_BEFORE_EXPIRY_MS = 14 * 24 * 3600 * 1000;

/** UDP, TCP and TLS on the sockets of this machine. Nothing is opened before `open`. */
export function createTransports(options: TransportOptions): SipTransports {
  return new SocketTransports(options);
}

class SocketTransports implements SipTransports {
  readonly #options: TransportOptions;
  readonly #streamOptions: StreamOptions;
  readonly #log: Log;
  #listeners: readonly Listener[] = [];
  #udp: readonly UdpSocket[] = [];
  #servers: readonly StreamServer[] = [];
  #hub: StreamHub | undefined;
  readonly #udpByName = new Map<string, UdpSocket>();

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#streamOptions = { ...DEFAULT_STREAMS, ...options.streams };
    this.#log = options.log ?? silentLog;
  }

  get listeners(): readonly Listener[] {
    return this.#listeners;
  }

  async open(handler: TransportHandler): Promise<void> {
    const { clock, tlsClient, listeners, metrics } = this.#options;
    const hub = new StreamHub(this.#streamOptions, tlsClient?.verify ?? true, clock, handler);
    this.#hub = hub;
    try {
      hub.clientContext = await loadClientContext(tlsClient ?? {});
      const opened: Listener[] = [];
      for (const each of listeners) opened.push(await this.#listen(each, hub));
      this.#listeners = opened;
    } catch (error) {
      await this.close();
      throw error;
    }
    if (metrics !== undefined) publishTransportMetrics(metrics, this.#udp, hub);
    this.#warnOfExpiry();
    for (const socket of this.#udp) {
      this.#udpByName.set(socket.listener.name, socket);
      socket.deliverTo(handler);
    }
  }

  listenerFor(target: SipTarget): Listener | undefined {
    return chooseListener(this.#listeners, target);
  }

  send(bytes: Uint8Array, to: SendTo, onFailure?: (error: Error) => void): void {
    if (to.protocol === "udp") {
      const socket = this.#udpSocketFor(to);
      if (socket !== undefined) socket.send(bytes, to.address, to.port, onFailure);
      else failLater(new GatewayError("sip.transport", "no udp listener for this address family"), onFailure);
    } else if (this.#hub === undefined) {
      failLater(new GatewayError("sip.transport", "not open"), onFailure);
    } else {
      this.#hub.send(bytes, to, this.listenerFor(to), onFailure);
    }
  }

  async reloadCertificates(): Promise<void> {
    // All are read and checked before the first is put in force.
    const context = await loadClientContext(this.#options.tlsClient ?? {});
    const switches = await Promise.all(this.#servers.map((server) => server.reload()));
    for (const putInForce of switches) putInForce();
    if (this.#hub !== undefined) this.#hub.clientContext = context;
    this.#warnOfExpiry();
  }

  async close(): Promise<void> {
    const servers = this.#servers.map((server) => server.close());
    await this.#hub?.close();
    await Promise.all([...servers, ...this.#udp.map((socket) => socket.close())]);
  }

  async #listen(options: ListenOptions, hub: StreamHub): Promise<Listener> {
    if (options.protocol === "udp") {
      const socket = await UdpSocket.open(options, { ...DEFAULT_UDP, ...this.#options.udp }, this.#log);
      this.#udp = [...this.#udp, socket];
      return socket.listener;
    }
    // A peer that is told one port for UDP and TCP alike finds both (RFC 3261 §18.1.1 switches between them).
    const neighbour = this.#udp.find((socket) => socket.listener.address === options.address)?.listener.port;
    const acceptor: Acceptor = hub;
    const server = await StreamServer.open(
      options,
      this.#streamOptions,
      acceptor,
      options.protocol === "tcp" ? neighbour : undefined,
    );
    this.#servers = [...this.#servers, server];
    return server.listener;
  }

  #udpSocketFor(to: SendTo): UdpSocket | undefined {
    const only = this.#udp.length === 1 ? this.#udp[0] : undefined;
    const isV6 = to.address.includes(":");
    if (only !== undefined) return only.isV6 === isV6 ? only : undefined;
    const named = to.listenerName === undefined ? undefined : this.#udpByName.get(to.listenerName);
    if (named !== undefined && named.isV6 === isV6) return named;
    const listener = this.listenerFor(to);
    return listener === undefined ? undefined : this.#udpByName.get(listener.name);
  }

  #warnOfExpiry(): void {
    const now = this.#options.clock.unix();
    for (const { validUntil, listener } of this.#servers) {
      if (validUntil === undefined || validUntil - now > WARN_BEFORE_EXPIRY_MS) continue;
      const daysLeft = Math.floor((validUntil - now) / 86_400_000);
      this.#log.warn("tls.certificate-expires", { port: listener.port, daysLeft });
    }
  }
}

/** Same protocol and family; a loopback target prefers a loopback socket, others one that is not. */
export function chooseListener(listeners: readonly Listener[], target: SipTarget): Listener | undefined {
  const isV6 = target.address.includes(":");
  const local = isLoopback(target.address);
  let first: Listener | undefined;
  for (const each of listeners) {
    if (each.protocol !== target.protocol || each.address.includes(":") !== isV6) continue;
    if (isWildcard(each.address) || isLoopback(each.address) === local) return each;
    first ??= each;
  }
  return first;
}

function failLater(error: Error, onFailure: ((error: Error) => void) | undefined): void {
  if (onFailure !== undefined) queueMicrotask(() => onFailure(error));
}
