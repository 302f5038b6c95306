/** What a datagram on a media port is, told from its first two bytes. */
export type DatagramKind = "rtp" | "rtcp" | "stun" | "zrtp" | "dtls" | "turn-channel" | "unknown";

/**
 * Tells apart what shares a port. RFC 7983 §7 (first byte), RFC 5761 §4 (RTCP by its packet type: 192–223 as a whole byte,
 * which are the RTP payload types 64–95 with the marker set, not used by anybody who multiplexes).
 *
 * @param datagram May be hostile, or empty.
 */
export function demultiplex(datagram: Uint8Array): DatagramKind {
  const first = datagram[0];
  if (first === undefined) return "unknown";
  if (first >= 128 && first <= 191) {
    const second = datagram[1] ?? 0;
    return second >= 192 && second <= 223 ? "rtcp" : "rtp";
  }
  if (first <= 3) return "stun";
  if (first >= 16 && first <= 19) return "zrtp";
  if (first >= 20 && first <= 63) return "dtls";
  return first >= 64 && first <= 79 ? "turn-channel" : "unknown";
}
