import { monoMs, type MonoMs } from "../core/time.js";

export interface ShedOptions {
  /** Text that comes later than this after the end of speech: too much is listened to, ms. */
  readonly lagLimitMs: number;
  /** Below it there is room again; lower than `lagLimitMs`, ms. */
  readonly recoverLagMs: number;
  /** So long below it, and calls get their transcription back, ms. Doubles while that goes wrong, up to a minute. */
  readonly recoverAfterMs: number;
}

export interface SheddableCall {
  readonly callId: string;
  /** 0–1 */
  readonly risk: number;
  readonly openedAt: MonoMs;
  readonly shed: boolean;
  /** Somebody has spoken in it lately: one that is silent costs nothing. */
  readonly active: boolean;
  /** Time that the recogniser will need for what waits of it, ms. */
  readonly backlogMs: number;
}

export interface ShedDecision {
  readonly shed: readonly string[];
  readonly restore: readonly string[];
}

export interface LoadView {
  /** Of the oldest stretch that is over and has no text yet, ms. */
  readonly lagMs: number;
  /** Talkers whose speech is to become text now, and how many the recogniser keeps up with; undefined: not known. */
  readonly talkers: number;
  readonly capacityTalkers: number | undefined;
}

const STEP_MS = 500;
const LONGEST_RECOVER_MS = 60_000;
/** What is left waiting after shedding may take this share of the limit. */
const LEFT_SHARE = 0.5;
/** A call that gets more dangerous by so much takes the place of one that is heard. */
const SWAP_RISK = 0.1;
const NOTHING: ShedDecision = { shed: [], restore: [] };

/**
 * Decides which calls go without transcription when the CPU is short: of those that talk the ones with the lowest risk, of equal ones the
 * youngest, as many as it takes until what waits can be done in time. They come back, the most dangerous first, ever more of them at a time, while text
 * stays on time. Pure: time is told.
 */
export class LoadShedder {
  readonly #options: ShedOptions;
  #nextStepAt: MonoMs = monoMs(-Infinity);
  #calmSince: MonoMs | undefined;
  #restoredAt: MonoMs = monoMs(-Infinity);
  #recoverMs: number;
  /** Calls that come back at a time. */
  #atATime = 1;

  constructor(options: ShedOptions) {
    this.#options = options;
    this.#recoverMs = options.recoverAfterMs;
  }

  /** Call it often; it decides twice a second at most. */
  decide(now: MonoMs, load: LoadView, calls: readonly SheddableCall[]): ShedDecision {
    if (now < this.#nextStepAt) return NOTHING;
    this.#nextStepAt = monoMs(now + STEP_MS);
    const { lagLimitMs, recoverLagMs, recoverAfterMs } = this.#options;
    if (load.lagMs > recoverLagMs) this.#calmSince = undefined;
    else this.#calmSince ??= now;
    if (load.lagMs > lagLimitMs) return this.#shed(now, calls);
    const shed = calls.filter((call) => call.shed);
    if (shed.length > 0) return this.#restore(now, load, shed) ?? swap(calls, shed) ?? NOTHING;
    this.#recoverMs = recoverAfterMs;
    this.#atATime = 1;
    return NOTHING;
  }

  #shed(now: MonoMs, calls: readonly SheddableCall[]): ShedDecision {
    // What was given back a moment ago was too much: wait longer next time.
    if (now - this.#restoredAt < 2 * this.#recoverMs) {
      this.#recoverMs = Math.min(LONGEST_RECOVER_MS, 2 * this.#recoverMs);
      this.#restoredAt = monoMs(-Infinity);
    }
    this.#atATime = 1;
    const heard = calls.filter((call) => !call.shed);
    const candidates = heard.filter((call) => call.active).sort(leastFirst);
    let tooMuchMs = heard.reduce((sum, call) => sum + call.backlogMs, 0) - LEFT_SHARE * this.#options.lagLimitMs;
    const shed: string[] = [];
    for (const { callId, backlogMs } of candidates) {
      if (tooMuchMs <= 0) break;
      shed.push(callId);
      tooMuchMs -= backlogMs;
    }
    return { shed, restore: [] };
  }

  #restore(now: MonoMs, load: LoadView, shed: readonly SheddableCall[]): ShedDecision | undefined {
    const isFull = load.capacityTalkers !== undefined && load.talkers >= load.capacityTalkers;
    if (isFull || this.#calmSince === undefined || now - this.#calmSince < this.#recoverMs) return undefined;
    const back = [...shed].sort(leastFirst).slice(-this.#atATime).reverse();
    this.#atATime *= 2;
    this.#restoredAt = now;
    this.#calmSince = now;
    return { shed: [], restore: back.map(({ callId }) => callId) };
  }
}

/** One that is not heard has become more dangerous than one that is: they change places. */
function swap(calls: readonly SheddableCall[], shed: readonly SheddableCall[]): ShedDecision | undefined {
  const worst = [...shed].sort(leastFirst).at(-1);
  const least = calls.filter((call) => !call.shed && call.active).sort(leastFirst)[0];
  if (worst === undefined || least === undefined || worst.risk < least.risk + SWAP_RISK) return undefined;
  return { shed: [least.callId], restore: [worst.callId] };
}

/** The one that loses its transcription first comes first. */
const leastFirst = (a: SheddableCall, b: SheddableCall): number =>
  a.risk !== b.risk ? a.risk - b.risk : b.openedAt - a.openedAt;
