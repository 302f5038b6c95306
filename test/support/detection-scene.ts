import {
  DEFAULT_DETECTION_OPTIONS,
  FraudDetection,
  unixMs,
  type Action,
  type CallAnswered,
  type CallEnded,
  type CalledId,
  type CallerId,
  type CallStarted,
  type Decision,
  type DetectionOptions,
  type TrunkId,
  type UnixMs,
} from "../../detection/index.js";
import { SeededRandom } from "./seeded-random.js";

/** Small tables, so that a test makes many detectors. */
export const SMALL_MEMORY: DetectionOptions["memory"] = {
  windowMiB: 1,
  trackedCalls: 4_096,
  recentCalls: 4_096,
  knownPairs: 4_096,
  watchedNumbers: 200,
  openIncidents: 50,
  blocks: 500,
};

/** Some settings of each section changed. */
export type DetectionChanges = {
  readonly [K in keyof DetectionOptions]?: DetectionOptions[K] extends object
    ? Partial<DetectionOptions[K]>
    : DetectionOptions[K];
};

export function detectionOptions(changes: DetectionChanges = {}): DetectionOptions {
  const base = { ...DEFAULT_DETECTION_OPTIONS, memory: SMALL_MEMORY };
  return {
    shadow: changes.shadow ?? base.shadow,
    masking: { ...base.masking, ...changes.masking },
    block: { ...base.block, ...changes.block },
    guard: { ...base.guard, ...changes.guard },
    baseline: { ...base.baseline, ...changes.baseline },
    limits: { ...base.limits, ...changes.limits },
    memory: { ...base.memory, ...changes.memory },
  };
}

export const caller = (n: number): CallerId => `+1303555${String(n).padStart(4, "0")}` as CallerId;
export const VICTIM = "+12025550100" as CalledId;
/** Noon UTC, so that tests of hours and days begin at a round moment. */
export const START = Date.UTC(2026, 0, 15, 12);

/** One detector, a clock that the test moves, and all actions so far. */
export class DetectionScene {
  readonly detection: FraudDetection;
  readonly actions: Action[] = [];
  #calls = 0;

  constructor(changes: DetectionChanges = {}, seed = 1) {
    this.detection = new FraudDetection(detectionOptions(changes), new SeededRandom(seed));
  }

  event(atMs: number, from: number | string, changes: Partial<CallStarted> = {}): CallStarted {
    const at = unixMs(START + atMs);
    return {
      kind: "call.started",
      callId: `call-${this.#calls++}`,
      caller: typeof from === "number" ? caller(from) : (from as CallerId),
      called: VICTIM,
      trunk: "t1" as TrunkId,
      at,
      arrivedAt: changes.at === undefined ? at : unixMs(START + atMs),
      source: "hop",
      emergency: false,
      ...changes,
    };
  }

  /** A call `atMs` after the start. */
  call(atMs: number, from: number | string, changes: Partial<CallStarted> = {}): Decision {
    return this.send(this.event(atMs, from, changes));
  }

  send(event: CallStarted): Decision {
    this.tickUntil(event.arrivedAt);
    const decision = this.detection.callStarted(event);
    this.actions.push(...decision.actions);
    return decision;
  }

  /** Callers `first` to `first + count - 1`, `gapMs` apart. */
  burst(atMs: number, first: number, count: number, gapMs = 100, changes: Partial<CallStarted> = {}): Decision[] {
    return Array.from({ length: count }, (_, i) => this.call(atMs + i * gapMs, first + i, changes));
  }

  /** @param parties Who called whom, where whoever tells of it knows. */
  answer(callId: string, parties: Pick<CallAnswered, "caller" | "called"> = {}): void {
    this.detection.callAnswered({ kind: "call.answered", callId, at: unixMs(START), ...parties });
  }

  end(callId: string, parties: Pick<CallEnded, "caller" | "called"> = {}): void {
    this.detection.callEnded({ kind: "call.ended", callId, at: unixMs(START), ...parties });
  }

  /** Lets time pass up to `atMs` after the start. */
  passTo(atMs: number): void {
    this.tickUntil(unixMs(START + atMs));
  }

  tickUntil(now: UnixMs): void {
    const { deadline } = this.detection;
    if (deadline === undefined || deadline > now) return;
    this.actions.push(...this.detection.tick(deadline));
    if (now > deadline) this.actions.push(...this.detection.tick(now));
  }

  kinds(): string[] {
    return this.actions.map((action) => ("change" in action ? `${action.kind} ${action.change}` : action.kind));
  }

  /** Call ids of all `end-calls` actions. */
  ended(): string[] {
    return this.actions.flatMap((action) => (action.kind === "end-calls" ? action.callIds : []));
  }

  heldBack(): string[] {
    return this.actions.flatMap((action) => (action.kind === "held-back" ? [action.why] : []));
  }
}

export const verdicts = (decisions: readonly Decision[]): string => decisions.map((d) => d.verdict[0]).join("");
export const trunk = (name: string): { readonly trunk: TrunkId } => ({ trunk: name as TrunkId });
export const to = (number: string): { readonly called: CalledId } => ({ called: number as CalledId });
