import { monoMs, type MonoMs } from "../core/time.js";

/** A stretch that is over, whose text is on its way. */
export interface ComingLine<Line> {
  readonly endMs: number;
  readonly since: MonoMs;
  line: Line | undefined;
  isThere: boolean;
}

/**
 * Puts the texts of both speakers in the order in which the stretches ended, as the recogniser may answer in another. A text waits for earlier ones
 * no longer than `holdMs`; then it goes first. Infinity: however long that takes.
 */
export class TurnOrder<Line> {
  readonly #holdMs: number;
  #coming: ComingLine<Line>[] = [];

  constructor(holdMs: number) {
    this.#holdMs = holdMs;
  }

  get waiting(): number {
    return this.#coming.length;
  }

  /** A stretch is over. */
  expect(endMs: number, now: MonoMs): ComingLine<Line> {
    const coming: ComingLine<Line> = { endMs, since: now, line: undefined, isThere: false };
    this.#coming.push(coming);
    this.#coming.sort((a, b) => a.endMs - b.endMs);
    return coming;
  }

  /** Its text has come; undefined: there will be none. */
  arrived(coming: ComingLine<Line>, line: Line | undefined): void {
    coming.line = line;
    coming.isThere = true;
  }

  /** @returns The lines whose turn it is, in order. */
  take(now: MonoMs): readonly Line[] {
    const ready: Line[] = [];
    for (;;) {
      const index = this.#coming.findIndex((coming) => coming.isThere);
      if (index < 0) break;
      const isHeld = this.#coming.slice(0, index).some(({ since }) => now - since < this.#holdMs);
      if (isHeld) break;
      const [coming] = this.#coming.splice(index, 1);
      if (coming?.line !== undefined) ready.push(coming.line);
    }
    return ready;
  }

  /** When a text that is held is to go on at the latest; undefined: none is. */
  get deadline(): MonoMs | undefined {
    const index = this.#coming.findIndex((coming) => coming.isThere);
    if (index <= 0 || !Number.isFinite(this.#holdMs)) return undefined;
    return monoMs(Math.max(...this.#coming.slice(0, index).map(({ since }) => since)) + this.#holdMs);
  }
}
