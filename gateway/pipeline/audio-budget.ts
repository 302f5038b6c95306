/** How much speech may be held in memory at a time, over all calls. */
export class AudioBudget {
  readonly limitSamples: number;
  #used = 0;

  constructor(limitSamples: number) {
    this.limitSamples = limitSamples;
  }

  get usedSamples(): number {
    return this.#used;
  }

  /** @returns False when there is no room: nothing was taken. */
  take(samples: number): boolean {
    if (this.#used + samples > this.limitSamples) return false;
    this.#used += samples;
    return true;
  }

  give(samples: number): void {
    this.#used = Math.max(0, this.#used - samples);
  }
}
