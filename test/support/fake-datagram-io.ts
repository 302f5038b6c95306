import { parseAddress } from "../../gateway/core/cidr.js";
import { fail, ok, type Result } from "../../gateway/core/result.js";
import {
  openFailure,
  type DatagramIo,
  type OnBatch,
  type OpenFailure,
  type OpenSocket,
} from "../../gateway/adapters/rtp-relay/io/datagram-io.js";
import { PacketBatch } from "../../gateway/adapters/rtp-relay/io/packet-batch.js";

export interface SentDatagram {
  readonly fromPort: number;
  readonly address: string;
  readonly port: number;
  readonly packet: Uint8Array;
}

interface FakeSocket {
  readonly address: string;
  readonly port: number;
  peer: { readonly address: string; readonly port: number } | undefined;
}

/** Sockets of no network: a test puts datagrams in and reads what went out. */
export class FakeDatagramIo implements DatagramIo {
  readonly kind = "node";
  readonly batch = new PacketBatch();
  readonly sent: SentDatagram[] = [];
  /** Ports that somebody else holds, and why opening another one fails. */
  readonly taken = new Map<number, string>();
  /** What port 0 becomes next. */
  nextPort = 50_000;
  readonly #onBatch: OnBatch;
  readonly #sockets: (FakeSocket | undefined)[] = [];

  constructor(onBatch: OnBatch = () => undefined) {
    this.#onBatch = onBatch;
  }

  /** Ports that are open. */
  get ports(): number[] {
    return this.#sockets.flatMap((socket) => (socket === undefined ? [] : [socket.port]));
  }

  open(address: string, port: number): Promise<Result<OpenSocket, OpenFailure>> {
    while (port === 0 && this.ports.includes(this.nextPort)) this.nextPort++;
    const wanted = port === 0 ? this.nextPort++ : port;
    const reason = this.taken.get(wanted) ?? (this.ports.includes(wanted) ? "EADDRINUSE" : undefined);
    if (reason !== undefined) return Promise.resolve(fail(openFailure(reason)));
    const socket = this.#sockets.indexOf(undefined);
    const number = socket < 0 ? this.#sockets.length : socket;
    this.#sockets[number] = { address, port: wanted, peer: undefined };
    return Promise.resolve(ok({ socket: number, port: wanted }));
  }

  aim(socket: number, address: string, port: number): boolean {
    const isLiteral = parseAddress(address) !== undefined;
    const entry = this.#sockets[socket];
    if (entry !== undefined) entry.peer = isLiteral ? { address, port } : undefined;
    return isLiteral;
  }

  flush(count: number): number {
    let refused = 0;
    for (let i = 0; i < count; i++) {
      const target = this.batch.target(i);
      if (target < 0 || this.#sockets[target]?.peer === undefined) continue;
      if (!this.send(target, this.batch.packet(i))) refused++;
    }
    return refused;
  }

  send(socket: number, packet: Uint8Array): boolean {
    const entry = this.#sockets[socket];
    if (entry?.peer === undefined) return false;
    this.sent.push({ fromPort: entry.port, ...entry.peer, packet: Uint8Array.from(packet) });
    return true;
  }

  close(socket: number): void {
    this.#sockets[socket] = undefined;
  }

  dispose(): void {
    this.#sockets.length = 0;
  }

  /** Datagrams that come together at our port `port`. */
  deliver(
    ...datagrams: readonly {
      readonly port: number;
      readonly from: string;
      readonly fromPort: number;
      readonly packet: Uint8Array;
    }[]
  ): void {
    let count = 0;
    for (const { port, from, fromPort, packet } of datagrams) {
      const socket = this.#sockets.findIndex((each) => each?.port === port);
      if (socket < 0) continue;
      this.batch.enter(count++, socket, parseAddress(from) ?? [], fromPort, packet);
    }
    if (count > 0) this.#onBatch(count);
  }
}
