import type { CallStarted, CalledId } from "../model/events.js";
import type { GuardListOptions } from "./detection-options.js";

export const NO_GUARDS: GuardListOptions = {
  calledNumbers: [],
  calledPrefixes: [],
  callerNumbers: [],
  callerPrefixes: [],
  trunks: [],
};

/** Numbers, prefixes and trunks that no rule may cut. */
export class GuardList {
  readonly #called: ReadonlySet<string>;
  readonly #callers: ReadonlySet<string>;
  readonly #trunks: ReadonlySet<string>;
  readonly #calledPrefixes: readonly string[];
  readonly #callerPrefixes: readonly string[];

  /** Several lists are one: what the operator configured, and what people marked as honest since. */
  constructor(...lists: readonly GuardListOptions[]) {
    this.#called = new Set(lists.flatMap(({ calledNumbers }) => calledNumbers));
    this.#callers = new Set(lists.flatMap(({ callerNumbers }) => callerNumbers));
    this.#trunks = new Set(lists.flatMap(({ trunks }) => trunks));
    this.#calledPrefixes = lists.flatMap(({ calledPrefixes }) => calledPrefixes).filter((prefix) => prefix !== "");
    this.#callerPrefixes = lists.flatMap(({ callerPrefixes }) => callerPrefixes).filter((prefix) => prefix !== "");
  }

  get empty(): boolean {
    return (
      this.#called.size + this.#callers.size + this.#trunks.size === 0 &&
      this.#calledPrefixes.length + this.#callerPrefixes.length === 0
    );
  }

  /** Nothing about this number is ever cut. */
  guardsCalled(called: CalledId): boolean {
    return this.#called.has(called) || this.#calledPrefixes.some((prefix) => called.startsWith(prefix));
  }

  /** This caller, or everything from this trunk, is never cut. */
  guardsSource({ caller, trunk }: Pick<CallStarted, "caller" | "trunk">): boolean {
    return (
      this.#trunks.has(trunk) ||
      this.#callers.has(caller) ||
      this.#callerPrefixes.some((prefix) => caller.startsWith(prefix))
    );
  }
}
