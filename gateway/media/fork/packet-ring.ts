/** Positions, each on a cache line of its own; in units of 8 bytes, counted without end (they wrap at 2^32). */
const WRITTEN = 0;
const READ = 16;
const DROPPED = 32;
const HEAD_BYTES = 192;
/** Bytes, stream number, time of arrival. */
const RECORD_HEAD_BYTES = 16;
const UNIT = 8;
/** In place of a length: the rest of the buffer is not used, go on at its start. */
const SKIP = 0xffffffff;

export type TakePacket = (streamId: number, arrivedAtMs: number, packet: Uint8Array) => void;

/**
 * Packets on their way from the thread that receives them to the thread that listens: one writer, one reader, no lock, no copy
 * but one. The writer never waits: a full ring refuses, and counts what it refused. Memory: what `allocate` took, for ever.
 */
export class PacketRing {
  readonly buffer: SharedArrayBuffer;
  readonly #head: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #units: number;

  /** @param sizeBytes Rounded up to a power of two, 64 KiB at least. */
  static allocate(sizeBytes: number): PacketRing {
    let size = 65_536;
    while (size < sizeBytes) size *= 2;
    return new PacketRing(new SharedArrayBuffer(HEAD_BYTES + size));
  }

  /** Takes up a ring that another thread allocated. */
  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#head = new Int32Array(buffer, 0, HEAD_BYTES / 4);
    this.#bytes = new Uint8Array(buffer, HEAD_BYTES);
    this.#view = new DataView(buffer, HEAD_BYTES);
    this.#units = this.#bytes.byteLength / UNIT;
  }

  /** Packets refused because the reader did not keep up. Wraps at 2^32. */
  get dropped(): number {
    return Atomics.load(this.#head, DROPPED) >>> 0;
  }

  /** Bytes that wait to be read. */
  get waitingBytes(): number {
    return ((Atomics.load(this.#head, WRITTEN) - Atomics.load(this.#head, READ)) >>> 0) * UNIT;
  }

  /**
   * Writer's side.
   * @param arrivedAtMs Monotonic clock of the process, ms; fractions are kept.
   * @returns False when there is no room: the packet is dropped and counted.
   */
  write(streamId: number, arrivedAtMs: number, packet: Uint8Array): boolean {
    const written = Atomics.load(this.#head, WRITTEN) >>> 0;
    const free = this.#units - ((written - Atomics.load(this.#head, READ)) >>> 0);
    const needed = (RECORD_HEAD_BYTES + packet.byteLength + UNIT - 1) >>> 3;
    const at = written & (this.#units - 1);
    const toEnd = this.#units - at;
    const skipped = needed > toEnd ? toEnd : 0;
    if (needed + skipped > free) {
      Atomics.add(this.#head, DROPPED, 1);
      return false;
    }
    if (skipped > 0) this.#view.setUint32(at * UNIT, SKIP, true);
    const offset = skipped > 0 ? 0 : at * UNIT;
    this.#view.setUint32(offset, packet.byteLength, true);
    this.#view.setUint32(offset + 4, streamId, true);
    this.#view.setFloat64(offset + 8, arrivedAtMs, true);
    this.#bytes.set(packet, offset + RECORD_HEAD_BYTES);
    Atomics.store(this.#head, WRITTEN, (written + needed + skipped) | 0);
    return true;
  }

  /**
   * Reader's side. The packet handed to `take` is a view that is good only until `take` returns.
   * @param most Packets to take at most.
   * @returns How many were taken.
   */
  read(most: number, take: TakePacket): number {
    const written = Atomics.load(this.#head, WRITTEN) >>> 0;
    let read = Atomics.load(this.#head, READ) >>> 0;
    let taken = 0;
    while (read !== written && taken < most) {
      const offset = (read & (this.#units - 1)) * UNIT;
      const length = this.#view.getUint32(offset, true);
      if (length === SKIP) {
        read = (read + this.#units - offset / UNIT) >>> 0;
        Atomics.store(this.#head, READ, read | 0);
        continue;
      }
      const from = offset + RECORD_HEAD_BYTES;
      const streamId = this.#view.getUint32(offset + 4, true);
      const arrivedAtMs = this.#view.getFloat64(offset + 8, true);
      read = (read + ((RECORD_HEAD_BYTES + length + UNIT - 1) >>> 3)) >>> 0;
      taken++;
      try {
        take(streamId, arrivedAtMs, this.#bytes.subarray(from, from + length));
      } finally {
        Atomics.store(this.#head, READ, read | 0);
      }
    }
    return taken;
  }
}
