import type { Random } from "../../../core/random.js";
import type { SipProtocol, SipTarget } from "../../../ports/sip-endpoint.js";
import type { Address, DnsLookup, NaptrRecord, SrvRecord } from "./dns-lookup.js";
import { orderSrv } from "./order-srv.js";
import type { Hop } from "./parse-hop.js";

/** Where a hop is: groups in the order to try them, and how long that holds. */
export interface Located {
  readonly servers: readonly LocatedServer[];
  readonly ttlMs: number;
}

/** One SRV record's addresses, or the host's own. */
export interface LocatedServer {
  readonly priority: number;
  readonly weight: number;
  readonly targets: readonly SipTarget[];
}

export interface LocateOptions {
  /** What we can speak, in order of preference where DNS leaves the choice. */
  readonly protocols: readonly SipProtocol[];
  readonly families: readonly (4 | 6)[];
  /** Ask the machine's own hosts file where DNS knows nothing. */
  readonly useHostsFile: boolean;
  /** Node tells no TTL of SRV and NAPTR records: they count as this long. ms */
  readonly srvTtlMs: number;
}

/** Beyond these, what a DNS answer holds is ignored. */
const MAX_SRV = 16;
const MAX_ADDRESSES = 8;

const SERVICES: readonly (readonly [service: string, protocol: SipProtocol])[] = [
  ["SIP+D2U", "udp"],
  ["SIP+D2T", "tcp"],
  ["SIPS+D2T", "tls"],
];
const SRV_PREFIX: Readonly<Record<SipProtocol, string>> = { udp: "_sip._udp.", tcp: "_sip._tcp.", tls: "_sips._tcp." };

/** RFC 3263 §4.2 for a literal: no look-up. */
export function literalTarget(hop: Hop): SipTarget {
  const protocol = hop.protocol ?? "udp";
  return { protocol, address: hop.host, port: hop.port ?? defaultPort(protocol) };
}

/**
 * RFC 3263 §4.1 and §4.2 for a name. With a port: addresses only. With a transport: SRV for it, then addresses. With neither:
 * NAPTR, SRV for each transport that we have, then addresses. No server at all: an empty list.
 */
export async function locate(hop: Hop, dns: DnsLookup, options: LocateOptions): Promise<Located> {
  if (hop.port !== undefined) return locateHost(hop, hop.protocol ?? "udp", hop.port, dns, options);
  const services = await findServices(hop, dns, options);
  for (const { protocol, name } of services) {
    const records = (await dns.srv(name)).slice(0, MAX_SRV);
    // RFC 2782: a target of "." says that the service is decidedly not there.
    const offered = records.filter((each) => each.name !== "" && each.name !== ".");
    if (records.length > 0 && offered.length === 0) continue;
    const found = offered.length === 0 ? [] : await resolveServers(hop, protocol, offered, dns, options);
    if (found.length > 0)
      return {
        servers: found.map(([server]) => server),
        ttlMs: Math.min(options.srvTtlMs, ...found.map(([, ttlMs]) => ttlMs)),
      };
  }
  const protocol = hop.protocol ?? "udp";
  return locateHost(hop, protocol, defaultPort(protocol), dns, options);
}

/** The order to try servers in, drawn anew each time. RFC 2782 */
export function inOrder(located: Located, random: Random): readonly SipTarget[] {
  const [only, ...others] = located.servers;
  if (only !== undefined && others.length === 0) return only.targets;
  return orderSrv(located.servers, random).flatMap((server) => server.targets);
}

interface Service {
  readonly protocol: SipProtocol;
  readonly name: string;
}

async function findServices(hop: Hop, dns: DnsLookup, options: LocateOptions): Promise<readonly Service[]> {
  const usable = hop.protocol === undefined ? options.protocols : [hop.protocol];
  const plain = usable.map((protocol) => ({ protocol, name: SRV_PREFIX[protocol] + hop.host }));
  if (hop.protocol !== undefined && !hop.secure) return plain;
  const naptr = await dns.naptr(hop.host).catch(() => [] as readonly NaptrRecord[]);
  const listed = [...naptr]
    .filter((each) => each.flags.toLowerCase() === "s" && each.replacement !== "")
    .sort((a, b) => (a.order === b.order ? a.preference - b.preference : a.order - b.order))
    .flatMap(({ service, replacement }) => {
      const protocol = SERVICES.find(([name]) => name === service.toUpperCase())?.[1];
      return protocol !== undefined && usable.includes(protocol) ? [{ protocol, name: replacement }] : [];
    });
  return listed.length > 0 ? listed.slice(0, MAX_SRV) : plain;
}

async function resolveServers(
  hop: Hop,
  protocol: SipProtocol,
  records: readonly SrvRecord[],
  dns: DnsLookup,
  options: LocateOptions,
): Promise<readonly (readonly [LocatedServer, number])[]> {
  const all = await Promise.all(
    records.map(async ({ name, port, priority, weight }) => {
      const addresses = await addressesOf(name, dns, options).catch(() => [] as readonly Address[]);
      const targets = addresses.map((each) => target(hop, protocol, each.address, port));
      return [{ priority, weight, targets }, shortestTtlMs(addresses)] as const;
    }),
  );
  return all.filter(([server]) => server.targets.length > 0);
}

async function locateHost(
  hop: Hop,
  protocol: SipProtocol,
  port: number,
  dns: DnsLookup,
  options: LocateOptions,
): Promise<Located> {
  const addresses = await addressesOf(hop.host, dns, options);
  const targets = addresses.map((each) => target(hop, protocol, each.address, port));
  return {
    servers: targets.length === 0 ? [] : [{ priority: 0, weight: 0, targets }],
    ttlMs: shortestTtlMs(addresses),
  };
}

async function addressesOf(name: string, dns: DnsLookup, options: LocateOptions): Promise<readonly Address[]> {
  const answers = await Promise.allSettled(options.families.map((family) => dns.addresses(name, family)));
  const found = answers.flatMap((each) => (each.status === "fulfilled" ? each.value : [])).slice(0, MAX_ADDRESSES);
  if (found.length > 0) return found;
  const local = options.useHostsFile ? await dns.local(name).catch(() => [] as readonly Address[]) : [];
  const usable = local
    .filter((each) => options.families.includes(each.address.includes(":") ? 6 : 4))
    .slice(0, MAX_ADDRESSES);
  if (usable.length > 0) return usable;
  // One server that did not answer is no proof that the name is not there.
  const failed = answers.find((each) => each.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return [];
}

/** The certificate must be that of the name that was asked for, not of what DNS made of it. RFC 5922 §4 */
function target(hop: Hop, protocol: SipProtocol, address: string, port: number): SipTarget {
  return protocol === "tls" ? { protocol, address, port, tlsServerName: hop.host } : { protocol, address, port };
}

const shortestTtlMs = (addresses: readonly Address[]): number =>
  Math.min(...addresses.map((each) => each.ttlSeconds * 1000));

const defaultPort = (protocol: SipProtocol): number => (protocol === "tls" ? 5061 : 5060);
