import type { PcmAudio } from "../media/audio.js";
import type { Transcript } from "../ports/transcriber.js";
import { readTranscript } from "./read-transcript.js";
import { shareText, type Place } from "./share-text.js";
import type { TranscriptionDesk } from "./transcription-desk.js";
import { secondsOf, type JobOutcome, type TranscriptionJob } from "./transcription-job.js";
import type { WindowTrust } from "./window-trust.js";

/** A stretch in a window: where it lies, and the job that wants its text. */
export interface PackedStretch extends Place {
  readonly job: TranscriptionJob;
  readonly audio: PcmAudio;
}

export interface ReadingDeps {
  readonly desk: Pick<TranscriptionDesk, "submit">;
  readonly trust: WindowTrust;
  /** Nobody wants the file any more. */
  readonly isClosed: () => boolean;
}

const NOTHING: Transcript = { text: "", tokens: [] };

/**
 * Tells the stretches of a window what was said in them. Those whose share is in doubt are decoded by themselves, each once; and where one of them then
 * says other than its share had, words had gone over its borders: so those beside it are decoded as well. No more than the window and its stretches.
 */
export class WindowReading {
  readonly #stretches: readonly PackedStretch[];
  readonly #deps: ReadingDeps;
  /** Of the window's text; undefined: none that can be told. */
  #shares: readonly (Transcript | undefined)[] = [];
  /** Indexes of those that are still to be decoded alone, and of those that have been told. */
  readonly #doubtful = new Set<number>();
  readonly #told = new Set<number>();
  #foundAlone = false;
  #isJudged = false;

  constructor(stretches: readonly PackedStretch[], deps: ReadingDeps) {
    this.#stretches = stretches;
    this.#deps = deps;
  }

  /** @param outcome Of the window. `dropped`: it was not wanted as one any more. */
  take(outcome: JobOutcome): void {
    const { trust } = this.#deps;
    if (outcome.kind === "timed-out" || (outcome.kind === "text" && outcome.overran === true)) trust.tooSlow();
    if (outcome.kind === "text") this.#share(outcome.transcript);
    else {
      this.#doubtAll();
      if (outcome.kind === "dropped" || outcome.kind === "timed-out") this.#isJudged = true;
      else this.#judge(false);
    }
    this.#next();
  }

  #share(whole: Transcript): void {
    if (whole.text === "") {
      this.#shares = this.#stretches.map(() => NOTHING);
      this.#doubtAll();
      return;
    }
    const shares = shareText(whole, this.#stretches);
    if (shares === undefined) {
      this.#doubtAll();
      this.#judge(false);
      return;
    }
    // A share may be what no text can be, though the whole is one.
    this.#shares = shares.map((share, index) => readTranscript(share, this.#secondsOf(index)));
    shares.forEach(({ doubtful }, index) => {
      if (doubtful === true || this.#shares[index] === undefined) this.#doubtful.add(index);
    });
  }

  #next(): void {
    const [index] = this.#doubtful;
    const stretch = index === undefined ? undefined : this.#stretches[index];
    if (this.#deps.isClosed()) this.#drop();
    else if (index === undefined || stretch === undefined) this.#finish();
    else this.#deps.desk.submit({ ...stretch.job, done: (outcome) => this.#alone(index, outcome) });
  }

  #alone(index: number, outcome: JobOutcome): void {
    const share = this.#shares[index];
    const alone = outcome.kind === "text" ? outcome.transcript.text : undefined;
    // What the window said is better than nothing.
    const isBetter = alone !== undefined || share === undefined || share.text === "";
    this.#doubtful.delete(index);
    this.#tell(index, isBetter ? outcome : { kind: "text", transcript: share });
    this.#foundAlone ||= alone !== undefined && alone !== "";
    const isOther = alone === undefined ? share === undefined : bare(alone) !== bare(share?.text ?? "");
    if (isOther) this.#doubt([index - 1, index + 1]);
    this.#next();
  }

  #finish(): void {
    const decodes = 1 + this.#told.size;
    const pays = decodes < this.#stretches.length;
    this.#stretches.forEach((_, index) => {
      const transcript = this.#shares[index];
      if (transcript !== undefined) this.#tell(index, { kind: "text", transcript });
    });
    // Where nothing was said by themselves either, the window was right.
    if (pays || this.#foundAlone) this.#judge(pays);
  }

  #drop(): void {
    this.#stretches.forEach((_, index) => this.#tell(index, { kind: "dropped" }));
  }

  #tell(index: number, outcome: JobOutcome): void {
    if (this.#told.has(index)) return;
    this.#told.add(index);
    this.#stretches[index]?.job.done(outcome);
  }

  #doubtAll(): void {
    this.#doubt([...this.#stretches.keys()]);
  }

  #doubt(indexes: readonly number[]): void {
    for (const index of indexes) {
      if (index in this.#stretches && !this.#told.has(index)) this.#doubtful.add(index);
    }
  }

  #judge(paid: boolean): void {
    if (!this.#isJudged) this.#deps.trust.had(paid);
    this.#isJudged = true;
  }

  #secondsOf(index: number): number {
    const stretch = this.#stretches[index];
    return stretch === undefined ? 0 : secondsOf(stretch.job);
  }
}

/** Words alone: a text's beginning and end have other punctuation and capitals by themselves. */
const bare = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");
