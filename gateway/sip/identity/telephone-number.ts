/**
 * A telephone number as PASSporTs compare it: without `+` and visual separators. RFC 8224 §8.3, RFC 8225 §5.2.1
 * @param text A number, or a user part with parameters behind it.
 * @returns 1–32 digits, `*` or `#`; undefined where it is no number.
 */
export function tnOf(text: string): string | undefined {
  if (text.length > 256) return undefined;
  const semicolon = text.indexOf(";");
  const tn = (semicolon < 0 ? text : text.slice(0, semicolon)).replace(/^\+|[-.() ]/g, "");
  return /^[0-9*#]{1,32}$/.test(tn) ? tn : undefined;
}
