import {
  CallJourney,
  journeyDocument,
  type CallRecord,
  type ReportDocument,
  type ReportRules,
  type UnixMs,
} from "../../detection/index.js";
import type { ReportData, ReportDataRange } from "../ports/report-data.js";

/** Legs of one conversation lie within so long of each other. */
const AROUND_MS = 86_400_000;
const MAX_ROUNDS = 10;

/**
 * The journey of the call that has this id: its legs are looked up link by link.
 * @param within The call began in it; undefined: whenever. Of several that share the id it is the latest.
 * @returns Undefined: no record has that id.
 */
export async function makeJourney(
  callId: string,
  { within, now }: { readonly within?: ReportDataRange | undefined; readonly now: UnixMs },
  data: ReportData,
  rules: ReportRules,
): Promise<ReportDocument | undefined> {
  const named = await data.linked({ ids: [callId], correlations: [] });
  const [seed] = named
    .filter((record) => record.callId === callId || record.id === callId)
    .filter(({ startedAt }) => within === undefined || (startedAt >= within.from && startedAt < within.to))
    .sort((a, b) => b.startedAt - a.startedAt);
  if (seed === undefined) return undefined;
  const journey = new CallJourney(seed);
  const isNear = ({ startedAt }: CallRecord): boolean => Math.abs(startedAt - seed.startedAt) <= AROUND_MS;
  // A leg may be linked by one that comes later: looked up again until there is nothing new.
  for (let round = 0, added = 1; added > 0 && round < MAX_ROUNDS; round++) {
    const found = (await data.linked(journey.wanted)).filter(isNear);
    added = found.filter((record) => journey.offer(record)).length;
  }
  return journeyDocument(journey.legs(), { now, rules, limits: [...data.limits, ...journey.limits] });
}
