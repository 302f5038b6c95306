import { RTCP_TYPE, type ReportBlock, type RtcpPacket } from "./rtcp-packet.js";

const MAX_COUNT = 31;
const MAX_TEXT_BYTES = 255;

/**
 * Writes a compound packet, newly allocated. RFC 3550 §6. Callers keep to its order: SR or RR first, then SDES with a CNAME.
 *
 * More than 31 reports, sources or chunks in one packet, and text over 255 bytes, are cut: the fields have no room for more.
 */
export function buildRtcp(packets: readonly RtcpPacket[]): Uint8Array {
  const bodies = packets.map(bodyOf);
  const bytes = new Uint8Array(bodies.reduce((sum, { body }) => sum + 4 + body.length, 0));
  let at = 0;
  for (const { packetType, count, body } of bodies) {
    const words = body.length / 4;
    bytes.set([0x80 | count, packetType, words >>> 8, words & 0xff], at);
    bytes.set(body, at + 4);
    at += 4 + body.length;
  }
  return bytes;
}

interface Body {
  readonly packetType: number;
  readonly count: number;
  /** A whole number of words. */
  readonly body: readonly number[] | Uint8Array;
}

function bodyOf(packet: RtcpPacket): Body {
  switch (packet.kind) {
    case "sr": {
      const info = [
        packet.ssrc,
        packet.ntpSeconds,
        packet.ntpFraction,
        packet.rtpTimestamp,
        packet.packetCount,
        packet.octetCount,
      ];
      return { packetType: RTCP_TYPE.sr, ...reports(info, packet.reports) };
    }
    case "rr":
      return { packetType: RTCP_TYPE.rr, ...reports([packet.ssrc], packet.reports) };
    case "sdes": {
      const chunks = packet.chunks.slice(0, MAX_COUNT);
      const body: number[] = [];
      for (const { ssrc, items } of chunks) {
        pushWord(body, ssrc);
        for (const { type, value } of items) body.push(type, ...counted(value));
        do body.push(0);
        while (body.length % 4 !== 0);
      }
      return { packetType: RTCP_TYPE.sdes, count: chunks.length, body };
    }
    case "bye": {
      const ssrcs = packet.ssrcs.slice(0, MAX_COUNT);
      const body: number[] = [];
      for (const ssrc of ssrcs) pushWord(body, ssrc);
      if (packet.reason !== undefined) body.push(...counted(packet.reason));
      while (body.length % 4 !== 0) body.push(0);
      return { packetType: RTCP_TYPE.bye, count: ssrcs.length, body };
    }
    case "other": {
      const body = new Uint8Array(Math.ceil(packet.body.byteLength / 4) * 4);
      body.set(packet.body);
      return { packetType: packet.packetType, count: packet.count & 0x1f, body };
    }
  }
}

function reports(head: readonly number[], blocks: readonly ReportBlock[]): Omit<Body, "packetType"> {
  const body: number[] = [];
  for (const word of head) pushWord(body, word);
  const kept = blocks.slice(0, MAX_COUNT);
  for (const block of kept) {
    pushWord(body, block.ssrc);
    pushWord(body, (block.fractionLost << 24) | (block.cumulativeLost & 0xffffff));
    pushWord(body, block.extendedHighestSequence);
    pushWord(body, block.jitterTicks);
    pushWord(body, block.lastSr);
    pushWord(body, block.delaySinceLastSr);
  }
  return { count: kept.length, body };
}

function pushWord(body: number[], value: number): void {
  body.push((value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}

const counted = (text: Uint8Array): number[] => {
  const kept = text.subarray(0, MAX_TEXT_BYTES);
  return [kept.byteLength, ...kept];
};
