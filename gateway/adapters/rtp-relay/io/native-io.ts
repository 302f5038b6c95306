import { createRequire } from "node:module";
import { getSystemErrorName } from "node:util";
import { fail, ok, type Result } from "../../../core/result.js";
import { openFailure, type DatagramIo, type OnBatch, type OpenFailure, type OpenSocket } from "./datagram-io.js";
import { BATCH_PACKETS, PacketBatch, SLOT_BYTES } from "./packet-batch.js";

/** What engines/relay/datagrams.c exports. */
interface Engine {
  create(
    slots: ArrayBuffer,
    rows: ArrayBuffer,
    strideBytes: number,
    slotCount: number,
    onBatch: OnBatch,
    stamped: boolean,
  ): unknown;
  /** The socket's number, or minus an errno. */
  open(handle: unknown, host: string, port: number): number;
  port(handle: unknown, socket: number): number;
  aim(handle: unknown, socket: number, host: string, port: number): boolean;
  flush(handle: unknown, count: number): number;
  send(handle: unknown, socket: number, packet: Uint8Array): boolean;
  close(handle: unknown, socket: number): void;
  clock(): number;
  dispose(handle: unknown): void;
}

/** Sockets through the engine of engines/relay. Keeps its thread alive until `dispose`. */
export class NativeIo implements DatagramIo {
  readonly kind = "native";
  readonly batch = new PacketBatch();
  readonly #engine: Engine;
  readonly #handle: unknown;

  /**
   * @param file The compiled engine.
   * @param stamped Ask the kernel when each datagram came (`PacketBatch.arrivalUs`): for measuring, it costs a little.
   * @throws Error when it cannot be loaded.
   */
  constructor(file: string, onBatch: OnBatch, stamped = false) {
    const { slots, rows } = this.batch;
    this.#engine = createRequire(import.meta.url)(file) as Engine;
    this.#handle = this.#engine.create(slots, rows.buffer, SLOT_BYTES, BATCH_PACKETS, onBatch, stamped);
  }

  /** The clock of `arrivalUs`. */
  nowUs(): number {
    return this.#engine.clock();
  }

  open(address: string, port: number): Promise<Result<OpenSocket, OpenFailure>> {
    const socket = this.#engine.open(this.#handle, address, port);
    if (socket < 0) return Promise.resolve(fail(openFailure(getSystemErrorName(socket))));
    return Promise.resolve(ok({ socket, port: this.#engine.port(this.#handle, socket) }));
  }

  aim(socket: number, address: string, port: number): boolean {
    return this.#engine.aim(this.#handle, socket, address, port);
  }

  flush(count: number): number {
    return this.#engine.flush(this.#handle, count);
  }

  send(socket: number, packet: Uint8Array): boolean {
    return this.#engine.send(this.#handle, socket, packet);
  }

  close(socket: number): void {
    this.#engine.close(this.#handle, socket);
  }

  dispose(): void {
    this.#engine.dispose(this.#handle);
  }
}
