import { THREAT_KINDS, type ThreatKind } from "../model/threat.js";
import { CueMatcher } from "./cues/cue-matcher.js";
import { LEXICONS } from "./cues/lexicons.js";
import { FeatureSpace } from "./features.js";
import { bytesOfBase64 } from "./text/base64.js";
import { KnownWords } from "./text/word-hash.js";
import { Head, KindHead } from "./head.js";
import type { WordTables } from "./tally.js";
import type { ThreatWeights } from "./weights.js";

/** The weights, ready for use: lexicons compiled, names resolved. Making one takes some 50 ms; it is shared by all calls. */
export class ThreatModel {
  readonly weights: ThreatWeights;
  readonly matcher: CueMatcher;
  readonly space: FeatureSpace;
  /** Says early what may be a fraud: calls are warned of by it. */
  readonly early: Head;
  /** Says what is one: calls are cut by it. */
  readonly sure: Head;
  readonly #kinds: readonly (readonly [ThreatKind, KindHead])[];

  constructor(weights: ThreatWeights) {
    this.weights = weights;
    const known = new KnownWords(hashesOf(weights.knownWords));
    this.matcher = new CueMatcher(LEXICONS, (word) => known.has(word));
    this.space = new FeatureSpace(this.matcher.cueNames);
    const numbers = new Map(this.space.names.map((name, number) => [name, number]));
    this.sure = new Head(weights, numbers);
    this.early = weights.warning === undefined ? this.sure : new Head(weights.warning, numbers);
    this.#kinds = THREAT_KINDS.flatMap((kind) => {
      const trained = weights.kinds[kind];
      return trained === undefined ? [] : [[kind, new KindHead(trained, numbers)] as const];
    });
  }

  /** The kind of fraud that fits best. @param wordSum What the words of both sides weigh by these tables. */
  kindOf(features: readonly number[], wordSum: (tables: WordTables) => number): ThreatKind {
    let best: ThreatKind = "none";
    let bestSum = -Infinity;
    for (const [kind, trained] of this.#kinds) {
      const sum = trained.features.sum(features) + wordSum(trained.words);
      if (sum <= bestSum) continue;
      best = kind;
      bestSum = sum;
    }
    return best;
  }
}

function hashesOf(base64: string): Uint32Array {
  const bytes = bytesOfBase64(base64);
  const view = new DataView(bytes.buffer);
  return Uint32Array.from({ length: bytes.byteLength >> 2 }, (_, i) => view.getUint32(i * 4, true));
}
