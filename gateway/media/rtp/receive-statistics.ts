import { timestampDistance } from "./wrapping.js";

/** RFC 3550 §A.1 */
const MAX_DROPOUT = 3000;
const MAX_MISORDER = 100;
const MIN_SEQUENTIAL = 2;
const NO_SEQUENCE = -1;
/** Longer steps than this between two packets are pauses, not jitter. */
const MAX_TRANSIT_STEP_MS = 2_000;

/** RFC 3550 §6.4.1, ready for a report block. */
export interface ReceptionFigures {
  /** 0–255: share lost since the last call of `takeReport`, in 256ths. */
  readonly fractionLost: number;
  /** −2^23…2^23−1 */
  readonly cumulativeLost: number;
  readonly extendedHighestSequence: number;
  /** In ticks of the last clock. */
  readonly jitterTicks: number;
}

/**
 * What came of one stream. RFC 3550 §A.1 (validity, wrap, restart), §A.3 (lost), §A.8 (jitter).
 *
 * A source is on probation until two packets follow each other; a new SSRC begins a new source, whose figures are added to
 * those of the sources before. Allocates nothing per packet.
 */
export class ReceiveStatistics {
  /** Of all sources, probation and duplicates too. */
  packets = 0;
  /** Bytes of whole datagrams. */
  bytes = 0;
  /** SSRCs seen, one after the other; a source that comes back counts again. */
  sources = 0;
  /** Packets that the rules of §A.1 do not take: jumps that were not confirmed by the packet after. */
  rejected = 0;

  #ssrc = 0;
  #probation = MIN_SEQUENTIAL;
  #maxSequence = 0;
  #cycles = 0;
  #baseSequence = 0;
  #badSequence = NO_SEQUENCE;
  #received = 0;
  #receivedPrior = 0;
  #expectedPrior = 0;
  #earlierLost = 0;
  #earlierExpected = 0;
  /** Of the last packet that counted; NaN: none yet. */
  #lastArrivalMs = Number.NaN;
  #lastTimestamp = 0;
  #clockRateHz = 0;
  #jitterMs = 0;

