const DATE =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d{2}) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/i;
const MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");

/** A Date header field: RFC 1123 form, GMT only (RFC 3261 §20.17). @returns Unix ms; undefined where it is malformed. */
export function parseSipDate(value: string): number | undefined {
  const found = DATE.exec(value.trim());
  if (found === null) return undefined;
  const [day, month, year, hour, minute, second] = [
    Number(found[1]),
    MONTHS.indexOf((found[2] ?? "").toLowerCase()),
    Number(found[3]),
    Number(found[4]),
    Number(found[5]),
    Number(found[6]),
  ];
  if (day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) return undefined;
  return Date.UTC(year, month, day, hour, minute, second);
}

/** The inverse; milliseconds are cut off. */
export function formatSipDate(unixMs: number): string {
  return new Date(unixMs).toUTCString();
}

/**
 * RFC 8224 §6.2 step 4: both the PASSporT's own time and, where there is one, the request's Date have to be near `nowMs`.
 * @param iat Seconds.
 * @param windowMs Allowed distance, either way.
 */
export function isFresh(iat: number, dateMs: number | undefined, nowMs: number, windowMs: number): boolean {
  const near = (atMs: number): boolean => Math.abs(nowMs - atMs) <= windowMs;
  return near(iat * 1000) && (dateMs === undefined || near(dateMs));
}
