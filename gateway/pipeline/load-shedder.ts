import { monoMs, type MonoMs } from "../core/time.js";

export interface ShedOptions {
  /** Text that comes later than this after the end of speech: too much is listened to, ms. */
  readonly lagLimitMs: number;
  /** Below it there is room again; lower than `lagLimitMs`, ms. */
  readonly recoverLagMs: number;
  /** So long below it, and a call gets its transcription back, ms. Doubles while that goes wrong, up to a minute. */
  readonly recoverAfterMs: number;
}

export interface SheddableCall {
  readonly callId: string;
  /** 0–1 */
  readonly risk: number;
  readonly openedAt: MonoMs;
  readonly shed: boolean;
}

export interface ShedDecision {
  readonly shed: readonly string[];
  readonly restore: readonly string[];
}

export interface LoadView {
  readonly lagMs: number;
  /** Talkers whose speech is to become text now, and how many the recogniser keeps up with; undefined: not known. */
  readonly talkers: number;
  readonly capacityTalkers: number | undefined;
}

/** Of the calls that are heard, at a time. */
const SHED_SHARE = 0.1;
const STEP_MS = 500;
const LONGEST_RECOVER_MS = 60_000;
/** A call that gets more dangerous by so much takes the place of one that is heard. */
const SWAP_RISK = 0.1;
const NOTHING: ShedDecision = { shed: [], restore: [] };

/**
 * Decides which calls go without transcription when the CPU is short: those with the lowest risk first, of equal ones the youngest.
 * They come back, the most dangerous first, one at a time, when text has been on time for a while. Pure: time is told.
 */
export class LoadShedder {
  readonly #options: ShedOptions;
  #nextStepAt: MonoMs = monoMs(-Infinity);
  #calmSince: MonoMs | undefined;
  #restoredAt: MonoMs = monoMs(-Infinity);
  #recoverMs: number;

  constructor(options: ShedOptions) {
    this.#options = options;
    this.#recoverMs = options.recoverAfterMs;
  }

  /** Call it often; it decides twice a second at most. */
  decide(now: MonoMs, load: LoadView, calls: readonly SheddableCall[]): ShedDecision {
    if (now < this.#nextStepAt) return NOTHING;
    this.#nextStepAt = monoMs(now + STEP_MS);
    const { lagLimitMs, recoverLagMs } = this.#options;
    if (load.lagMs > recoverLagMs) this.#calmSince = undefined;
    else this.#calmSince ??= now;
    if (load.lagMs > lagLimitMs) return this.#shed(now, calls);
    const shed = calls.filter((call) => call.shed);
    if (shed.length === 0) {
      this.#recoverMs = this.#options.recoverAfterMs;
      return NOTHING;
    }
    return this.#restore(now, load, shed) ?? swap(calls, shed) ?? NOTHING;
  }

  #shed(now: MonoMs, calls: readonly SheddableCall[]): ShedDecision {
    const heard = calls.filter((call) => !call.shed).sort(leastFirst);
    const count = Math.ceil(heard.length * SHED_SHARE);
    // What was given back a moment ago was too much: wait longer next time.
    if (now - this.#restoredAt < 2 * this.#recoverMs) {
      this.#recoverMs = Math.min(LONGEST_RECOVER_MS, 2 * this.#recoverMs);
    }
    return { shed: heard.slice(0, count).map(({ callId }) => callId), restore: [] };
  }

  #restore(now: MonoMs, load: LoadView, shed: readonly SheddableCall[]): ShedDecision | undefined {
    const isFull = load.capacityTalkers !== undefined && load.talkers >= load.capacityTalkers;
    if (isFull || this.#calmSince === undefined || now - this.#calmSince < this.#recoverMs) return undefined;
    const back = [...shed].sort(leastFirst).at(-1);
    if (back === undefined) return undefined;
    this.#restoredAt = now;
    // The next one after a shorter look: the wait is for the first.
    this.#calmSince = monoMs(now - this.#recoverMs + STEP_MS);
    return { shed: [], restore: [back.callId] };
  }
}

/** One that is not heard has become more dangerous than one that is: they change places. */
function swap(calls: readonly SheddableCall[], shed: readonly SheddableCall[]): ShedDecision | undefined {
  const worst = [...shed].sort(leastFirst).at(-1);
  const least = calls.filter((call) => !call.shed).sort(leastFirst)[0];
  if (worst === undefined || least === undefined || worst.risk < least.risk + SWAP_RISK) return undefined;
  return { shed: [least.callId], restore: [worst.callId] };
}

/** The one that loses its transcription first comes first. */
const leastFirst = (a: SheddableCall, b: SheddableCall): number =>
  a.risk !== b.risk ? a.risk - b.risk : b.openedAt - a.openedAt;
