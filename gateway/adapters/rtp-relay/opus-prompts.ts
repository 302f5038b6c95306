import type { PayloadFormat } from "../../core/payload-format.js";
import type { PcmAudio } from "../../media/audio.js";
import type { FrameCoder } from "../../media/sound/frame-coder.js";
import { HoldTone, type Sound } from "../../media/sound/prompt-sound.js";
import type { SoundEncoder, SoundWorks } from "../../media/sound/sound-works.js";

const FRAME_MS = 20;
const MOST_BYTES = 1_275;
/** Of the hold tone: one period, which is played again and again. */
const TONE_FRAMES = 200;
/** Prompts that are kept coded: the announcement, the warning, and some to spare. */
const MOST_TRACKS = 8;
/** Frames that are coded at once where another coding has brought a prompt further than ours. */
const MOST_CATCH_UP = 50;

/** One prompt, coded as far as somebody has heard it. */
class Track {
  readonly audio: PcmAudio | undefined;
  readonly rateHz: number;
  readonly #sound: Sound;
  readonly #packets: Uint8Array[] = [];
  readonly #frame: Float32Array;
  readonly #mostFrames: number;
  #coder: FrameCoder | undefined;

  constructor(sound: Sound, coder: FrameCoder, audio: PcmAudio | undefined, mostFrames: number) {
    this.#sound = sound;
    this.#coder = coder;
    this.audio = audio;
    this.rateHz = coder.rateHz;
    this.#mostFrames = mostFrames;
    this.#frame = new Float32Array((coder.rateHz * FRAME_MS) / 1_000);
  }

  get isWhole(): boolean {
    return this.#coder === undefined;
  }
  get frames(): number {
    return this.#packets.length;
  }

  /** @returns Undefined: it is over. */
  packet(at: number): Uint8Array | undefined {
    while (this.#coder !== undefined && this.#packets.length <= at) this.#code(this.#coder);
    return this.#packets[at];
  }

  close(): void {
    this.#coder?.close();
    this.#coder = undefined;
  }

  #code(coder: FrameCoder): void {
    const isOver = this.#packets.length >= this.#mostFrames || this.#sound.take(this.#frame) === 0;
    const packet = isOver ? undefined : coder.encode(this.#frame);
    if (packet === undefined) this.close();
    else this.#packets.push(packet);
  }
}

/**
 * Prompts in Opus. Coding takes a hundred times what G.711 does: each prompt is coded once, frame by frame as it is first played, and all
 * that hear it get the same payloads. The two prompts of a configuration and the tone cost the relay's thread what one of them does.
 */
export class OpusPrompts {
  readonly #makeCoder: () => FrameCoder | undefined;
  readonly #works: SoundWorks;
  readonly #tracks = new Set<Track>();
  #tone: Track | undefined;

  constructor(makeCoder: () => FrameCoder | undefined, works: SoundWorks) {
    this.#makeCoder = makeCoder;
    this.#works = works;
  }

  /**
   * @param audio Undefined: the tone of a hold.
   * @param fromMs Of the prompt, what was played already.
   * @returns Undefined: there is no way to code it.
   */
  encoderFor(format: PayloadFormat, audio: PcmAudio | undefined, fromMs: number): SoundEncoder | undefined {
    const track = audio === undefined ? (this.#tone ??= this.#newTone()) : this.#trackOf(audio);
    if (track === undefined) return undefined;
    let at = Math.round(fromMs / FRAME_MS);
    if (!track.isWhole && at > track.frames + MOST_CATCH_UP) return undefined;
    return {
      format,
      rateHz: track.rateHz,
      ticks: Math.round((format.clockRateHz * FRAME_MS) / 1_000),
      mostBytes: MOST_BYTES,
      encode: (_, into) => {
        const packet = track.packet(audio === undefined ? at++ % TONE_FRAMES : at++);
        if (packet === undefined) return 0;
        into.set(packet);
        return packet.byteLength;
      },
    };
  }

  close(): void {
    for (const track of [...this.#tracks, ...(this.#tone === undefined ? [] : [this.#tone])]) track.close();
    this.#tracks.clear();
    this.#tone = undefined;
  }

  #trackOf(audio: PcmAudio): Track | undefined {
    for (const track of this.#tracks) if (track.audio !== undefined && isSameSound(track.audio, audio)) return track;
    if (this.#tracks.size >= MOST_TRACKS) {
      const spare = [...this.#tracks].find(({ isWhole }) => isWhole);
      if (spare === undefined) return undefined;
      this.#tracks.delete(spare);
    }
    const coder = this.#makeCoder();
    const sound = coder && this.#works.promptAt(audio, coder.rateHz);
    if (coder === undefined || sound === undefined) {
      coder?.close();
      return undefined;
    }
    const track = new Track(sound, coder, audio, Number.POSITIVE_INFINITY);
    this.#tracks.add(track);
    return track;
  }

  #newTone(): Track | undefined {
    const coder = this.#makeCoder();
    return coder && new Track(new HoldTone(coder.rateHz), coder, undefined, TONE_FRAMES);
  }
}

const bytesOf = ({ samples }: PcmAudio): Buffer => Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
const isSameSound = (a: PcmAudio, b: PcmAudio): boolean =>
  a.sampleRateHz === b.sampleRateHz && a.samples.length === b.samples.length && bytesOf(a).equals(bytesOf(b));