  /**
   * @param arrivedAtMs Monotonic, fractions count.
   * @param clockRateHz Of this packet's payload type; 0 where it is not known: jitter is then left as it is.
   * @returns Whether the packet is valid by §A.1: a stream's first packet is not yet.
   */
  onPacket(
    ssrc: number,
    sequenceNumber: number,
    timestamp: number,
    clockRateHz: number,
    arrivedAtMs: number,
    sizeBytes: number,
  ): boolean {
    this.packets++;
    this.bytes += sizeBytes;
    if (this.sources === 0 || ssrc !== this.#ssrc) this.#begin(ssrc, sequenceNumber);
    const isValid = this.#updateSequence(sequenceNumber);
    if (isValid) this.#updateJitter(timestamp, clockRateHz, arrivedAtMs);
    else if (this.#probation === 0) this.rejected++;
    return isValid;
  }

  /** Undefined before the first packet. */
  get ssrc(): number | undefined {
    return this.sources === 0 ? undefined : this.#ssrc;
  }

  /** Packets that should have come, of all sources. */
  get expected(): number {
    return this.#earlierExpected + this.#expectedNow;
  }

  /** Missing by sequence number, of all sources; less than 0 never, even where duplicates came. */
  get lost(): number {
    return this.#earlierLost + Math.max(0, this.#expectedNow - this.#received);
  }

  /** RFC 3550 §6.4.1: smoothed by 1/16. */
  get jitterMs(): number {
    return this.#jitterMs;
  }

  /** Figures for a report block on the present source; the fraction counts from the last call. Undefined while on probation. */
  takeReport(): ReceptionFigures | undefined {
    if (this.sources === 0 || this.#probation > 0) return undefined;
    const expected = this.#expectedNow;
    const expectedSince = expected - this.#expectedPrior;
    const lostSince = expectedSince - (this.#received - this.#receivedPrior);
    this.#expectedPrior = expected;
    this.#receivedPrior = this.#received;
    return {
      fractionLost:
        expectedSince <= 0 || lostSince <= 0 ? 0 : Math.min(255, Math.floor((lostSince * 256) / expectedSince)),
      cumulativeLost: Math.max(-0x800000, Math.min(0x7fffff, expected - this.#received)),
      extendedHighestSequence: (this.#cycles + this.#maxSequence) % 2 ** 32,
      jitterTicks: Math.floor((this.#jitterMs * this.#clockRateHz) / 1000),
    };
  }

  get #expectedNow(): number {
    if (this.sources === 0 || this.#probation > 0) return 0;
    return this.#cycles + this.#maxSequence - this.#baseSequence + 1;
  }

  #begin(ssrc: number, sequenceNumber: number): void {
    const expected = this.#expectedNow;
    this.#earlierExpected += expected;
    this.#earlierLost += Math.max(0, expected - this.#received);
    this.sources++;
    this.#ssrc = ssrc;
    this.#restart(sequenceNumber);
    this.#maxSequence = (sequenceNumber - 1) & 0xffff;
    this.#probation = MIN_SEQUENTIAL;
  }

  /** init_seq of §A.1 */
  #restart(sequenceNumber: number): void {
    this.#baseSequence = sequenceNumber;
    this.#maxSequence = sequenceNumber;
    this.#badSequence = NO_SEQUENCE;
    this.#cycles = 0;
    this.#received = 0;
    this.#receivedPrior = 0;
    this.#expectedPrior = 0;
    this.#lastArrivalMs = Number.NaN;
  }

  /** update_seq of §A.1 */
  #updateSequence(sequenceNumber: number): boolean {
    const ahead = (sequenceNumber - this.#maxSequence) & 0xffff;
    if (this.#probation > 0) {
      if (ahead !== 1) {
        this.#probation = MIN_SEQUENTIAL - 1;
        this.#maxSequence = sequenceNumber;
        return false;
      }
      this.#probation--;
      this.#maxSequence = sequenceNumber;
      if (this.#probation > 0) return false;
      this.#restart(sequenceNumber);
      this.#received = 1;
      return true;
    }
    if (ahead < MAX_DROPOUT) {
      if (sequenceNumber < this.#maxSequence) this.#cycles += 65_536;
      this.#maxSequence = sequenceNumber;
    } else if (ahead <= 65_536 - MAX_MISORDER) {
      if (sequenceNumber !== this.#badSequence) {
        this.#badSequence = (sequenceNumber + 1) & 0xffff;
        return false;
      }
      // Two in a row after a jump: the sender has restarted without saying so.
      this.#earlierExpected += this.#expectedNow;
      this.#earlierLost += Math.max(0, this.#expectedNow - this.#received);
      this.#restart(sequenceNumber);
    }
    this.#received++;
    return true;
  }

  /** §A.8, in ms instead of ticks, so that a payload type with another clock does not disturb it. */
  #updateJitter(timestamp: number, clockRateHz: number, arrivedAtMs: number): void {
    if (clockRateHz <= 0) return;
    const isComparable = clockRateHz === this.#clockRateHz && !Number.isNaN(this.#lastArrivalMs);
    // Transit as a difference to the packet before: timestamps wrap, and their zero is anybody's.
    const stepMs = (timestampDistance(this.#lastTimestamp, timestamp) * 1000) / clockRateHz;
    const arrivalStepMs = arrivedAtMs - this.#lastArrivalMs;
    this.#clockRateHz = clockRateHz;
    this.#lastTimestamp = timestamp;
    this.#lastArrivalMs = arrivedAtMs;
    if (!isComparable) return;
    const differenceMs = Math.abs(arrivalStepMs - stepMs);
    if (differenceMs > MAX_TRANSIT_STEP_MS) return;
    this.#jitterMs += (differenceMs - this.#jitterMs) / 16;
  }
}
