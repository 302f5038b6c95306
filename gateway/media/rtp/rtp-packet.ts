import { fail, ok, type Result } from "../../core/result.js";
import { RtpHeader, type RtpErrorCode } from "./rtp-header.js";

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

/**
 * Reads one RTP packet. RFC 3550 §5.1 (header), §5.3.1 (header extension). On hot paths use `RtpHeader`, which allocates nothing.
 *
 * @param datagram One whole UDP payload as received. May be hostile.
 * @returns The packet, or the first reason why it is not one. Never throws.
 *   - `rtp.truncated`: shorter than its own header announces.
 *   - `rtp.version`: the version bits are not 2 (STUN and DTLS look like this).
 *   - `rtp.padding`: the padding count is 0 or exceeds what follows the header.
 */
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
