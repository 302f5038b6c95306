import { fail, ok, type Result } from "../model/result.js";
import { Seeded } from "../threat/training/seeded.js";

export interface ForestSettings {
  readonly trees: number;
  /** Rows that each tree is grown from, at most. */
  readonly sample: number;
  readonly seed: number;
}

/** As the paper has them: more samples hide anomalies among their like. */
export const DEFAULT_FOREST: ForestSettings = { trees: 100, sample: 256, seed: 1 };

/** A forest as plain data: what is saved and loaded again. */
export interface ForestData {
  readonly version: 1;
  readonly features: readonly string[];
  readonly sample: number;
  /** Rows it was trained on. */
  readonly rows: number;
  /** One array of nodes a tree: `[feature, threshold, left, right]` for a split, `[-1, rows]` for a leaf; the root is the first. */
  readonly trees: readonly (readonly (readonly number[])[])[];
}

export type ForestError =
  { readonly code: "forest.version" } | { readonly code: "forest.shape"; readonly tree: number; readonly node: number };

const EULER = 0.5772156649015329;
const LEAF = -1;

/** Mean depth at which a search in a binary tree of `rows` values ends without a hit: what path lengths are measured by. */
export function meanDepth(rows: number): number {
  if (rows <= 1) return 0;
  if (rows === 2) return 1;
  return 2 * (Math.log(rows - 1) + EULER) - (2 * (rows - 1)) / rows;
}

/**
 * Isolation forest: anomalies are cut off from the rest by few random splits (Liu, Ting, Zhou 2008, §3 and §4). Seeded: the same rows
 * and seed give the same forest everywhere.
 *
 * Cost of a score: trees × about log2(sample) comparisons, no allocation. Memory: at most trees × 2 × sample nodes of 24 bytes.
 */
export class IsolationForest {
  readonly features: readonly string[];
  readonly #data: ForestData;
  readonly #roots: Int32Array;
  readonly #feature: Int16Array;
  readonly #threshold: Float64Array;
  readonly #left: Int32Array;
  readonly #right: Int32Array;
  /** At leaves: what the depth has to be corrected by. */
  readonly #correction: Float64Array;
  readonly #meanDepth: number;

  private constructor(data: ForestData) {
    this.#data = data;
    this.features = data.features;
    const count = data.trees.reduce((sum, tree) => sum + tree.length, 0);
    this.#roots = new Int32Array(data.trees.length);
    this.#feature = new Int16Array(count);
    this.#threshold = new Float64Array(count);
    this.#left = new Int32Array(count);
    this.#right = new Int32Array(count);
    this.#correction = new Float64Array(count);
    this.#meanDepth = meanDepth(data.sample);
    let base = 0;
    for (let at = 0; at < data.trees.length; at++) {
      const tree = data.trees[at] ?? [];
      this.#roots[at] = base;
      for (let i = 0; i < tree.length; i++) this.#place(base + i, base, tree[i] ?? []);
      base += tree.length;
    }
  }

