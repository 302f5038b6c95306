import type { SipTarget } from "./sip-endpoint.js";

/**
 * RFC 3263: from a next hop (`host:port`, `sip:host;transport=tcp`, `sips:…`) to addresses in the order to try them.
 * Answers from a cache that is refreshed in the background; IP literals need no look-up.
 */
export interface NextHopResolver {
  /** Cached or literal: at once. Undefined: not known yet or failed, ask `resolve`. */
  cached(hop: string): readonly SipTarget[] | undefined;
  /** @throws GatewayError `dns.failed` */
  resolve(hop: string): Promise<readonly SipTarget[]>;
}
