import { isIP } from "node:net";
import type { Clock } from "../../core/clock.js";
import { GatewayError } from "../../core/errors.js";
import type { Log } from "../../core/log.js";
import { monoMs } from "../../core/time.js";
import { DrachtioConnection, type OnAnswer } from "./drachtio-connection.js";
import { ROUTED_METHODS, type LinkTimes, type ServerAddress } from "./drachtio-options.js";
import type { Delivery, ServerAnswer } from "./server-message.js";

/** What the server tells about itself. */
export interface ServerFacts {
  /** `udp:127.0.0.1:5060` for each SIP transport, as bound. */
  readonly listeners: readonly string[];
  /** How others reach it: `host:port` by protocol. */
  readonly reachableAt: ReadonlyMap<string, readonly string[]>;
  readonly version: string;
}

export interface LinkUser {
  onUp(facts: ServerFacts): void;
  /** Before the answers that are waited for are reported as missing. */
  onDown(): void;
  onDelivery(delivery: Delivery): void;
  onFault(fault: unknown): void;
}

export interface LinkDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: () => string;
  readonly user: LinkUser;
}

/** Keeps one connection to the server up: comes back with growing pauses, TLS included. */
export class DrachtioLink {
  readonly #server: ServerAddress;
  readonly #times: Required<LinkTimes>;
  readonly #deps: LinkDeps;
  #connection: DrachtioConnection | undefined;
  #up = false;
  #closed = false;
  #pauseMs: number;
  #stopTimer: () => void = () => undefined;

  constructor(server: ServerAddress, times: Required<LinkTimes>, deps: LinkDeps) {
    this.#server = server;
    this.#times = times;
    this.#deps = deps;
    this.#pauseMs = times.reconnectMinMs;
  }

  get isUp(): boolean {
    return this.#up;
  }

  /** The first connection. @throws GatewayError `sip.engine`: not reachable, secret refused, or not on loopback. */
  async start(): Promise<void> {
    const { host, secret, allowRemote = false } = this.#server;
    if (/[|\r\n]/.test(secret))
      throw new GatewayError("sip.engine", "drachtio-server's secret cannot hold | or line ends");
    if (!allowRemote && !isLoopback(host))
      throw new GatewayError("sip.engine", "drachtio-server's admin port is not on loopback, and that is not allowed");
    await this.#connect();
  }

  /** See `DrachtioConnection.send`. */
  send(meta: string, sip: Buffer, onAnswer: OnAnswer): boolean {
    return this.#up && this.#connection?.send(meta, sip, onAnswer) === true;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#up = false;
    this.#stopTimer();
    this.#connection?.close();
  }

  async #connect(): Promise<void> {
    const { user, clock, newId } = this.#deps;
    const connection = new DrachtioConnection(this.#server, this.#times, {
      clock,
      newId,
      user: {
        onDelivery: (delivery) => user.onDelivery(delivery),
        onFault: (fault) => user.onFault(fault),
        onLost: (error) => this.#onLost(error),
      },
    });
    this.#connection = connection;
    const facts = factsOf(await connection.open());
    if (this.#closed) {
      connection.close();
      return;
    }
    this.#up = true;
    this.#pauseMs = this.#times.reconnectMinMs;
    user.onUp(facts);
    // Last: from here on the server delivers new requests.
    for (const method of ROUTED_METHODS) connection.command(`route|${method}`, (answer) => this.#onRouted(answer));
  }

  #onRouted(answer: ServerAnswer | undefined): void {
    if (answer !== undefined && !answer.ok) this.#deps.log.error("drachtio.route-refused", { reason: answer.reason });
  }

  #onLost(error: GatewayError): void {
    this.#up = false;
    if (this.#closed) return;
    this.#deps.log.error("drachtio.lost", {}, error);
    this.#again();
    this.#deps.user.onDown();
  }

  #again(): void {
    const { clock, log } = this.#deps;
    this.#stopTimer = clock.callAt(monoMs(clock.mono() + this.#pauseMs), () => {
      this.#pauseMs = Math.min(this.#pauseMs * 2, this.#times.reconnectMaxMs);
      this.#connect().catch((error: unknown) => {
        if (this.#closed) return;
        log.warn("drachtio.unreachable", { nextTryMs: this.#pauseMs });
        log.debug("drachtio.unreachable-because", { error: error instanceof Error ? error.message : "" });
        this.#again();
      });
    });
  }
}

/** `OK|<tcp/ip:port,udp/ip:port>|<version>|<the same, as bound>` */
function factsOf(answer: ServerAnswer): ServerFacts {
  const [reachable = "", version = "", bound = reachable] = answer.fields;
  const reachableAt = new Map<string, string[]>();
  for (const [protocol, at] of hostPorts(reachable)) {
    reachableAt.set(protocol, [...(reachableAt.get(protocol) ?? []), at]);
  }
  return { listeners: hostPorts(bound).map(([protocol, at]) => `${protocol}:${at}`), reachableAt, version };
}

function hostPorts(list: string): [protocol: string, at: string][] {
  const found: [string, string][] = [];
  for (const each of list.split(",")) {
    const slash = each.indexOf("/");
    const protocol = each.slice(0, slash);
    if (protocol === "udp" || protocol === "tcp" || protocol === "tls") found.push([protocol, each.slice(slash + 1)]);
  }
  return found;
}

function isLoopback(host: string): boolean {
  if (host === "localhost" || host === "::1") return true;
  return isIP(host) === 4 && host.startsWith("127.");
}
