import type { GuardListOptions } from "../policy/detection-options.js";
import type { AlertGuard } from "./alert-settings.js";

/** What people marked as honest, in the form of `detection.guard`. */
export function guardLists(guards: readonly AlertGuard[]): GuardListOptions {
  const of = (side: AlertGuard["side"], isPrefix: boolean): string[] =>
    guards
      .filter((guard) => guard.side === side && guard.number.endsWith("*") === isPrefix)
      .map(({ number }) => (isPrefix ? number.slice(0, -1) : number));
  return {
    calledNumbers: of("called", false),
    calledPrefixes: of("called", true),
    callerNumbers: of("caller", false),
    callerPrefixes: of("caller", true),
    trunks: [],
  };
}
