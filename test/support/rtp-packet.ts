import { fail, ok, type Result } from "../../gateway/core/result.js";
import { RtpHeader, type RtpErrorCode } from "../../gateway/media/rtp/rtp-header.js";

export interface RtpPacket {
  readonly payloadType: number;
  readonly marker: boolean;
  /** 16 bits, wraps. Compare with `seqDistance`, never with `<`. */
  readonly sequenceNumber: number;
  /** 32 bits, wraps, in ticks of the payload type's clock: 8 000 per second for PCMU. */
  readonly timestamp: number;
  readonly ssrc: number;
  /** A view into the datagram. Copy it before keeping it. */
  readonly payload: Uint8Array;
}

export interface RtpParseError {
  readonly code: RtpErrorCode;
  readonly needBytes: number;
  readonly haveBytes: number;
}

/** Reads one RTP packet, newly allocated: what `RtpHeader` reads, and its errors. */
export function parseRtpPacket(datagram: Uint8Array): Result<RtpPacket, RtpParseError> {
  const header = new RtpHeader();
  const code = header.read(datagram);
  if (code !== undefined) return fail({ code, needBytes: header.needBytes, haveBytes: datagram.byteLength });
  return ok({
    payloadType: header.payloadType,
    marker: header.marker,
    sequenceNumber: header.sequenceNumber,
    timestamp: header.timestamp,
    ssrc: header.ssrc,
    payload: datagram.subarray(header.payloadStart, header.payloadEnd),
  });
}
