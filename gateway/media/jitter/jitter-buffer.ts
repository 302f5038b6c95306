import type { PayloadFormat } from "../audio.js";
import { demultiplex } from "../rtp/demultiplex.js";
import { RtpHeader } from "../rtp/rtp-header.js";
import { seqDistance } from "../rtp/wrapping.js";
import { CONTIGUOUS_MS, MediaClock } from "./media-clock.js";
import { NewSource } from "./new-source.js";
import { PacketSlots } from "./packet-slots.js";
import { payloadDurationMs } from "./payload-duration.js";

/** One payload in its turn. One object is used again and again: good, as its bytes, until `frame` returns. */
export interface CodedFrame {
  readonly format: PayloadFormat;
  /** RTP timestamp: names an RFC 4733 event. */
  readonly timestamp: number;
  /** Since the call's zero, ms. For sound: where the last frame or gap ended, up to corrections of the clock (see `MediaClock`). */
  readonly atMs: number;
  /** 0 for events, comfort noise and payloads that are none of their codec. */
  readonly durationMs: number;
  /** The payload is from `from` to `to`. */
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
}

export interface FrameSink {
  frame(frame: CodedFrame): void;
  /**
   * No sound for that long, from where the last frame ended.
   *
   * @param lost Packets are missing: conceal. Else the sender was silent (or, so far, nothing has come).
   */
  gap(atMs: number, durationMs: number, lost: boolean): void;
  /** Another source, or a restart: decoders forget what was before. */
  restart(): void;
}

export interface JitterOptions {
  /** How long a missing packet is waited for at first, and at least, ms. */
  readonly leastWaitMs: number;
  /** Late packets lengthen it up to this. */
  readonly mostWaitMs: number;
}

export const DEFAULT_JITTER: JitterOptions = { leastWaitMs: 60, mostWaitMs: 200 };

/** Packets that can be ahead of a missing one; 640 ms at 20 ms each. */
const SLOTS = 32;
/** Longer payloads are refused: no codec of ours makes them. Memory: SLOTS × this at most. */
const MAX_PAYLOAD_BYTES = 4_096;
/** RFC 3550 §A.1: further ahead or behind is a jump, believed when a second packet confirms it. */
const MAX_DROPOUT = 3_000;
const MAX_MISORDER = 100;
/**
 * Nothing has come for so long: the sender is silent, not slow. From then on silence is stated, in pieces of the last at least. Where
 * packets came after all, at once and with timestamps of no pause, the way was slow: such stalls are waited for, up to the second,
 * and like the wait this wears off.
 */
const SILENT_AFTER_MS = 200;
const MOST_SILENT_AFTER_MS = 600;
const LEAST_SILENCE_MS = 20;
/** A late packet lengthens the wait by half; packets in order shorten its excess by this share each: half in about 7 s. */
const WAIT_GROWTH = 1.5;
const WAIT_DECAY = 1 / 500;

/**
 * Puts one speaker's RTP packets in order for listening. Does not delay what comes in order: a packet in its turn goes to the sink at
 * once, uncopied; only behind a missing one packets wait, for `leastWaitMs` or as long as late packets have shown to be needed.
 *
 * Time is told, never asked for: the same packets with the same times of arrival give the same frames however late they are read.
 * Memory: fixed but for the size of slots, 8 kB at first, 128 kB at most. Allocates nothing per packet.
 */
export class JitterBuffer {
  /** Datagrams that are RTP of the source that counts, duplicates too. */
  received = 0;
  /** Sequence numbers that never came, or too late. */
  lost = 0;
  /** Came after their place had been given up. */
  late = 0;
  duplicates = 0;
  /** Came after a later one, in time. */
  reordered = 0;
  /** No RTP, too long, of a source that does not count (yet), or an unconfirmed jump. */
  refused = 0;
  /** Of a payload type that nobody named. */
  unknown = 0;
  sourceChanges = 0;

