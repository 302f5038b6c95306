import { fail, ok, type Result } from "../model/result.js";

/** Scores at which a call changes state. Chosen on development dialogues by the trainer, see docs/guides/threat.md. */
export interface ThreatThresholds {
  readonly uncertain: number;
  readonly suspicious: number;
  readonly scam: number;
  /** At least `scam`: from here on a call may be ended on speech alone. */
  readonly end: number;
}

/** What `npm run detect:train` makes. Opaque but for the thresholds. */
export interface ThreatWeights {
  readonly version: number;
  readonly thresholds: ThreatThresholds;
}

export interface WeightsError {
  readonly code: "threat.weights";
  /** Path of the member that is wrong. */
  readonly field: string;
  readonly found: string;
}

/** @param json Parsed JSON, may be anything. */
export function loadWeights(json: unknown): Result<ThreatWeights, WeightsError> {
  if (typeof json !== "object" || json === null) return fail({ code: "threat.weights", field: "", found: typeof json });
  const { version, thresholds } = json as Partial<ThreatWeights>;
  if (version !== 0 || thresholds === undefined) {
    return fail({ code: "threat.weights", field: "version", found: String(version) });
  }
  return ok({ version, thresholds });
}

/** The weights that come with the library. */
export function builtInWeights(): ThreatWeights {
  return { version: 0, thresholds: { uncertain: 0.3, suspicious: 0.6, scam: 0.85, end: 0.95 } };
}
