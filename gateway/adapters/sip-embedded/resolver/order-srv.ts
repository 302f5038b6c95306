import type { Random } from "../../../core/random.js";

/** What of an SRV record decides its place. */
export interface Weighted {
  readonly priority: number;
  readonly weight: number;
}

/** RFC 2782: lower priority first; within one, drawn by weight, anew at each call, so that load spreads. */
export function orderSrv<T extends Weighted>(records: readonly T[], random: Random): T[] {
  const ordered: T[] = [];
  const priorities = [...new Set(records.map((each) => each.priority))].sort((a, b) => a - b);
  for (const priority of priorities) {
    const left = records.filter((each) => each.priority === priority);
    // Weight 0 comes first in the running sum: it then has a small chance beside others, as the RFC asks.
    left.sort((a, b) => Math.sign(a.weight) - Math.sign(b.weight));
    while (left.length > 0) {
      const total = left.reduce((sum, each) => sum + each.weight, 0);
      const drawn = Math.floor(random.next() * (total + 1));
      let sum = 0;
      const at = left.findIndex((each) => (sum += each.weight) >= drawn);
      ordered.push(...left.splice(Math.max(0, at), 1));
    }
  }
  return ordered;
}