  readonly #options: JitterOptions;
  readonly #clock: MediaClock;
  readonly #header = new RtpHeader();
  readonly #newcomer = new NewSource();
  readonly #slots = new PacketSlots(SLOTS);
  /** By payload type. */
  readonly #formats: (PayloadFormat | undefined)[] = new Array<PayloadFormat | undefined>(128).fill(undefined);
  readonly #frame = { format: NO_FORMAT, timestamp: 0, atMs: 0, durationMs: 0, bytes: NO_BYTES, from: 0, to: 0 };
  #begun = false;
  #ssrc = 0;
  /** Sequence number whose turn it is, 16 bits. */
  #next = 0;
  /** Bit n: `#next − 1 − n` has come. */
  #recent = 0;
  #jumpedTo = -1;
  #lastArrivalMs = 0;
  #lastDurationMs = 0;
  #lastTimestamp = 0;
  /** Silence stated since the last packet. */
  #silenceMs = 0;
  #silentAfterMs = SILENT_AFTER_MS;
  /** Of the last packet, where its timestamp tells of no pause; else 0. If the next one is close behind it, both were held up. */
  #pauseMs = 0;
  /** When the first packet behind the hole came: the wait for what is missing began then. */
  #holeSinceMs = 0;
  #lostBefore = 0;
  #waitMs: number;

  /** @param zeroMs The call's zero on the clock of arrival times: the same for all its speakers. */
  constructor(zeroMs: number, formats: readonly PayloadFormat[], options: JitterOptions = DEFAULT_JITTER) {
    this.#options = options;
    this.#waitMs = options.leastWaitMs;
    this.#clock = new MediaClock(zeroMs);
    this.setFormats(formats);
  }

  /** What payload types mean from now on. */
  setFormats(formats: readonly PayloadFormat[]): void {
    this.#formats.fill(undefined);
    for (const format of formats) if (format.payloadType < 128) this.#formats[format.payloadType] ??= format;
  }

  /** How long a missing packet is waited for at present. */
  get waitMs(): number {
    return this.#waitMs;
  }

  /** Where on the call's clock the last frame or gap ended. */
  get endMs(): number {
    return this.#clock.endMs;
  }

