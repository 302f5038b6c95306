import { GatewayError } from "../../../gateway/core/errors.js";
import { SPEECH_RATE_HZ, type PcmAudio } from "../../../gateway/media/audio.js";
import type {
  Transcriber,
  TranscribeOptions,
  Transcript,
  TranscriptToken,
} from "../../../gateway/ports/transcriber.js";
import { decodeTones, type HeardBurst } from "./decode-tones.js";

const LONGEST_MS = 30_000;

/** Hears tones of `encodeText` as the words they stand for; everything else, speech too, as nothing. */
export class ModemTranscriber implements Transcriber {
  readonly name = "tone modem";
  readonly concurrency = 4;
  readonly tellsTimes: boolean = true;
  #closed = false;

  async transcribe(audio: PcmAudio, options: TranscribeOptions, signal: AbortSignal): Promise<Transcript> {
    signal.throwIfAborted();
    if (this.#closed) throw new GatewayError("stt.unavailable", "the modem is closed");
    const { sampleRateHz, samples } = audio;
    if (sampleRateHz !== SPEECH_RATE_HZ || samples.length > (LONGEST_MS / 1_000) * sampleRateHz) {
      throw new GatewayError("stt.rejected", "audio has to be 16 kHz and at most 30 s");
    }
    // As from a real recogniser, the answer is never there in the same turn.
    await Promise.resolve();
    signal.throwIfAborted();
    const bursts = decodeTones(samples, sampleRateHz);
    const text = bursts.map((burst) => burst.text).join(" ");
    const language = options.language === undefined ? {} : { language: options.language };
    const mean = bursts.reduce((sum, burst) => sum + burst.intact, 0) / bursts.length;
    const confidence = bursts.length === 0 ? {} : { confidence: mean };
    return { text, ...language, ...confidence, tokens: bursts.flatMap(wordsOf) };
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }
}

function wordsOf({ text, intact, startMs, endMs }: HeardBurst): TranscriptToken[] {
  const msPerCharacter = (endMs - startMs) / text.length;
  const tokens: TranscriptToken[] = [];
  for (const match of text.matchAll(/\S+/g)) {
    const from = startMs + match.index * msPerCharacter;
    tokens.push({
      text: match[0],
      probability: intact,
      startMs: Math.round(from),
      endMs: Math.round(from + match[0].length * msPerCharacter),
    });
  }
  return tokens;
}
