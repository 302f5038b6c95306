/** The three base values of RFC 3261 §17.1.1.1 and table 4, ms. All other timers derive from them. */
export interface SipTimers {
  /** Round-trip estimate. */
  readonly t1Ms: number;
  /** Longest interval between repeats of a non-INVITE request or of a response to an INVITE. */
  readonly t2Ms: number;
  /** Longest time that a message stays in the network. */
  readonly t4Ms: number;
}

export const RFC_TIMERS: SipTimers = { t1Ms: 500, t2Ms: 4000, t4Ms: 5000 };

/** Means "not running" in the machines' timer fields: small integers stay unboxed where `undefined` would change the field's type. */
export const OFF = -1;

/** The earlier of two timer fields, either of which may be `OFF`. */
export function earlier(a: number, b: number): number {
  if (a === OFF) return b;
  if (b === OFF) return a;
  return a < b ? a : b;
}

/** True when the timer runs and its time has come. */
export const isDue = (timerAt: number, now: number): boolean => timerAt !== OFF && timerAt <= now;
