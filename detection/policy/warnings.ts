import type { DetectionOptions } from "./detection-options.js";

/**
 * What somebody should know before these settings cut calls; empty when nothing stands out. One sentence or two each, for the
 * start of `serve` and `config check`.
 *
 * @param busyNumbers Numbers with a baseline that are known already.
 */
export function enforceWarnings(options: DetectionOptions, busyNumbers = 0): readonly string[] {
  const { masking, guard, limits, baseline, shadow } = options;
  if (shadow || masking.mode !== "enforce" || limits.canaryPercent === 0) return [];
  const warnings: string[] = [];
  const guarded = guard.calledNumbers.length + guard.calledPrefixes.length;
  if (busyNumbers === 0 && guarded === 0) {
    warnings.push(
      `detection enforces without a baseline or a guard list: a hotline, a televote or a conference bridge gets ${masking.threshold} callers ` +
        `in ${masking.windowMs} ms from honest people, and their calls will be ended and refused. Run with --shadow for some days, ` +
        "import a baseline from call records (ringfence replay FILE --learn), or list such numbers in detection.guard.",
    );
  }
  if (masking.threshold < 4) {
    warnings.push(
      `detection.masking.threshold is ${masking.threshold}: a family or a small office calling one number at once is taken for an attack.`,
    );
  }
  if (masking.windowMs > 15_000) {
    warnings.push(
      `detection.masking.windowMs is ${masking.windowMs}: ordinary shops get ${masking.threshold} callers in that time.`,
    );
  }
  if (!baseline.learn && busyNumbers === 0) {
    warnings.push("detection.baseline.learn is off and no baseline is known: no number will ever count as busy.");
  }
  return warnings;
}
