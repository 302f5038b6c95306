import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { CidrTable } from "../../core/cidr.js";
import { GatewayError } from "../../core/errors.js";

export interface SourceGuardOptions {
  /** Hosts that recordings may come from: names, `*.example.org` for all below it. Empty: none. */
  readonly hosts: readonly string[];
  /** Networks that may be connected to though they are not public. */
  readonly privateNetworks: readonly string[];
  /** Take `http:` too. */
  readonly plainHttp: boolean;
}

export interface Address {
  readonly address: string;
  readonly family: number;
}

export type LookUp = (host: string) => Promise<readonly Address[]>;

/** Special-purpose addresses (RFC 6890, IANA registries): ours, our neighbours', nobody's, cloud metadata's. */
const NOT_PUBLIC = [
  ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"],
  ...["192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"],
  ...["224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"],
];
const PUBLIC = ["0.0.0.0/0", "2000::/3"];

const systemLookUp: LookUp = (host) => lookup(host, { all: true });

/** Says whether a recording may be fetched from a URL, and from which address: names are resolved once, and the answer is what is connected to. */
export class SourceGuard {
  readonly #options: SourceGuardOptions;
  readonly #lookUp: LookUp;
  readonly #public = tableOf(PUBLIC);
  readonly #notPublic = tableOf(NOT_PUBLIC);
  readonly #allowed: CidrTable<true>;

  /** @throws GatewayError `config.invalid` */
  constructor(options: SourceGuardOptions, lookUp = systemLookUp) {
    this.#options = options;
    this.#lookUp = lookUp;
    this.#allowed = tableOf(options.privateNetworks);
  }

  /** Scheme and host, without asking anybody. @throws GatewayError `recording.refused` */
  check(text: string): URL {
    if (!URL.canParse(text)) throw refused("its address is no URL");
    const url = new URL(text);
    const schemes = this.#options.plainHttp ? ["https:", "http:"] : ["https:"];
    if (!schemes.includes(url.protocol)) throw refused(`only ${schemes.join(" and ")} are taken`);
    const host = hostOf(url);
    if (!this.#options.hosts.some((allowed) => fits(host, allowed.toLowerCase())))
      throw refused("its host is not in recordings.download.hosts");
    return url;
  }

  /** @throws GatewayError `recording.refused`: an address is not public; `recording.unavailable`: there is none. */
  async resolve(url: URL): Promise<Address> {
    const host = hostOf(url);
    const family = isIP(host);
    const found = family === 0 ? await this.#ask(host) : [{ address: host, family }];
    // One that is private among public ones is no accident.
    if (!found.every(({ address }) => this.#allows(address)))
      throw refused("its host has an address that is not public (recordings.download.privateNetworks)");
    const [first] = found;
    if (first === undefined) throw new GatewayError("recording.unavailable", "its host has no address");
    return first;
  }

  async #ask(host: string): Promise<readonly Address[]> {
    try {
      return await this.#lookUp(host);
    } catch (cause) {
      throw new GatewayError("recording.unavailable", "its host cannot be resolved", { cause });
    }
  }

  #allows(address: string): boolean {
    return this.#allowed.has(address) || (this.#public.has(address) && !this.#notPublic.has(address));
  }
}

const refused = (why: string): GatewayError =>
  new GatewayError("recording.refused", `the recording is not fetched: ${why}`);

const hostOf = (url: URL): string =>
  url.hostname
    .toLowerCase()
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "");

const fits = (host: string, allowed: string): boolean =>
  allowed.startsWith("*.") ? host.endsWith(allowed.slice(1)) : host === allowed;

function tableOf(networks: readonly string[]): CidrTable<true> {
  const made = CidrTable.of(networks.map((network) => [network, true] as const));
  if (!made.ok) throw new GatewayError("config.invalid", `recordings.download.privateNetworks: ${made.error.text}`);
  return made.value;
}
