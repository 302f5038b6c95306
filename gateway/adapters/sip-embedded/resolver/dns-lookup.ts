import { lookup } from "node:dns/promises";
import { promises as dns } from "node:dns";

export interface Address {
  readonly address: string;
  readonly ttlSeconds: number;
}

export interface SrvRecord {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

export interface NaptrRecord {
  readonly service: string;
  readonly flags: string;
  readonly replacement: string;
  readonly order: number;
  readonly preference: number;
}

/** The questions that RFC 3263 asks. Empty: there is no such record. Rejects when the servers do not answer. */
export interface DnsLookup {
  naptr(name: string): Promise<readonly NaptrRecord[]>;
  srv(name: string): Promise<readonly SrvRecord[]>;
  addresses(name: string, family: 4 | 6): Promise<readonly Address[]>;
  /** What the machine itself knows: /etc/hosts and the like. */
  local(name: string): Promise<readonly Address[]>;
  close(): void;
}

export interface DnsLookupOptions {
  /** `address` or `address:port`; default: those of the machine. */
  readonly servers?: readonly string[];
  /** For one question to one server, ms. */
  readonly timeoutMs: number;
  /** Questions to each server before it is given up. */
  readonly tries: number;
}

/** Answers that mean that there is nothing, as opposed to nobody having answered. */
const NOTHING = new Set(["ENODATA", "ENOTFOUND", "EBADNAME", "NXDOMAIN"]);
const LOCAL_TTL_SECONDS = 30;

export function createDnsLookup(options: DnsLookupOptions): DnsLookup {
  const resolver = new dns.Resolver({ timeout: options.timeoutMs, tries: options.tries });
  if (options.servers !== undefined && options.servers.length > 0) resolver.setServers(options.servers);
  const orNothing = <T>(answer: Promise<T[]>): Promise<T[]> =>
    answer.catch((error: unknown) => {
      if (NOTHING.has((error as NodeJS.ErrnoException).code ?? "")) return [];
      throw error;
    });
  const addressOf = (each: { address: string; ttl: number }): Address => ({
    address: each.address,
    ttlSeconds: each.ttl,
  });
  return {
    naptr: (name) => orNothing(resolver.resolveNaptr(name)),
    srv: (name) => orNothing(resolver.resolveSrv(name)),
    addresses: async (name, family) => {
      const found = family === 4 ? resolver.resolve4(name, { ttl: true }) : resolver.resolve6(name, { ttl: true });
      return (await orNothing(found)).map(addressOf);
    },
    local: async (name) => {
      const found = await orNothing(lookup(name, { all: true, order: "verbatim" }));
      return found.map(({ address }) => ({ address, ttlSeconds: LOCAL_TTL_SECONDS }));
    },
    close: () => resolver.cancel(),
  };
}
