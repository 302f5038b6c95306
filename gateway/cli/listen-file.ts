import { builtInWeights, Redactor, ThreatClassifier, type Speaker, type TurnVerdict } from "../../detection/index.js";
import { SystemClock } from "../adapters/system/system-clock.js";
import { EnergyVoiceActivity } from "../adapters/voice-activity-energy/energy-voice-activity.js";
import type { SpeechConfig } from "../config/speech-schema.js";
import { GatewayError } from "../core/errors.js";
import { silentLog } from "../core/log.js";
import { noMetrics } from "../core/metrics.js";
import { printable } from "../core/printable.js";
import { pureDecoders } from "../media/decode/create-pure-decoder.js";
import { SpeechDecoders } from "../media/decode/speech-decoder.js";
import { analyzeAudio } from "../pipeline/analyze-audio.js";
import { ListeningCore } from "../pipeline/listening-core.js";
import type { AnalyzedSegment, AudioAnalysis } from "../ports/audio-analysis.js";
import type { Transcriber } from "../ports/transcriber.js";
import { openSpeechEngine, openVoiceActivity, type SpeechEngine } from "../workers/speech-engine.js";
import { engineOptions, listeningOptions, voiceActivityOptions } from "../workers/start-listening.js";
import { segmentLine, summaryLine, verdictLine } from "./listen-text.js";
import { WitnessedTranscriber } from "./witnessed-transcriber.js";

export interface ListenFileOptions {
  readonly speech: SpeechConfig;
  /** As `privacy.redactPhones`. */
  readonly redactPhones: boolean;
  readonly speakers: readonly Speaker[] | undefined;
  readonly json: boolean;
  readonly realTime: boolean;
  readonly print: (line: string) => void;
  readonly complain: (line: string) => void;
}

const MAX_SECONDS = 86_400;
const KEEP_ALIVE_MS = 1_000;

/** Stands in where there is no recogniser: nothing becomes text. */
const noTranscriber: Transcriber = {
  name: "none",
  concurrency: 1,
  tellsTimes: false,
  transcribe: () => Promise.reject(new GatewayError("stt.rejected", "there is no recogniser")),
  close: () => Promise.resolve(),
};

/** Listens to it and prints what comes. @returns The exit status, see `listen`. */
export async function listenToFile(wav: Uint8Array, options: ListenFileOptions): Promise<number> {
  // Our clock's timers do not keep a process alive.
  const alive = setInterval(() => undefined, KEEP_ALIVE_MS);
  const clock = new SystemClock();
  let engine: SpeechEngine | undefined;
  let core: ListeningCore | undefined;
  try {
    const { speech, redactPhones } = options;
    const opened = await open(speech, clock);
    engine = opened.engine;
    const witness = new WitnessedTranscriber(engine.transcriber);
    core = makeCore(speech, { ...engine, transcriber: witness }, clock, redactPhones);
    const analysis = await analyze(wav, options, core, engine, clock);
    print(options, analysis);
    const why = opened.missing === undefined ? wordless(analysis, witness) : `no text: ${opened.missing}`;
    if (why !== undefined) options.complain(printable(why));
    return why === undefined ? 0 : 1;
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    options.complain(`${error.code}: ${error.message}`);
    return error.code === "audio.invalid" || error.code === "config.invalid" ? 2 : 1;
  } finally {
    core?.close();
    await engine?.close();
    clearInterval(alive);
  }
}

/** @returns Undefined: every stretch has its text. */
function wordless({ segments }: AudioAnalysis, { failure }: WitnessedTranscriber): string | undefined {
  const count = segments.filter(({ text }) => text === undefined).length;
  if (count === 0) return undefined;
  return `${count} of ${segments.length} stretches have no text: ${failure ?? "the recogniser made nothing of them"}`;
}

/** @returns `missing`: there is no recogniser, and what to do about it. */
async function open(
  speech: SpeechConfig,
  clock: SystemClock,
): Promise<{ readonly engine: SpeechEngine; readonly missing: string | undefined }> {
  const deps = { clock, log: silentLog };
  try {
    if (speech.engine === "none") throw new GatewayError("model.missing", "speech.engine is none");
    return { engine: await openSpeechEngine(engineOptions(speech), deps), missing: undefined };
  } catch (error) {
    if (!(error instanceof GatewayError) || !error.code.startsWith("model.")) throw error;
    const voiceActivity = await openVoiceActivity(voiceActivityOptions(speech), deps).catch(
      () => new EnergyVoiceActivity(),
    );
    const engine = {
      transcriber: noTranscriber,
      voiceActivity,
      rejectTones: undefined,
      close: () => voiceActivity.close(),
    };
    return { engine, missing: `${error.code}: ${error.message}` };
  }
}

function makeCore(
  speech: SpeechConfig,
  engine: SpeechEngine,
  clock: SystemClock,
  redactPhones: boolean,
): ListeningCore {
  const decoders = new SpeechDecoders(pureDecoders());
  const nothing = (): undefined => undefined;
  const options = listeningOptions(speech);
  return new ListeningCore(
    {
      clock,
      metrics: noMetrics,
      log: silentLog,
      transcriber: engine.transcriber,
      voiceActivity: engine.voiceActivity,
      ownDetector: new EnergyVoiceActivity(),
      judges: new ThreatClassifier(builtInWeights()),
      makeRedactor: () => new Redactor({ phones: redactPhones }),
      makeDecoder: () => decoders.open(),
      events: { onLine: nothing, onVerdict: nothing, onShed: nothing, onEnded: nothing, onBegan: nothing },
    },
    { ...options, rejectSteady: engine.rejectTones ?? options.rejectSteady },
  );
}

function analyze(
  wav: Uint8Array,
  { speakers, json, realTime, print: say, speech }: ListenFileOptions,
  core: ListeningCore,
  engine: SpeechEngine,
  clock: SystemClock,
): Promise<AudioAnalysis> {
  const { language } = speech;
  const tell = (text: string, object: object): void => say(json ? JSON.stringify(object) : text);
  // For people a stretch is one line: with its text, or alone where it has none.
  const isAlone = engine.transcriber === noTranscriber;
  const onStretch = (segment: AnalyzedSegment): void => {
    if (json || isAlone) tell(segmentLine(segment), { kind: "segment", ...segment });
  };
  const onSegment = (segment: AnalyzedSegment): void => {
    if (json || !isAlone) tell(segmentLine(segment), { kind: "line", ...segment });
  };
  const onVerdict = (verdict: TurnVerdict): void => tell(verdictLine(verdict), { kind: "verdict", verdict });
  const names = { recogniser: engine.transcriber.name, voiceActivity: engine.voiceActivity.name };
  return analyzeAudio(
    wav,
    {
      maxSeconds: MAX_SECONDS,
      realTime,
      ...(speakers === undefined ? {} : { speakers }),
      ...(language === undefined ? {} : { language }),
      onStretch,
      onSegment,
      onVerdict,
    },
    { core, clock, ...names },
    new AbortController().signal,
  );
}

function print({ json, print: say }: ListenFileOptions, analysis: AudioAnalysis): void {
  say(json ? JSON.stringify({ kind: "summary", ...analysis }) : summaryLine(analysis));
}
