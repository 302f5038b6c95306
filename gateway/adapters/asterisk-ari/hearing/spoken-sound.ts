import type { PayloadFormat } from "../../../core/payload-format.js";
import type { PcmAudio } from "../../../media/audio.js";
import type { Sound } from "../../../media/sound/prompt-sound.js";
import { SoundWorks, type SoundEncoder } from "../../../media/sound/sound-works.js";

const FRAME_MS = 20;
const FRAME_BYTES = 160;
const RATE_HZ = 8_000;
const ULAW: PayloadFormat = { payloadType: 0, codec: "PCMU", clockRateHz: RATE_HZ, channels: 1 };
/** G.711 §2, table 2: the code of the least positive value. */
const SILENCE = 0xff;

/**
 * Sound in the form in which it leaves: G.711 µ-law in frames of 20 ms. Each is made when it is first wanted, and once for all who
 * hear it, so that a long sound holds up nobody.
 */
export interface SpokenSound {
  /** How many there are; 0 where its rate cannot be changed. */
  readonly frames: number;
  /** The last one is filled up with silence. Not to be written to. */
  frame(index: number): Uint8Array;
}

/** Makes them; remembers those that are in use. */
export class SpokenSounds {
  readonly #works = new SoundWorks(FRAME_MS);
  readonly #made = new WeakMap<PcmAudio, SpokenSound>();

  of(audio: PcmAudio): SpokenSound {
    const known = this.#made.get(audio);
    if (known !== undefined) return known;
    const made = this.#make(audio);
    this.#made.set(audio, made);
    return made;
  }

  #make(audio: PcmAudio): SpokenSound {
    const encoder = this.#works.encoderFor(ULAW);
    const sound = this.#works.promptAt(audio, RATE_HZ);
    if (encoder === undefined || sound === undefined) return { frames: 0, frame: () => new Uint8Array(0) };
    const samples = Math.round((audio.samples.length * RATE_HZ) / audio.sampleRateHz);
    return new FramesAsWanted(Math.ceil(samples / FRAME_BYTES), sound, encoder);
  }
}

class FramesAsWanted implements SpokenSound {
  readonly frames: number;
  readonly #sound: Sound;
  readonly #encoder: SoundEncoder;
  readonly #made: Uint8Array[] = [];

  constructor(frames: number, sound: Sound, encoder: SoundEncoder) {
    this.frames = frames;
    this.#sound = sound;
    this.#encoder = encoder;
  }

  frame(index: number): Uint8Array {
    while (this.#made.length <= index) {
      const next = new Uint8Array(FRAME_BYTES);
      if (this.#encoder.encode(this.#sound, next) === 0) next.fill(SILENCE);
      this.#made.push(next);
    }
    return this.#made[index] ?? new Uint8Array(FRAME_BYTES).fill(SILENCE);
  }
}
