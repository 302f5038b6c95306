import { FraudDetection } from "../fraud-detection.js";
import type { TrunkId } from "../model/events.js";
import type { Action, Decision, Incident, Severity } from "../model/findings.js";
import { unixMs, type UnixMs } from "../model/time.js";
import type { NumberPlan } from "../numbers/number-plan.js";
import { quantileOf, type BaselineRow } from "../policy/baseline.js";
import type { DetectionOptions, IdSource } from "../policy/detection-options.js";
import type { RecordedEvent } from "./recorded-call.js";

/** What would have become of the calls to one number. */
export interface ReplayNumber {
  readonly called: string;
  readonly incidents: number;
  readonly severity: Severity;
  /** Calls that would have been ended after they were let through. */
  readonly cut: number;
  /** Calls that would not have been let through. */
  readonly refused: number;
  /** Calls that a rule in shadow mode, a guard list or the canary share would have spared. */
  readonly spared: number;
}

export interface ReplaySummary {
  readonly from: UnixMs | undefined;
  readonly to: UnixMs | undefined;
  readonly calls: number;
  /** The same call again. */
  readonly repeats: number;
  readonly emergencyCalls: number;
  readonly incidents: number;
  readonly cut: number;
  readonly refused: number;
  readonly spared: number;
  /** Answered calls left alone because of the limit of disconnects a minute. */
  readonly beyondLimit: number;
  /** Windows over the plain threshold that were usual for their number. */
  readonly leftAlone: number;
  /** Those with findings, worst first. */
  readonly numbers: readonly ReplayNumber[];
  /** The first 1,000 incidents as they were when they closed. */
  readonly incidentList: readonly Incident[];
}

export interface ReplayParts {
  readonly options: DetectionOptions;
  /** The plan of the trunk that a record names. */
  readonly planOf: (trunk: string) => NumberPlan;
  readonly ids: IdSource;
  readonly baseline?: readonly BaselineRow[];
}

const BUSY_SLOTS = 3;
const SLOT_MS = 300_000;

/** Settings under which a replay learns what is usual: nothing is cut, so that every slot counts. */
export const learningOptions = (options: DetectionOptions): DetectionOptions => ({
  ...options,
  shadow: true,
  baseline: { ...options.baseline, learn: true, slotMs: SLOT_MS },
});

const MAX_INCIDENTS = 1_000;
/** Numbers with findings that are told apart. */
const MAX_NUMBERS = 100_000;
/** The row of all further ones. */
const OTHERS = "(others)";
/** Pauses longer than this are not stepped through second by second. */
const MAX_STEPS = 120;

interface Tally {
  incidents: number;
  severity: Severity;
  cut: number;
  refused: number;
  spared: number;
}

/** Runs recorded calls through detection under given settings. Time is that of the records: a day takes seconds. */
export class Replay {
  readonly #detection: FraudDetection;
  readonly #planOf: ReplayParts["planOf"];
  readonly #options: DetectionOptions;
  readonly #numbers = new Map<string, Tally>();
  readonly #incidents: Incident[] = [];
  #from: UnixMs | undefined;
  #now: UnixMs | undefined;
  #emergencyCalls = 0;
  #incidentCount = 0;
  #beyondLimit = 0;

  constructor({ options, planOf, ids, baseline }: ReplayParts) {
    this.#options = options;
    this.#planOf = planOf;
    this.#detection = new FraudDetection(options, ids);
    if (baseline !== undefined) this.#detection.importBaseline(baseline);
  }

  /** Events in order of time. @returns The decision on a call that starts. */
  feed(event: RecordedEvent): Decision | undefined {
    this.#advance(event.at);
    const { callId, at } = event;
    if (event.status === "answered") this.#detection.callAnswered({ kind: "call.answered", callId, at });
    if (event.status === "ended") this.#detection.callEnded({ kind: "call.ended", callId, at });
    if (event.status !== "started") return undefined;
    const plan = this.#planOf(event.trunk);
    const called = plan.calledId(event.bNumber);
    const trunk = event.trunk as TrunkId;
    const caller = plan.callerId(event.aNumber, trunk);
    const emergency = plan.isEmergency(called);
    if (emergency) this.#emergencyCalls++;
    const fact = { callId, caller, called, trunk, at, arrivedAt: at, source: "hop", emergency } as const;
    const decision = this.#detection.callStarted({ kind: "call.started", ...fact });
    if (decision.verdict === "refuse") this.#tally(called).refused++;
    else if (decision.wouldRefuse) this.#tally(called).spared++;
    this.#take(decision.actions);
    return decision;
  }