  /** @param datagram Not kept. May be hostile. @param arrivedAtMs Not before that of the last one. */
  onPacket(datagram: Uint8Array, arrivedAtMs: number, sink: FrameSink): void {
    const header = this.#header;
    const isOdd = demultiplex(datagram) !== "rtp" || header.read(datagram) !== undefined;
    if (isOdd || header.payloadEnd - header.payloadStart > MAX_PAYLOAD_BYTES) {
      this.refused++;
      return;
    }
    if (this.#formats[header.payloadType] === undefined) {
      // It has taken a sequence number all the same.
      this.unknown++;
      header.payloadEnd = header.payloadStart;
    }
    this.#expire(arrivedAtMs, sink);
    if (!this.#begun) this.#begin(header.ssrc, header.sequenceNumber);
    else if (header.ssrc !== this.#ssrc && !this.#changeSource(arrivedAtMs, sink)) return;
    const ahead = seqDistance(this.#next, header.sequenceNumber);
    const isJump = ahead >= MAX_DROPOUT || ahead < -MAX_MISORDER;
    if (isJump && header.sequenceNumber !== this.#jumpedTo) {
      this.#jumpedTo = (header.sequenceNumber + 1) & 0xffff;
      this.refused++;
      return;
    }
    this.received++;
    this.#learnPauses(arrivedAtMs - this.#lastArrivalMs);
    this.#lastTimestamp = header.timestamp;
    this.#lastArrivalMs = arrivedAtMs;
    this.#silenceMs = 0;
    if (isJump) this.#restart(datagram, arrivedAtMs, sink);
    else if (ahead === 0) this.#emitNow(datagram, arrivedAtMs, sink);
    else if (ahead < 0) this.#onOld(-ahead);
    else if (ahead < SLOTS) this.#store(datagram, arrivedAtMs);
    else this.#skipTo(header.sequenceNumber, datagram, arrivedAtMs, sink);
  }

  /**
   * Gives up what has been waited for long enough, and states the silence where nothing comes. Call it every 20 ms or so, with a time
   * that was read before the packets were.
   */
  advance(nowMs: number, sink: FrameSink): void {
    if (!this.#begun) return;
    this.#expire(nowMs, sink);
    const idleMs = nowMs - this.#lastArrivalMs;
    if (idleMs < this.#silentAfterMs || this.#slots.taken > 0 || !this.#clock.begun) return;
    const silenceMs = idleMs - this.#options.leastWaitMs - this.#silenceMs;
    if (silenceMs < LEAST_SILENCE_MS) return;
    this.#silenceMs += silenceMs;
    this.#gap(silenceMs, false, sink);
  }

  /** Hands out what still waits: the stream has ended. */
  flush(sink: FrameSink): void {
    while (this.#slots.taken > 0) this.#giveUpHole(sink);
  }

  /** @param sinceMs Between the last two packets. A pause that the sender's timestamps tell of is one. */
  #learnPauses(sinceMs: number): void {
    if (this.#pauseMs > 0 && sinceMs < this.#lastDurationMs / 2)
      this.#silentAfterMs = Math.max(this.#silentAfterMs, Math.min(MOST_SILENT_AFTER_MS, this.#pauseMs * WAIT_GROWTH));
    this.#pauseMs = 0;
    if (sinceMs < SILENT_AFTER_MS || this.#lastDurationMs === 0) return;
    const { payloadType, timestamp } = this.#header;
    const clockRateHz = this.#formats[payloadType]?.clockRateHz ?? NO_FORMAT.clockRateHz;
    const sentMs = (((timestamp - this.#lastTimestamp) >>> 0) * 1_000) / clockRateHz;
    if (sentMs < sinceMs / 2) this.#pauseMs = sinceMs;
  }

  #begin(ssrc: number, sequenceNumber: number): void {
    this.#begun = true;
    this.#ssrc = ssrc;
    this.#next = sequenceNumber;
    this.#recent = 0;
    this.#jumpedTo = -1;
    this.#newcomer.forget();
    this.#lostBefore = 0;
  }

  /** @returns Whether the packet in `#header` is of the source that counts from now on. */
  #changeSource(arrivedAtMs: number, sink: FrameSink): boolean {
    const { ssrc, sequenceNumber } = this.#header;
    if (!this.#newcomer.convinces(ssrc, sequenceNumber, arrivedAtMs - this.#lastArrivalMs, this.#lastDurationMs)) {
      this.refused++;
      return false;
    }
    this.flush(sink);
    this.sourceChanges++;
    this.#begin(ssrc, sequenceNumber);
    this.#clock.anchorAnew();
    sink.restart();
    return true;
  }

  #restart(datagram: Uint8Array, arrivedAtMs: number, sink: FrameSink): void {
    this.flush(sink);
    this.sourceChanges++;
    const { ssrc, sequenceNumber } = this.#header;
    this.#begin(ssrc, sequenceNumber);
    this.#clock.anchorAnew();
    sink.restart();
    this.#emitNow(datagram, arrivedAtMs, sink);
  }

  /** The packet in `#header` is the next one. */
  #emitNow(datagram: Uint8Array, arrivedAtMs: number, sink: FrameSink): void {
    const { payloadType, timestamp, payloadStart, payloadEnd } = this.#header;
    this.#waitMs -= (this.#waitMs - this.#options.leastWaitMs) * WAIT_DECAY;
    this.#silentAfterMs -= (this.#silentAfterMs - SILENT_AFTER_MS) * WAIT_DECAY;
    if (this.#slots.taken > 0) this.reordered++;
    this.#step(true);
    this.#emit(payloadType, timestamp, arrivedAtMs, datagram, payloadStart, payloadEnd, sink);
    this.#drain(sink);
  }

  #store(datagram: Uint8Array, arrivedAtMs: number): void {
    const { payloadType, sequenceNumber, timestamp, payloadStart, payloadEnd } = this.#header;
    if (this.#slots.has(sequenceNumber)) {
      this.duplicates++;
      return;
    }
    if (this.#slots.taken === 0) this.#holeSinceMs = arrivedAtMs;
    this.#slots.put(sequenceNumber, payloadType, timestamp, arrivedAtMs, datagram, payloadStart, payloadEnd);
  }

  /** So far ahead that there is no slot for it. */
  #skipTo(sequenceNumber: number, datagram: Uint8Array, arrivedAtMs: number, sink: FrameSink): void {
    this.flush(sink);
    const missing = seqDistance(this.#next, sequenceNumber);
    this.lost += missing;
    this.#lostBefore += missing;
    this.#next = sequenceNumber;
    this.#recent = 0;
    this.#emitNow(datagram, arrivedAtMs, sink);
  }

  /** @param behind 1: the one before the next. */
  #onOld(behind: number): void {
    const bit = behind > 32 ? 0 : 1 << (behind - 1);
    if ((this.#recent & bit) !== 0) {
      this.duplicates++;
      return;
    }
    this.#recent |= bit;
    this.late++;
    this.#waitMs = Math.min(this.#options.mostWaitMs, this.#waitMs * WAIT_GROWTH);
  }

  #expire(nowMs: number, sink: FrameSink): void {
    while (this.#slots.taken > 0 && nowMs - this.#holeSinceMs >= this.#waitMs) this.#giveUpHole(sink);
  }

  /** Goes on behind the hole at `#next`; at least one slot is taken. */
  #giveUpHole(sink: FrameSink): void {
    while (!this.#slots.has(this.#next)) {
      this.lost++;
      this.#lostBefore++;
      this.#step(false);
    }
    this.#drain(sink);
  }

  #drain(sink: FrameSink): void {
    const slots = this.#slots;
    while (slots.taken > 0 && slots.has(this.#next)) {
      const sequence = this.#next;
      const from = slots.startOf(sequence);
      const to = from + slots.sizeOf(sequence);
      slots.free(sequence);
      this.#step(true);
      const arrivedAtMs = slots.arrivalOf(sequence);
      this.#emit(slots.payloadTypeOf(sequence), slots.timestampOf(sequence), arrivedAtMs, slots.bytes, from, to, sink);
    }
    if (slots.taken === 0) return;
    // Another hole: it has been open since the first packet behind it came.
    let sequence = this.#next;
    while (!slots.has(sequence)) sequence = (sequence + 1) & 0xffff;
    this.#holeSinceMs = slots.arrivalOf(sequence);
  }

  #step(came: boolean): void {
    this.#next = (this.#next + 1) & 0xffff;
    this.#recent = (this.#recent << 1) | (came ? 1 : 0);
  }

  #emit(
    payloadType: number,
    timestamp: number,
    arrivedAtMs: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    sink: FrameSink,
  ): void {
    const format = this.#formats[payloadType];
    // Formats may have changed while it waited; an empty payload keeps a NAT's hole open (RFC 6263).
    if (format === undefined || to <= from) return;
    const clock = this.#clock;
    const frame = this.#frame;
    const isEvent = format.codec === "telephone-event";
    frame.format = format;
    frame.timestamp = timestamp;
    frame.durationMs = isEvent ? 0 : payloadDurationMs(format, bytes, from, to);
    frame.bytes = bytes;
    frame.from = from;
    frame.to = to;
    if (isEvent) frame.atMs = clock.look(timestamp, format.clockRateHz) ?? clock.endMs;
    else {
      frame.atMs = clock.place(timestamp, format.clockRateHz, arrivedAtMs, frame.durationMs);
      const gapMs = frame.atMs - clock.endMs;
      if (gapMs > CONTIGUOUS_MS) this.#gap(gapMs, this.#lostBefore > 0, sink);
      this.#lostBefore = 0;
      clock.endMs = frame.atMs + frame.durationMs;
      this.#lastDurationMs = frame.durationMs;
    }
    sink.frame(frame);
  }

  #gap(durationMs: number, lost: boolean, sink: FrameSink): void {
    const atMs = this.#clock.endMs;
    this.#clock.endMs += durationMs;
    sink.gap(atMs, durationMs, lost);
  }
}

const NO_BYTES: Uint8Array = new Uint8Array(0);
const NO_FORMAT: PayloadFormat = { payloadType: 0, codec: "PCMU", clockRateHz: 8_000, channels: 1 };
