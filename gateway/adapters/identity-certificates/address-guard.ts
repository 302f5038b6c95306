import { CidrTable } from "../../core/cidr.js";
import { GatewayError } from "../../core/errors.js";

/**
 * Special-purpose addresses (RFC 6890 and the IANA registries): ours, our neighbours', nobody's, or a way round this list. Cloud
 * metadata services are among the link-local ones, and at 100.100.100.200, fd00:ec2::254.
 */
const NOT_PUBLIC = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.31.196.0/24",
  "192.52.193.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "192.175.48.0/24",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
  "168.63.129.16/32",
];

/** Of IPv6 only global unicast is let through; in it, what embeds other addresses or is special is not. */
const PUBLIC = ["0.0.0.0/0", "2000::/3"];
const NOT_PUBLIC_V6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

/** Says which addresses may be connected to: public ones, and those that the operator names. */
export class AddressGuard {
  readonly #refused: CidrTable<true>;
  readonly #public: CidrTable<true>;
  readonly #allowed: CidrTable<true>;

  /** @throws GatewayError `config.invalid` where an entry is no network. */
  constructor(allowAddresses: readonly string[]) {
    this.#refused = table([...NOT_PUBLIC, ...NOT_PUBLIC_V6]);
    this.#public = table(PUBLIC);
    this.#allowed = table(allowAddresses);
  }

  /** @param address IPv4 or IPv6 literal, without brackets; IPv4-mapped ones count as IPv4. Anything else is refused. */
  allows(address: string): boolean {
    return this.#allowed.has(address) || (this.#public.has(address) && !this.#refused.has(address));
  }
}

function table(networks: readonly string[]): CidrTable<true> {
  const made = CidrTable.of(networks.map((network) => [network, true] as const));
  if (!made.ok) throw new GatewayError("config.invalid", `identity.certificates.allowAddresses: ${made.error.text}`);
  return made.value;
}
