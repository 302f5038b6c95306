import type { Clock } from "./clock.js";
import { monoMs } from "./time.js";

const LATE_MS = 50;
const GRACE_MS = 50;

/**
 * Calls `fn` when somebody has not answered for `ms`. When this thread itself stood still and that comes late, a moment later: what
 * has come meanwhile is read first, and cancels it.
 */
export function giveUpAfter(clock: Clock, ms: number, fn: () => void): () => void {
  const due = monoMs(clock.mono() + ms);
  let cancel = clock.callAt(due, () => {
    const now = clock.mono();
    if (now - due < LATE_MS) fn();
    else cancel = clock.callAt(monoMs(now + GRACE_MS), fn);
  });
  return () => cancel();
}
