import type { LoggedCall } from "../masking/call-log.js";
import type { CallerId, TrunkId } from "../model/events.js";

/**
 * Which of the calls in the window are the attack. Where nothing is usual, all of them. On a busy number the trunks that bring most
 * callers are taken until no more than the usual number is left, and regular callers are left out.
 *
 * @param calls Of one number, within the window.
 * @param normal Distinct callers in a window that are usual there.
 */
export function attackersAmong(
  calls: readonly LoggedCall[],
  normal: number,
  isRegular: (caller: CallerId) => boolean,
): readonly LoggedCall[] {
  if (normal <= 0) return calls;
  const callersByTrunk = new Map<TrunkId, Set<number>>();
  for (const call of calls) {
    const callers = callersByTrunk.get(call.trunk);
    if (callers === undefined) callersByTrunk.set(call.trunk, new Set([call.callerHash]));
    else callers.add(call.callerHash);
  }
  const busiestFirst = [...callersByTrunk].sort(([, a], [, b]) => b.size - a.size);
  let left = busiestFirst.reduce((sum, [, callers]) => sum + callers.size, 0);
  const attacking = new Set<TrunkId>();
  for (const [trunk, callers] of busiestFirst) {
    if (left <= normal) break;
    attacking.add(trunk);
    left -= callers.size;
  }
  return calls.filter((call) => attacking.has(call.trunk) && !isRegular(call.caller));
}

/** The first `length` characters that all callers share, undefined when they do not or when none is longer than that. */
export function commonPrefix(callers: readonly CallerId[], length: number): string | undefined {
  const first = callers[0]?.slice(0, length);
  if (first === undefined || length <= 0 || first.length < length) return undefined;
  return callers.every((caller) => caller.length > length && caller.startsWith(first)) ? first : undefined;
}
