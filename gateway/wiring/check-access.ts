import type { Config } from "../config/schema.js";

/** A team that is misspelt shows nothing, and a trunk that is none has no calls: neither is said otherwise. */
export function accessProblems({ access, http, trunks }: Config): string[] {
  const { teams, oidc } = access;
  const ids = new Set<string>();
  const problems: string[] = [];
  const trunkIds = new Set(["default", ...trunks.map(({ id }) => id)]);
  for (const [i, team] of teams.entries()) {
    if (ids.has(team.id)) problems.push(`access.teams.${i}.id: ${JSON.stringify(team.id)} is there twice`);
    ids.add(team.id);
    // It stands for records that name no site: those of everybody.
    if (team.sites.includes("default")) problems.push(`access.teams.${i}.sites: "default" is no site of a record`);
    for (const trunk of team.trunks) {
      if (!trunkIds.has(trunk)) problems.push(`access.teams.${i}.trunks: there is no trunk ${JSON.stringify(trunk)}`);
    }
  }
  const named = [
    ...http.apiKeys.map(({ teams: own }, i) => [`http.apiKeys.${i}.teams`, own] as const),
    ...oidc.grants.map(({ teams: own }, i) => [`access.oidc.grants.${i}.teams`, own] as const),
  ];
  for (const [path, own] of named) {
    const unknown = own?.find((id) => !ids.has(id));
    if (unknown !== undefined) problems.push(`${path}: access.teams has no ${JSON.stringify(unknown)}`);
  }
  if (oidc.issuer !== undefined && oidc.grants.length === 0) {
    problems.push("access.oidc.grants: without one no token may do anything");
  }
  return problems;
}
