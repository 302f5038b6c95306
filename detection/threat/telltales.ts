import type { CueCounts } from "./features.js";

/** What an honest caller hardly ever does. A relative in need, a hurry or a request for money is not among them. */
const TELLTALES: ReadonlySet<string> = new Set([
  "pretext.contraband",
  "pretext.extort",
  "pressure.threat",
  "pressure.secrecy",
  "pressure.stay",
  "pressure.coach",
  "pressure.no-check",
  "pressure.only-me",
  "pressure.intimidate",
  "request.gift",
  "request.crypto",
  "request.cash",
  "request.code",
  "request.pin",
  "request.card",
  "request.id",
  "request.remote",
  "request.approve",
  "request.override",
  "request.data",
]);
const LEAST_DEMANDS = 2;

/**
 * Whether there is something to show that justifies to call a talk a scam, whatever its score: at least two different demands or
 * pressures, one of them a telltale. An urgent relative in need sounds the same whether true or not; he is warned of, not cut.
 */
export function isDamning(counts: CueCounts, cueNames: readonly string[]): boolean {
  let demands = 0;
  let telltales = 0;
  cueNames.forEach((name, cue) => {
    if ((counts[cue] ?? 0) === 0) return;
    if (TELLTALES.has(name)) telltales++;
    if (name.startsWith("request.") || name.startsWith("pressure.")) demands++;
  });
  return telltales > 0 && demands >= LEAST_DEMANDS;
}
