import { existsSync, mkdirSync, renameSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SeededRandom } from "../seeded-random.js";
import type { halves } from "./ggml-writer.js";
import { GgmlWriter, toHalf } from "./ggml-writer.js";
import { melFilters } from "./mel-filters.js";
import { syntheticVocabulary } from "./vocabulary.js";

/** Dimensions as OpenAI's models have them; `mini` is small enough for tests that are not about speed. */
const SIZES = {
  mini: { state: 64, heads: 1, audioLayers: 1, textLayers: 1 },
  tiny: { state: 384, heads: 6, audioLayers: 4, textLayers: 4 },
  base: { state: 512, heads: 8, audioLayers: 6, textLayers: 6 },
  small: { state: 768, heads: 12, audioLayers: 12, textLayers: 12 },
} as const;

export interface RandomWhisperOptions {
  readonly size: keyof typeof SIZES;
  /** Knows one language (`.en`) or all. */
  readonly multilingual?: boolean;
  /** Every decode ends after so many tokens: a random decoder would hardly ever end by itself. */
  readonly tokens: number;
  readonly seed?: number;
  /**
   * Where it is asked for timestamps, the token of that index is one: the first within a second, then in pairs (end of one, start of the next). Default: it
   * has none, as random ones would come all the time.
   */
  readonly stamps?: readonly (readonly [index: number, atMs: number])[];
  /** Default: a folder of the system's temporary one, kept from run to run. */
  readonly folder?: string;
}

const MAGIC = 0x67676d6c;
const AUDIO_CONTEXT = 1_500;
const TEXT_CONTEXT = 448;
const MELS = 80;
const SPREAD = 0.02;
/** Tokens of the task, of languages and of silence lie between the end of text and the first timestamp. */
const STAMPS_AFTER_END = 107;
/** How far the end-of-text direction stands out from the rest, and how much of it the end token has. */
const END_PUSH = 20;
const END_PULL = 4;
/** Every place has a direction of its own: else the decoder would say one word again and again, which is taken for rubbish. */
const WORD_PUSH = 20;
/** Timestamps have a little of it: before the end they are pushed away, at the end the end token is far ahead. */
const STAMP_END_PULL = 1.5;
/** One that is wanted has a direction of its own, and its place as well. */
const STAMP_PUSH = 20;
const STAMP_PULL = 3;
const STAMP_MS = 20;

/**
 * A Whisper model in whisper.cpp's format with random weights: it loads, and costs what a trained one of its size costs, to the
 * token. What it says means nothing. The same options give the same file, byte for byte.
 *
 * @returns Its path; made when it is not there yet.
 */
export function randomWhisper(options: RandomWhisperOptions): string {
  const { size, multilingual = false, tokens, seed = 1, stamps = [] } = options;
  const folder = options.folder ?? join(tmpdir(), "ringfence-test-models");
  const timed = stamps.map(([index, atMs]) => `-${index}at${atMs}`).join("");
  const name = `random3-${size}${multilingual ? "" : ".en"}-${tokens}-${seed}${timed}.bin`;
  const path = join(folder, name);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const next = `${path}.${process.pid}.${Math.trunc(performance.now() * 1_000)}`;
  const writer = new GgmlWriter(next);
  try {
    new RandomWhisper(writer, SIZES[size], multilingual, tokens, seed, stamps).write();
  } finally {
    writer.close();
  }
  renameSync(next, path);
  return path;
}

class RandomWhisper {
  readonly #writer: GgmlWriter;
  readonly #size: (typeof SIZES)[keyof typeof SIZES];
  readonly #multilingual: boolean;
  readonly #tokens: number;
  readonly #stamps: NonNullable<RandomWhisperOptions["stamps"]>;
  readonly #random: SeededRandom;
  /** Normal values with `SPREAD`, to draw from. */
  readonly #halves = new Uint16Array(65_536);
  readonly #floats = new Float32Array(65_536);

  constructor(
    writer: GgmlWriter,
    size: (typeof SIZES)[keyof typeof SIZES],
    multilingual: boolean,
    tokens: number,
    seed: number,
    stamps: NonNullable<RandomWhisperOptions["stamps"]>,
  ) {
    this.#writer = writer;
    this.#size = size;
    this.#multilingual = multilingual;
    this.#tokens = tokens;
    this.#stamps = stamps;
    this.#random = new SeededRandom(seed);
    for (let i = 0; i < 65_536; i++) {
      let sum = -6;
      for (let n = 0; n < 12; n++) sum += this.#random.next();
      this.#floats[i] = sum * SPREAD;
      this.#halves[i] = toHalf(sum * SPREAD);
    }
  }

  write(): void {
    const { state, heads, audioLayers, textLayers } = this.#size;
    const vocabulary = this.#multilingual ? 51_865 : 51_864;
    const writer = this.#writer;
    writer.ints(
      MAGIC,
      vocabulary,
      AUDIO_CONTEXT,
      state,
      heads,
      audioLayers,
      TEXT_CONTEXT,
      state,
      heads,
      textLayers,
      MELS,
      1,
    );
    const filters = melFilters(MELS);
    writer.ints(MELS, filters.length / MELS);
    writer.floats(filters);
    const words = syntheticVocabulary();
    writer.ints(words.length);
    for (const word of words) {
      writer.ints(word.length);
      writer.bytes(word);
    }
    this.#encoder(audioLayers, state);
    this.#decoder(textLayers, state, vocabulary);
  }

