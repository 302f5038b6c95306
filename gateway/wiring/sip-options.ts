import type { ListenOptions, TransportOptions } from "../adapters/sip-embedded/transport/transport-options.js";
import type { B2buaOptions } from "../call/b2bua.js";
import type { HopGroups, HopSettings } from "../call/hop-selector.js";
import type { Config } from "../config/schema.js";

type SipConfig = Config["sip"];

/** All listeners, the first one's transports in front. */
export function listeners(sip: SipConfig): readonly ListenOptions[] {
  const first = sip.listenProtocols.map((protocol) => ({
    protocol,
    address: bindAddress(sip.listenAddress),
    port: sip.listenPort,
    ...advertised(sip),
  }));
  const others = sip.listeners.map(({ protocol, address, port, tls, ...rest }, i) => ({
    keys: [`sip.listeners.${i}.address`, `sip.listeners.${i}.port`] as const,
    protocol,
    address: bindAddress(address),
    port,
    ...advertised(rest),
    ...(tls === undefined ? {} : { tls: withoutUndefined(tls) }),
  }));
  return [...first, ...others];
}

/** The one name that may stand for an address: sockets are bound to literals. */
const bindAddress = (address: string): string => (address === "localhost" ? "127.0.0.1" : address);

interface Advertised {
  readonly advertisedHost?: string | undefined;
  readonly advertisedPort?: number | undefined;
}

const advertised = ({
  advertisedHost,
  advertisedPort,
}: Advertised): Pick<ListenOptions, "advertisedHost" | "advertisedPort"> =>
  withoutUndefined({ advertisedHost, advertisedPort });

/** What `exactOptionalPropertyTypes` asks for: a key is absent, not undefined. */
export function withoutUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

export function transportOptions(sip: SipConfig): Omit<TransportOptions, "clock"> {
  const { caFile, certFile, keyFile, rejectUnauthorized } = sip.tlsClient;
  return {
    listeners: listeners(sip),
    udp: { receiveBufferBytes: sip.udpReceiveBufferBytes, sendBufferBytes: sip.udpSendBufferBytes },
    streams: {
      maxBodyBytes: sip.maxMessageBytes,
      maxAccepted: sip.maxConnections,
      maxAcceptedPerSource: sip.maxConnectionsPerSource,
      maxOpened: sip.maxConnections,
      idleMs: sip.connectionIdleMs,
      pingIntervalMs: sip.keepAliveMs,
    },
    tlsClient: { ...withoutUndefined({ caFile, certFile, keyFile }), verify: rejectUnauthorized },
  };
}

/** Next hops of the group `default` and of the others. */
export function hopGroups(sip: SipConfig): HopGroups {
  const groups: Record<string, readonly HopSettings[]> = { default: sip.nextHops.map(hopSettings) };
  for (const [name, hops] of Object.entries(sip.hopGroups)) groups[name] = hops.map(hopSettings);
  return groups;
}

const hopSettings = (hop: SipConfig["nextHops"][number]): HopSettings =>
  typeof hop === "string" ? { hop, priority: 0, weight: 1, mtuSwitch: true } : hop;

/** Our name in URIs that we make. */
export function ownHost({ advertisedHost, listenAddress }: SipConfig): string {
  const host = advertisedHost ?? listenAddress;
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}

export function b2buaOptions({ sip }: Config): B2buaOptions {
  return {
    ownHost: ownHost(sip),
    serverName: sip.serverName,
    maxCalls: sip.maxCalls,
    maxForks: sip.maxForks,
    maxPendingRequests: sip.maxPendingRequests,
    maxStandalone: sip.maxStandalone,
    setupTimeoutMs: sip.setupTimeoutMs,
    passRedirects: sip.passRedirects,
    endTimeoutMs: 64 * sip.t1Ms,
    ...(sip.redressUrl === undefined ? {} : { redressUrl: sip.redressUrl }),
  };
}
