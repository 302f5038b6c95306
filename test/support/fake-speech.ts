import type { Speaker, ThreatState, Turn, TurnVerdict } from "../../detection/index.js";
import { GatewayError } from "../../gateway/core/errors.js";
import type { PcmAudio } from "../../gateway/media/audio.js";
import type { DialogueJudge, DialogueJudges } from "../../gateway/pipeline/dialogue-judge.js";
import type { Transcriber, TranscribeOptions, Transcript } from "../../gateway/ports/transcriber.js";
import { VAD_STEP_SAMPLES, type VoiceActivity } from "../../gateway/ports/voice-activity.js";

/** Lets everything that is ready to go on do so; waits for nothing. */
export const turnsOfLoop = async (count = 3): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
};

interface Asked {
  readonly audio: PcmAudio;
  readonly options: TranscribeOptions;
  readonly signal: AbortSignal;
  readonly answer: (text: string, more?: Partial<Transcript>) => void;
  /** Something that is no transcript. */
  readonly answerWith: (rubbish: unknown) => void;
  readonly fail: (error: Error) => void;
}

/** A recogniser that a test answers for. With `auto` it answers by itself, at once: with what `auto` says. */
export class FakeTranscriber implements Transcriber {
  readonly name = "fake";
  concurrency = 2;
  tellsTimes = false;
  onlyLanguage: string | undefined;
  auto: ((audio: PcmAudio, options: TranscribeOptions) => string) | undefined;
  /** It notices an abort; a hung one does not. */
  heedsAbort = true;
  readonly asked: Asked[] = [];
  closed = 0;

  transcribe(audio: PcmAudio, options: TranscribeOptions, signal: AbortSignal): Promise<Transcript> {
    return new Promise((resolve, reject) => {
      const answer = (text: string, more: Partial<Transcript> = {}): void => resolve({ text, tokens: [], ...more });
      const answerWith = (rubbish: unknown): void => resolve(rubbish as Transcript);
      if (this.heedsAbort) signal.addEventListener("abort", () => reject(signal.reason as Error));
      this.asked.push({ audio, options, signal, answer, answerWith, fail: reject });
      if (this.auto !== undefined) answer(this.auto(audio, options));
    });
  }

  /** Requests that nobody has given up. */
  get waiting(): readonly Asked[] {
    return this.asked.filter(({ signal }) => !signal.aborted);
  }

  close(): Promise<void> {
    this.closed++;
    return Promise.resolve();
  }
}

/** Takes for speech what is loud; or whatever a test says. */
export class FakeVoiceActivity implements VoiceActivity {
  readonly name = "fake";
  readonly forgotten: number[] = [];
  calls = 0;
  mode: "at-once" | "later" | "fails" | "hangs" | "rubbish" | "throws" = "at-once";
  #later: (() => void)[] = [];

  score(_streamId: number, samples: Float32Array): Float32Array | Promise<Float32Array> {
    this.calls++;
    const scores = Float32Array.from({ length: samples.length / VAD_STEP_SAMPLES }, (_, step) =>
      samples.subarray(step * VAD_STEP_SAMPLES, (step + 1) * VAD_STEP_SAMPLES).some((x) => Math.abs(x) > 0.05) ? 1 : 0,
    );
    switch (this.mode) {
      case "at-once":
        return scores;
      case "later":
        return new Promise((resolve) => this.#later.push(() => resolve(scores)));
      case "fails":
        return Promise.reject(new GatewayError("stt.unavailable", "gone"));
      case "hangs":
        return new Promise(() => undefined);
      case "rubbish":
        return Float32Array.of(...scores, 7);
      case "throws":
        throw new GatewayError("stt.unavailable", "gone");
    }
  }

  /** Answers all that was asked `later`. */
  async answer(): Promise<void> {
    const later = this.#later;
    this.#later = [];
    for (const answer of later) answer();
    await turnsOfLoop(1);
  }

  forget(streamId: number): void {
    this.forgotten.push(streamId);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** A classifier that knows one word: `scam` raises the score by a half. */
export class WordJudge implements DialogueJudges {
  readonly opened: { calledSide?: Exclude<Speaker, "caller"> }[] = [];
  readonly dialogues: Turn[][] = [];
  fails = false;

  open(options: { readonly calledSide?: Exclude<Speaker, "caller"> }): DialogueJudge {
    this.opened.push(options);
    const turns: Turn[] = [];
    this.dialogues.push(turns);
    const judge = (): TurnVerdict => {
      if (this.fails) throw new Error("a bug in the classifier");
      const score = Math.min(1, 0.5 * turns.reduce((sum, { text }) => sum + text.split("scam").length - 1, 0));
      const state: ThreatState = score >= 1 ? "scam" : score > 0 ? "suspicious" : "clear";
      return { index: turns.length - 1, state, score, kind: "none", stage: "none", evidence: [] };
    };
    return {
      add: (turn) => {
        turns.push(turn);
        return judge();
      },
      replaceLast: (turn) => {
        turns[Math.max(0, turns.length - 1)] = turn;
        return judge();
      },
    };
  }
}
