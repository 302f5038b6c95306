/** Without CSRC list and extension. RFC 3550 §5.1 */
export const FIXED_HEADER_BYTES = 12;

export type RtpErrorCode = "rtp.truncated" | "rtp.version" | "rtp.padding";

/**
 * The header of one packet after another, read in place: for paths that may not allocate. Fields keep the values of the last
 * packet that was read without error; after an error they are not to be used, but for `rtp.padding`, where all but `payloadEnd` are
 * good: SRTP encrypts the padding's count.
 */
export class RtpHeader {
  payloadType = 0;
  marker = false;
  /** 16 bits, wraps. Compare with `seqDistance`, never with `<`. */
  sequenceNumber = 0;
  /** 32 bits, wraps, in ticks of the payload type's clock. */
  timestamp = 0;
  ssrc = 0;
  /** Where the payload begins in the datagram: after CSRC list and extension. */
  payloadStart = 0;
  /** Where it ends: before the padding. Not before `payloadStart`. */
  payloadEnd = 0;
  /** What an error wanted the datagram to have. */
  needBytes = 0;

  /**
   * Reads one RTP packet. RFC 3550 §5.1 (header), §5.3.1 (header extension).
   *
   * @param datagram One whole UDP payload as received. May be hostile.
   * @returns Undefined when it is one; else the first reason why it is not. Never throws.
   *   - `rtp.truncated`: shorter than its own header announces.
   *   - `rtp.version`: the version bits are not 2 (STUN and DTLS look like this).
   *   - `rtp.padding`: the padding count is 0 or exceeds what follows the header.
   */
  read(datagram: Uint8Array): RtpErrorCode | undefined {
    const haveBytes = datagram.byteLength;
    this.needBytes = FIXED_HEADER_BYTES;
    if (haveBytes < FIXED_HEADER_BYTES) return "rtp.truncated";
    // 0                   1                   2                   3
    // |V=2|P|X|  CC   |M|     PT      |       sequence number         |
    const first = byteAt(datagram, 0);
    const second = byteAt(datagram, 1);
    if (first >> 6 !== 2) return "rtp.version";

    let start = FIXED_HEADER_BYTES + 4 * (first & 0x0f);
    if ((first & 0x10) !== 0) {
      this.needBytes = start + 4;
      if (haveBytes < start + 4) return "rtp.truncated";
      start += 4 + 4 * readUint16(datagram, start + 2); // the length field counts 32-bit words
    }
    this.needBytes = start;
    if (haveBytes < start) return "rtp.truncated";

    this.payloadType = second & 0x7f;
    this.marker = (second & 0x80) !== 0;
    this.sequenceNumber = readUint16(datagram, 2);
    this.timestamp = readUint32(datagram, 4);
    this.ssrc = readUint32(datagram, 8);
    this.payloadStart = start;
    this.payloadEnd = haveBytes;
    if ((first & 0x20) !== 0) {
      const paddingBytes = haveBytes > start ? byteAt(datagram, haveBytes - 1) : 0;
      this.needBytes = start + paddingBytes;
      if (paddingBytes === 0 || paddingBytes > haveBytes - start) return "rtp.padding";
      this.payloadEnd = haveBytes - paddingBytes;
    }
    return undefined;
  }
}

export interface RtpHeaderFields {
  /** 0–127 */
  readonly payloadType: number;
  readonly marker: boolean;
  /** Its low 16 bits count: a widened one may be given. */
  readonly sequenceNumber: number;
  /** Its low 32 bits count. */
  readonly timestamp: number;
  readonly ssrc: number;
}

/**
 * Writes a header without CSRC list, extension or padding. RFC 3550 §5.1
 *
 * @param into Has at least 12 bytes from `at` on.
 * @returns Where the payload begins.
 */
export function writeRtpHeader(into: Uint8Array, fields: RtpHeaderFields, at = 0): number {
  into[at] = 0x80;
  into[at + 1] = (fields.marker ? 0x80 : 0) | (fields.payloadType & 0x7f);
  writeUint16(into, at + 2, fields.sequenceNumber);
  writeUint32(into, at + 4, fields.timestamp);
  writeUint32(into, at + 8, fields.ssrc);
  return at + FIXED_HEADER_BYTES;
}

/** A whole packet, newly allocated. */
export function buildRtpPacket(fields: RtpHeaderFields, payload: Uint8Array): Uint8Array {
  const packet = new Uint8Array(FIXED_HEADER_BYTES + payload.byteLength);
  packet.set(payload, writeRtpHeader(packet, fields));
  return packet;
}

// Big-endian, as all of RTP. Reads beyond the end give 0: callers check lengths first.
const byteAt = (bytes: Uint8Array, at: number): number => bytes[at] ?? 0;
const readUint16 = (bytes: Uint8Array, at: number): number => (byteAt(bytes, at) << 8) | byteAt(bytes, at + 1);
const readUint32 = (bytes: Uint8Array, at: number): number =>
  ((readUint16(bytes, at) << 16) | readUint16(bytes, at + 2)) >>> 0;
function writeUint16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}
function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  writeUint16(bytes, at, value >>> 16);
  writeUint16(bytes, at + 2, value);
}
