import type { DataScope } from "../../core/data-scope.js";
import type { ScopeQuery, TrunkQuery } from "../../ports/records.js";
import type { TeamOption } from "../api-options.js";
import type { Principal } from "./permissions.js";

/** Live calls that are looked through for a scope's own: more would keep the SIP thread from its work. */
export const MOST_LIVE_CALLS = 1_000;

/** @param ids Absent: everything may be seen. A team that is not known shows nothing. */
export function scopeOf(ids: readonly string[] | undefined, teams: readonly TeamOption[]): DataScope | undefined {
  if (ids === undefined) return undefined;
  const named = teams.filter(({ id }) => ids.includes(id));
  const all = (of: "trunks" | "sites" | "departments"): string[] => [
    ...new Set(named.flatMap((team) => team[of] ?? [])),
  ];
  return { teams: ids, trunks: all("trunks"), sites: all("sites"), departments: all("departments") };
}

/** For the store's queries of calls that the gateway carried, which have a trunk and nothing else: nothing where everything may be seen. */
export const trunksOf = ({ scope }: Principal): TrunkQuery => (scope === undefined ? {} : { trunks: scope.trunks });

/** The same for rows that may name a site or a department too. */
export const placesOf = ({ scope }: Principal): ScopeQuery => (scope === undefined ? {} : { scope });

export const mayLookAt = ({ scope }: Principal, trunk: string): boolean =>
  scope === undefined || scope.trunks.includes(trunk);
