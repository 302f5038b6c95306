import { isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import type { ListenPlace } from "../../../core/listen-failed.js";
import type { ListenOptions } from "./transport-options.js";
import type { Listener } from "./transport.js";

/** `[::1]` for IPv6 literals, anything else as it is. */
export const bracketed = (address: string): string => (address.includes(":") ? `[${address}]` : address);

export const isWildcard = (address: string): boolean => address === "0.0.0.0" || address === "::";

export const isLoopback = (address: string): boolean => address.startsWith("127.") || address === "::1";

/** What a bound socket is called, and what goes into Via and Contact for it. */
export function describeListener(options: ListenOptions, boundPort: number): Listener {
  const { protocol, address } = options;
  const host = options.advertisedHost ?? (isWildcard(address) ? (guessAddress(isIPv6(address)) ?? address) : address);
  return {
    protocol,
    address,
    port: boundPort,
    sentByHost: bracketed(host),
    sentByPort: options.advertisedPort ?? boundPort,
    name: `${protocol}:${bracketed(address)}:${boundPort}`,
  };
}

/** What is said of a listener that cannot be opened. */
export const placeOf = ({
  protocol,
  address,
  port,
  keys = ["sip.listenAddress", "sip.listenPort"],
}: ListenOptions): ListenPlace => ({ what: `SIP over ${protocol.toUpperCase()}`, keys, address, port });

/** The first address of this machine that others can reach; loopback where there is none. */
function guessAddress(v6: boolean): string | undefined {
  const all = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter((each) => (each.family === "IPv6") === v6 && !each.address.startsWith("fe80:"));
  return (all.find((each) => !each.internal) ?? all[0])?.address;
}
