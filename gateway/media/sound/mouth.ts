import type { PayloadFormat, PcmAudio } from "../audio.js";
import { swapBytes } from "../pcm-packets/pcm-packets.js";
import type { Sound } from "./prompt-sound.js";
import type { SoundEncoder, SoundWorks } from "./sound-works.js";

interface Speaking {
  readonly sound: Sound;
  encoder: SoundEncoder;
  readonly done: (complete: boolean) => void;
}

/**
 * What is said into one media channel of an Asterisk: a prompt, or silence. Frame by frame, in the channel's format; linear samples have
 * their low byte first.
 */
export class Mouth {
  readonly #works: SoundWorks;
  #format: PayloadFormat | undefined;
  #frame: Uint8Array = new Uint8Array(0);
  #silence: Uint8Array = new Uint8Array(0);
  #speaking: Speaking | undefined;

  constructor(works: SoundWorks) {
    this.#works = works;
  }

  get speaking(): boolean {
    return this.#speaking !== undefined;
  }

  get format(): PayloadFormat | undefined {
    return this.#format;
  }

  /** From now on. A prompt that is being said goes on in it; where it cannot, it ends. */
  use(format: PayloadFormat): void {
    if (format === this.#format) return;
    this.#format = format;
    const encoder = this.#works.encoderFor(format);
    this.#frame = new Uint8Array(encoder?.mostBytes ?? 0);
    this.#silence = silenceOf(format, this.#frame.byteLength);
    const speaking = this.#speaking;
    if (speaking === undefined) return;
    if (encoder?.rateHz === speaking.encoder.rateHz) speaking.encoder = encoder;
    else this.stop();
  }

  /** A newer prompt replaces the one before. @returns False: not in this format, or not from that rate. */
  say(audio: PcmAudio, done: (complete: boolean) => void): boolean {
    const encoder = this.#format && this.#works.encoderFor(this.#format);
    const sound = encoder && this.#works.promptAt(audio, encoder.rateHz);
    if (encoder === undefined || sound === undefined) return false;
    this.stop();
    this.#speaking = { sound, encoder, done };
    return true;
  }

  /** The next 20 ms of the prompt, good until the next call; undefined: there is nothing (more) to say. */
  next(): Uint8Array | undefined {
    const speaking = this.#speaking;
    if (speaking === undefined) return undefined;
    const size = speaking.encoder.encode(speaking.sound, this.#frame);
    if (size === 0) {
      this.#speaking = undefined;
      speaking.done(true);
      return undefined;
    }
    if (this.#format?.codec === "L16") swapBytes(this.#frame, 0, size);
    return this.#frame.subarray(0, size);
  }

  /** 20 ms of silence; empty where we cannot make that format. */
  get silence(): Uint8Array {
    return this.#silence;
  }

  /** What is being said is cut off. */
  stop(): void {
    const speaking = this.#speaking;
    this.#speaking = undefined;
    speaking?.done(false);
  }
}

function silenceOf({ codec }: PayloadFormat, sizeBytes: number): Uint8Array {
  // G.711 §2, tables 1 and 2: the code of the least positive value.
  const code = codec === "PCMU" ? 0xff : codec === "PCMA" ? 0xd5 : codec === "G722" ? 0xfa : 0;
  return new Uint8Array(sizeBytes).fill(code);
}
