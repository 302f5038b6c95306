import { open, type FileHandle } from "node:fs/promises";
import { fail, ok, type Result } from "../../core/result.js";

export interface GgmlFacts {
  readonly kind: "whisper" | "voice-activity";
  /** A Whisper model that knows other languages than English. */
  readonly multilingual: boolean;
  readonly tensors: number;
}

export interface GgmlProblem {
  /** `cut-off`: it ends in the middle. `no-tensors`: nothing but a head. */
  readonly code: "ggml.not-one" | "ggml.cut-off" | "ggml.no-tensors" | "ggml.head" | "ggml.tensor";
  readonly atByte: number;
}

const MAGIC = 0x67676d6c;
/** `whisper.h`'s hyper-parameters behind the magic number. */
const HYPER_PARAMETERS = 11;
/** From this size of the vocabulary on whisper.cpp takes a model for one of all languages. */
const MULTILINGUAL_WORDS = 51_865;
const MOST_WORDS = 200_000;
const LONGEST_NAME = 256;
/** Bytes and elements of one block, by ggml's type number. */
const BLOCKS: Readonly<Record<number, readonly [bytes: number, elements: number]>> = {
  ...{ 0: [4, 1], 1: [2, 1], 2: [18, 32], 3: [20, 32], 6: [22, 32], 7: [24, 32], 8: [34, 32] },
};
const WINDOW_BYTES = 65_536;

/**
 * Walks through a model file without reading its weights: whisper.cpp itself takes one that ends behind its head for an empty
 * model, and hears nothing with it.
 */
export async function inspectGgml(path: string): Promise<Result<GgmlFacts, GgmlProblem>> {
  const file = await open(path, "r");
  try {
    const reader = new Reader(file, (await file.stat()).size);
    try {
      return await walk(reader);
    } catch (error) {
      if (error instanceof PastEnd) return fail({ code: "ggml.cut-off", atByte: reader.at });
      throw error;
    }
  } finally {
    await file.close();
  }
}

async function walk(reader: Reader): Promise<Result<GgmlFacts, GgmlProblem>> {
  const refuse = (code: GgmlProblem["code"]): Result<GgmlFacts, GgmlProblem> => fail({ code, atByte: reader.at });
  if ((await reader.uint()) !== MAGIC) return refuse("ggml.not-one");
  const first = await reader.uint();
  // A voice model begins with the length of its name, a Whisper one with the size of its vocabulary.
  const kind = first < LONGEST_NAME ? "voice-activity" : "whisper";
  const head = kind === "whisper" ? await skipWhisperHead(reader) : await skipVoiceHead(reader, first);
  if (!head) return refuse("ggml.head");
  let tensors = 0;
  for (; !reader.atEnd; tensors++) {
    const [dimensions, nameBytes, type] = [await reader.uint(), await reader.uint(), await reader.uint()];
    const block = BLOCKS[type];
    if (dimensions > 4 || nameBytes === 0 || nameBytes > LONGEST_NAME || block === undefined)
      return refuse("ggml.tensor");
    let elements = 1;
    for (let i = 0; i < dimensions; i++) elements *= await reader.uint();
    reader.skip(nameBytes + (elements / block[1]) * block[0]);
  }
  const multilingual = kind === "whisper" && first >= MULTILINGUAL_WORDS;
  return tensors === 0 ? refuse("ggml.no-tensors") : ok({ kind, multilingual, tensors });
}

async function skipWhisperHead(reader: Reader): Promise<boolean> {
  reader.skip(4 * (HYPER_PARAMETERS - 1));
  const [mels, bins] = [await reader.uint(), await reader.uint()];
  reader.skip(4 * mels * bins);
  const words = await reader.uint();
  if (words > MOST_WORDS) return false;
  for (let i = 0; i < words; i++) reader.skip(await reader.uint());
  return true;
}

/** Name, version, window, context, layers, then sizes. */
async function skipVoiceHead(reader: Reader, nameBytes: number): Promise<boolean> {
  reader.skip(nameBytes + 4 * 5);
  const layers = await reader.uint();
  if (layers > 64) return false;
  reader.skip(4 * (3 * layers + 4));
  return true;
}

class PastEnd extends Error {}

/** Reads numbers here and there in a large file, little-endian. */
class Reader {
  readonly #file: FileHandle;
  readonly #size: number;
  readonly #window = Buffer.alloc(WINDOW_BYTES);
  #windowAt = 0;
  #windowBytes = 0;
  #at = 0;

  constructor(file: FileHandle, size: number) {
    this.#file = file;
    this.#size = size;
  }

  get at(): number {
    return this.#at;
  }

  get atEnd(): boolean {
    return this.#at === this.#size;
  }

  skip(bytes: number): void {
    this.#at += bytes;
    if (!Number.isSafeInteger(this.#at) || this.#at > this.#size) throw new PastEnd();
  }

  async uint(): Promise<number> {
    const from = this.#at;
    this.skip(4);
    if (from < this.#windowAt || from + 4 > this.#windowAt + this.#windowBytes) {
      this.#windowAt = from;
      this.#windowBytes = (await this.#file.read(this.#window, 0, WINDOW_BYTES, from)).bytesRead;
      if (this.#windowBytes < 4) throw new PastEnd();
    }
    return this.#window.readUInt32LE(from - this.#windowAt);
  }
}
