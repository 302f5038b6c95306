import { readFileSync } from "node:fs";
import { DrachtioSipEndpoint } from "../adapters/sip-drachtio/drachtio-endpoint.js";
import type { ServerAddress } from "../adapters/sip-drachtio/drachtio-options.js";
import { DnsResolver } from "../adapters/sip-embedded/resolver/dns-resolver.js";
import type { Config } from "../config/schema.js";
import { GatewayError } from "../core/errors.js";
import { embeddedEngine, type SipEngine, type SipEngineDeps } from "./sip-engine.js";

/** The engine that `sip.engine` names. @throws GatewayError `tls.certificate` */
export function makeSipEngine(config: Config, deps: SipEngineDeps): SipEngine {
  return config.sip.engine === "drachtio" ? drachtioEngine(config, deps) : embeddedEngine(config, deps);
}

/** A drachtio-server, which has the sockets: wire taps and certificates are its affair. */
export function drachtioEngine({ sip }: Config, deps: SipEngineDeps): SipEngine {
  const { clock, random, metrics, log } = deps;
  const servers = sip.dnsServers.length > 0 ? { servers: sip.dnsServers } : {};
  const resolver = new DnsResolver({ clock, random, log, timeoutMs: sip.dnsTimeoutMs, ...servers });
  const endpoint = new DrachtioSipEndpoint({
    server: serverAddress(sip.drachtio),
    clock,
    random,
    metrics,
    log,
    maxTransactions: sip.maxTransactions,
    leastNoResponseMs: sip.drachtio.leastHopTimeoutMs,
    ...(sip.serverName === "" ? {} : { serverName: sip.serverName }),
  });
  return { endpoint, resolver, tap: () => undefined, reloadCertificates: () => Promise.resolve() };
}

function serverAddress({ host, port, secret, allowRemote, tls, caFile }: Config["sip"]["drachtio"]): ServerAddress {
  const address = { host, port, secret, allowRemote };
  if (!tls) return address;
  return { ...address, tls: caFile === undefined ? {} : { ca: readCa(caFile) } };
}

function readCa(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new GatewayError("tls.certificate", "sip.drachtio.caFile cannot be read", { cause });
  }
}
