import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { CidrTable } from "../../core/cidr.js";
import type { Clock } from "../../core/clock.js";
import { listenFailed } from "../../core/listen-failed.js";
import { sensitiveAddress, type Log } from "../../core/log.js";
import type { Counter, Histogram, Metrics } from "../../core/metrics.js";
import { monoMs } from "../../core/time.js";
import { AgiConnection, LINGER_MS, type AgiEnd } from "./agi-connection.js";
import type { AgiOutcome } from "./agi-conversation.js";
import type { AgiRequest } from "./agi-request.js";
import type { AgiScriptReply } from "./agi-scripts.js";

const KEYS = ["asterisk.agi.listenAddress", "asterisk.agi.listenPort"] as const;

export interface AgiServerOptions {
  readonly listenAddress: string;
  /** 0: chosen by the kernel. */
  readonly listenPort: number;
  readonly allowFrom: CidrTable<true>;
  /** From the accepted connection to the last answer of Asterisk, ms. */
  readonly budgetMs: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerSource: number;
}

export interface AgiServerDeps {
  readonly reply: (request: AgiRequest, address: string) => AgiScriptReply;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** One line in the log at most so often about peers that are turned away or misbehave. */
const COMPLAIN_EVERY_MS = 60_000;
const BACKLOG = 1_024;
const BUCKETS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5];
const BAD: ReadonlySet<AgiOutcome> = new Set(["malformed", "too-long", "unknown-script", "refused", "timed-out"]);

/**
 * FastAGI server. Whatever goes wrong, the connection is closed and the dialplan goes on without a verdict: a call is never kept waiting
 * longer than the budget. Memory: 32 KiB a connection at most.
 */
export class AgiServer {
  readonly #options: AgiServerOptions;
  readonly #deps: AgiServerDeps;
  readonly #server: Server;
  readonly #open = new Set<AgiConnection>();
  readonly #perSource = new Map<string, number>();
  readonly #requests: Counter;
  readonly #odd: Counter;
  readonly #turnedAway: Counter;
  readonly #seconds: Histogram;
  #complainAt = monoMs(0);
  #address: string | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: AgiServerOptions, deps: AgiServerDeps) {
    this.#options = options;
    this.#deps = deps;
    const { metrics } = deps;
    this.#requests = metrics.counter("ringfence_agi_requests_total", "AGI requests, by script and by how they ended", [
      "script",
      "outcome",
    ]);
    this.#odd = metrics.counter(
      "ringfence_agi_odd_requests_total",
      "AGI requests with a control character in a value, or what a line break in one made: somebody chose it so. They are answered",
    );
    this.#turnedAway = metrics.counter(
      "ringfence_agi_turned_away_total",
      "AGI connections that were closed at once: forbidden source, too many, too many of one source",
      ["why"],
    );
    this.#seconds = metrics.histogram(
      "ringfence_agi_seconds",
      "From the accepted AGI connection to the last answer of Asterisk",
      BUCKETS,
      ["script"],
    );
    const connections = metrics.gauge("ringfence_agi_connections", "AGI connections that are open");
    metrics.onScrape(() => connections.set(this.#open.size));
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  /** `127.0.0.1:4573`; undefined before it listens. */
  get address(): string | undefined {
    return this.#address;
  }

  get connections(): number {
    return this.#open.size;
  }

  /** @throws GatewayError `listen.failed` */
  async start(): Promise<void> {
    const { listenAddress, listenPort } = this.#options;
    await new Promise<void>((resolve, reject) => {
      const failed = (cause: Error): void =>
        reject(listenFailed({ what: "FastAGI", keys: KEYS, address: listenAddress, port: listenPort }, cause));
      this.#server.once("error", failed);
      this.#server.listen({ port: listenPort, host: listenAddress, backlog: BACKLOG }, () => {
        this.#server.removeListener("error", failed);
        // Too many open files and the like: the next connection may be taken again.
        this.#server.on("error", (cause) => this.#deps.log.error("agi.accept-failed", {}, cause));
        resolve();
      });
    });
    const { address, port } = this.#server.address() as AddressInfo;
    this.#address = address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
  }

  /** Takes no more requests; those that run have a second to end. Safe to call twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#address === undefined) return;
    this.#address = undefined;
    const { clock } = this.#deps;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const connection of this.#open) if (!connection.replied) connection.finish("closing");
    const cancel = clock.callAt(monoMs(clock.mono() + LINGER_MS), () => {
      for (const connection of this.#open) connection.drop("closing");
    });
    await closed;
    cancel();
  }

  #accept(socket: Socket): void {
    socket.on("error", () => undefined);
    const source = socket.remoteAddress ?? "";
    const why = this.#refusal(source);
    if (why !== undefined) {
      socket.destroy();
      this.#turnedAway.labels(why).inc();
      if (this.#mayComplain()) this.#deps.log.warn("agi.turned-away", { why, from: sensitiveAddress(source) });
      return;
    }
    this.#perSource.set(source, (this.#perSource.get(source) ?? 0) + 1);
    const { clock } = this.#deps;
    const connection = new AgiConnection(socket, {
      clock,
      deadline: monoMs(clock.mono() + this.#options.budgetMs),
      reply: (request) => this.#reply(request, source),
      onFinish: (end) => this.#finished(source, end),
      onGone: () => this.#gone(connection, source),
    });
    this.#open.add(connection);
  }

  #refusal(source: string): string | undefined {
    const { allowFrom, maxConnections, maxConnectionsPerSource } = this.#options;
    if (this.#closing !== undefined) return "closing";
    if (!allowFrom.has(source)) return "forbidden";
    if (this.#open.size >= maxConnections) return "full";
    return (this.#perSource.get(source) ?? 0) >= maxConnectionsPerSource ? "full-source" : undefined;
  }

  /** A bug costs one verdict, not the calls of the process. */
  #reply(request: AgiRequest, source: string): AgiScriptReply {
    try {
      return this.#deps.reply(request, source);
    } catch (cause) {
      this.#deps.log.error("agi.failed", {}, cause);
      return { commands: [], outcome: "unavailable", script: "other", unread: [] };
    }
  }

  #finished(source: string, { outcome, script, tookMs, unread, isOdd }: AgiEnd): void {
    this.#requests.labels(script, outcome).inc();
    if (isOdd) this.#odd.inc();
    this.#seconds.labels(script).observe(tookMs / 1_000);
    const bad = BAD.has(outcome);
    if ((!bad && unread.length === 0) || !this.#mayComplain()) return;
    const { log } = this.#deps;
    if (bad) log.warn("agi.bad-request", { outcome, script, from: sensitiveAddress(source) });
    else log.warn("agi.unknown-option", { script, options: unread.join(",") });
  }

  #gone(connection: AgiConnection, source: string): void {
    this.#open.delete(connection);
    const left = (this.#perSource.get(source) ?? 1) - 1;
    if (left <= 0) this.#perSource.delete(source);
    else this.#perSource.set(source, left);
  }

  #mayComplain(): boolean {
    const now = this.#deps.clock.mono();
    if (now < this.#complainAt) return false;
    this.#complainAt = monoMs(now + COMPLAIN_EVERY_MS);
    return true;
  }
}
