import {
  placesOfCase,
  type Alert,
  type AlertCase,
  type CdrFinding,
  type FindingPlace,
  type Incident,
} from "../../detection/index.js";

/** Whose rows may be seen: of these trunks, sites and departments. One of the three is enough; where nothing is named nothing is seen. */
export interface DataScope {
  readonly teams: readonly string[];
  readonly trunks: readonly string[];
  readonly sites: readonly string[];
  readonly departments: readonly string[];
}

/** What a row says of where it belongs. What names neither trunk nor site nor department belongs to no team. */
export type Place = Pick<FindingPlace, "trunk" | "site" | "department">;

/** For rows that everybody with the role may see: no scope. */
export const sees = (scope: DataScope | undefined, { trunk, site, department }: Place): boolean =>
  scope === undefined ||
  (trunk !== undefined && scope.trunks.includes(trunk)) ||
  (site !== undefined && scope.sites.includes(site)) ||
  (department !== undefined && scope.departments.includes(department));

/**
 * An attack as a team may see it: its own trunks' calls and their callers. Counts are of what is shown.
 * @returns Undefined: no call of it came in by a trunk of the team.
 */
export function seenIncident(incident: Incident, scope: DataScope | undefined): Incident | undefined {
  if (scope === undefined) return incident;
  const trunks = incident.trunks.filter((trunk) => scope.trunks.includes(trunk));
  if (trunks.length === 0) return undefined;
  if (trunks.length === incident.trunks.length) return incident;
  const calls = incident.calls.filter(({ trunk }) => scope.trunks.includes(trunk));
  const callers = [...new Set(calls.map(({ caller }) => caller))];
  return { ...incident, trunks, calls, callers, callerCount: callers.length, callCount: calls.length };
}

/**
 * The same of an alert: one of call records by where they belong, any other by the attack that it tells of. One whose attack is not
 * known is not shown to a team.
 */
export function seenAlert(
  alert: Alert,
  incident: Incident | undefined,
  scope: DataScope | undefined,
): Alert | undefined {
  if (scope === undefined) return alert;
  if (alert.finding !== undefined) return ownPlaces(alert.finding, scope) === "all" ? alert : undefined;
  const seen = incident === undefined ? undefined : seenIncident(incident, scope);
  if (seen === undefined || seen === incident) return seen === undefined ? undefined : alert;
  const { callers, callerCount, calls, callCount } = seen;
  // The text is of the whole attack, with its numbers.
  const message = "An attack that came in by other trunks as well: this is your part of it.";
  return { ...alert, callers, callerCount, callCount, callIds: calls.map(({ callId }) => callId), message };
}

/** A finding with how much of it is shown. */
export interface SeenFinding {
  readonly finding: CdrFinding;
  /** It has records of others as well: those, and the figures that were made of all, are left out. */
  readonly isPart: boolean;
}

/** @returns Undefined: none of its records is the team's, or nobody wrote down whose they are. */
export function seenFinding(finding: CdrFinding, scope: DataScope | undefined): SeenFinding | undefined {
  if (scope === undefined) return { finding, isPart: false };
  const own = ownPlaces(finding, scope);
  if (own === "none") return undefined;
  if (own === "all") return { finding, isPart: false };
  const { user: _user, site: _site, places = [], ...rest } = finding;
  const seen = places.filter((place) => sees(scope, place));
  const recordCount = seen.reduce((sum, { records }) => sum + records, 0);
  return { finding: { ...rest, places: seen, evidence: {}, detail: {}, records: [], recordCount }, isPart: true };
}

/** A case is a team's as a whole or not at all: its text, its callers and its comments are of all of it, so of all its findings. */
export function seesCase(of: AlertCase, scope: DataScope | undefined): boolean {
  if (scope === undefined) return true;
  if (of.latest.finding !== undefined) {
    const places = placesOfCase(of);
    return places.length > 0 && places.every((place) => sees(scope, place));
  }
  return of.trunks.length > 0 && of.trunks.every((trunk) => scope.trunks.includes(trunk));
}

function ownPlaces(
  { places = [], isWide }: Pick<CdrFinding, "places" | "isWide">,
  scope: DataScope,
): "all" | "some" | "none" {
  const seen = places.filter((place) => sees(scope, place)).length;
  if (seen === 0) return "none";
  return seen === places.length && isWide === undefined ? "all" : "some";
}
