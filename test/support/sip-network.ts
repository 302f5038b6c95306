import type { Clock } from "../../gateway/core/clock.js";
import { monoMs } from "../../gateway/core/time.js";
import type { SipProtocol, SipTarget } from "../../gateway/ports/sip-endpoint.js";
import type {
  Listener,
  SendTo,
  SipTransports,
  TransportHandler,
} from "../../gateway/adapters/sip-embedded/transport/transport.js";
import { SeededRandom } from "./seeded-random.js";

export interface NetworkFaults {
  /** Share of datagrams that are lost, 0–1. Streams lose nothing. */
  readonly loss?: number;
  /** Share of datagrams that arrive twice. */
  readonly duplicates?: number;
  /** Each datagram takes between these, ms: those that differ arrive out of order. */
  readonly delayMs?: readonly [min: number, max: number];
}

/** An IP network in memory: datagrams and whole stream messages between `SipTransports`, on a clock that a test moves. */
export class SipNetwork {
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #places = new Map<string, { handler: TransportHandler; listener: Listener }>();
  faults: NetworkFaults;
  /** Every message that was sent, lost ones included: first lines. */
  readonly log: string[] = [];
  /** Says no to a message: it is lost, and on streams reported as a failure. */
  refuse: ((from: string, to: SendTo, text: string) => boolean) | undefined;

  constructor(clock: Clock, seed = 1, faults: NetworkFaults = {}) {
    this.#clock = clock;
    this.#random = new SeededRandom(seed);
    this.faults = faults;
  }

  /** @param address For example `192.0.2.1:5060`, on every protocol named. */
  transports(address: string, protocols: readonly SipProtocol[] = ["udp"]): SipTransports {
    const [host = "", port = "5060"] = address.split(":");
    const listeners = protocols.map((protocol): Listener => {
      const where = { protocol, address: host, port: Number(port), sentByHost: host, sentByPort: Number(port) };
      return { ...where, name: `${protocol}:${address}` };
    });
    return {
      listeners,
      open: (handler) => {
        for (const listener of listeners) this.#places.set(listener.name, { handler, listener });
        return Promise.resolve();
      },
      listenerFor: (target) => listeners.find((listener) => listener.protocol === target.protocol),
      send: (bytes, to, onFailure) => this.#send(`${to.protocol}:${address}`, host, Number(port), bytes, to, onFailure),
      reloadCertificates: () => Promise.resolve(),
      close: () => {
        for (const listener of listeners) this.#places.delete(listener.name);
        return Promise.resolve();
      },
    };
  }

  #send(
    from: string,
    host: string,
    port: number,
    bytes: Uint8Array,
    to: SendTo,
    onFailure: ((error: Error) => void) | undefined,
  ): void {
    const text = Buffer.from(bytes).toString("latin1");
    this.log.push(
      `${this.#clock.mono()} ${from} > ${to.protocol}:${to.address}:${to.port} ${text.slice(0, text.indexOf("\r\n"))}`,
    );
    const stream = to.protocol !== "udp";
    const refused = this.refuse?.(from, to, text) === true;
    if (stream && (refused || !this.#places.has(nameOf(to)))) {
      this.#later(0, () => onFailure?.(new Error("connection refused")));
      return;
    }
    const { loss = 0, duplicates = 0, delayMs = [1, 1] } = this.faults;
    if (refused || (!stream && this.#random.next() < loss)) return;
    const copies = !stream && this.#random.next() < duplicates ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      const delay = stream ? delayMs[0] : delayMs[0] + this.#random.next() * (delayMs[1] - delayMs[0]);
      this.#later(delay, () => this.#arrive(host, port, Buffer.from(text, "latin1"), to));
    }
  }

  #arrive(host: string, port: number, bytes: Buffer, to: SendTo): void {
    const place = this.#places.get(nameOf(to));
    if (place === undefined) return;
    const source = { protocol: to.protocol, address: host, port, listener: place.listener.name };
    place.handler.onMessage({ bytes, source, listener: place.listener });
  }

  #later(ms: number, fn: () => void): void {
    this.#clock.callAt(monoMs(this.#clock.mono() + ms), fn);
  }
}

const nameOf = (to: SipTarget): string => `${to.protocol}:${to.address}:${to.port}`;
