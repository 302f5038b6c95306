import { fail, ok, type Result } from "../model/result.js";
import { THREAT_KINDS, type ThreatKind } from "../model/threat.js";
import { BUILT_IN_WEIGHTS } from "./weights-data.js";

/** Scores at which a call changes state. Chosen on development dialogues by the trainer, see docs/guides/threat.md. */
export interface ThreatThresholds {
  readonly uncertain: number;
  readonly suspicious: number;
  readonly scam: number;
  /** At least `scam`: from here on a call may be ended on speech alone. */
  readonly end: number;
}

/** A weighted sum over features by name. */
export interface LinearWeights {
  readonly bias: number;
  readonly features: Readonly<Record<string, number>>;
}

/** Words and word pairs by hash: 8-bit weights, base64, one table for each side. */
export interface WordWeights {
  /** Buckets are 2 to this power. */
  readonly bits: number;
  /** Weight of one step. */
  readonly scale: number;
  readonly suspect: string;
  readonly other: string;
}

/** One kind of fraud against the others. */
export interface KindWeights extends LinearWeights {
  readonly words?: WordWeights;
}

/** One weighing of what was said. */
export interface HeadWeights {
  readonly fraud: LinearWeights;
  readonly words?: WordWeights;
  /** Score = 1 / (1 + exp(-(slope × sum + offset))). */
  readonly calibration: { readonly slope: number; readonly offset: number };
}

/** What `npm run detect:train` makes. The head at the top says what is a fraud beyond doubt (`scam`, `end`). */
export interface ThreatWeights extends HeadWeights {
  readonly version: 1;
  readonly thresholds: ThreatThresholds;
  /** The head that says early what may be one (`uncertain`, `suspicious`). Default: the one at the top. */
  readonly warning?: HeadWeights;
  readonly kinds: Readonly<Partial<Record<ThreatKind, KindWeights>>>;
  /** Base64 of sorted 32-bit hashes, little endian: words that are not to be corrected. */
  readonly knownWords: string;
  /** Of the stories, the lexicons and the trainer's settings: what the weights were made from. */
  readonly inputs: string;
}

export interface WeightsError {
  readonly code: "threat.weights";
  /** Path of the member that is wrong. */
  readonly field: string;
  readonly found: string;
}

const MAX_FEATURES = 20_000;
const MAX_BITS = 18;

type Members = Readonly<Record<string, unknown>>;
const isMembers = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isFraction = (value: unknown): value is number => typeof value === "number" && value >= 0 && value <= 1;

/** @param json Parsed JSON, may be anything. @returns The weights, or the first member that is wrong. */
export function loadWeights(json: unknown): Result<ThreatWeights, WeightsError> {
  const wrong = problemIn(json);
  return wrong === undefined ? ok(json as ThreatWeights) : fail({ code: "threat.weights", ...wrong });
}

/** The weights that come with the library. */
export function builtInWeights(): ThreatWeights {
  const read = loadWeights(JSON.parse(BUILT_IN_WEIGHTS));
  if (!read.ok) throw new Error(`the built-in weights are broken at ${read.error.field}: ${read.error.found}`);
  return read.value;
}

function problemIn(json: unknown): { field: string; found: string } | undefined {
  const bad = (field: string, value: unknown) => ({ field, found: describe(value) });
  if (!isMembers(json)) return bad("", json);
  const { version, thresholds, warning, kinds, knownWords, inputs } = json;
  if (version !== 1) return bad("version", version);
  if (!isMembers(thresholds)) return bad("thresholds", thresholds);
  let before = 0;
  for (const name of ["uncertain", "suspicious", "scam", "end"]) {
    const value = thresholds[name];
    if (!isFraction(value) || value < before) return bad(`thresholds.${name}`, value);
    before = value;
  }
  const head = problemInHead(json);
  if (head !== undefined) return bad(head, json[head]);
  if (warning !== undefined) {
    if (!isMembers(warning)) return bad("warning", warning);
    const wrong = problemInHead(warning);
    if (wrong !== undefined) return bad(`warning.${wrong}`, warning[wrong]);
  }
  if (!isMembers(kinds)) return bad("kinds", kinds);
  for (const [kind, weights] of Object.entries(kinds)) {
    if (!(THREAT_KINDS as readonly string[]).includes(kind) || !isKind(weights)) return bad(`kinds.${kind}`, weights);
  }
  if (typeof knownWords !== "string") return bad("knownWords", knownWords);
  if (typeof inputs !== "string") return bad("inputs", inputs);
  return undefined;
}

function problemInHead({ fraud, words, calibration }: Members): "fraud" | "words" | "calibration" | undefined {
  if (!isLinear(fraud)) return "fraud";
  if (words !== undefined && !isWords(words)) return "words";
  const isCalibration =
    isMembers(calibration) && isFiniteNumber(calibration["slope"]) && isFiniteNumber(calibration["offset"]);
  return isCalibration ? undefined : "calibration";
}

const isFiniteNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);

function isLinear(value: unknown): boolean {
  if (!isMembers(value) || !isFiniteNumber(value["bias"]) || !isMembers(value["features"])) return false;
  const weights = Object.values(value["features"]);
  return weights.length <= MAX_FEATURES && weights.every(isFiniteNumber);
}

function isKind(value: unknown): boolean {
  if (!isMembers(value) || !isLinear(value)) return false;
  return value["words"] === undefined || isWords(value["words"]);
}

function isWords(value: unknown): boolean {
  if (!isMembers(value) || !isFiniteNumber(value["scale"])) return false;
  const { bits, suspect, other } = value;
  if (typeof bits !== "number" || !Number.isInteger(bits) || bits < 1 || bits > MAX_BITS) return false;
  const length = Math.ceil((1 << bits) / 3) * 4;
  return (
    typeof suspect === "string" && typeof other === "string" && suspect.length === length && other.length === length
  );
}

function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  return typeof value === "number" || typeof value === "boolean" ? String(value) : `a ${typeof value}`;
}
