import { LEAST_TTL_MS } from "./certificate-options.js";

/**
 * How long an answer counts, by its Cache-Control and Age. RFC 9111 §4.2.1, §5.2.2
 * @param longestMs What counts without a word of the server, and at most.
 */
export function lifetimeMs(cacheControl: string | undefined, age: string | undefined, longestMs: number): number {
  if (cacheControl === undefined) return longestMs;
  const directives = cacheControl.toLowerCase().split(",", 32);
  const has = (name: string): boolean => directives.some((each) => each.trim() === name);
  if (has("no-store") || has("no-cache")) return Math.min(LEAST_TTL_MS, longestMs);
  const found = directives
    .map((each) => /^max-age\s*=\s*"?(\d{1,10})"?$/.exec(each.trim()))
    .find((each) => each !== null);
  if (found === undefined) return longestMs;
  const agedMs = age !== undefined && /^\d{1,10}$/.test(age) ? Number(age) * 1000 : 0;
  const sayMs = Number(found[1]) * 1000 - agedMs;
  return Math.min(Math.max(sayMs, LEAST_TTL_MS), longestMs);
}
