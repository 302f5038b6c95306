import { readFileSync } from "node:fs";
import { DrachtioSipEndpoint } from "../adapters/sip-drachtio/drachtio-endpoint.js";
import type { ServerAddress } from "../adapters/sip-drachtio/drachtio-options.js";
import { DnsResolver } from "../adapters/sip-embedded/resolver/dns-resolver.js";
import type { Listener } from "../adapters/sip-embedded/transport/transport.js";
import type { Config } from "../config/schema.js";
import { GatewayError } from "../core/errors.js";
import type { SipProtocol } from "../ports/sip-endpoint.js";
import { embeddedEngine, type SipEngine, type SipEngineDeps } from "./sip-engine.js";

/** The engine that `sip.engine` names. @throws GatewayError `tls.certificate` */
export function makeSipEngine(config: Config, deps: SipEngineDeps): SipEngine {
  return config.sip.engine === "drachtio" ? drachtioEngine(config, deps) : embeddedEngine(config, deps);
}

/** A drachtio-server, which has the sockets: certificates are its affair. */
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
  const tap: SipEngine["tap"] = (onWire) =>
    endpoint.tap(
      onWire === undefined
        ? undefined
        : (direction, bytes, peer) => onWire(direction, bytes, peer, ownListener(endpoint.listeners, peer.protocol)),
    );
  return { endpoint, resolver, tap, reloadCertificates: () => Promise.resolve() };
}

/** The server does not say by which of its addresses a message came or went: the first of that transport. */
function ownListener(names: readonly string[], protocol: SipProtocol): Listener | undefined {
  const name = names.find((each) => each.startsWith(`${protocol}:`));
  if (name === undefined) return undefined;
  const colon = name.lastIndexOf(":");
  const host = name.slice(protocol.length + 1, colon);
  const port = Number(name.slice(colon + 1));
  return { protocol, address: host.replace(/^\[|\]$/g, ""), port, sentByHost: host, sentByPort: port, name };
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
