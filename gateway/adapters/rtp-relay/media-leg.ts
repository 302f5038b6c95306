import type { PayloadFormat } from "../../core/payload-format.js";
import type { AudioCodec } from "../../media/audio.js";
import { EventTracker } from "../../media/dtmf/event-tracker.js";
import { estimateMos } from "../../media/rtp/estimate-mos.js";
import { ReceiveStatistics } from "../../media/rtp/receive-statistics.js";
import type { RtpHeader } from "../../media/rtp/rtp-header.js";
import { srtpCipher, SrtpReceiver, type SrtpCipher, type SrtpKey } from "../../media/srtp/srtp-session.js";
import type { MediaSide, SideStats } from "../../ports/media-anchor.js";
import type { DatagramIo } from "./io/datagram-io.js";
import { MediaPort } from "./media-port.js";
import type { LegState } from "./messages.js";
import { nodeSrtpCrypto } from "./node-srtp-crypto.js";
import { Outflow } from "./outflow.js";
import type { PortPair } from "./port-pool.js";

/** Whose leg it is: a call, or a port that only hears. */
export interface LegOwner {
  /** When the last packet of a peer came, ms. */
  lastPacketAtMs: number;
  /** Nobody hears anybody. */
  readonly held: boolean;
  onDigit(side: MediaSide, digit: string, durationMs: number): void;
  /** Said once: what comes encrypted cannot be opened with the key that was agreed. */
  onUnopened(side: MediaSide): void;
}

/** Packets in a row that do not open: the key is wrong, or their numbers are; it is not chance. */
const UNOPENED_IN_A_ROW = 50;
const PAYLOAD_TYPES = 128;

