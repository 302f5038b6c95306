import type { FromChild, ToChild } from "../../core/child-service.js";
import { fromInt16, type ScoreWork } from "./recogniser-work.js";
import type { NativeAddon, NativeVoiceDetector } from "./whisper-engine.js";

/** Speakers whose memory is kept; the one unheard for longest is forgotten first. */
const MAX_STREAMS = 4_096;

/** The voice detector's side of the channel: one loaded model, a small memory for each speaker. */
export class ScoreService {
  readonly #detector: NativeVoiceDetector;
  readonly #memoryFloats: number;
  readonly #tell: (message: FromChild) => void;
  readonly #memories = new Map<number, Float32Array>();

  /** @throws Error when the model does not load. */
  constructor(addon: NativeAddon, modelPath: string, tell: (message: FromChild) => void) {
    this.#tell = tell;
    this.#detector = new addon.VoiceDetector(modelPath);
    this.#memoryFloats = this.#detector.describe().memoryFloats;
  }

  get stepSamples(): number {
    return this.#detector.describe().stepSamples;
  }

  get streams(): number {
    return this.#memories.size;
  }

  /** A detector answers at once: there is nothing to cancel. */
  accept(message: ToChild): void {
    if (message.kind === "cancel") return;
    const { id } = message;
    try {
      this.#tell({ kind: "done", id, value: this.#score(message.payload as ScoreWork) });
    } catch (error) {
      const text = error instanceof Error ? error.message : "failed";
      this.#tell({ kind: "failed", id, code: "stt.unavailable", message: text });
    }
  }

  close(): void {
    this.#memories.clear();
    this.#detector.close();
  }

  #score({ streamIds, counts, samples, forget }: ScoreWork): Float32Array {
    for (const streamId of forget) this.#memories.delete(streamId);
    const scores: number[] = [];
    let at = 0;
    streamIds.forEach((streamId, i) => {
      const count = counts[i] ?? 0;
      scores.push(...this.#detector.score(fromInt16(samples.subarray(at, at + count)), this.#memoryOf(streamId)));
      at += count;
    });
    return Float32Array.from(scores);
  }

  #memoryOf(streamId: number): Float32Array {
    const memory = this.#memories.get(streamId) ?? new Float32Array(this.#memoryFloats);
    this.#memories.delete(streamId);
    this.#memories.set(streamId, memory);
    for (const oldest of this.#memories.keys()) {
      if (this.#memories.size <= MAX_STREAMS) break;
      this.#memories.delete(oldest);
    }
    return memory;
  }
}
