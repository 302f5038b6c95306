/** What SIP scanners and attack tools call themselves, in lower case; found anywhere in User-Agent. */
const SCANNERS = [
  "friendly-scanner",
  "friendly-request",
  "sipvicious",
  "sipcli",
  "sip-scan",
  "sipscan",
  "sundayddr",
  "vaxsipuseragent",
  "siparmyknife",
  "pplsip",
  "sivus",
];

/** Remembers at most 512 spellings: a gateway sees few User-Agents, again and again. */
export class ScannerAgents {
  readonly #known = new Map<string, boolean>();

  isScanner(userAgent: string): boolean {
    const known = this.#known.get(userAgent);
    if (known !== undefined) return known;
    const lower = userAgent.slice(0, 256).toLowerCase();
    const found = SCANNERS.some((name) => lower.includes(name));
    if (this.#known.size >= 512) this.#known.clear();
    if (userAgent.length <= 256) this.#known.set(userAgent, found);
    return found;
  }
}
