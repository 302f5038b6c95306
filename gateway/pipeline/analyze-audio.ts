import type { Speaker, TranscriptLine, TurnVerdict } from "../../detection/index.js";
import type { Clock } from "../core/clock.js";
import { GatewayError } from "../core/errors.js";
import { monoMs } from "../core/time.js";
import { SPEECH_RATE_HZ } from "../media/audio.js";
import { designKernel } from "../media/resample/design-kernel.js";
import { Resampler } from "../media/resample/resampler.js";
import { openWav, wavErrorText, type WavFile } from "../media/wav/read-wav.js";
import type { AnalyzedSegment, AudioAnalysis } from "../ports/audio-analysis.js";
import type { HeardFile } from "./heard-file.js";
import type { ListeningCore } from "./listening-core.js";

export interface AnalysisOptions {
  readonly speakers?: readonly Speaker[];
  readonly language?: string;
  /** Longer files are refused, s. */
  readonly maxSeconds: number;
  /** Told as they come, for those who show them: a stretch of speech is over; it has its text; the classifier has seen it. */
  readonly onStretch?: (segment: AnalyzedSegment) => void;
  readonly onSegment?: (segment: AnalyzedSegment) => void;
  readonly onVerdict?: (verdict: TurnVerdict) => void;
  /** Not faster than it was spoken. */
  readonly realTime?: boolean;
}

export interface AnalysisDeps {
  readonly core: ListeningCore;
  readonly clock: Clock;
  readonly recogniser: string;
  readonly voiceActivity: string;
}

/** Sound is handed over in pieces of so much, ms; between them others have their turn. */
const PIECE_MS = 200;
const WAIT_MS = 5;
const MANY_CHANNELS = 2;

/**
 * Listens to a recording as if it were a call: the same detectors, the same recogniser, the same classifier, after all live calls.
 * @param wav Not kept.
 * @throws GatewayError `audio.invalid`, `stt.language`; the signal's reason.
 */
export async function analyzeAudio(
  wav: Uint8Array,
  options: AnalysisOptions,
  deps: AnalysisDeps,
  signal: AbortSignal,
): Promise<AudioAnalysis> {
  const sound = soundOf(wav, options.maxSeconds);
  const { channels, truncated } = sound;
  const speakers = options.speakers ?? (["caller", "callee"] as const).slice(0, channels);
  if (channels > MANY_CHANNELS) throw invalid(`it has ${channels} channels; one or two speakers can be heard`);
  if (speakers.length !== channels) {
    throw invalid(`it has ${channels} channels, ${speakers.length} speakers are named (one or two)`);
  }
  const collector = new Collector(options);
  const file = deps.core.openFile({
    callId: "file",
    risk: 0,
    calledSide: speakers.includes("agent") ? "agent" : "callee",
    speakers,
    realTime: options.realTime === true,
    ...(options.language === undefined ? {} : { language: options.language }),
    onLine: (line) => collector.line(line),
    onVerdict: (_callId, verdict) => collector.verdict(verdict),
    onStretch: (speaker, segment, startMs, endMs) => collector.stretch({ speaker, segment, startMs, endMs }),
  });
  try {
    await play(file, sound, options.realTime === true, deps.clock, signal);
    const { turns } = file.talk;
    const durationMs = Math.round((sound.frames * 1_000) / sound.sampleRateHz);
    const { recogniser, voiceActivity } = deps;
    return {
      durationMs,
      truncated,
      segments: collector.segments(),
      turns,
      verdict: collector.worst,
      recogniser,
      voiceActivity,
    };
  } finally {
    file.close();
  }
}

/** The header says how long it is: what is too long is not decoded. */
function soundOf(wav: Uint8Array, maxSeconds: number): WavFile {
  const opened = openWav(wav);
  if (!opened.ok) throw invalid(wavErrorText(opened.error));
  const seconds = opened.value.frames / opened.value.sampleRateHz;
  if (seconds > maxSeconds) throw invalid(`it is ${Math.ceil(seconds)} s long, ${maxSeconds} s are allowed`);
  return opened.value;
}

const invalid = (why: string): GatewayError => new GatewayError("audio.invalid", `the audio cannot be read: ${why}`);

