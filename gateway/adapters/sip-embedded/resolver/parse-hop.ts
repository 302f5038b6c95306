import { fail, ok, type Result } from "../../../core/result.js";
import type { SipProtocol } from "../../../ports/sip-endpoint.js";
import { isIpv4, isIpv6 } from "../../../sip/message/host.js";
import { paramOf } from "../../../sip/message/params.js";
import { parseSipUri } from "../../../sip/message/uri.js";

/** A next hop as far as its text tells. */
export interface Hop {
  /** Lower case, without brackets; an IP literal where `literal`. */
  readonly host: string;
  readonly literal: boolean;
  readonly port: number | undefined;
  /** Asked for by `transport=` or by `sips:`; undefined: to be found out. */
  readonly protocol: SipProtocol | undefined;
  /** Nothing but TLS will do. */
  readonly secure: boolean;
}

export interface HopError {
  readonly code: "hop.syntax" | "hop.transport";
}

/**
 * `host`, `host:port`, `[v6]:port`, each with `;transport=`, or a SIP or SIPS URI (its user part is of no interest here).
 * RFC 3263 §4.1: the transport parameter decides; `sips` means TLS; `maddr` takes the place of the host.
 * - `hop.syntax`: no such form.
 * - `hop.transport`: a transport that we do not have, or UDP for `sips`.
 */
export function parseHop(text: string): Result<Hop, HopError> {
  const uri = parseSipUri(/^sips?:/i.test(text) ? text : `sip:${bracketsAdded(text)}`);
  if (uri === undefined) return fail({ code: "hop.syntax" });
  const asked = paramOf(uri.params, "transport")?.toLowerCase();
  const secure = uri.scheme === "sips";
  if (asked !== undefined && asked !== "udp" && asked !== "tcp" && asked !== "tls")
    return fail({ code: "hop.transport" });
  if (secure && asked === "udp") return fail({ code: "hop.transport" });
  const named = (paramOf(uri.params, "maddr") ?? uri.host).toLowerCase();
  const host = named.startsWith("[") ? named.slice(1, -1) : named;
  const literal = isIpv4(host) || isIpv6(host);
  return ok({ host, literal, port: uri.port, protocol: secure ? "tls" : asked, secure });
}

/** A bare IPv6 literal is plain enough to be taken. */
function bracketsAdded(text: string): string {
  return isIpv6(text) ? `[${text}]` : text;
}