  #encoder(layers: number, state: number): void {
    this.#writer.tensor("encoder.positional_embedding", [state, AUDIO_CONTEXT], this.#float(state * AUDIO_CONTEXT));
    this.#writer.tensor("encoder.conv1.weight", [3, MELS, state], this.#half(3 * MELS * state));
    this.#writer.tensor("encoder.conv1.bias", [1, state], this.#float(state));
    this.#writer.tensor("encoder.conv2.weight", [3, state, state], this.#half(3 * state * state));
    this.#writer.tensor("encoder.conv2.bias", [1, state], this.#float(state));
    for (let i = 0; i < layers; i++) {
      const block = `encoder.blocks.${i}`;
      this.#attention(`${block}.attn`, state);
      this.#feedForward(block, state);
    }
    this.#norm("encoder.ln_post", state);
  }

  #decoder(layers: number, state: number, vocabulary: number): void {
    // One direction of the state stands for "the end": pushed away from at first, towards it from the last token on.
    const direction = this.#direction(state);
    const positions = this.#float(state * TEXT_CONTEXT);
    // The prompt of a multilingual model is two tokens longer: language and task.
    const last = this.#tokens + (this.#multilingual ? 3 : 1);
    for (let at = 0; at < TEXT_CONTEXT; at++) {
      const push = at < last ? -END_PUSH : END_PUSH;
      const word = this.#direction(state);
      direction.forEach((d, i) => {
        positions[at * state + i] = (positions[at * state + i] as number) + push * d + WORD_PUSH * (word[i] as number);
      });
    }
    const embedding = this.#half(vocabulary * state);
    const end = this.#multilingual ? 50_257 : 50_256;
    direction.forEach((d, i) => (embedding.half[end * state + i] = toHalf(END_PULL * d)));
    const stamp = end + STAMPS_AFTER_END;
    for (let token = stamp; token < vocabulary; token++) {
      direction.forEach((d, i) => (embedding.half[token * state + i] = toHalf(STAMP_END_PULL * d)));
    }
    for (const [index, atMs] of this.#stamps) {
      const at = index + (this.#multilingual ? 2 : 0);
      const token = stamp + atMs / STAMP_MS;
      this.#direction(state).forEach((s, i) => {
        positions[at * state + i] = (positions[at * state + i] as number) + STAMP_PUSH * s;
        embedding.half[token * state + i] = toHalf(STAMP_END_PULL * (direction[i] as number) + STAMP_PULL * s);
      });
    }
    this.#writer.tensor("decoder.positional_embedding", [state, TEXT_CONTEXT], positions);
    this.#writer.tensor("decoder.token_embedding.weight", [state, vocabulary], embedding);
    for (let i = 0; i < layers; i++) {
      const block = `decoder.blocks.${i}`;
      this.#attention(`${block}.attn`, state);
      this.#attention(`${block}.cross_attn`, state);
      this.#feedForward(block, state);
    }
    this.#norm("decoder.ln", state);
  }

  #direction(state: number): Float32Array {
    return Float32Array.from({ length: state }, () => (this.#random.next() < 0.5 ? -1 : 1) / Math.sqrt(state));
  }

  #attention(name: string, state: number): void {
    for (const part of ["query", "key", "value", "out"]) {
      this.#writer.tensor(`${name}.${part}.weight`, [state, state], this.#half(state * state));
      if (part !== "key") this.#writer.tensor(`${name}.${part}.bias`, [state], this.#float(state));
    }
    this.#norm(`${name}_ln`, state);
  }

  #feedForward(block: string, state: number): void {
    this.#writer.tensor(`${block}.mlp.0.weight`, [state, 4 * state], this.#half(4 * state * state));
    this.#writer.tensor(`${block}.mlp.0.bias`, [4 * state], this.#float(4 * state));
    this.#writer.tensor(`${block}.mlp.2.weight`, [4 * state, state], this.#half(4 * state * state));
    this.#writer.tensor(`${block}.mlp.2.bias`, [state], this.#float(state));
    this.#norm(`${block}.mlp_ln`, state);
  }

  #norm(name: string, state: number): void {
    this.#writer.tensor(`${name}.weight`, [state], new Float32Array(state).fill(1));
    this.#writer.tensor(`${name}.bias`, [state], this.#float(state));
  }

  #half(count: number): ReturnType<typeof halves> {
    return { half: this.#drawn(new Uint16Array(count), this.#halves) };
  }

  #float(count: number): Float32Array {
    return this.#drawn(new Float32Array(count), this.#floats);
  }

  /** A walk of its own: the seeded generator is too slow for a hundred million values. */
  #drawn<T extends Uint16Array | Float32Array>(to: T, from: T): T {
    let state = Math.trunc(this.#random.next() * 0xffffffff) | 1;
    for (let i = 0; i < to.length; i++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      to[i] = from[state & 0xffff] as number;
    }
    return to;
  }
}