  /** Of tens of thousands of nodes in one go, so without iterators. */
  #place(at: number, base: number, node: readonly number[]): void {
    const feature = node[0] ?? LEAF;
    const second = node[1] ?? 0;
    this.#feature[at] = feature;
    if (feature === LEAF) this.#correction[at] = meanDepth(second);
    else {
      this.#threshold[at] = second;
      this.#left[at] = base + (node[2] ?? 0);
      this.#right[at] = base + (node[3] ?? 0);
    }
  }

  /**
   * @param rows One value for each feature; not finite counts as 0. At least one row.
   * @throws RangeError without rows or features.
   */
  static train(
    features: readonly string[],
    rows: readonly ArrayLike<number>[],
    settings: ForestSettings = DEFAULT_FOREST,
  ): IsolationForest {
    return ended(IsolationForest.growing(features, rows, settings));
  }

  /** The forest of `train`, a tree a step, for a thread that has other things to do. The rows stay as they are until its end. */
  static *growing(
    features: readonly string[],
    rows: readonly ArrayLike<number>[],
    settings: ForestSettings,
  ): Generator<undefined, IsolationForest> {
    if (rows.length === 0 || features.length === 0) throw new RangeError("a forest needs rows and features");
    const random = new Seeded(settings.seed);
    const sample = Math.min(settings.sample, rows.length);
    const deepest = Math.ceil(Math.log2(Math.max(2, sample)));
    const trees: (readonly (readonly number[])[])[] = [];
    while (trees.length < settings.trees) {
      const values = flatten(rows, pickRows(rows.length, sample, random), features.length);
      trees.push(growTree(values, features.length, deepest, random));
      yield;
    }
    return new IsolationForest({ version: 1, features, sample, rows: rows.length, trees });
  }

  /** Reads what `save` gave; data from a file may be anything. */
  static load(data: ForestData): Result<IsolationForest, ForestError> {
    if ((data.version as number) !== 1 || data.features.length === 0) return fail({ code: "forest.version" });
    for (const [tree, nodes] of data.trees.entries()) {
      const node = nodes.findIndex((each, at) => !isNode(each, at, nodes.length, data.features.length));
      if (nodes.length === 0 || node >= 0) return fail({ code: "forest.shape", tree, node: Math.max(0, node) });
    }
    return ok(new IsolationForest(data));
  }

  save(): ForestData {
    return this.#data;
  }

  /** @returns 0–1: about 0.5 is like everybody, towards 1 is alone. */
  score(row: ArrayLike<number>): number {
    let depths = 0;
    for (const root of this.#roots) depths += this.#depth(root, row);
    if (this.#meanDepth === 0) return 0.5;
    return 2 ** (-depths / (this.#roots.length * this.#meanDepth));
  }

  /** Of many rows, as `score` has them: a tree at a time, which fits into the processor's cache. */
  scores(rows: readonly ArrayLike<number>[]): Float64Array {
    return ended(this.scoring(rows));
  }

  /** What `scores` gives, a tree a step. */
  *scoring(rows: readonly ArrayLike<number>[]): Generator<undefined, Float64Array> {
    const depths = new Float64Array(rows.length);
    if (this.#meanDepth === 0) return depths.fill(0.5);
    yield;
    const width = this.features.length;
    const values = flatten(
      rows,
      rows.map((_, at) => at),
      width,
    );
    const [features, thresholds, left, right] = [this.#feature, this.#threshold, this.#left, this.#right];
    for (const root of this.#roots) {
      yield;
      for (let row = 0; row < rows.length; row++) {
        let [at, depth] = [root, 0];
        for (let feature = features[at] ?? LEAF; feature !== LEAF; feature = features[at] ?? LEAF) {
          at = ((values[row * width + feature] ?? 0) < (thresholds[at] ?? 0) ? left[at] : right[at]) ?? 0;
          depth++;
        }
        depths[row] = (depths[row] ?? 0) + depth + (this.#correction[at] ?? 0);
      }
    }
    return depths.map((depth) => 2 ** (-depth / (this.#roots.length * this.#meanDepth)));
  }

  #depth(root: number, row: ArrayLike<number>): number {
    let at = root;
    let depth = 0;
    for (;;) {
      const feature = this.#feature[at] ?? LEAF;
      if (feature === LEAF) return depth + (this.#correction[at] ?? 0);
      const next = finite(row[feature]) < (this.#threshold[at] ?? 0) ? this.#left : this.#right;
      at = next[at] ?? 0;
      depth++;
    }
  }
}

/** What steps come to that nothing goes between. */
function ended<T>(steps: Generator<undefined, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

const finite = (value: number | undefined): number => (Number.isFinite(value) ? (value as number) : 0);

/** Children come after their parents, so a walk ends. */
function isNode(node: readonly number[], at: number, nodes: number, features: number): boolean {
  const [feature = Number.NaN, second = Number.NaN, left = -1, right = -1] = node;
  if (!Number.isInteger(feature) || !Number.isFinite(second)) return false;
  if (feature === LEAF) return second >= 1;
  const isChild = (child: number): boolean => Number.isInteger(child) && child > at && child < nodes;
  return feature >= 0 && feature < features && isChild(left) && isChild(right);
}

/** `sample` different rows of `count`, in random order (Floyd). */
function pickRows(count: number, sample: number, random: Seeded): number[] {
  const picked = new Set<number>();
  for (let last = count - sample; last < count; last++) {
    const at = random.below(last + 1);
    picked.add(picked.has(at) ? last : at);
  }
  return [...picked];
}

/** The picked rows one behind the other, what is not finite as 0. */
function flatten(rows: readonly ArrayLike<number>[], picked: readonly number[], features: number): Float64Array {
  const flat = new Float64Array(picked.length * features);
  for (const [at, row] of picked.entries())
    for (let feature = 0; feature < features; feature++) flat[at * features + feature] = finite(rows[row]?.[feature]);
  return flat;
}

interface Growing {
  /** Where its rows are among those that the tree is grown from. */
  readonly from: number;
  readonly to: number;
  readonly depth: number;
  /** Where the parent keeps the number of this node. */
  readonly tell: (at: number) => void;
}

function growTree(
  values: Float64Array,
  features: number,
  deepest: number,
  random: Seeded,
): readonly (readonly number[])[] {
  const nodes: number[][] = [];
  const order = Int32Array.from({ length: values.length / features }, (_, row) => row);
  const open: Growing[] = [{ from: 0, to: order.length, depth: 0, tell: () => undefined }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { from, to, depth, tell } = next;
    tell(nodes.length);
    const mine = order.subarray(from, to);
    const split = depth >= deepest || mine.length <= 1 ? undefined : chooseSplit(values, mine, features, random);
    if (split === undefined) {
      nodes.push([LEAF, mine.length]);
      continue;
    }
    const node = [split.feature, split.threshold, 0, 0];
    nodes.push(node);
    const middle = from + partition(values, mine, features, split);
    open.push({ from: middle, to, depth: depth + 1, tell: (at) => (node[3] = at) });
    open.push({ from, to: middle, depth: depth + 1, tell: (at) => (node[2] = at) });
  }
  return nodes;
}

interface Split {
  readonly feature: number;
  readonly threshold: number;
}

/** Rows below the threshold first. @returns How many these are. */
function partition(values: Float64Array, mine: Int32Array, features: number, { feature, threshold }: Split): number {
  let below = 0;
  for (let at = 0; at < mine.length; at++) {
    const row = mine[at] ?? 0;
    if ((values[row * features + feature] ?? 0) >= threshold) continue;
    mine[at] = mine[below] ?? 0;
    mine[below++] = row;
  }
  return below;
}

/** A feature in which these rows differ, at random, and a value between their least and greatest. */
function chooseSplit(values: Float64Array, mine: Int32Array, features: number, random: Seeded): Split | undefined {
  const order = random.shuffle(Array.from({ length: features }, (_, feature) => feature));
  for (const feature of order) {
    let least = Infinity;
    let most = -Infinity;
    for (const row of mine) {
      const value = values[row * features + feature] ?? 0;
      if (value < least) least = value;
      if (value > most) most = value;
    }
    if (least === most) continue;
    const threshold = least + (most - least) * random.next();
    // Rounding may give the least value itself, which would leave the left side empty.
    return { feature, threshold: threshold > least ? threshold : most };
  }
  return undefined;
}
