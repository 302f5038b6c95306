import type { Config } from "../config/schema.js";
import { networkOf } from "../core/cidr.js";

/**
 * One network as a source of two trunks: the second would never get a call by it. A network within another trunk's is none of
 * that: the narrowest that holds an address counts.
 */
export function sourceProblems({ trunks }: Config): string[] {
  const first = new Map<string, { readonly id: string; readonly path: string; readonly trunk: number }>();
  const problems: string[] = [];
  for (const [i, { id, sources }] of trunks.entries()) {
    for (const [k, source] of sources.entries()) {
      const network = networkOf(source);
      if (network === undefined) continue;
      const path = `trunks.${i}.sources.${k}`;
      const other = first.get(network);
      if (other === undefined) first.set(network, { id, path, trunk: i });
      else if (other.trunk !== i)
        problems.push(
          `${path}: ${quoted(source)} of trunk ${quoted(id)} is ${other.path} of trunk ${quoted(other.id)} too`,
        );
    }
  }
  return problems;
}

const quoted = (text: string): string => JSON.stringify(text);
