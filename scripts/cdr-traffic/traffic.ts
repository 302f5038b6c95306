import { Seeded, type CallRecord, type SettingChange, type UnixMs } from "../../detection/index.js";
import { fraudOf, FRAUDS, STRENGTHS, type FraudKind, type Strength } from "./frauds.js";
import { DAY_MS, honestDay, type Draft, type Trip } from "./honest-days.js";
import { COUNTRIES, population, type PopulationOptions } from "./population.js";

export interface TrafficOptions extends PopulationOptions {
  readonly days: number;
  /** The first day, UTC midnight. */
  readonly from: UnixMs;
  /** Days without fraud at the beginning, for baselines. */
  readonly honestDays: number;
  /** Frauds a day after that, on average; 0: none. */
  readonly fraudsPerDay: number;
}

export interface Label {
  /** `kind/strength/number` of the incident. */
  readonly incident: string;
  readonly kind: FraudKind;
  readonly strength: Strength;
}

export type TrafficItem =
  | { readonly kind: "call"; readonly record: CallRecord; readonly label: Label | undefined }
  | { readonly kind: "change"; readonly change: SettingChange; readonly label: Label | undefined };

/** Labelled synthetic traffic in the order of its starts, a day at a time. The same options give the same traffic. */
export function* traffic(options: TrafficOptions): Generator<TrafficItem> {
  const users = population(options);
  const random = new Seeded(options.seed * 31 + 7);
  const trips = new Map<string, Trip>();
  let calls = 0;
  let incidents = 0;
  for (let day = 0; day < options.days; day++) {
    const dayStart = options.from + day * DAY_MS;
    const items: TrafficItem[] = [];
    const add = (draft: Draft, label: Label | undefined): void => {
      const id = `r${++calls}`;
      items.push({ kind: "call", record: { id, source: "csv", callId: `c${calls}`, ...draft }, label });
    };
    for (const user of users) {
      let trip = trips.get(user.name);
      if (trip !== undefined && day > trip.until) trips.delete(user.name);
      if (trip === undefined && user.profile === "manager" && random.chance(0.02)) {
        trip = { from: day, until: day + 2 + random.below(4), country: random.pick(COUNTRIES) };
        trips.set(user.name, trip);
      }
      for (const draft of honestDay(user, dayStart, trip, random)) add(draft, undefined);
    }
    const count = day < options.honestDays ? 0 : Math.floor(options.fraudsPerDay + random.next());
    for (let i = 0; i < count; i++) {
      const kind = FRAUDS[incidents % FRAUDS.length] ?? "toll-fraud";
      const strength = STRENGTHS[Math.floor(incidents / FRAUDS.length) % STRENGTHS.length] ?? "middling";
      const fraud = fraudOf(kind, strength, { users, dayStart, random });
      const label = { incident: `${kind}/${strength}/${++incidents}`, kind, strength };
      for (const draft of fraud.drafts) add(draft, label);
      for (const change of fraud.changes)
        items.push({ kind: "change", change: { id: `s${incidents}`, ...change }, label });
    }
    items.sort((a, b) => timeOf(a) - timeOf(b));
    yield* items;
  }
}

export const timeOf = (item: TrafficItem): number => (item.kind === "call" ? item.record.startedAt : item.change.at);
