import { fail, ok, type Result } from "../../gateway/core/result.js";
import {
  RTCP_TYPE,
  type Goodbye,
  type ReceiverReport,
  type ReportBlock,
  type RtcpPacket,
  type SdesItem,
  type SenderReport,
  type SourceDescription,
} from "./rtcp-packet.js";

export interface RtcpParseError {
  readonly code:
    /** Shorter than a header, or than its own length or counts announce. */
    | "rtcp.truncated"
    /** The version bits are not 2. */
    | "rtcp.version"
    /** Padding of 0 bytes, more than there is, or not in the last packet. */
    | "rtcp.padding"
    /** More packets than any sender puts into a datagram. */
    | "rtcp.too-many";
  /** Where in the datagram the packet begins that is wrong. */
  readonly at: number;
}

const HEADER_BYTES = 4;
const REPORT_BYTES = 24;
const SENDER_INFO_BYTES = 20;
const MAX_PACKETS = 64;

/**
 * Reads a compound packet. RFC 3550 §6.1, §A.2. Takes reduced-size ones too, which begin with any type (RFC 5506).
 *
 * @param datagram One whole UDP payload, from SRTCP already decrypted. May be hostile.
 * @returns Its packets in order, at least one; or the first reason why it is none. Never throws. Byte fields are views into it.
 */
export function parseRtcp(datagram: Uint8Array): Result<readonly RtcpPacket[], RtcpParseError> {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  const packets: RtcpPacket[] = [];
  let at = 0;
  do {
    if (datagram.byteLength - at < HEADER_BYTES) return fail({ code: "rtcp.truncated", at });
    if (packets.length >= MAX_PACKETS) return fail({ code: "rtcp.too-many", at });
    const first = view.getUint8(at);
    if (first >> 6 !== 2) return fail({ code: "rtcp.version", at });
    const next = at + HEADER_BYTES + 4 * view.getUint16(at + 2);
    if (next > datagram.byteLength) return fail({ code: "rtcp.truncated", at });
    let end = next;
    if ((first & 0x20) !== 0) {
      const paddingBytes = end > at + HEADER_BYTES ? view.getUint8(end - 1) : 0;
      end -= paddingBytes;
      const isLast = next === datagram.byteLength;
      if (!isLast || paddingBytes === 0 || end < at + HEADER_BYTES) return fail({ code: "rtcp.padding", at });
    }
    const packet = readPacket(view.getUint8(at + 1), first & 0x1f, datagram.subarray(at + HEADER_BYTES, end));
    if (packet === undefined) return fail({ code: "rtcp.truncated", at });
    packets.push(packet);
    at = next;
  } while (at < datagram.byteLength);
  return ok(packets);
}

/** @returns Undefined when the body is shorter than the count says. */
function readPacket(packetType: number, count: number, body: Uint8Array): RtcpPacket | undefined {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  switch (packetType) {
    case RTCP_TYPE.sr:
      return readSenderReport(view, count);
    case RTCP_TYPE.rr:
      return readReceiverReport(view, count);
    case RTCP_TYPE.sdes:
      return readSourceDescription(body, view, count);
    case RTCP_TYPE.bye:
      return readGoodbye(body, view, count);
    default:
      return { kind: "other", packetType, count, body };
  }
}

function readSenderReport(view: DataView, count: number): SenderReport | undefined {
  const reportsAt = 4 + SENDER_INFO_BYTES;
  if (view.byteLength < reportsAt + count * REPORT_BYTES) return undefined;
  return {
    kind: "sr",
    ssrc: view.getUint32(0),
    ntpSeconds: view.getUint32(4),
    ntpFraction: view.getUint32(8),
    rtpTimestamp: view.getUint32(12),
    packetCount: view.getUint32(16),
    octetCount: view.getUint32(20),
    reports: readReports(view, reportsAt, count),
  };
}

function readReceiverReport(view: DataView, count: number): ReceiverReport | undefined {
  if (view.byteLength < 4 + count * REPORT_BYTES) return undefined;
  return { kind: "rr", ssrc: view.getUint32(0), reports: readReports(view, 4, count) };
}

function readReports(view: DataView, from: number, count: number): ReportBlock[] {
  const reports: ReportBlock[] = [];
  for (let i = 0, at = from; i < count; i++, at += REPORT_BYTES) {
    const lost = view.getUint32(at + 4);
    reports.push({
      ssrc: view.getUint32(at),
      fractionLost: lost >>> 24,
      cumulativeLost: (lost << 8) >> 8,
      extendedHighestSequence: view.getUint32(at + 8),
      jitterTicks: view.getUint32(at + 12),
      lastSr: view.getUint32(at + 16),
      delaySinceLastSr: view.getUint32(at + 20),
    });
  }
  return reports;
}

function readSourceDescription(body: Uint8Array, view: DataView, count: number): SourceDescription | undefined {
  const chunks: { ssrc: number; items: SdesItem[] }[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (body.byteLength - at < 4) return undefined;
    const ssrc = view.getUint32(at);
    at += 4;
    const items: SdesItem[] = [];
    for (;;) {
      const type = body[at];
      if (type === undefined) return undefined;
      if (type === 0) break;
      const length = body[at + 1];
      if (length === undefined || at + 2 + length > body.byteLength) return undefined;
      items.push({ type, value: body.subarray(at + 2, at + 2 + length) });
      at += 2 + length;
    }
    // §6.5: zeros up to the next word, one at least.
    at += 4 - (at & 3);
    if (at > body.byteLength) return undefined;
    chunks.push({ ssrc, items });
  }
  return { kind: "sdes", chunks };
}

function readGoodbye(body: Uint8Array, view: DataView, count: number): Goodbye | undefined {
  if (body.byteLength < 4 * count) return undefined;
  const ssrcs = Array.from({ length: count }, (_, i) => view.getUint32(4 * i));
  const length = body[4 * count];
  if (length === undefined) return { kind: "bye", ssrcs };
  const from = 4 * count + 1;
  return from + length > body.byteLength
    ? undefined
    : { kind: "bye", ssrcs, reason: body.subarray(from, from + length) };
}
