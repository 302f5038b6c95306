import { DnsResolver, type ResolverOptions } from "../adapters/sip-embedded/resolver/dns-resolver.js";
import { EmbeddedSipEndpoint } from "../adapters/sip-embedded/embedded-endpoint.js";
import { createTransports } from "../adapters/sip-embedded/transport/create-transports.js";
import type { EmbeddedEndpointOptions, WireTap } from "../adapters/sip-embedded/endpoint-options.js";
import type { Config } from "../config/schema.js";
import type { Clock } from "../core/clock.js";
import type { Log } from "../core/log.js";
import type { Metrics } from "../core/metrics.js";
import type { Random } from "../core/random.js";
import type { SipEndpoint } from "../ports/sip-endpoint.js";
import { listeners, transportOptions } from "./sip-options.js";

export interface SipEngineDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly log: Log;
  /** By which late answers are known after a restart; absent: within one run only. */
  readonly sealKey?: Uint8Array;
  /** A source has sent what is not SIP. */
  readonly onMalformed?: NonNullable<EmbeddedEndpointOptions["onMalformed"]>;
}

export interface SipEngine {
  readonly endpoint: SipEndpoint;
  readonly resolver: DnsResolver;
  /** Sees every message; undefined takes it off. Only the embedded engine can. */
  tap(onWire: WireTap | undefined): void;
  /** @throws GatewayError `tls.certificate`: the old certificates stay in force. */
  reloadCertificates(): Promise<void>;
}

/** Our own stack on our own sockets. */
export function embeddedEngine({ sip }: Config, deps: SipEngineDeps): SipEngine {
  const { clock, random, metrics, log } = deps;
  const servers = sip.dnsServers.length > 0 ? { servers: sip.dnsServers } : {};
  const reach = reachable(listeners(sip));
  const resolver = new DnsResolver({ clock, random, log, timeoutMs: sip.dnsTimeoutMs, ...servers, ...reach });
  const transports = createTransports({ ...transportOptions(sip), clock, log, metrics });
  const endpoint = new EmbeddedSipEndpoint({
    transports,
    resolver,
    clock,
    random,
    metrics,
    log,
    timers: { t1Ms: sip.t1Ms, t2Ms: sip.t2Ms, t4Ms: sip.t4Ms },
    sealKey: deps.sealKey,
    maxTransactions: sip.maxTransactions,
    ...(deps.onMalformed === undefined ? {} : { onMalformed: deps.onMalformed }),
    ...(sip.serverName === "" ? {} : { serverName: sip.serverName }),
  });
  return {
    endpoint,
    resolver,
    tap: (onWire) => endpoint.tap(onWire),
    reloadCertificates: () => transports.reloadCertificates(),
  };
}

/** NAPTR and AAAA must not choose what no listener can send: transports and address families that are bound. */
function reachable(bound: ReturnType<typeof listeners>): Pick<ResolverOptions, "protocols" | "families"> {
  const families = bound.map(({ address }) => (address.includes(":") ? 6 : 4));
  return {
    protocols: [...new Set(bound.map(({ protocol }) => protocol))],
    families: [...new Set(families)],
  };
}
