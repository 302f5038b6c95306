/** 16-bit PCM at 16 kHz, interleaved. */
export const PIECE_RATE_HZ = 16_000;
const BYTES_PER_SAMPLE = 2;
/** A cut is looked for in the last part of a piece, at the quietest stretch of this length, ms. */
const QUIET_MS = 200;
const SEARCH_SHARE = 3;
/** Channels that differ less than this everywhere are one: a mono recording that was saved as stereo (of 32,768). */
const SAME_WITHIN = 64;

export interface Piece {
  readonly startMs: number;
  readonly pcm: Uint8Array;
}

/**
 * Cuts a recording into pieces that a recogniser takes one by one, at quiet places, so that few words are cut. Holds one piece.
 * The same bytes give the same pieces, however they are chunked.
 */
export class PieceSplitter {
  readonly #frameBytes: number;
  readonly #pieceBytes: number;
  readonly #quietBytes: number;
  readonly #buffer: Uint8Array;
  #filled = 0;
  #startFrame = 0;
  #frames = 0;
  #same = true;

  constructor(channels: number, pieceSeconds: number) {
    this.#frameBytes = channels * BYTES_PER_SAMPLE;
    this.#pieceBytes = Math.max(1, pieceSeconds) * PIECE_RATE_HZ * this.#frameBytes;
    this.#quietBytes = ((QUIET_MS * PIECE_RATE_HZ) / 1_000) * this.#frameBytes;
    this.#buffer = new Uint8Array(this.#pieceBytes);
    this.#same = channels === 2;
  }

  get durationMs(): number {
    return Math.round((this.#frames * 1_000) / PIECE_RATE_HZ);
  }

  /** Both channels have said the same so far. */
  get same(): boolean {
    return this.#same;
  }

  /** @returns Pieces that are whole now; their bytes are copies. */
  push(chunk: Uint8Array): readonly Piece[] {
    const pieces: Piece[] = [];
    for (let at = 0; at < chunk.byteLength;) {
      const part = chunk.subarray(at, at + this.#pieceBytes - this.#filled);
      this.#buffer.set(part, this.#filled);
      this.#filled += part.byteLength;
      at += part.byteLength;
      if (this.#filled === this.#pieceBytes) pieces.push(this.#cut(this.#quietPlace()));
    }
    return pieces;
  }

  /** @returns What is left; undefined: nothing. */
  end(): Piece | undefined {
    const whole = this.#filled - (this.#filled % this.#frameBytes);
    return whole === 0 ? undefined : this.#cut(whole);
  }

  #cut(bytes: number): Piece {
    const pcm = this.#buffer.slice(0, bytes);
    this.#compare(pcm);
    const startMs = Math.round((this.#startFrame * 1_000) / PIECE_RATE_HZ);
    this.#buffer.copyWithin(0, bytes, this.#filled);
    this.#filled -= bytes;
    this.#startFrame += bytes / this.#frameBytes;
    this.#frames = this.#startFrame;
    return { startMs, pcm };
  }

  #compare(pcm: Uint8Array): void {
    if (!this.#same) return;
    const view = new DataView(pcm.buffer, pcm.byteOffset, pcm.byteLength);
    for (let at = 0; at + 3 < pcm.byteLength; at += 4) {
      if (Math.abs(view.getInt16(at, true) - view.getInt16(at + 2, true)) <= SAME_WITHIN) continue;
      this.#same = false;
      return;
    }
  }

  /** @returns A place in the last third, in the middle of what is quietest there; of equal ones (digital silence) the last: few long pieces are heard sooner. */
  #quietPlace(): number {
    const view = new DataView(this.#buffer.buffer);
    const step = this.#quietBytes;
    const first = Math.ceil((this.#pieceBytes * (SEARCH_SHARE - 1)) / SEARCH_SHARE / step) * step;
    let best = { at: this.#pieceBytes, energy: Infinity };
    for (let at = first; at + step <= this.#pieceBytes; at += step) {
      let energy = 0;
      for (let i = at; i < at + step; i += BYTES_PER_SAMPLE) energy += Math.abs(view.getInt16(i, true));
      if (energy <= best.energy) best = { at: at + step / 2, energy };
    }
    return best.at - (best.at % this.#frameBytes);
  }
}

/** A piece as a WAV file in a buffer of its own. @param left Of two channels only the first. */
export function pieceWav(pcm: Uint8Array, channels: number, left: boolean): ArrayBuffer {
  const taken = left && channels === 2 ? leftOf(pcm) : pcm;
  const count = left ? 1 : channels;
  const file = new Uint8Array(44 + taken.byteLength);
  const view = new DataView(file.buffer);
  const name = (at: number, text: string): void => {
    for (let i = 0; i < text.length; i++) file[at + i] = text.charCodeAt(i);
  };
  name(0, "RIFF");
  view.setUint32(4, file.byteLength - 8, true);
  name(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, count, true);
  view.setUint32(24, PIECE_RATE_HZ, true);
  view.setUint32(28, PIECE_RATE_HZ * count * BYTES_PER_SAMPLE, true);
  view.setUint16(32, count * BYTES_PER_SAMPLE, true);
  view.setUint16(34, 16, true);
  name(36, "data");
  view.setUint32(40, taken.byteLength, true);
  file.set(taken, 44);
  return file.buffer;
}

function leftOf(pcm: Uint8Array): Uint8Array {
  const out = new Uint8Array(pcm.byteLength / 2);
  for (let from = 0, to = 0; from + 3 < pcm.byteLength; from += 4, to += 2) {
    out[to] = pcm[from] as number;
    out[to + 1] = pcm[from + 1] as number;
  }
  return out;
}
