import { ERRORS } from "../core/errors.js";

const WEB_ADDRESS = /\b[a-z][a-z0-9+.-]*:\/\/\S+/gi;
const PATH = /(?<![\w.])(?:~|\.{1,2})?\/[^\s,;:"']+/g;
const ADDRESS_V6 = /\[?(?:[0-9a-f]{0,4}:){2,}[0-9a-f.]*\]?(?::\d+)?/gi;
/** Also IPv4 with a port. */
const DOTTED = /\b[\w-]+(?:\.[\w-]+)+(?::\d+)?/g;

/** Why something is not well, for everybody who asks: without addresses, names of hosts and files. `/ready` has it whole, for keys. */
export const publicWords = (detail: string): string =>
  detail
    .replace(WEB_ADDRESS, "…")
    .replace(PATH, "…")
    .replace(ADDRESS_V6, "…")
    .replace(DOTTED, (word) => (Object.hasOwn(ERRORS, word) ? word : "…"));
