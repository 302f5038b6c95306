const LONGEST = 128;

/**
 * In which order hops of these weights take turns, spread evenly: weights 3 and 1 give 0 0 1 0. Weights are shares, so that the
 * list is at most about 128 long (then small shares are rounded up to one turn).
 *
 * @param weights Each ≥ 1.
 * @returns Indexes into `weights`; every one of them at least once.
 */
export function weightedRotation(weights: readonly number[]): readonly number[] {
  const divisor = weights.reduce(greatestCommonDivisor, 0);
  const sum = weights.reduce((total, weight) => total + weight, 0) / Math.max(1, divisor);
  const scale = sum > LONGEST ? LONGEST / sum : 1;
  const shares = weights.map((weight) => Math.max(1, Math.round((weight / Math.max(1, divisor)) * scale)));
  const total = shares.reduce((all, share) => all + share, 0);
  const credit = shares.map(() => 0);
  const rotation: number[] = [];
  for (let turn = 0; turn < total; turn++) {
    let best = 0;
    for (const [index, share] of shares.entries()) {
      credit[index] = (credit[index] ?? 0) + share;
      if ((credit[index] ?? 0) > (credit[best] ?? 0)) best = index;
    }
    credit[best] = (credit[best] ?? 0) - total;
    rotation.push(best);
  }
  return rotation;
}

function greatestCommonDivisor(x: number, y: number): number {
  let [a, b] = [x, y];
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}
