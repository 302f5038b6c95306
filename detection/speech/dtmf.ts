/** ITU-T Q.23 */
const LOW_HZ = [697, 770, 852, 941] as const;
const HIGH_HZ = [1209, 1336, 1477, 1633] as const;
const BIN_HZ = 31.25;
/** Q.24: ±1.8 % has to be taken; a little more, for short digits across a step's edge. */
const TOLERANCE = 0.022;
/** Share of the sound in the two tones. */
const SHARE = 0.85;

/**
 * Are the two strongest peaks of a step a DTMF digit?
 * @param first, second Bins, with fractions.
 * @param share Of the step's power in both, 0–1.
 */
export function dtmfPair(first: number, second: number, share: number): boolean {
  if (share < SHARE) return false;
  const low = Math.min(first, second) * BIN_HZ;
  const high = Math.max(first, second) * BIN_HZ;
  return LOW_HZ.some((hz) => isNear(low, hz)) && HIGH_HZ.some((hz) => isNear(high, hz));
}

const isNear = (hz: number, nominal: number): boolean => Math.abs(hz - nominal) <= nominal * TOLERANCE;
