import { unixMs, type UnixMs } from "../core/time.js";
import type { PageQuery } from "../ports/records.js";

interface RawRange {
  readonly since?: number | undefined;
  readonly before?: number | undefined;
}

/** A query string's page. */
export interface RawPage extends RawRange {
  readonly limit: number;
  readonly before_id?: string | undefined;
}

/** A query string's range as the store wants it. */
export const rangeOf = ({ since, before }: RawRange): { readonly since?: UnixMs; readonly before?: UnixMs } => ({
  ...(since === undefined ? {} : { since: unixMs(since) }),
  ...(before === undefined ? {} : { before: unixMs(before) }),
});

export const pageOf = ({ limit, before_id: beforeId, ...range }: RawPage): PageQuery => ({
  limit,
  ...rangeOf(range),
  ...(beforeId === undefined ? {} : { beforeId }),
});

/** Does a row that is only in memory belong to the page? As the store judges its own. */
export function onPage(page: PageQuery, at: UnixMs, id: string): boolean {
  const { since = -Infinity, before = Infinity, beforeId } = page;
  return at >= since && (at < before || (beforeId !== undefined && at === before && id < beforeId));
}

/** Sorts as the store does: newest first, and by id, descending, within a millisecond. */
export const newestFirst =
  <T extends { readonly id: string }>(at: (row: T) => UnixMs) =>
  (a: T, b: T): number => {
    const apart = at(b) - at(a);
    if (apart !== 0) return apart;
    return a.id < b.id ? 1 : -1;
  };
