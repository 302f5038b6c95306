export interface FrameQueueLimits {
  /** Frames above it go out alone: the server's receive ring loses bytes of larger ones that come back to back. */
  readonly largeBytes: number;
  /** Larger ones cannot be received by the server at all. */
  readonly maxFrameBytes: number;
  /** Frames that wait, in bytes. */
  readonly maxQueuedBytes: number;
}

/**
 * As drachtio-server 0.9.10 was seen to work: frames up to about 4 kB may follow each other at will; 5 kB ones are lost or
 * corrupted, and the connection with them; about 12 kB is the end.
 */
export const SERVER_LIMITS: FrameQueueLimits = {
  largeBytes: 4_000,
  maxFrameBytes: 12_100,
  maxQueuedBytes: 8_388_608,
};

/**
 * Lets frames out at the pace that the server can take, in order. Every command of ours is answered, so a large frame waits
 * until all before it are answered, and all after it wait for its own answer.
 */
export class FrameQueue {
  readonly #limits: FrameQueueLimits;
  readonly #write: (frame: Buffer) => boolean;
  #waiting: Buffer[] = [];
  #head = 0;
  #waitingBytes = 0;
  #unanswered = 0;
  #largeOut = false;
  #blocked = false;

  /** @param write Hands a frame to the socket. @returns (write) False: wait for `unblock`. */
  constructor(limits: FrameQueueLimits, write: (frame: Buffer) => boolean) {
    this.#limits = limits;
    this.#write = write;
  }

  get waitingFrames(): number {
    return this.#waiting.length - this.#head;
  }

  /** @returns False: too large, or the queue is full. Nothing was taken. */
  push(frame: Buffer): boolean {
    const { maxFrameBytes, maxQueuedBytes } = this.#limits;
    if (frame.length > maxFrameBytes || this.#waitingBytes + frame.length > maxQueuedBytes) return false;
    this.#waiting.push(frame);
    this.#waitingBytes += frame.length;
    this.#pump();
    return true;
  }

  /** The server has answered one command. */
  answered(): void {
    if (this.#unanswered > 0) this.#unanswered--;
    if (this.#unanswered === 0) this.#largeOut = false;
    this.#pump();
  }

  /** The socket takes bytes again. */
  unblock(): void {
    this.#blocked = false;
    this.#pump();
  }

  #pump(): void {
    for (;;) {
      const frame = this.#waiting[this.#head];
      if (frame === undefined || this.#blocked || !this.#mayGo(frame)) return;
      this.#head++;
      this.#waitingBytes -= frame.length;
      if (this.#head === this.#waiting.length) {
        this.#waiting = [];
        this.#head = 0;
      }
      this.#unanswered++;
      this.#largeOut = frame.length > this.#limits.largeBytes;
      if (!this.#write(frame)) this.#blocked = true;
    }
  }

  #mayGo(frame: Buffer): boolean {
    if (frame.length > this.#limits.largeBytes) return this.#unanswered === 0;
    return !this.#largeOut;
  }
}
