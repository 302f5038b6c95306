import type { SipProtocol, SipTarget } from "../../ports/sip-endpoint.js";
import { isIpv4, isIpv6 } from "../../sip/message/host.js";
import { paramOf } from "../../sip/message/params.js";
import { parseSipUri } from "../../sip/message/uri.js";
import type { Engine } from "./engine.js";

/** How the dialog has spoken with its peer so far: it stays on that where the URI leaves it open. */
export interface PeerHint {
  readonly secure: boolean;
  readonly lastTarget: SipTarget | undefined;
}

/**
 * Where a Request-URI or Route leads: at once for an IP literal and for what the resolver has cached, else later. Empty: nowhere
 * (no SIP URI, unknown transport, name that does not resolve).
 */
export function targetsOf(
  engine: Engine,
  uri: string,
  hint: PeerHint,
): readonly SipTarget[] | Promise<readonly SipTarget[]> {
  const literal = literalTarget(uri, hint);
  if (literal !== undefined) return withFallback([literal], hint.lastTarget);
  const { resolver } = engine;
  if (resolver === undefined) return withFallback([], hint.lastTarget);
  const cached = resolver.cached(uri);
  if (cached !== undefined) return withFallback(cached, hint.lastTarget);
  return resolver.resolve(uri).then(
    (found) => withFallback(found, hint.lastTarget),
    () => withFallback([], hint.lastTarget),
  );
}

/** A Contact that cannot be reached (a phone behind NAT over TCP): the flow that the peer used is tried last. */
function withFallback(targets: readonly SipTarget[], last: SipTarget | undefined): readonly SipTarget[] {
  if (last === undefined) return targets;
  for (const each of targets) {
    if (each.protocol === last.protocol && each.port === last.port && each.address === last.address) return targets;
  }
  return [...targets, last];
}

/** RFC 3263 §4.2 for IP literals: no look-up, port and transport by the URI or by default. */
function literalTarget(uri: string, hint: PeerHint): SipTarget | undefined {
  const parsed = parseSipUri(uri);
  if (parsed === undefined) return undefined;
  const maddr = parsed.params === "" ? undefined : paramOf(parsed.params, "maddr");
  const host = maddr ?? parsed.host;
  const address = host.charCodeAt(0) === 0x5b ? host.slice(1, -1) : host;
  if (!isIpv4(address) && !isIpv6(address)) return undefined;
  const protocol = protocolOf(parsed.scheme === "sips", parsed.params, address, hint);
  if (protocol === undefined) return undefined;
  return { protocol, address, port: parsed.port ?? (protocol === "tls" ? 5061 : 5060) };
}

function protocolOf(sips: boolean, params: string, address: string, hint: PeerHint): SipProtocol | undefined {
  if (sips) return "tls";
  const asked = params === "" ? undefined : paramOf(params, "transport")?.toLowerCase();
  if (asked === "udp" || asked === "tcp" || asked === "tls") return asked;
  if (asked !== undefined) return undefined;
  if (hint.secure) return "tls";
  return hint.lastTarget?.address === address ? hint.lastTarget.protocol : "udp";
}
