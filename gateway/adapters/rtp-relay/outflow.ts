import type { RtpHeader } from "../../media/rtp/rtp-header.js";
import { seqDistance } from "../../media/rtp/wrapping.js";

/** What is to become of a packet on its way to a peer. */
export type Passage =
  /** As it is. */
  | "as-is"
  /** With `sequenceNumber` and `timestamp` of the outflow. */
  | "shifted"
  /** It would come after packets of ours that took its place. */
  | "late";

/** Packets after a prompt that may still be ones from before it. */
const LATE_GUARD = 200;

/** Packets of ours that are further apart do not belong to one prompt. */
const PAUSE_MS = 200;

/**
 * The RTP stream that one peer hears from us: mostly what the other side sends, now and then packets of our own (a prompt, a tone).
 *
 * Ours go on with the sender's SSRC, sequence numbers and timestamps, and what the sender sends afterwards is shifted by as much as
 * is missing: the peer sees one stream without a gap, so that its jitter buffer has nothing to get over. Where no packet has passed
 * yet, ours begin a source of their own. Encrypted streams cannot be shifted: give their prompts an `Outflow` of their own, which
 * nothing else passes; SRTP keeps sources under one key apart (RFC 3711 §9.1).
 */
export class Outflow {
  readonly #random: () => number;
  #begun = false;
  #ssrc = 0;
  /** Of the newest packet that left. */
  #sequence = 0;
  #timestamp = 0;
  #leftAtMs = 0;
  #payloadType = -1;
  /** The last packet was ours. */
  #isOurs = false;
  #shiftedSsrc = -1;
  #sequenceShift = 0;
  #timestampShift = 0;
  #firstShifted = 0;
  #guard = 0;
  #wraps = 0;

  /** Of the packet that `pass` or `next` was about. */
  sequenceNumber = 0;
  timestamp = 0;

  /** @param random 0 ≤ n < 1, for what RFC 3550 §5.1 wants to be random. */
  constructor(random: () => number) {
    this.#random = random;
  }

  get ssrc(): number {
    return this.#ssrc;
  }

  /** Of the packet that `next` was about, over the wraps of its sequence number; right only where nothing else passes. RFC 3711 §3.3.1 */
  get index(): number {
    return this.#wraps * 65_536 + this.sequenceNumber;
  }

  /** Of the last packet of the other side; −1: none yet. */
  get payloadType(): number {
    return this.#payloadType;
  }

  /** Some source's packets leave with other numbers than they came with. */
  get isShifted(): boolean {
    return this.#shiftedSsrc >= 0;
  }

  /** Timestamps of that source leave changed by so many ticks (32 bits), its sequence numbers by so much (signed); 0: as they came. */
  timestampShiftOf(ssrc: number): number {
    return ssrc === this.#shiftedSsrc ? this.#timestampShift : 0;
  }
  sequenceShiftOf(ssrc: number): number {
    return ssrc === this.#shiftedSsrc ? this.#sequenceShift : 0;
  }

  /** A packet of the other side is to leave. */
  pass(header: RtpHeader, nowMs: number, clockRateHz: number): Passage {
    if (this.#isOurs) this.#resume(header, nowMs, clockRateHz);
    const isShifted = header.ssrc === this.#shiftedSsrc;
    if (isShifted && this.#guard > 0) {
      this.#guard--;
      if (seqDistance(this.#firstShifted, header.sequenceNumber) < 0) return "late";
    }
    this.sequenceNumber = isShifted ? (header.sequenceNumber + this.#sequenceShift) & 0xffff : header.sequenceNumber;
    this.timestamp = isShifted ? (header.timestamp + this.#timestampShift) >>> 0 : header.timestamp;
    const isNewer = seqDistance(this.#sequence, this.sequenceNumber) > 0;
    if (!this.#begun || header.ssrc !== this.#ssrc || isNewer) {
      this.#begun = true;
      this.#ssrc = header.ssrc;
      this.#sequence = this.sequenceNumber;
      this.#timestamp = this.timestamp;
      this.#leftAtMs = nowMs;
      this.#payloadType = header.payloadType;
    }
    return isShifted ? "shifted" : "as-is";
  }

  /** Fields for the next packet of ours, of `ticks` of sound. @returns Whether it is the first of a row. */
  next(nowMs: number, ticks: number, clockRateHz: number): boolean {
    const isFirst = !this.#isOurs;
    if (!this.#begun) {
      this.#begun = true;
      this.#ssrc = Math.floor(this.#random() * 2 ** 32);
      this.#sequence = Math.floor(this.#random() * 2 ** 15);
      this.#timestamp = Math.floor(this.#random() * 2 ** 32);
    } else if (isFirst || nowMs - this.#leftAtMs > PAUSE_MS) {
      const silentTicks = Math.round(((nowMs - this.#leftAtMs) * clockRateHz) / 1000);
      this.#timestamp = (this.#timestamp + Math.max(isFirst ? ticks : 0, silentTicks)) >>> 0;
    }
    this.#isOurs = true;
    this.#sequence = (this.#sequence + 1) & 0xffff;
    if (this.#sequence === 0) this.#wraps++;
    this.sequenceNumber = this.#sequence;
    this.timestamp = this.#timestamp;
    // Where the packet after this one begins.
    this.#timestamp = (this.#timestamp + ticks) >>> 0;
    this.#leftAtMs = nowMs + (ticks * 1000) / clockRateHz;
    return isFirst;
  }

  /** After packets of ours the other side's go on where ours ended. */
  #resume(header: RtpHeader, nowMs: number, clockRateHz: number): void {
    this.#isOurs = false;
    if (header.ssrc !== this.#ssrc) return;
    const silentTicks = Math.max(0, Math.round(((nowMs - this.#leftAtMs) * clockRateHz) / 1000));
    this.#shiftedSsrc = header.ssrc;
    this.#sequenceShift = seqDistance(header.sequenceNumber, this.#sequence + 1);
    this.#timestampShift = (this.#timestamp + silentTicks - header.timestamp) >>> 0;
    this.#firstShifted = header.sequenceNumber;
    this.#guard = LATE_GUARD;
  }
}
