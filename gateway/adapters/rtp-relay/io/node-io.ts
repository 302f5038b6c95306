import { createSocket, type Socket } from "node:dgram";
import { isIP } from "node:net";
import { parseAddress, type AddressWords } from "../../../core/cidr.js";
import { fail, ok, type Result } from "../../../core/result.js";
import { openFailure, type DatagramIo, type OnBatch, type OpenFailure, type OpenSocket } from "./datagram-io.js";
import { PacketBatch } from "./packet-batch.js";

/** Asked of the kernel for each socket, as the native engine does. */
const BUFFER_BYTES = 1 << 20;

interface Entry {
  readonly socket: Socket;
  peerAddress: string;
  /** 0: aimed at nobody. */
  peerPort: number;
  /** The last sender, as the system wrote it, and its words: senders seldom change. */
  senderText: string;
  senderWords: AddressWords;
}

/** Addresses are literals here: the answer is the question, at once. */
const asIs = (host: string, _options: unknown, done: (error: null, address: string, family: number) => void): void =>
  done(null, host, isIP(host));

/** Sockets through node:dgram: batches of one. */
export class NodeIo implements DatagramIo {
  readonly kind = "node";
  readonly batch = new PacketBatch();
  readonly #onBatch: OnBatch;
  readonly #entries: (Entry | undefined)[] = [];
  readonly #free: number[] = [];
  #disposed = false;

  constructor(onBatch: OnBatch) {
    this.#onBatch = onBatch;
  }

  open(address: string, port: number): Promise<Result<OpenSocket, OpenFailure>> {
    const family = isIP(address);
    if (family === 0 || this.#disposed) return Promise.resolve(fail(openFailure("EINVAL")));
    return new Promise((resolve) => {
      const socket = createSocket({
        type: family === 4 ? "udp4" : "udp6",
        ipv6Only: family === 6,
        lookup: asIs,
        recvBufferSize: BUFFER_BYTES,
        sendBufferSize: BUFFER_BYTES,
      });
      const refuse = (error: NodeJS.ErrnoException): void => {
        socket.close();
        resolve(fail(openFailure(error.code ?? error.message)));
      };
      socket.once("error", refuse);
      socket.bind({ port, address, exclusive: true }, () => {
        socket.off("error", refuse);
        // What a peer's ICMP says is of no use here: silence is noticed by the idle time.
        socket.on("error", () => undefined);
        resolve(ok({ socket: this.#take(socket), port: socket.address().port }));
      });
    });
  }

  aim(socket: number, address: string, port: number): boolean {
    const isLiteral = isIP(address) !== 0;
    const entry = this.#entries[socket];
    if (entry !== undefined) {
      entry.peerAddress = address;
      entry.peerPort = isLiteral ? port : 0;
    }
    return isLiteral;
  }

  flush(count: number): number {
    let refused = 0;
    for (let i = 0; i < count; i++) {
      const target = this.batch.target(i);
      if (target >= 0 && this.#isAimed(target) && !this.send(target, this.batch.packet(i))) refused++;
    }
    return refused;
  }

  send(socket: number, packet: Uint8Array): boolean {
    const entry = this.#entries[socket];
    if (entry === undefined || entry.peerPort === 0) return false;
    // dgram may keep the buffer when the system's is full, and this one is used again at once.
    const copy = Buffer.from(packet);
    entry.socket.send(copy, 0, copy.byteLength, entry.peerPort, entry.peerAddress);
    return true;
  }

  close(socket: number): void {
    const entry = this.#entries[socket];
    if (entry === undefined) return;
    this.#entries[socket] = undefined;
    this.#free.push(socket);
    entry.socket.close();
  }

  dispose(): void {
    this.#disposed = true;
    for (const [number] of this.#entries.entries()) this.close(number);
  }

  #isAimed(socket: number): boolean {
    return (this.#entries[socket]?.peerPort ?? 0) !== 0;
  }

  #take(socket: Socket): number {
    const number = this.#free.pop() ?? this.#entries.length;
    const entry: Entry = { socket, peerAddress: "", peerPort: 0, senderText: "", senderWords: [] };
    this.#entries[number] = entry;
    if (this.#disposed) this.close(number);
    socket.on("message", (packet, { address, port }) => {
      if (this.#entries[number] !== entry) return;
      if (address !== entry.senderText) {
        entry.senderText = address;
        entry.senderWords = parseAddress(address) ?? [];
      }
      this.batch.enter(0, number, entry.senderWords, port, packet);
      this.#onBatch(1);
    });
    return number;
  }
}
