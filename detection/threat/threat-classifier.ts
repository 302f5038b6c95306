import { Dialogue, type DialogueOptions } from "./dialogue.js";
import type { ThreatThresholds, ThreatWeights } from "./weights.js";

/**
 * Tier one: says after every turn how much a call looks like a fraud, and why. One instance serves all calls of a thread;
 * it is not changed by use.
 */
export class ThreatClassifier {
  readonly #weights: ThreatWeights;

  constructor(weights: ThreatWeights) {
    this.#weights = weights;
  }

  get thresholds(): ThreatThresholds {
    return this.#weights.thresholds;
  }

  /** A new call. Nothing has to be closed. */
  open(options: DialogueOptions = {}): Dialogue {
    return new Dialogue(this.#weights, options);
  }
}