  /** Closes what is still open. Call it once, after the last event. */
  finish(): ReplaySummary {
    const to = this.#now;
    for (const incident of this.#detection.incidents()) this.#closed(incident);
    const stats = this.#detection.stats();
    const numbers = [...this.#numbers].map(([called, tally]) => ({ called, ...tally })).sort(worstFirst);
    const sum = (key: "cut" | "refused" | "spared"): number => numbers.reduce((total, row) => total + row[key], 0);
    return {
      from: this.#from,
      to,
      calls: stats.processed,
      repeats: stats.repeats,
      emergencyCalls: this.#emergencyCalls,
      incidents: this.#incidentCount,
      cut: sum("cut"),
      refused: sum("refused"),
      spared: sum("spared"),
      beyondLimit: this.#beyondLimit,
      leftAlone: stats.leftAlone,
      numbers,
      incidentList: this.#incidents,
    };
  }

  /**
   * What was usual in the recording, for `importBaseline`. Call it after `finish` of a replay with `learningOptions`. A number counts as
   * busy when three slots of five minutes or more were busy, so a burst teaches nothing; who gives a recording vouches for the rest.
   */
  baseline(): readonly BaselineRow[] {
    // Closes the last slot.
    if (this.#now !== undefined) this.#take(this.#detection.tick(unixMs(this.#now + 3_600_000)));
    return this.#detection.exportBaseline().flatMap(({ called, hours = [] }) => {
      if (hours.length < BUSY_SLOTS) return [];
      const peaks = hours.map(([, peak]) => peak);
      const usual = quantileOf(peaks, this.#options.baseline.quantile);
      return [{ called, callersPerWindow: Math.min(this.#options.baseline.cap, usual), origin: "imported" as const }];
    });
  }

  #advance(at: UnixMs): void {
    this.#from ??= at;
    for (let steps = 0; steps < MAX_STEPS; steps++) {
      const { deadline } = this.#detection;
      if (deadline === undefined || deadline > at) break;
      this.#take(this.#detection.tick(deadline));
    }
    const { deadline } = this.#detection;
    if (deadline !== undefined && deadline <= at) this.#take(this.#detection.tick(at));
    if (this.#now === undefined || at > this.#now) this.#now = at;
  }

  #take(actions: readonly Action[]): void {
    for (const action of actions) {
      if (action.kind === "end-calls") {
        const called = this.#calledOf(action.incidentId, actions);
        if (called !== undefined) this.#tally(called).cut += action.callIds.length;
      } else if (action.kind === "held-back" && action.why === "disconnect-limit") {
        this.#beyondLimit += action.callIds.length;
      } else if (action.kind === "incident" && action.change === "closed") {
        this.#closed(action.incident);
      }
    }
  }

  /** Calls are ended when an incident opens, or when a group joins it: the same list says to which number. */
  #calledOf(incidentId: string, actions: readonly Action[]): string | undefined {
    for (const action of actions) {
      if (action.kind === "incident" && action.incident.id === incidentId) return action.incident.called;
    }
    return this.#detection.incidents().find(({ id }) => id === incidentId)?.called;
  }

  #closed(incident: Incident): void {
    this.#incidentCount++;
    if (this.#incidents.length < MAX_INCIDENTS) this.#incidents.push(incident);
    const tally = this.#tally(incident.called);
    tally.incidents++;
    if (RANK.indexOf(incident.severity) > RANK.indexOf(tally.severity)) tally.severity = incident.severity;
  }

  #tally(called: string): Tally {
    const known = this.#numbers.get(called);
    if (known !== undefined) return known;
    if (this.#numbers.size >= MAX_NUMBERS && called !== OTHERS) return this.#tally(OTHERS);
    const tally: Tally = { incidents: 0, severity: "low", cut: 0, refused: 0, spared: 0 };
    this.#numbers.set(called, tally);
    return tally;
  }
}

const RANK: readonly Severity[] = ["low", "medium", "high", "critical"];

const callsOf = ({ cut, refused, spared }: ReplayNumber): number => cut + refused + spared;

function worstFirst(a: ReplayNumber, b: ReplayNumber): number {
  const difference = callsOf(b) - callsOf(a);
  return difference !== 0 ? difference : a.called < b.called ? -1 : 1;
}
