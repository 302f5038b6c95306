import { Dialogue, type DialogueOptions } from "./dialogue.js";
import { ThreatModel } from "./threat-model.js";
import type { ThreatThresholds, ThreatWeights } from "./weights.js";

/**
 * Tier one: says after every turn how much a call looks like a fraud, and why. One instance serves all calls of a thread (it caches
 * words); it is not changed by what it judges.
 */
export class ThreatClassifier {
  readonly #model: ThreatModel;

  /** Compiles the lexicons, some 50 ms. */
  constructor(weights: ThreatWeights) {
    this.#model = new ThreatModel(weights);
  }

  get thresholds(): ThreatThresholds {
    return this.#model.weights.thresholds;
  }

  /** A new call. Nothing has to be closed. */
  open(options: DialogueOptions = {}): Dialogue {
    return new Dialogue(this.#model, options);
  }
}
