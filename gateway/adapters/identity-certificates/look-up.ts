import { promises as dns } from "node:dns";
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";

export interface FoundAddress {
  readonly address: string;
  readonly family: number;
}

/**
 * Looks a name up. DNS behind it; tests pass a function.
 * @param signal Aborted, nobody waits any more: what is under way has to end.
 */
export type LookUp = (host: string, signal: AbortSignal) => Promise<readonly FoundAddress[]>;

/** For one question to one server, ms, and questions to each: together less than a fetch may take. */
const QUESTION_MS = 400;
const TRIES = 2;

export interface LookUpOptions {
  /** `address` or `address:port`; default: those of resolv.conf. */
  readonly servers?: readonly string[];
  readonly hostsFile?: string;
}

/**
 * Asks /etc/hosts, then the name servers, from here: `getaddrinfo` would hold one of the four threads on which the process also
 * verifies, signs, and reads and writes files, and cannot be ended. Whoever chooses the name chooses how long its server is silent.
 */
export function systemLookUp({ servers, hostsFile = "/etc/hosts" }: LookUpOptions = {}): LookUp {
  return async (host, signal) => {
    const known = await readFile(hostsFile, "latin1").then(
      (text) => inHosts(text, host),
      () => [],
    );
    if (known.length > 0 || signal.aborted) return known;
    const resolver = new dns.Resolver({ timeout: QUESTION_MS, tries: TRIES });
    if (servers !== undefined) resolver.setServers(servers);
    const cancel = (): void => resolver.cancel();
    signal.addEventListener("abort", cancel, { once: true });
    try {
      const [v4, v6] = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
      return [...found(v4, 4), ...found(v6, 6)];
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  };
}

/** One family that has no answer does not take away the other's. */
const found = (answer: PromiseSettledResult<string[]>, family: number): FoundAddress[] =>
  answer.status === "fulfilled" ? answer.value.map((address) => ({ address, family })) : [];

/** hosts(5): an address and its names a line. */
function inHosts(text: string, host: string): FoundAddress[] {
  return text.split("\n").flatMap((line) => {
    const [address = "", ...names] = (line.split("#", 1)[0] ?? "").trim().split(/\s+/);
    const family = isIP(address);
    return family !== 0 && names.some((name) => name.toLowerCase() === host) ? [{ address, family }] : [];
  });
}
