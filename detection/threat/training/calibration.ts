/** A sum with its label; `weight` as in the mix of calls that the score should be right for. */
export interface ScoredSample {
  readonly sum: number;
  readonly label: 0 | 1;
  readonly weight: number;
}

const ROUNDS = 60;

/**
 * Platt's sigmoid, fitted by Newton's method, on samples that the sum was not trained on.
 * @returns slope and offset such that 1 / (1 + exp(-(slope × sum + offset))) is the share of frauds.
 */
export function calibrate(samples: readonly ScoredSample[]): { slope: number; offset: number } {
  let slope = 1;
  let offset = 0;
  for (let round = 0; round < ROUNDS; round++) {
    let gradientA = 0;
    let gradientB = 0;
    let aa = 1e-9;
    let ab = 0;
    let bb = 1e-9;
    for (const { sum, label, weight } of samples) {
      const probability = 1 / (1 + Math.exp(-(slope * sum + offset)));
      const error = (probability - label) * weight;
      const curve = probability * (1 - probability) * weight;
      gradientA += error * sum;
      gradientB += error;
      aa += curve * sum * sum;
      ab += curve * sum;
      bb += curve;
    }
    const determinant = aa * bb - ab * ab;
    if (Math.abs(determinant) < 1e-12) break;
    slope -= (gradientA * bb - gradientB * ab) / determinant;
    offset -= (gradientB * aa - gradientA * ab) / determinant;
  }
  return { slope, offset };
}
