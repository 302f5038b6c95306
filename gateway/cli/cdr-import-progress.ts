import { progressText, type Progress } from "./cdr-import-text.js";

const EVERY_MS = 200;
const ERASE = "\r\u001b[K";
/** Where a terminal does not say how wide it is. */
const USUAL_COLUMNS = 80;

/** What of a terminal a bar needs. */
export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** One line at the bottom of a terminal that is written over itself, and makes room for other lines. */
export class ProgressLine {
  readonly #terminal: Terminal;
  #shownAt = Number.NEGATIVE_INFINITY;
  #isShown = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** @param progress Undefined: it is over. */
  show(progress: Progress | undefined): void {
    if (progress === undefined) {
      this.clear();
      return;
    }
    const now = performance.now();
    if (now - this.#shownAt < EVERY_MS) return;
    this.#shownAt = now;
    this.#isShown = true;
    // The last column stays free: a terminal that is full goes to the next line.
    const width = (this.#terminal.columns ?? USUAL_COLUMNS) - 1;
    this.#terminal.write(`\r${progressText(progress, width)}\u001b[K`);
  }

  /** Before another line is written, to whichever stream: both are mostly the same terminal. */
  clear(): void {
    if (!this.#isShown) return;
    this.#isShown = false;
    this.#terminal.write(ERASE);
  }
}
