import { unixMs, type UnixMs } from "../core/time.js";

interface RawRange {
  readonly since?: number | undefined;
  readonly before?: number | undefined;
}

/** A query string's range as the store wants it. */
export const rangeOf = ({ since, before }: RawRange): { readonly since?: UnixMs; readonly before?: UnixMs } => ({
  ...(since === undefined ? {} : { since: unixMs(since) }),
  ...(before === undefined ? {} : { before: unixMs(before) }),
});

export const pageOf = (
  query: RawRange & { readonly limit: number },
): ReturnType<typeof rangeOf> & { readonly limit: number } => ({
  limit: query.limit,
  ...rangeOf(query),
});
