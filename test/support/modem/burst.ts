import { packText, PADDING, unpackText } from "./code-book.js";
import { rsDecode, rsEncode } from "./reed-solomon.js";

/**
 * One burst on the air: 2 symbols of lead-in, 6 of sync, the first 20 coded symbols, 6 more of sync (a lost packet or a clipped
 * start does not take both), the rest. A symbol is one byte: a tone of the lower and one of the upper group, for 10 ms.
 */
export const SYMBOL_MS = 10;
export const LEAD_IN: readonly number[] = [0x3c, 0xc3];
export const FIRST_SYNC: readonly number[] = [0x0b, 0x94, 0x5f, 0xe1, 0x28, 0xd6];
export const SECOND_SYNC: readonly number[] = [0x70, 0x1d, 0xb9, 0x42, 0x8e, 0xf7];
export const SYMBOLS_BETWEEN_SYNCS = 20;

/** Text bytes of a burst; the receiver tries them all, so no length field can be lost. */
const ROOM = [6, 14, 22, 30, 38, 46] as const;
const CRC_BYTES = 2;

const codedLength = (room: number): number => room + CRC_BYTES + parityOf(room);
/** More than half of the symbols are check symbols: every tenth packet may be lost. */
const parityOf = (room: number): number => room + CRC_BYTES + 10;
/** Coded symbols of a burst, by size, ascending. */
export const CODED_LENGTHS: readonly number[] = ROOM.map(codedLength);

/** Positions of the coded symbols of a burst, counted from its first sync symbol. */
export const codedPosition = (index: number): number =>
  FIRST_SYNC.length + index + (index >= SYMBOLS_BETWEEN_SYNCS ? SECOND_SYNC.length : 0);
export const SECOND_SYNC_AT = FIRST_SYNC.length + SYMBOLS_BETWEEN_SYNCS;

/** @returns One list of symbols a burst. Blanks between words become one blank; a word longer than a burst is cut. */
export function toBursts(text: string): number[][] {
  const largest = ROOM[ROOM.length - 1] as number;
  const bursts: number[][] = [];
  let line = "";
  for (const word of text
    .split(/\s+/)
    .filter((part) => part !== "")
    .flatMap(cutLongWord)) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (packText(longer).length <= largest) {
      line = longer;
      continue;
    }
    bursts.push(burstOf(line));
    line = word;
  }
  if (line !== "") bursts.push(burstOf(line));
  return bursts;
}

function cutLongWord(word: string): string[] {
  // A character takes at most 8 bytes as literals.
  return packText(word).length <= (ROOM.at(-1) ?? 0) ? [word] : (word.match(/.{1,5}/gu) ?? []);
}

function burstOf(line: string): number[] {
  const packed = packText(line);
  const room = ROOM.find((bytes) => bytes >= packed.length) ?? ROOM[ROOM.length - 1] ?? 0;
  const data = new Uint8Array(room + CRC_BYTES).fill(PADDING);
  data.set(packed);
  const crc = crc16(data.subarray(0, room));
  data[room] = crc >> 8;
  data[room + 1] = crc & 0xff;
  const coded = [...rsEncode(data, parityOf(room))].map((symbol, index) => symbol ^ whitening(index));
  const between = Math.min(SYMBOLS_BETWEEN_SYNCS, coded.length);
  return [...LEAD_IN, ...FIRST_SYNC, ...coded.slice(0, between), ...SECOND_SYNC, ...coded.slice(between)];
}

export interface ReadBurst {
  readonly text: string;
  /** Share of the symbols that arrived as sent, 0–1. */
  readonly intact: number;
}

/** @param erasures Indices of symbols that are known to be bad. @returns Undefined when this is no burst of that size. */
export function readBurst(coded: Uint8Array, erasures: readonly number[]): ReadBurst | undefined {
  const room = ROOM.find((bytes) => codedLength(bytes) === coded.length);
  if (room === undefined) return undefined;
  const plain = coded.map((symbol, index) => symbol ^ whitening(index));
  // Too many are no help: the surest ones are first.
  const parity = parityOf(room);
  const decoded = rsDecode(plain, parity, erasures.slice(0, parity - 4));
  if (decoded === undefined) return undefined;
  const { data, corrected } = decoded;
  const crc = crc16(data.subarray(0, room));
  if (data[room] !== crc >> 8 || data[room + 1] !== (crc & 0xff)) return undefined;
  let end = room;
  while (end > 0 && data[end - 1] === PADDING) end--;
  const text = unpackText(data.subarray(0, end));
  return text === undefined || text === "" ? undefined : { text, intact: 1 - corrected / coded.length };
}

/** So that equal bytes next to each other are different tones: a repeated stretch then betrays a concealed packet. */
const whitening = (index: number): number => (Math.imul(index + 1, 0x9e3779b1) >>> 24) & 0xff;

/** CRC-16/CCITT-FALSE. */
function crc16(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = ((crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021) & 0xffff;
  }
  return crc;
}
