/** Datagrams that are handled together at most. */
export const BATCH_PACKETS = 128;
/** Of a datagram, at most; longer ones are cut by the socket and dropped by the relay. L16 in stereo at 44.1 kHz fits. */
export const MAX_PACKET_BYTES = 4_096;
/** Between slots: not a power of two, so that the packets' heads do not all fall into the same lines of the cache. */
export const SLOT_BYTES = MAX_PACKET_BYTES + 192;

// Words of a row; the same numbers are in engines/relay/datagrams.c.
const SOCKET = 0;
const LENGTH = 1;
const HOST = 2;
const PORT = 6;
const TARGET = 7;
const ARRIVAL = 8;
export const ROW_WORDS = 9;
const NOBODY = -1;

/**
 * Datagrams that came together: the bytes, and for each a row of numbers that the native engine writes and reads too.
 * One of these lives as long as its sockets; nothing is allocated per packet but the view that `packet` makes.
 */
export class PacketBatch {
  readonly slots = new ArrayBuffer(BATCH_PACKETS * SLOT_BYTES);
  readonly rows = new Int32Array(BATCH_PACKETS * ROW_WORDS);

  /** Socket that it came to. */
  socket(index: number): number {
    return this.#word(index, SOCKET);
  }

  /** Bytes of the datagram as it came; more than MAX_PACKET_BYTES: it was cut. */
  length(index: number): number {
    return this.#word(index, LENGTH);
  }

  /** 32-bit words of the sender's address, signed; IPv4 has one, the others are 0. @param word 0–3 */
  host(index: number, word: number): number {
    return this.#word(index, HOST + word);
  }

  port(index: number): number {
    return this.#word(index, PORT);
  }

  /** When the kernel got it: µs, 31 bits of the wall clock; differences count. Only where the sockets are stamped. */
  arrivalUs(index: number): number {
    return this.#word(index, ARRIVAL);
  }

  /** A view of the datagram, good until the batch has been handled. */
  packet(index: number): Uint8Array {
    return new Uint8Array(this.slots, index * SLOT_BYTES, Math.min(this.length(index), MAX_PACKET_BYTES));
  }

  /** Marks it to leave from `socket` to where that is aimed. */
  send(index: number, socket: number): void {
    this.rows[index * ROW_WORDS + TARGET] = socket;
  }

  /** Socket that it is to leave from; negative: none. */
  target(index: number): number {
    return this.#word(index, TARGET);
  }

  /** Enters what came, for adapters that do not write rows themselves. Cuts it to the slot. */
  enter(index: number, socket: number, host: readonly number[], port: number, packet: Uint8Array): void {
    const at = index * ROW_WORDS;
    this.rows[at + SOCKET] = socket;
    this.rows[at + LENGTH] = packet.byteLength;
    for (let i = 0; i < 4; i++) this.rows[at + HOST + i] = host[i] ?? 0;
    this.rows[at + PORT] = port;
    this.rows[at + TARGET] = NOBODY;
    const kept = packet.byteLength > MAX_PACKET_BYTES ? packet.subarray(0, MAX_PACKET_BYTES) : packet;
    new Uint8Array(this.slots, index * SLOT_BYTES, kept.byteLength).set(kept);
  }

  #word(index: number, word: number): number {
    return this.rows[index * ROW_WORDS + word] ?? 0;
  }
}