async function play(
  file: HeardFile,
  sound: WavFile,
  realTime: boolean,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const wait = (ms: number): Promise<void> =>
    new Promise((resolve) => void clock.callAt(monoMs(clock.mono() + ms), resolve));
  const during = async (goesOn: () => boolean): Promise<void> => {
    while (goesOn()) {
      signal.throwIfAborted();
      await wait(WAIT_MS);
    }
  };
  const sounds = Array.from({ length: sound.channels }, (_, channel) => new PiecewiseSound(sound, channel));
  const startedAt = clock.mono();
  for (let atMs = 0; sounds.some(({ over }) => !over); atMs += PIECE_MS) {
    sounds.forEach((each, channel) => each.next((startMs, piece) => file.push(channel, startMs, piece)));
    const aheadMs = realTime ? startedAt + atMs + PIECE_MS - clock.mono() : 0;
    await wait(Math.max(0, aheadMs));
    await during(() => file.busy);
    signal.throwIfAborted();
  }
  file.end();
  await during(() => file.cutting);
  file.flush();
  await during(() => file.pending);
}

/** A channel at 16 kHz, piece by piece: a long file is not decoded at once while live calls wait. */
class PiecewiseSound {
  readonly #sound: WavFile;
  readonly #channel: number;
  readonly #piece: Float32Array;
  readonly #resampler: Resampler | undefined;
  readonly #output: Float32Array;
  #at = 0;
  /** Of what comes next, ms: the filter's delay is taken off. */
  #startMs = 0;

  constructor(sound: WavFile, channel: number) {
    const { sampleRateHz } = sound;
    this.#sound = sound;
    this.#channel = channel;
    this.#piece = new Float32Array(Math.ceil((PIECE_MS * sampleRateHz) / 1_000));
    const kernel = sampleRateHz === SPEECH_RATE_HZ ? undefined : designKernel(sampleRateHz, SPEECH_RATE_HZ);
    if (kernel === undefined && sampleRateHz !== SPEECH_RATE_HZ) {
      throw invalid(`a rate of ${sampleRateHz} Hz is not supported`);
    }
    this.#resampler = kernel === undefined ? undefined : new Resampler(kernel);
    this.#output = new Float32Array(this.#resampler?.mostFor(this.#piece.length) ?? 0);
    this.#startMs = -(kernel?.delayMs ?? 0);
  }

  get over(): boolean {
    return this.#at >= this.#sound.frames;
  }

  next(take: (startMs: number, piece: Float32Array) => void): void {
    if (this.over) return;
    const input = this.#piece.subarray(0, this.#sound.read(this.#channel, this.#at, this.#piece));
    this.#at += input.length;
    const count = this.#resampler?.process(input, this.#output) ?? input.length;
    const piece = this.#resampler === undefined ? input : this.#output.subarray(0, count);
    take(this.#startMs, piece);
    this.#startMs += (count * 1_000) / SPEECH_RATE_HZ;
  }
}

type Found = Omit<AnalyzedSegment, "text" | "confidence" | "language">;

/** Stretches and their texts, put together. */
class Collector {
  worst: TurnVerdict | undefined;
  readonly #options: AnalysisOptions;
  readonly #segments = new Map<number, AnalyzedSegment>();

  constructor(options: AnalysisOptions) {
    this.#options = options;
  }

  stretch({ startMs, endMs, ...found }: Found): void {
    const rounded = { ...found, startMs: Math.max(0, Math.round(startMs)), endMs: Math.round(endMs) };
    const stretch = { ...rounded, text: undefined };
    this.#segments.set(found.segment, stretch);
    this.#options.onStretch?.(stretch);
  }

  line({ segment, speaker, startMs, endMs, text, confidence, language }: TranscriptLine): void {
    const said: AnalyzedSegment = {
      segment,
      speaker,
      startMs,
      endMs,
      text: text === "" ? undefined : text,
      ...(confidence === undefined ? {} : { confidence }),
      ...(language === undefined ? {} : { language }),
    };
    this.#segments.set(segment, said);
    this.#options.onSegment?.(said);
  }

  verdict(verdict: TurnVerdict): void {
    if (this.worst === undefined || verdict.score >= this.worst.score) this.worst = verdict;
    this.#options.onVerdict?.(verdict);
  }

  segments(): readonly AnalyzedSegment[] {
    return [...this.#segments.values()].sort((a, b) => a.segment - b.segment);
  }
}
