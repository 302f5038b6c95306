const FREE = -1;
const FIRST_SLOT_BYTES = 256;

/** Payloads that have come ahead of their turn, by sequence number. Memory: `count` × the longest payload so far, rounded up. */
export class PacketSlots {
  /** A power of two. */
  readonly count: number;
  /** How many are taken. */
  taken = 0;
  readonly #sizes: Int32Array;
  readonly #payloadTypes: Uint8Array;
  readonly #timestamps: Uint32Array;
  readonly #arrivals: Float64Array;
  #slotBytes = FIRST_SLOT_BYTES;
  #bytes: Uint8Array;

  /** @param count A power of two, 256 at most. */
  constructor(count: number) {
    this.count = count;
    this.#sizes = new Int32Array(count).fill(FREE);
    this.#payloadTypes = new Uint8Array(count);
    this.#timestamps = new Uint32Array(count);
    this.#arrivals = new Float64Array(count);
    this.#bytes = new Uint8Array(count * this.#slotBytes);
  }

  /** All payloads; `startOf` and `sizeOf` say where each is. Another array after a longer payload was put in. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  has(sequence: number): boolean {
    return this.sizeOf(sequence) !== FREE;
  }

  sizeOf(sequence: number): number {
    return this.#sizes[sequence & (this.count - 1)] ?? FREE;
  }
  startOf(sequence: number): number {
    return (sequence & (this.count - 1)) * this.#slotBytes;
  }
  payloadTypeOf(sequence: number): number {
    return this.#payloadTypes[sequence & (this.count - 1)] ?? 0;
  }
  timestampOf(sequence: number): number {
    return this.#timestamps[sequence & (this.count - 1)] ?? 0;
  }
  arrivalOf(sequence: number): number {
    return this.#arrivals[sequence & (this.count - 1)] ?? 0;
  }

  /** Copies from `from` to `to` into the slot of `sequence`, which must be free. */
  put(
    sequence: number,
    payloadType: number,
    timestamp: number,
    arrivedAtMs: number,
    bytes: Uint8Array,
    from: number,
    to: number,
  ): void {
    const size = to - from;
    if (size > this.#slotBytes) this.#grow(size);
    const slot = sequence & (this.count - 1);
    this.#sizes[slot] = size;
    this.#payloadTypes[slot] = payloadType;
    this.#timestamps[slot] = timestamp;
    this.#arrivals[slot] = arrivedAtMs;
    const start = slot * this.#slotBytes;
    for (let i = 0; i < size; i++) this.#bytes[start + i] = bytes[from + i] ?? 0;
    this.taken++;
  }

  free(sequence: number): void {
    this.#sizes[sequence & (this.count - 1)] = FREE;
    this.taken--;
  }

  clear(): void {
    this.#sizes.fill(FREE);
    this.taken = 0;
  }

  #grow(size: number): void {
    const before = this.#slotBytes;
    let slotBytes = before;
    while (slotBytes < size) slotBytes *= 2;
    const bytes = new Uint8Array(this.count * slotBytes);
    for (let i = 0; i < this.count; i++) bytes.set(this.#bytes.subarray(i * before, (i + 1) * before), i * slotBytes);
    this.#slotBytes = slotBytes;
    this.#bytes = bytes;
  }
}
