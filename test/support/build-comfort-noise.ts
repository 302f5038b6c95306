import type { NoiseParameters } from "../../gateway/media/comfort-noise/comfort-noise.js";

/** RFC 3389 §3: at most so many are used; more are left out. */
const MAX_ORDER = 12;

/** Writes a CN payload, newly allocated. */
export function buildComfortNoise(parameters: NoiseParameters): Uint8Array {
  const reflection = parameters.reflection.slice(0, MAX_ORDER);
  const level = Math.max(0, Math.min(127, Math.round(-parameters.levelDbov)));
  const coded = reflection.map((k) => Math.max(0, Math.min(254, Math.round((k * 32_768) / 258) + 127)));
  return Uint8Array.of(level, ...coded);
}
