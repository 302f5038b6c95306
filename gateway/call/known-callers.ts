import type { CallAnswered, CallEnded, CallerId, CallStarted, SeenCallers, UnixMs } from "../../detection/index.js";

export interface KnownCallersOptions {
  /** Callers whose call got the verdict `screen` are screened by us: nothing but that makes them known. */
  readonly screening: boolean;
  /** Calls that are remembered until they are over; the oldest is forgotten first, and makes nobody known. */
  readonly maxCalls: number;
}

export interface KnownCallersDeps {
  readonly seen: SeenCallers;
  /** How bad the caller's earlier calls were, 0–1. */
  readonly pastOf: (caller: CallerId, now: UnixMs) => number;
}

interface Live {
  readonly caller: CallerId;
  answeredAt: UnixMs | undefined;
  /** Whatever comes of it, it makes nobody known. */
  out: boolean;
}

/** Who spoke so long was let in by a person, ms: less is a wrong number, or a caller who listens who is there. */
const MIN_TALK_MS = 10_000;
/** What is left of a past that still counts against an acquaintance. */
const A_TRACE = 0.01;
/** Calls of ours that failed, and keys that a machine can press, say nothing of the caller. */
const SAYS_NOTHING: ReadonlySet<string> = new Set(["unavailable", "keypad"]);

/**
 * Makes callers known. Not by calling: by a call that was answered and talked in, that nothing was found against; or, who is to be
 * screened, by an answer that was let through. Who was screened and not let through is known no more.
 */
export class KnownCallers {
  readonly #options: KnownCallersOptions;
  readonly #deps: KnownCallersDeps;
  readonly #calls = new Map<string, Live>();

  constructor(options: KnownCallersOptions, deps: KnownCallersDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /** An earlier call made that caller known, and nothing bad was heard since. */
  knows(caller: CallerId, callId: string, now: UnixMs): boolean {
    const { seen, pastOf } = this.#deps;
    if (pastOf(caller, now) > A_TRACE) seen.forget(caller);
    return seen.knows(caller, callId);
  }

  /** Told again, a call is still one call; under its id there may be another's later. @param clean Nothing was found against it. */
  began({ callId, caller, isNew }: Pick<CallStarted, "callId" | "caller" | "isNew">, clean: boolean): void {
    if (!this.#deps.seen.remembers) return;
    const known = this.#calls.get(callId);
    if (known !== undefined && isNew !== true) {
      known.out ||= !clean;
      return;
    }
    if (known === undefined && this.#calls.size >= this.#options.maxCalls) {
      const [oldest] = this.#calls.keys();
      if (oldest !== undefined) this.#calls.delete(oldest);
    }
    this.#calls.set(callId, { caller, answeredAt: undefined, out: !clean });
  }

  answered({ callId, at }: Pick<CallAnswered, "callId" | "at">): void {
    const call = this.#calls.get(callId);
    if (call !== undefined) call.answeredAt ??= at;
  }

  /** Its verdict is `screen`. */
  toScreen(callId: string): void {
    if (this.#options.screening) this.#outOf(callId);
  }

  /** @param talkedMs As the system that carries it counts; undefined: as far as we were told. */
  ended({ callId, at }: Pick<CallEnded, "callId" | "at">, talkedMs?: number): void {
    const call = this.#calls.get(callId);
    if (call === undefined) return;
    this.#calls.delete(callId);
    const { caller, answeredAt, out } = call;
    const talked = talkedMs ?? (answeredAt === undefined ? 0 : at - answeredAt);
    const { seen, pastOf } = this.#deps;
    if (!out && talked >= MIN_TALK_MS && pastOf(caller, at) <= A_TRACE) seen.note(caller, callId);
  }

  /** What came of the screening of a call. */
  screened(
    caller: CallerId,
    callId: string,
    { result, reason }: { readonly result: string; readonly reason: string },
  ): void {
    this.#outOf(callId);
    const { seen } = this.#deps;
    if (result === "pass" && reason === "answered") seen.note(caller, callId);
    else if (!SAYS_NOTHING.has(reason)) seen.forget(caller);
  }

  #outOf(callId: string): void {
    const call = this.#calls.get(callId);
    if (call !== undefined) call.out = true;
  }
}
