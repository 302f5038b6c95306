import type { SipProtocol, SipTarget } from "../../gateway/ports/sip-endpoint.js";
import type { SipTransports } from "../../gateway/adapters/sip-embedded/transport/transport.js";
import { statusOf } from "./raw-message.js";
import type { SipNetwork } from "./sip-network.js";

/** Somebody on the network in memory who says exactly what a test makes him say. */
export class MemoryPeer {
  readonly received: string[] = [];
  readonly #transports: SipTransports;

  constructor(network: SipNetwork, address: string, protocols: readonly SipProtocol[] = ["udp"]) {
    this.#transports = network.transports(address, protocols);
    void this.#transports.open({ onMessage: ({ bytes }) => this.received.push(bytes.toString("latin1")) });
  }

  send(text: string, to: SipTarget = { protocol: "udp", address: "192.0.2.1", port: 5060 }): void {
    this.#transports.send(Buffer.from(text, "latin1"), to);
  }

  /** Statuses of the responses that came, in order. */
  get statuses(): number[] {
    return this.received.map(statusOf).filter((status) => status > 0);
  }

  requests(method: string): string[] {
    return this.received.filter((text) => text.startsWith(`${method} `));
  }
}
