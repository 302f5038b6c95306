const MAX_FRAME_BYTES = 1_275;
const MAX_PACKET_MS = 120;

/** RFC 6716 §3.1, table 2: frame sizes of the 32 configurations, ms. */
const FRAME_MS = [
  10, 20, 40, 60, 10, 20, 40, 60, 10, 20, 40, 60, 10, 20, 10, 20, 2.5, 5, 10, 20, 2.5, 5, 10, 20, 2.5, 5, 10, 20, 2.5, 5, 10, 20,
] as const; // prettier-ignore

/**
 * How long an opus packet sounds, ms; 0: it is none, by the number of its frames (RFC 6716 §3.2, [R5]). Says nothing of the lengths
 * of frames: see `isOpusPacket`.
 *
 * @param bytes The packet is from `from` to `to`.
 */
export function opusDurationMs(bytes: Uint8Array, from: number, to: number): number {
  if (to <= from) return 0;
  const toc = bytes[from] ?? 0;
  const code = toc & 3;
  const frames = code === 0 ? 1 : code < 3 ? 2 : to - from > 1 ? (bytes[from + 1] ?? 0) & 0x3f : 0;
  const durationMs = frames * (FRAME_MS[toc >> 3] ?? 0);
  return durationMs <= MAX_PACKET_MS ? durationMs : 0;
}

/** Whether a packet keeps the rules [R1]–[R7] of RFC 6716 §3.4. What its frames hold is not looked at. */
export function isOpusPacket(bytes: Uint8Array, from: number, to: number): boolean {
  if (opusDurationMs(bytes, from, to) === 0) return false;
  const size = to - from - 1;
  switch ((bytes[from] ?? 0) & 3) {
    case 0:
      return size <= MAX_FRAME_BYTES;
    case 1:
      return size % 2 === 0 && size / 2 <= MAX_FRAME_BYTES;
    case 2: {
      const first = frameLength(bytes, from + 1, to);
      const second = size - (first < 252 ? 1 : 2) - first;
      return first >= 0 && second >= 0 && second <= MAX_FRAME_BYTES;
    }
    default:
      return isCodeThree(bytes, from, to);
  }
}

/** §3.2.5: any number of frames, padding. */
function isCodeThree(bytes: Uint8Array, from: number, to: number): boolean {
  const flags = bytes[from + 1] ?? 0;
  const frames = flags & 0x3f;
  let at = from + 2;
  let padding = 0;
  if ((flags & 0x40) !== 0) {
    for (;;) {
      if (at >= to) return false;
      const more = bytes[at++] ?? 0;
      padding += more === 255 ? 254 : more;
      if (more !== 255) break;
    }
  }
  let left = to - at - padding;
  if (left < 0) return false;
  if ((flags & 0x80) === 0) return left % frames === 0 && left / frames <= MAX_FRAME_BYTES;
  for (let i = 0; i < frames - 1; i++) {
    const length = frameLength(bytes, at, to);
    if (length < 0) return false;
    const coded = length < 252 ? 1 : 2;
    at += coded;
    left -= coded + length;
    if (left < 0) return false;
  }
  return left <= MAX_FRAME_BYTES;
}

/** §3.2.1: one or two bytes. @returns −1: not there. */
function frameLength(bytes: Uint8Array, at: number, to: number): number {
  if (at >= to) return -1;
  const first = bytes[at] ?? 0;
  if (first < 252) return first;
  return at + 1 < to ? 4 * (bytes[at + 1] ?? 0) + first : -1;
}
