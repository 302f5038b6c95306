import type { SegmentEnd, Speaker } from "../../detection/index.js";
import type { Clock } from "../core/clock.js";
import { monoMs } from "../core/time.js";
import type { HeardTalk, TalkOptions } from "./heard-talk.js";
import type { ListeningEvents } from "./listening-events.js";
import { SpeakerText } from "./speaker-text.js";
import type { SpeechMetrics } from "./speech-metrics.js";
import type { SpeechTrack, TrackSink } from "./speech-track.js";
import { SpeechWindows } from "./speech-windows.js";
import type { TranscriptionDesk } from "./transcription-desk.js";
import type { WindowTrust } from "./window-trust.js";

export interface FileOptions
  extends Omit<TalkOptions, "isFile" | "resumed">, Pick<ListeningEvents, "onLine" | "onVerdict"> {
  /** One a channel. */
  readonly speakers: readonly Speaker[];
  /** Its texts are wanted as they come: stretches are not packed. */
  readonly realTime: boolean;
  onStretch(speaker: Speaker, segment: number, startMs: number, endMs: number, why: SegmentEnd): void;
}

export interface FileDeps {
  readonly desk: TranscriptionDesk;
  /** Undefined: every stretch is decoded by itself. */
  readonly windows: WindowTrust | undefined;
  readonly clock: Clock;
  readonly metrics: SpeechMetrics;
  readonly talk: HeardTalk;
  readonly tailMs: number;
  readonly makeTrack: (index: number, sink: TrackSink) => SpeechTrack;
}

/** Jobs and steps of a file that wait: more sound only makes memory full. */
const MOST_JOBS = 2;
const MOST_STEPS = 8;

interface Channel {
  readonly track: SpeechTrack;
  readonly text: SpeakerText;
  readonly windows: SpeechWindows | undefined;
}

/** A recording that is listened to: PCM in, the same events out as of a call. */
export class HeardFile {
  readonly #deps: FileDeps;
  readonly #channels: readonly Channel[];
  #closed = false;

  constructor(options: FileOptions, deps: FileDeps) {
    this.#deps = deps;
    deps.talk.begin(monoMs(deps.clock.mono()));
    this.#channels = options.speakers.map((speaker, index) => {
      const { desk, clock, metrics, talk, tailMs } = deps;
      const windows = deps.windows && new SpeechWindows(desk, deps.windows);
      const text = new SpeakerText({
        speaker,
        call: talk,
        desk: windows ?? desk,
        clock,
        metrics,
        tailMs,
        onStretch: (segment, startMs, endMs, why) => options.onStretch(speaker, segment, startMs, endMs, why),
      });
      return { text, windows, track: deps.makeTrack(index, text) };
    });
  }

  /** Push no more for now. */
  get busy(): boolean {
    const { desk, talk } = this.#deps;
    return (
      desk.waitingOf(talk.callId) >= MOST_JOBS || this.#channels.some(({ track }) => track.waitingSteps > MOST_STEPS)
    );
  }

  /** What was pushed is still being cut into stretches. */
  get cutting(): boolean {
    return this.#channels.some(({ track }) => track.waitingSteps > 0);
  }

  /** Texts are still on their way. */
  get pending(): boolean {
    return this.#deps.talk.comingLines > 0 || this.cutting;
  }

  get talk(): HeardTalk {
    return this.#deps.talk;
  }

  /** @param samples 16 kHz, from `startMs` on, half a second at most. */
  push(channel: number, startMs: number, samples: Float32Array): void {
    this.#channels[channel]?.track.push(startMs, samples);
    this.#channels[channel]?.windows?.heardUntil(startMs);
  }

  /** That was all. */
  end(): void {
    for (const { track } of this.#channels) track.end();
  }

  /** No further stretch will come: what waits for others to be decoded with goes. */
  flush(): void {
    for (const { windows } of this.#channels) windows?.flush();
  }

  /** Safe to call twice. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#deps.talk.close();
    for (const { track, text, windows } of this.#channels) {
      windows?.close();
      text.close();
      track.close();
    }
    this.#deps.desk.dropCall(this.#deps.talk.callId);
  }
}
