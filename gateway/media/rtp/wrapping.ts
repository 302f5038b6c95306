/**
 * How far `to` is ahead of `from`, in packets: −32768…32767, across the wrap at 65536. Negative: it is older. RFC 3550 §5.1
 *
 * Either may be a widened number.
 */
export const seqDistance = (from: number, to: number): number => ((to - from) << 16) >> 16;

/** How far `to` is ahead of `from`, in ticks: −2^31…2^31−1, across the wrap at 2^32. Either may be a widened one. */
export const timestampDistance = (from: number, to: number): number => (to - from) | 0;

/** The 16-bit number made one that does not wrap: the one that is nearest to `near`, an earlier result. Start with the number itself. */
export const widenSequence = (sequenceNumber: number, near: number): number => near + seqDistance(near, sequenceNumber);

/** The 32-bit timestamp made one that does not wrap: the one that is nearest to `near`, an earlier result. Start with itself. */
export const widenTimestamp = (timestamp: number, near: number): number => near + timestampDistance(near, timestamp);
