import { closeSync, openSync, writeSync } from "node:fs";
import { SeededRandom } from "./seeded-random.js";

export interface RandomGgufOptions {
  readonly embedding: number;
  readonly layers: number;
  readonly heads: number;
  readonly feedForward: number;
  readonly contextTokens: number;
}
export const TINY_GGUF: RandomGgufOptions = {
  embedding: 64,
  layers: 2,
  heads: 4,
  feedForward: 128,
  contextTokens: 8_192,
};

const ALIGNMENT = 32;
const TYPE = { u32: 4, f32: 6, bool: 7, string: 8, array: 9 } as const;
/** Token types of GGUF's SentencePiece vocabulary. */
const NORMAL = 1;
const UNKNOWN = 2;
const CONTROL = 3;
const BYTE = 6;

const u32 = (value: number): Buffer => {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
};
const i32 = (value: number): Buffer => {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32LE(value);
  return buffer;
};
const f32 = (value: number): Buffer => {
  const buffer = Buffer.alloc(4);
  buffer.writeFloatLE(value);
  return buffer;
};
const u64 = (value: number): Buffer => {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt(value));
  return buffer;
};
const text = (value: string): Buffer => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);
const aligned = (size: number): number => Math.ceil(size / ALIGNMENT) * ALIGNMENT;

interface Token {
  readonly piece: string;
  readonly type: number;
}

/** Bytes, printable ASCII and ChatML's control tokens: enough for every text, and for a template worth attacking. */
function vocabulary(): readonly Token[] {
  const tokens: Token[] = [
    { piece: "<unk>", type: UNKNOWN },
    { piece: "<s>", type: CONTROL },
    { piece: "</s>", type: CONTROL },
    { piece: "<|im_start|>", type: CONTROL },
    { piece: "<|im_end|>", type: CONTROL },
  ];
  for (let byte = 0; byte < 256; byte++) {
    tokens.push({ piece: `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`, type: BYTE });
  }
  tokens.push({ piece: "▁", type: NORMAL });
  for (let code = 33; code < 127; code++) tokens.push({ piece: String.fromCharCode(code), type: NORMAL });
  return tokens;
}

const TEMPLATE =
  "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

/**
 * Writes a llama-architecture GGUF file (version 3) with random weights: it loads and computes like a real one, and what it
 * says means nothing. Source: github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
export function writeRandomGguf(path: string, options: RandomGgufOptions = TINY_GGUF, seed = 42): void {
  const tokens = vocabulary();
  const pairs = header(options, tokens);
  const tensors = tensorsOf(options, tokens.length);
  const infos: Buffer[] = [];
  let offset = 0;
  for (const { name, shape, ones } of tensors) {
    infos.push(text(name), u32(shape.length), ...shape.map(u64), u32(ones ? 0 : 1), u64(offset));
    offset += aligned(elements(shape) * (ones ? 4 : 2));
  }
  const head = Buffer.concat([Buffer.from("GGUF"), u32(3), u64(tensors.length), u64(pairs.length), ...pairs, ...infos]);
  const file = openSync(path, "w");
  try {
    writeSync(file, head);
    writeSync(file, Buffer.alloc(aligned(head.length) - head.length));
    const random = new SeededRandom(seed);
    for (const tensor of tensors) writeSync(file, weights(tensor, random));
  } finally {
    closeSync(file);
  }
}

function header(options: RandomGgufOptions, tokens: readonly Token[]): Buffer[] {
  const { embedding, layers, heads, feedForward, contextTokens } = options;
  const pair = (key: string, type: number, value: Buffer): Buffer => Buffer.concat([text(key), u32(type), value]);
  const number = (key: string, value: number): Buffer => pair(key, TYPE.u32, u32(value));
  const words = (key: string, value: string): Buffer => pair(key, TYPE.string, text(value));
  const list = (key: string, type: number, values: readonly Buffer[]): Buffer =>
    pair(key, TYPE.array, Buffer.concat([u32(type), u64(values.length), ...values]));
  const int32 = 5;
  return [
    words("general.architecture", "llama"),
    words("general.name", "random"),
    number("general.file_type", 1),
    number("general.alignment", ALIGNMENT),
    number("llama.context_length", contextTokens),
    number("llama.embedding_length", embedding),
    number("llama.block_count", layers),
    number("llama.feed_forward_length", feedForward),
    number("llama.attention.head_count", heads),
    number("llama.attention.head_count_kv", heads),
    pair("llama.attention.layer_norm_rms_epsilon", TYPE.f32, f32(1e-5)),
    number("llama.rope.dimension_count", embedding / heads),
    number("llama.vocab_size", tokens.length),
    words("tokenizer.ggml.model", "llama"),
    words("tokenizer.ggml.pre", "default"),
    list(
      "tokenizer.ggml.tokens",
      TYPE.string,
      tokens.map(({ piece }) => text(piece)),
    ),
    list(
      "tokenizer.ggml.scores",
      TYPE.f32,
      tokens.map((_, i) => f32(-i)),
    ),
    list(
      "tokenizer.ggml.token_type",
      int32,
      tokens.map(({ type }) => i32(type)),
    ),
    number("tokenizer.ggml.bos_token_id", 1),
    number("tokenizer.ggml.eos_token_id", 4),
    number("tokenizer.ggml.unknown_token_id", 0),
    pair("tokenizer.ggml.add_bos_token", TYPE.bool, Buffer.from([1])),
    pair("tokenizer.ggml.add_eos_token", TYPE.bool, Buffer.from([0])),
    words("tokenizer.chat_template", TEMPLATE),
  ];
}

interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** A norm: all ones, 32 bits; else random, 16 bits. */
  readonly ones: boolean;
}

function tensorsOf({ embedding, layers, feedForward }: RandomGgufOptions, words: number): readonly Tensor[] {
  const random = (name: string, ...shape: number[]): Tensor => ({ name: `${name}.weight`, shape, ones: false });
  const norm = (name: string): Tensor => ({ name: `${name}.weight`, shape: [embedding], ones: true });
  const tensors = [random("token_embd", embedding, words)];
  for (let i = 0; i < layers; i++) {
    const block = `blk.${i}`;
    tensors.push(
      norm(`${block}.attn_norm`),
      ...["q", "k", "v", "output"].map((part) => random(`${block}.attn_${part}`, embedding, embedding)),
      norm(`${block}.ffn_norm`),
      random(`${block}.ffn_gate`, embedding, feedForward),
      random(`${block}.ffn_up`, embedding, feedForward),
      random(`${block}.ffn_down`, feedForward, embedding),
    );
  }
  return [...tensors, norm("output_norm"), random("output", embedding, words)];
}

const elements = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

function weights({ shape, ones }: Tensor, random: SeededRandom): Buffer {
  const count = elements(shape);
  const buffer = Buffer.alloc(aligned(count * (ones ? 4 : 2)));
  for (let i = 0; i < count; i++) {
    if (ones) buffer.writeFloatLE(1, i * 4);
    else buffer.writeUInt16LE(half((random.next() - 0.5) * 0.2), i * 2);
  }
  return buffer;
}

/** IEEE 754 half precision, of small normal numbers; what is smaller becomes zero. */
function half(value: number): number {
  const bits = new Uint32Array(new Float32Array([value]).buffer)[0] as number;
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 112;
  return exponent <= 0 ? sign : sign | (exponent << 10) | ((bits >>> 13) & 0x3ff);
}
