/** RFC 3550 §12.1, RFC 4585 §6.1, RFC 3611 §2 */
export const RTCP_TYPE = { sr: 200, rr: 201, sdes: 202, bye: 203, app: 204, rtpfb: 205, psfb: 206, xr: 207 } as const;

/** RFC 3550 §6.4.1 */
export interface ReportBlock {
  /** The source that is reported on. */
  readonly ssrc: number;
  /** 0–255, in 256ths. */
  readonly fractionLost: number;
  /** −2^23…2^23−1 */
  readonly cumulativeLost: number;
  readonly extendedHighestSequence: number;
  readonly jitterTicks: number;
  /** Middle 32 bits of the NTP time of the last SR; 0: none came. */
  readonly lastSr: number;
  /** Since that SR came, in 1/65536 s. */
  readonly delaySinceLastSr: number;
}

export interface SenderReport {
  readonly kind: "sr";
  readonly ssrc: number;
  /** Since 1900. */
  readonly ntpSeconds: number;
  /** In 1/2^32 s. */
  readonly ntpFraction: number;
  readonly rtpTimestamp: number;
  readonly packetCount: number;
  readonly octetCount: number;
  readonly reports: readonly ReportBlock[];
}

export interface ReceiverReport {
  readonly kind: "rr";
  readonly ssrc: number;
  readonly reports: readonly ReportBlock[];
}

/** RFC 3550 §6.5 */
export interface SourceDescription {
  readonly kind: "sdes";
  readonly chunks: readonly { readonly ssrc: number; readonly items: readonly SdesItem[] }[];
}

export interface SdesItem {
  /** 1: CNAME. */
  readonly type: number;
  /** As it came: UTF-8 by the RFC, anything in truth. At most 255 bytes. */
  readonly value: Uint8Array;
}

/** RFC 3550 §6.6 */
export interface Goodbye {
  readonly kind: "bye";
  readonly ssrcs: readonly number[];
  readonly reason?: Uint8Array;
}

/** Feedback, XR, APP and what nobody knows yet: passed on, not judged. */
export interface OtherRtcp {
  readonly kind: "other";
  /** 0–255 */
  readonly packetType: number;
  /** Count, subtype or format: the low five bits of the first byte. */
  readonly count: number;
  /** What follows the first four bytes, without padding. */
  readonly body: Uint8Array;
}

export type RtcpPacket = SenderReport | ReceiverReport | SourceDescription | Goodbye | OtherRtcp;

/** The middle 32 bits of an NTP time, as LSR has them. RFC 3550 §4 */
export const compactNtp = (seconds: number, fraction: number): number =>
  (((seconds & 0xffff) << 16) | (fraction >>> 16)) >>> 0;

const SECONDS_1900_TO_1970 = 2_208_988_800;

/** Wall clock as NTP time. RFC 3550 §4 */
export function ntpOfUnixMs(unixMs: number): { readonly seconds: number; readonly fraction: number } {
  const seconds = Math.floor(unixMs / 1000);
  return {
    seconds: (seconds + SECONDS_1900_TO_1970) % 2 ** 32,
    fraction: Math.floor(((unixMs - seconds * 1000) / 1000) * 2 ** 32),
  };
}
