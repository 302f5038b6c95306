import type { LiveSpeaker } from "./live-speaker.js";
import type { SpeechMetrics } from "./speech-metrics.js";

type Totals = Record<"silent" | "decoded" | "lost" | "refused", number>;
const none = (): Totals => ({ silent: 0, decoded: 0, lost: 0, refused: 0 });

/** Adds up what speakers count, those that are gone too, for counters that only rise. */
export class StreamTotals {
  readonly #metrics: SpeechMetrics;
  readonly #gone = none();
  #told = none();

  constructor(metrics: SpeechMetrics) {
    this.#metrics = metrics;
  }

  closed(speaker: LiveSpeaker): void {
    add(this.#gone, speaker);
  }

  /** Before a scrape. @param live All speakers that are there. */
  count(live: readonly LiveSpeaker[]): void {
    const now = { ...this.#gone };
    for (const speaker of live) add(now, speaker);
    const { frames, packetsLost, packetsRefused } = this.#metrics;
    const told = this.#told;
    frames.labels("silent").inc(now.silent - told.silent);
    frames.labels("decoded").inc(now.decoded - told.decoded);
    packetsLost.inc(now.lost - told.lost);
    packetsRefused.inc(now.refused - told.refused);
    this.#told = now;
  }
}

function add(totals: Totals, { silentFrames, decodedFrames, jitter }: LiveSpeaker): void {
  totals.silent += silentFrames;
  totals.decoded += decodedFrames;
  totals.lost += jitter.lost;
  totals.refused += jitter.refused;
}