/** One side of one stream: two ports, what its peer sends, and what its peer hears. */
export class MediaLeg {
  readonly owner: LegOwner;
  readonly side: MediaSide;
  readonly family: 4 | 6;
  readonly isAudio: boolean;
  readonly pair: PortPair;
  readonly rtp: MediaPort<MediaLeg>;
  readonly rtcp: MediaPort<MediaLeg>;
  /** The leg that what comes here goes to. */
  other: MediaLeg | undefined;
  /** What its peer hears. */
  readonly outflow: Outflow;
  /** Prompts on encrypted streams are a source of their own. */
  readonly ownOutflow: Outflow;
  /** Packets of the other side do not leave here: a prompt or a tone takes their place. */
  isTaken = false;
  rtcpMux = false;
  /** In the ring; 0: not forked. */
  streamId = 0;
  /** What comes is encrypted. */
  isSecure = false;
  takes: readonly PayloadFormat[] = [];
  /** Packets that the ring had no room for. */
  forkDropped = 0;
  readonly statistics = new ReceiveStatistics();
  /** By payload type, ticks a second; 0: not known. */
  readonly clockRates = new Uint32Array(PAYLOAD_TYPES);
  readonly #formats: (PayloadFormat | undefined)[] = new Array<PayloadFormat | undefined>(PAYLOAD_TYPES).fill(
    undefined,
  );
  #codec: AudioCodec = "PCMU";
  #receiver: SrtpReceiver | undefined;
  #cipher: SrtpCipher | undefined;
  #key: SrtpKey | "unreadable" | undefined;
  #unopened = 0;
  #events: EventTracker | undefined;
  #eventSsrc = 0;
  #state: LegState | undefined;
  #agreement = -1;

  constructor(
    owner: LegOwner,
    side: MediaSide,
    isAudio: boolean,
    pair: PortPair,
    io: DatagramIo,
    random: () => number,
  ) {
    this.owner = owner;
    this.side = side;
    this.isAudio = isAudio;
    this.family = pair.address.includes(":") ? 6 : 4;
    this.pair = pair;
    this.rtp = new MediaPort(this, false, io, pair.rtp);
    this.rtcp = new MediaPort(this, true, io, pair.rtcp);
    this.outflow = new Outflow(random);
    this.ownOutflow = new Outflow(random);
  }

  /** What signalling says now. @param agreement Another number than before: an exchange was completed in between. */
  apply(state: LegState, agreement: number): void {
    const before = this.#state;
    const isNewAgreement = agreement !== this.#agreement;
    this.#state = state;
    this.#agreement = agreement;
    for (const [port, peer, was] of [
      [this.rtp, state.rtp, before?.rtp],
      [this.rtcp, state.rtcp, before?.rtcp],
    ] as const) {
      const isMoved = before === undefined || peer?.address !== was?.address || peer?.port !== was?.port;
      if (isMoved || state.learn !== before.learn) port.expect(peer, state.learn);
      else if (isNewAgreement && state.learn) port.relearn();
    }
    this.rtcpMux = state.rtcpMux;
    this.streamId = state.streamId;
    this.takes = state.takes;
    this.#setFormats(state.formats);
    this.#setKey(state.key);
  }

  /** A packet of its peer passed or was heard. Keeps the figures; `format` of it, where it is known. */
  count(ssrc: number, sequence: number, timestamp: number, payloadType: number, nowMs: number, bytes: number): void {
    this.statistics.onPacket(ssrc, sequence, timestamp, this.clockRates[payloadType] ?? 0, nowMs, bytes);
    const codec = this.#formats[payloadType]?.codec;
    if (codec !== undefined && codec !== "telephone-event" && codec !== "CN") this.#codec = codec;
  }

  formatOf(payloadType: number): PayloadFormat | undefined {
    return this.#formats[payloadType];
  }

  /** An RFC 4733 event of its peer. @param header Of `packet`, which is not encrypted any more. */
  onEvent(header: RtpHeader, packet: Uint8Array, nowMs: number): void {
    const { ssrc, timestamp, payloadType, payloadStart, payloadEnd } = header;
    this.#events ??= new EventTracker((digit, durationMs) => this.owner.onDigit(this.side, digit, durationMs));
    if (ssrc !== this.#eventSsrc) this.#events.restart();
    this.#eventSsrc = ssrc;
    this.#events.onPacket(timestamp, this.clockRates[payloadType] ?? 0, packet, payloadStart, payloadEnd, nowMs);
  }

  /** Call it now and then: a digit whose end was lost ends all the same. */
  onTime(nowMs: number): void {
    this.#events?.onTime(nowMs);
  }

  /** @returns The packet without encryption; undefined when it cannot be read. */
  open(packet: Uint8Array): Uint8Array | undefined {
    if (!this.isSecure) return packet;
    if (this.#receiver === undefined) return undefined;
    const opened = this.#receiver.open(packet);
    if (opened.ok) {
      this.#unopened = 0;
      return opened.value;
    }
    if (++this.#unopened === UNOPENED_IN_A_ROW) this.owner.onUnopened(this.side);
    return undefined;
  }

  /** The cipher that this side's peer expects from the other one: the other side's. Undefined: not encrypted, or not readable. */
  get cipher(): SrtpCipher | undefined {
    return this.#cipher;
  }

  figures(): SideStats {
    const { packets, bytes, lost, jitterMs, expected } = this.statistics;
    const mos = estimateMos({ codec: this.#codec, expected, lost, jitterMs });
    return { packets, bytes, lost, jitterMs, mos, strangers: this.rtp.strangers + this.rtcp.strangers };
  }

  #setFormats(formats: readonly PayloadFormat[]): void {
    this.#formats.fill(undefined);
    this.clockRates.fill(0);
    for (const format of formats) {
      this.#formats[format.payloadType] = format;
      this.clockRates[format.payloadType] = format.clockRateHz;
    }
  }

  /** The same key goes on with its counters. */
  #setKey(key: SrtpKey | "unreadable" | undefined): void {
    this.isSecure = key !== undefined;
    if (sameKey(key, this.#key)) return;
    this.#key = key;
    this.#unopened = 0;
    this.#cipher = key === undefined || key === "unreadable" ? undefined : srtpCipher(nodeSrtpCrypto, key);
    this.#receiver = this.#cipher === undefined ? undefined : new SrtpReceiver(this.#cipher);
  }
}

function sameKey(a: SrtpKey | "unreadable" | undefined, b: SrtpKey | "unreadable" | undefined): boolean {
  if (typeof a !== "object" || typeof b !== "object") return a === b;
  return a.keySalt === b.keySalt && a.suite === b.suite && a.mkiBytes === b.mkiBytes;
}
