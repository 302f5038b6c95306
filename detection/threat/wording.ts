/** The words of a turn that speak most for a fraud, and what they add to the sum. */
export interface Wording {
  readonly turn: number;
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly adds: number;
}

/**
 * The run of words that adds most. In time linear in the words.
 * @param weights Of each word.
 * @returns Undefined where no word adds anything. `to` is exclusive; `net` is what all words add together, which may be below 0.
 */
export function strongestRun(weights: readonly number[]): {
  readonly best: { readonly from: number; readonly to: number; readonly adds: number } | undefined;
  readonly net: number;
} {
  let best: { from: number; to: number; adds: number } | undefined;
  let net = 0;
  let from = 0;
  let running = 0;
  weights.forEach((weight, at) => {
    net += weight;
    if (running <= 0) {
      running = 0;
      from = at;
    }
    running += weight;
    if (running > (best?.adds ?? 0)) best = { from, to: at + 1, adds: running };
  });
  return { best, net };
}
