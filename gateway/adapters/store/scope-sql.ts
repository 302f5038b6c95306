import { sql, type RawBuilder, type SqlBool } from "kysely";
import type { DataScope } from "../../core/data-scope.js";

/** No stored text has a NUL, and PostgreSQL refuses a parameter that has one. */
const param = (value: string): string => value.replaceAll("\0", "\uFFFD");

/** Empty: compares with nothing. */
export const textArray = (values: readonly string[]) => sql`array[${sql.join(values.map(param))}]::text[]`;

/** What names a trunk, a site or a department of the scope. @param of JSON with these names in it: a record, or a place. */
const inScope = (of: RawBuilder<unknown>, { trunks, sites, departments }: DataScope) =>
  sql<SqlBool>`(${of} ->> 'trunk' = any(${textArray(trunks)}) or ${of} ->> 'site' = any(${textArray(sites)})
    or ${of} ->> 'department' = any(${textArray(departments)}))`;

/** In SQL, what `sees` of core/data-scope.ts is. @param record Column of a CallRecord. */
export const recordInScope = (record: string, scope: DataScope): RawBuilder<SqlBool> => inScope(sql.ref(record), scope);

/** One place, at least, is of the scope; what is to be left out of it, `seenFinding` says. @param finding Column of a CdrFinding. */
export const findingInScope = (finding: string, scope: DataScope): RawBuilder<SqlBool> =>
  sql<SqlBool>`exists (select 1 from jsonb_array_elements(${sql.ref(finding)} -> 'places') as place
    where ${inScope(sql.ref("place"), scope)})`;

/** @param finding Column of an AlertFinding; null in alerts of attacks. */
export const alertInScope = (scope: DataScope): RawBuilder<SqlBool> =>
  sql<SqlBool>`(incident_id in (select id from incidents where trunks ?| ${textArray(scope.trunks)})
    or ${findingInScope("finding", scope)})`;

/**
 * A call of which every record that we have is of the scope, and there is one: the same Call-ID in somebody else's records, whoever
 * chose it, shows nothing. @param callId Column.
 */
export function callInScope(callId: string, scope: DataScope): RawBuilder<SqlBool> {
  const id = sql.ref(callId);
  const carried = sql`cdrs c where c.call_id = ${id}`;
  const recorded = sql`call_records r where left(r.record ->> 'callId', 256) = left(${id}, 256) and r.record ->> 'callId' = ${id}`;
  const seen = sql`c.trunk = any(${textArray(scope.trunks)})`;
  const told = recordInScope("r.record", scope);
  return sql<SqlBool>`(exists (select 1 from ${carried} and ${seen}) or exists (select 1 from ${recorded} and ${told}))
    and not exists (select 1 from ${carried} and not ${seen})
    and not exists (select 1 from ${recorded} and coalesce(not ${told}, true))`;
}

/** What `placesOfCase` says: those of the latest finding only where a case of before they were kept has had no other, and names them all. */
const PLACES_OF_CASE = sql`coalesce(data -> 'places', case
  when jsonb_array_length(data -> 'incidentIds') <= 1 and jsonb_array_length(data -> 'latest' -> 'finding' -> 'places') < 16
  then data -> 'latest' -> 'finding' -> 'places' end)`;

/** A case is seen as a whole or not at all, as `seesCase` says it. */
export const caseInScope = (scope: DataScope): RawBuilder<SqlBool> => sql<SqlBool>`(case
  when data -> 'latest' -> 'finding' is not null then
    ${placesAll(PLACES_OF_CASE, scope)}
  else jsonb_array_length(data -> 'trunks') > 0
    and not exists (select 1 from jsonb_array_elements_text(data -> 'trunks') as t(name)
      where not t.name = any(${textArray(scope.trunks)})) end)`;

const placesAll = (places: RawBuilder<unknown>, scope: DataScope) =>
  sql<SqlBool>`(coalesce(jsonb_array_length(${places}), 0) > 0
    and not exists (select 1 from jsonb_array_elements(${places}) as place
      where coalesce(not ${inScope(sql.ref("place"), scope)}, true)))`;
