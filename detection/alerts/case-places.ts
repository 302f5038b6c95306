import type { FindingPlace } from "../cdr/cdr-finding.js";
import type { Alert, AlertFinding } from "../model/findings.js";
import type { AlertCase, CasePlace } from "./alert-case.js";

/** Of a case; where its findings have more, the rest is nobody's. */
const MAX_CASE_PLACES = 64;
/** As many places as a finding names. Before it was kept that there are more, so many may have been all of them or not. */
const MOST_OF_A_FINDING = 16;
/** Where records belong of which that is not known: no team's. */
const NOBODYS: CasePlace = {};

/** Where the records of all its findings belong. Empty: it is about none, or nothing is known of them. */
export function placesOfCase({ places, incidentIds, latest }: AlertCase): readonly CasePlace[] {
  if (places !== undefined) return places;
  const { finding } = latest;
  // From before cases kept their places: what its other findings were is not known any more.
  if (finding === undefined) return [];
  const isKnown = incidentIds.length <= 1 && (finding.places?.length ?? 0) < MOST_OF_A_FINDING;
  return isKnown ? ofFinding(finding) : [NOBODYS];
}

/** What a case says of its places once an alert has joined it: those of its earlier findings stay. */
export function grownPlaces(before: AlertCase | undefined, { finding }: Alert): Pick<AlertCase, "places"> {
  if (finding === undefined) return before?.places === undefined ? {} : { places: before.places };
  const places = new Map<string, CasePlace>();
  for (const place of [...(before === undefined ? [] : placesOfCase(before)), ...ofFinding(finding)])
    places.set(JSON.stringify([place.trunk, place.site, place.department]), place);
  const all = [...places.values()];
  return { places: all.length <= MAX_CASE_PLACES ? all : [NOBODYS, ...all.slice(0, MAX_CASE_PLACES - 1)] };
}

function ofFinding({ places = [], isWide }: AlertFinding): readonly CasePlace[] {
  const named = places.map(withoutCount);
  return named.length === 0 || isWide === true ? [NOBODYS, ...named] : named;
}

const withoutCount = ({ trunk, site, department }: FindingPlace): CasePlace => ({
  ...(trunk === undefined ? {} : { trunk }),
  ...(site === undefined ? {} : { site }),
  ...(department === undefined ? {} : { department }),
});
