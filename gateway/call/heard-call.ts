import type { TranscriptLine, Turn, TurnVerdict } from "../../detection/index.js";
import type { HeardCall, HeardFollower } from "../ports/listening.js";

/** Lines of one call that are kept in memory, and their characters; the oldest go first. */
const MAX_LINES = 500;
const MAX_CHARS = 65_536;

/** What is known of a call that is listened to, while it goes on. In memory only, redacted. */
export class HeardState {
  readonly call: HeardCall;
  verdict: TurnVerdict | undefined;
  /** Who wants to be told of each line and verdict. */
  follower: HeardFollower | undefined;
  turns: readonly Turn[] = [];
  /** It has lost its transcription for want of CPU. */
  shed = false;
  /** The judge is at work on it, or was asked at this time. */
  judging = false;
  judgedAtMs = Number.NEGATIVE_INFINITY;
  readonly #lines = new Map<number, TranscriptLine>();
  #chars = 0;

  constructor(call: HeardCall) {
    this.call = call;
  }

  /** Partials are replaced by later partials and by the final of their segment; a final without text takes them back. */
  add(line: TranscriptLine): void {
    if (line.final && line.text === "") {
      this.#chars -= this.#lines.get(line.segment)?.text.length ?? 0;
      this.#lines.delete(line.segment);
      return;
    }
    this.#chars += line.text.length - (this.#lines.get(line.segment)?.text.length ?? 0);
    this.#lines.set(line.segment, line);
    for (const [segment, { text }] of this.#lines) {
      if (this.#lines.size <= MAX_LINES && this.#chars <= MAX_CHARS) return;
      this.#lines.delete(segment);
      this.#chars -= text.length;
    }
  }

  /** By the time at which each began. */
  lines(): readonly TranscriptLine[] {
    return [...this.#lines.values()].sort((a, b) => a.startMs - b.startMs);
  }
}
