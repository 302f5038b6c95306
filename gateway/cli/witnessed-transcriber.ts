import type { PcmAudio } from "../media/audio.js";
import type { Transcriber, TranscribeOptions, Transcript } from "../ports/transcriber.js";

/** Hands a recogniser's answers on, and remembers why it failed last. */
export class WitnessedTranscriber implements Transcriber {
  readonly name: string;
  readonly concurrency: number;
  readonly tellsTimes: boolean;
  readonly #transcriber: Transcriber;
  #failure: string | undefined;

  constructor(transcriber: Transcriber) {
    const { name, concurrency, tellsTimes } = transcriber;
    this.name = name;
    this.concurrency = concurrency;
    this.tellsTimes = tellsTimes;
    this.#transcriber = transcriber;
  }

  /** `stt.rejected: …`; undefined: it never failed. */
  get failure(): string | undefined {
    return this.#failure;
  }

  async transcribe(audio: PcmAudio, options: TranscribeOptions, signal: AbortSignal): Promise<Transcript> {
    try {
      return await this.#transcriber.transcribe(audio, options, signal);
    } catch (error) {
      if (!signal.aborted) this.#failure = wordsOf(error);
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#transcriber.close();
  }
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error && typeof error.code === "string" ? `${error.code}: ` : "";
  return `${code}${error.message}`;
}
