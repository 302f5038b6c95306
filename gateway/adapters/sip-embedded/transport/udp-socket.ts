import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import { listenFailed } from "../../../core/listen-failed.js";
import type { Log } from "../../../core/log.js";
import type { SipSource } from "../../../ports/sip-endpoint.js";
import { describeListener, placeOf } from "./listener-address.js";
import type { ListenOptions, UdpOptions } from "./transport-options.js";
import type { Listener, TransportHandler } from "./transport.js";

type Lookup = (
  host: string,
  options: unknown,
  callback: (error: null, address: string, family: number) => void,
) => void;

/** Targets are literals already: answering in the same turn saves a tick for every datagram. */
const literal: Lookup = (host, _options, callback) => callback(null, host, isIPv6(host) ? 6 : 4);

/** The shortest message that can be SIP at all; less is a NAT keep-alive (RFC 5626 §4.4.2 has STUN, devices send CRLF or zeros). */
const SHORTEST_MESSAGE_BYTES = 16;

/** One bound UDP socket. */
export class UdpSocket {
  readonly listener: Listener;
  readonly isV6: boolean;
  received = 0;
  sent = 0;
  failed = 0;
  readonly #socket: Socket;

  private constructor(socket: Socket, listener: Listener, isV6: boolean) {
    this.#socket = socket;
    this.listener = listener;
    this.isV6 = isV6;
  }

  /** @throws GatewayError `listen.failed` */
  static async open(options: ListenOptions, buffers: UdpOptions, log: Log): Promise<UdpSocket> {
    const isV6 = isIPv6(options.address);
    const socket = createSocket({ type: isV6 ? "udp6" : "udp4", ipv6Only: isV6, lookup: literal });
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.bind({ port: options.port, address: options.address, exclusive: true }, () => {
        socket.off("error", reject);
        resolve();
      });
    }).catch((cause: unknown) => {
      socket.close();
      throw listenFailed(placeOf(options), cause);
    });
    const listener = describeListener(options, socket.address().port);
    askForBuffers(socket, buffers, log);
    socket.on("error", (error) =>
      log.warn("udp.socket-error", { port: listener.port, code: (error as NodeJS.ErrnoException).code }),
    );
    return new UdpSocket(socket, listener, isV6);
  }

  /** Datagrams that came before this call were kept by the kernel. */
  deliverTo(handler: TransportHandler): void {
    const listener = this.listener;
    const name = listener.name;
    this.#socket.on("message", (bytes: Buffer, from: RemoteInfo) => {
      this.received++;
      if (bytes.length < SHORTEST_MESSAGE_BYTES) return;
      const source: SipSource = { protocol: "udp", address: from.address, port: from.port, listener: name };
      handler.onMessage({ bytes, source, listener });
    });
  }

  /** Without `onFailure` a send costs no callback at all; the kernel's refusal is then only counted by the peer's silence. */
  send(bytes: Uint8Array, address: string, port: number, onFailure?: (error: Error) => void): void {
    this.sent++;
    try {
      if (onFailure === undefined) this.#socket.send(bytes, port, address);
      else this.#socket.send(bytes, port, address, (error) => this.#sendDone(error, onFailure));
    } catch (error) {
      // A port of 0, a closed socket: dgram throws for these.
      this.failed++;
      if (onFailure !== undefined) queueMicrotask(() => onFailure(error as Error));
    }
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      try {
        this.#socket.close(() => resolve());
      } catch {
        resolve(); // already closed
      }
    });
  }

  #sendDone(error: Error | null, onFailure: (error: Error) => void): void {
    if (error === null) return;
    this.failed++;
    onFailure(error);
  }
}

/**
 * A burst that the event loop is too busy to fetch waits in the kernel; what does not fit there is lost without a trace.
 * SO_RCVBUF is cut at net.core.rmem_max; SO_RCVBUFFORCE, which is not, cannot be reached from Node. Linux reports twice what it was asked.
 */
function askForBuffers(socket: Socket, wanted: UdpOptions, log: Log): void {
  const ask = (set: () => void): void => {
    try {
      set();
    } catch {
      // Refused: what is in force is read back below.
    }
  };
  ask(() => socket.setRecvBufferSize(wanted.receiveBufferBytes));
  ask(() => socket.setSendBufferSize(wanted.sendBufferBytes));
  const got = process.platform === "linux" ? socket.getRecvBufferSize() / 2 : socket.getRecvBufferSize();
  const gotSend = process.platform === "linux" ? socket.getSendBufferSize() / 2 : socket.getSendBufferSize();
  if (got < wanted.receiveBufferBytes)
    log.warn("udp.receive-buffer-small", {
      askedBytes: wanted.receiveBufferBytes,
      gotBytes: got,
      remedy: "sysctl net.core.rmem_max",
    });
  if (gotSend < wanted.sendBufferBytes)
    log.warn("udp.send-buffer-small", {
      askedBytes: wanted.sendBufferBytes,
      gotBytes: gotSend,
      remedy: "sysctl net.core.wmem_max",
    });
}
