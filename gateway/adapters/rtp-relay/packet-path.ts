import type { PacketRing } from "../../media/fork/packet-ring.js";
import { demultiplex } from "../../media/rtp/demultiplex.js";
import { RtpHeader } from "../../media/rtp/rtp-header.js";
import type { DatagramIo } from "./io/datagram-io.js";
import { BATCH_PACKETS, MAX_PACKET_BYTES, type PacketBatch } from "./io/packet-batch.js";
import type { MediaLeg } from "./media-leg.js";
import type { RelayTotals } from "./messages.js";
import type { MediaPort } from "./media-port.js";
import { shiftReports } from "./shift-reports.js";

/** Counted since the worker began. */
export class PathTotals implements RelayTotals {
  packetsIn = 0;
  packetsOut = 0;
  rtcpIn = 0;
  strangers = 0;
  malformed = 0;
  oversized = 0;
  early = 0;
  refused = 0;
  forked = 0;
  forkDropped = 0;
  unopened = 0;
  prompts = 0;

  snapshot(): RelayTotals {
    return Object.assign({}, this);
  }
}

const RTCP_HEAD_BYTES = 8;

/**
 * What happens to every datagram: from whom it is, where it goes, who hears it. First all of a batch are sent on, then they are
 * counted and copied into the ring: what listens can delay nothing.
 */
export class PacketPath {
  readonly totals = new PathTotals();
  readonly #ring: PacketRing | undefined;
  readonly #ports: (MediaPort<MediaLeg> | undefined)[] = [];
  readonly #header = new RtpHeader();
  /** Of this batch, by row: whose RTP it is, and its bytes; undefined: it is of no further interest. */
  readonly #legs = new Array<MediaLeg | undefined>(BATCH_PACKETS).fill(undefined);
  readonly #packets = new Array<Uint8Array>(BATCH_PACKETS).fill(new Uint8Array());
  /** By row: what a shifted packet had before, −1: it was not shifted. */
  readonly #sequences = new Int32Array(BATCH_PACKETS).fill(-1);
  readonly #timestamps = new Uint32Array(BATCH_PACKETS);

  /** @param ring Undefined: nobody listens. */
  constructor(ring: PacketRing | undefined) {
    this.#ring = ring;
  }

  add(port: MediaPort<MediaLeg>): void {
    this.#ports[port.socket] = port;
  }

  remove(port: MediaPort<MediaLeg>): void {
    this.#ports[port.socket] = undefined;
  }

  /** Rows 0…count−1 of the socket's batch have come. */
  onBatch(io: DatagramIo, count: number, nowMs: number): void {
    const { batch } = io;
    for (let i = 0; i < count; i++) this.#legs[i] = this.#route(batch, i, nowMs);
    this.totals.refused += io.flush(count);
    for (let i = 0; i < count; i++) {
      const leg = this.#legs[i];
      if (leg !== undefined) this.#hear(leg, i, nowMs);
    }
  }

  /** @returns The leg that it came to, where it is RTP of that leg's peer. */
  #route(batch: PacketBatch, i: number, nowMs: number): MediaLeg | undefined {
    const port = this.#ports[batch.socket(i)];
    if (port === undefined) return undefined;
    const { totals } = this;
    if (batch.length(i) > MAX_PACKET_BYTES) {
      totals.oversized++;
      return undefined;
    }
    const origin = port.originOf(batch, i);
    if (origin === "stranger") {
      totals.strangers++;
      return undefined;
    }
    if (origin === "early") {
      totals.early++;
      return undefined;
    }
    const packet = batch.packet(i);
    const { leg } = port;
    const kind = demultiplex(packet);
    const isRtcp = kind === "rtcp";
    // RTP at the RTCP port is a mistake of somebody's; RTCP at the RTP port is multiplexed, agreed or not.
    const isGood = isRtcp
      ? packet.byteLength >= RTCP_HEAD_BYTES
      : kind === "rtp" && !port.isRtcp && this.#isRtp(packet, leg);
    if (!isGood) {
      totals.malformed++;
      return undefined;
    }
    if (origin === "unknown") port.learn(batch, i, leg.family);
    leg.owner.lastPacketAtMs = nowMs;
    if (isRtcp) {
      this.#passRtcp(batch, i, leg, packet);
      return undefined;
    }
    totals.packetsIn++;
    this.#packets[i] = packet;
    if (leg.other !== undefined) this.#passRtp(batch, i, leg, leg.other, packet, nowMs);
    return leg;
  }

  #isRtp(packet: Uint8Array, leg: MediaLeg): boolean {
    const error = this.#header.read(packet);
    // The padding's count is encrypted in SRTP.
    return error === undefined || (error === "rtp.padding" && leg.isSecure);
  }

  #passRtp(batch: PacketBatch, i: number, leg: MediaLeg, to: MediaLeg, packet: Uint8Array, nowMs: number): void {
    const header = this.#header;
    if (leg.isAudio && (leg.owner.held || to.isTaken)) return;
    const passage = to.outflow.pass(header, nowMs, leg.clockRates[header.payloadType] ?? 0);
    if (passage === "late") return;
    if (passage === "shifted" && !leg.isSecure) {
      this.#sequences[i] = header.sequenceNumber;
      this.#timestamps[i] = header.timestamp;
      setSequenceAndTimestamp(packet, to.outflow.sequenceNumber, to.outflow.timestamp);
    }
    batch.send(i, to.rtp.socket);
    this.totals.packetsOut++;
  }

  #passRtcp(batch: PacketBatch, i: number, leg: MediaLeg, packet: Uint8Array): void {
    this.totals.rtcpIn++;
    const to = leg.other;
    if (to === undefined) return;
    if (!leg.isSecure) shiftReports(packet, to.outflow, leg.outflow);
    batch.send(i, (to.rtcpMux ? to.rtp : to.rtcp).socket);
  }

  #hear(leg: MediaLeg, i: number, nowMs: number): void {
    const packet = this.#packets[i];
    if (packet === undefined) return;
    const sequence = this.#sequences[i] ?? -1;
    if (sequence >= 0) {
      setSequenceAndTimestamp(packet, sequence, this.#timestamps[i] ?? 0);
      this.#sequences[i] = -1;
    }
    const header = this.#header;
    header.read(packet);
    leg.count(header.ssrc, header.sequenceNumber, header.timestamp, header.payloadType, nowMs, packet.byteLength);
    if (!leg.isAudio) return;
    const isEvent = leg.formatOf(header.payloadType)?.codec === "telephone-event";
    if (leg.streamId === 0 && !isEvent) return;
    const plain = leg.open(packet);
    if (plain === undefined) {
      this.totals.unopened++;
      return;
    }
    if (isEvent && header.read(plain) === undefined) leg.onEvent(header, plain, nowMs);
    if (leg.streamId === 0 || this.#ring === undefined) return;
    if (this.#ring.write(leg.streamId, nowMs, plain)) this.totals.forked++;
    else {
      leg.forkDropped++;
      this.totals.forkDropped++;
    }
  }
}

function setSequenceAndTimestamp(packet: Uint8Array, sequence: number, timestamp: number): void {
  packet[2] = sequence >>> 8;
  packet[3] = sequence;
  packet[4] = timestamp >>> 24;
  packet[5] = timestamp >>> 16;
  packet[6] = timestamp >>> 8;
  packet[7] = timestamp;
}
