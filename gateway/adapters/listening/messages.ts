import type { TranscriptLine, Turn, TurnVerdict } from "../../../detection/index.js";
import type { PayloadFormat } from "../../core/payload-format.js";
import type { LinkFromWorker, LinkToWorker } from "../../core/worker-link.js";
import type { AnalysisOrder, AudioAnalysis } from "../../ports/audio-analysis.js";
import type { HeardStream } from "../../ports/heard-streams.js";
import type { HeardCall } from "../../ports/listening.js";
import type { SpeechPiece } from "../../ports/speech-keeper.js";

/** A call as the listening thread needs to know it. */
export interface TalkToHear extends Omit<HeardCall, "parties"> {
  /** What an earlier worker has told of it; undefined: nothing. */
  readonly resumed?: {
    readonly zeroAt: number | undefined;
    readonly nextSegment: number;
    readonly turns: readonly Turn[];
  };
}

/** What the main thread asks, each with an answer. */
export interface Requests {
  analyze: { readonly args: AnalysisOrder; readonly answer: AudioAnalysis };
  /** prom-client's JSON form of the listening thread's registry. */
  metrics: { readonly args: undefined; readonly answer: readonly unknown[] };
}

export type ToListener =
  | { readonly kind: "call.open"; readonly call: TalkToHear }
  | { readonly kind: "call.risk"; readonly callId: string; readonly risk: number }
  | { readonly kind: "call.close"; readonly callId: string }
  | { readonly kind: "stream.open"; readonly streamId: number; readonly stream: HeardStream }
  | { readonly kind: "stream.change"; readonly streamId: number; readonly formats: readonly PayloadFormat[] }
  | { readonly kind: "stream.close"; readonly streamId: number }
  /** Read packets from there too. */
  | { readonly kind: "ring"; readonly ring: SharedArrayBuffer }
  | LinkToWorker<Requests>;

/** How the listening thread is, for people. */
export interface ListenerState {
  readonly recogniser: string;
  readonly voiceActivity: string;
  /** Undefined: not measured (yet), or it could not be. */
  readonly capacityTalkers: number | undefined;
  readonly realTimeFactor: number | undefined;
  readonly calls: number;
  readonly shedCalls: number;
  readonly queueSeconds: number;
  /** The recogniser answers. */
  readonly ok: boolean;
}

export type FromListener =
  | { readonly kind: "ready"; readonly state: ListenerState }
  | LinkFromWorker<Requests>
  | { readonly kind: "line"; readonly line: TranscriptLine }
  | {
      readonly kind: "verdict";
      readonly callId: string;
      readonly verdict: TurnVerdict;
      readonly turns: readonly Turn[];
    }
  | { readonly kind: "ended"; readonly callId: string }
  | { readonly kind: "shed"; readonly callId: string; readonly shed: boolean }
  /** What was said, muted where it was redacted; only where the operator wants it to be kept. Its samples are handed over. */
  | { readonly kind: "speech"; readonly piece: SpeechPiece }
  /** A call's audio has begun. Monotonic clock of the process. */
  | { readonly kind: "began"; readonly callId: string; readonly at: number }
  /** The recogniser's capacity is known. */
  | { readonly kind: "state"; readonly state: ListenerState }
  | { readonly kind: "pong"; readonly state: ListenerState };

/** What the worker finds in `workerData`. */
export interface ListenerStart<Options> {
  readonly options: Options;
  readonly rings: readonly SharedArrayBuffer[];
  /** Of an earlier worker: what was measured need not be measured again. */
  readonly capacity: { readonly talkers: number; readonly realTimeFactor: number } | undefined;
}
