import { isIPv6 } from "node:net";
import { GatewayError } from "../../../core/errors.js";
import { silentLog, type Log } from "../../../core/log.js";
import type { SipTarget } from "../../../ports/sip-endpoint.js";
import { isLoopback, isWildcard } from "./listener-address.js";
import { DEFAULT_UDP, type TransportOptions } from "./transport-options.js";
import type { Listener, SendTo, SipTransports, TransportHandler } from "./transport.js";
import { UdpSocket } from "./udp-socket.js";

/** UDP, TCP and TLS on the sockets of this machine. */
export function createTransports(options: TransportOptions): SipTransports {
  return new SocketTransports(options);
}

class SocketTransports implements SipTransports {
  readonly #options: TransportOptions;
  readonly #log: Log;
  #listeners: readonly Listener[] = [];
  readonly #udp: UdpSocket[] = [];
  readonly #udpByName = new Map<string, UdpSocket>();

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#log = options.log ?? silentLog;
  }

  get listeners(): readonly Listener[] {
    return this.#listeners;
  }

  async open(handler: TransportHandler): Promise<void> {
    const listeners: Listener[] = [];
    try {
      for (const each of this.#options.listeners) {
        if (each.protocol !== "udp") continue;
        const socket = await UdpSocket.open(each, { ...DEFAULT_UDP, ...this.#options.udp }, this.#log);
        this.#udp.push(socket);
        this.#udpByName.set(socket.listener.name, socket);
        listeners.push(socket.listener);
      }
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#listeners = listeners;
    for (const socket of this.#udp) socket.deliverTo(handler);
  }

  listenerFor(target: SipTarget): Listener | undefined {
    return chooseListener(this.#listeners, target);
  }

  send(bytes: Uint8Array, to: SendTo, onFailure?: (error: Error) => void): void {
    const socket = to.protocol === "udp" ? this.#udpSocketFor(to) : undefined;
    if (socket !== undefined) socket.send(bytes, to.address, to.port, onFailure);
    else if (onFailure !== undefined)
      queueMicrotask(() =>
        onFailure(new GatewayError("sip.transport", `no ${to.protocol} listener for this address family`)),
      );
  }

  reloadCertificates(): Promise<void> {
    return Promise.resolve();
  }

  async close(): Promise<void> {
    await Promise.all(this.#udp.map((socket) => socket.close()));
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
}

/** Same protocol and family; a loopback target prefers a loopback socket, others one that is not. */
export function chooseListener(listeners: readonly Listener[], target: SipTarget): Listener | undefined {
  const isV6 = isIPv6(target.address);
  const local = isLoopback(target.address);
  let first: Listener | undefined;
  for (const each of listeners) {
    if (each.protocol !== target.protocol || isIPv6(each.address) !== isV6) continue;
    if (isWildcard(each.address) || isLoopback(each.address) === local) return each;
    first ??= each;
  }
  return first;
}
