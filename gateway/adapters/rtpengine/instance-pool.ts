import { GatewayError } from "../../core/errors.js";
import type { Clock } from "../../core/clock.js";
import { sensitiveAddress, type Log } from "../../core/log.js";
import type { Counter, Histogram, Metrics } from "../../core/metrics.js";
import type { Random } from "../../core/random.js";
import { monoMs } from "../../core/time.js";
import { NgClient, type NgCommand, type NgOutcome } from "./ng-client.js";
import type { RtpengineInstance, RtpengineOptions } from "./rtpengine-options.js";

export interface PoolDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Pings without an answer that make an instance down; a command without one does so at once. */
const MISSES = 2;
const COMMAND_BUCKETS_MS = [0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200];

/** One rtpengine as we see it. */
export class Instance {
  readonly name: string;
  readonly weight: number;
  readonly #client: NgClient;
  readonly #timeoutMs: number;
  readonly #log: Log;
  /** Calls of ours that it carries. */
  sessions = 0;
  #up = false;
  #misses = 0;
  #pinging = false;

  constructor({ host, port, weight }: RtpengineInstance, client: NgClient, timeoutMs: number, log: Log) {
    this.name = `${host.includes(":") ? `[${host}]` : host}:${port}`;
    this.weight = weight;
    this.#client = client;
    this.#timeoutMs = timeoutMs;
    this.#log = log;
  }

  get up(): boolean {
    return this.#up;
  }

  /** @throws GatewayError `media.unavailable`; the instance gets no new calls then until it answers a ping. */
  async ask(command: NgCommand): Promise<NgOutcome> {
    try {
      return await this.#client.ask(command, this.#timeoutMs);
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code !== "media.unavailable") throw error;
      this.#misses = MISSES;
      this.#turn(false);
      void this.ping();
      throw error;
    }
  }

  async ping(): Promise<void> {
    if (this.#pinging) return;
    this.#pinging = true;
    const answered = await this.#client.ask({ command: "ping" }, 2 * this.#timeoutMs).then(
      ({ kind }) => kind === "ok",
      () => false,
    );
    this.#pinging = false;
    if (answered) {
      this.#misses = 0;
      this.#turn(true);
      return;
    }
    this.#misses++;
    if (this.#misses < MISSES) return;
    this.#turn(false);
    this.#client.reconnect();
  }

  close(): void {
    this.#client.close();
  }

  #turn(up: boolean): void {
    if (this.#up === up) return;
    this.#up = up;
    const fields = { instance: sensitiveAddress(this.name), calls: this.sessions };
    if (up) this.#log.info("rtpengine.up", fields);
    else this.#log.warn("rtpengine.down", fields);
  }
}

/** Several rtpengines: which of them are there, and which gets the next call. */
export class InstancePool {
  readonly #options: RtpengineOptions;
  readonly #clock: Clock;
  readonly #instances: readonly Instance[];
  readonly #commands: Counter;
  readonly #commandMs: Histogram;
  readonly #strays: Counter;
  #next = 0;
  #cancelPing: (() => void) | undefined;
  #closed = false;

  constructor(options: RtpengineOptions, deps: PoolDeps) {
    const { clock, random, log, metrics } = deps;
    this.#options = options;
    this.#clock = clock;
    this.#commands = metrics.counter(
      "ringfence_rtpengine_commands_total",
      "Commands to rtpengine, and what it answered",
      ["command", "outcome"],
    );
    this.#commandMs = metrics.histogram(
      "ringfence_rtpengine_command_ms",
      "Time until rtpengine's answer",
      COMMAND_BUCKETS_MS,
    );
    this.#strays = metrics.counter(
      "ringfence_rtpengine_strays_total",
      "Datagrams from rtpengine that are no answer, come twice or too late",
    );
    const client = (place: RtpengineInstance): NgClient =>
      new NgClient(place, options.maxPending, {
        clock,
        random,
        onDone: (command, outcome, tookMs) => this.#count(command, outcome, tookMs),
        onStray: () => this.#strays.inc(),
      });
    this.#instances = options.instances.map((each) => new Instance(each, client(each), options.timeoutMs, log));
    const up = metrics.gauge("ringfence_rtpengine_up", "1 while the instance answers", ["instance"]);
    const sessions = metrics.gauge("ringfence_rtpengine_sessions", "Calls that the instance carries for us", [
      "instance",
    ]);
    metrics.onScrape(() => {
      for (const instance of this.#instances) {
        up.labels(instance.name).set(instance.up ? 1 : 0);
        sessions.labels(instance.name).set(instance.sessions);
      }
    });
  }

  get size(): number {
    return this.#instances.length;
  }

  get up(): number {
    return this.#instances.filter((instance) => instance.up).length;
  }

  /** Asks all of them once, and goes on asking. Resolves when each has answered or not. */
  async start(): Promise<void> {
    await this.#pingAll();
    this.#arm();
  }

  /** The one with the fewest calls for its weight, in turn where they are equal. @param not Those that have just failed. */
  choose(not: ReadonlySet<Instance> = new Set()): Instance | undefined {
    let best: Instance | undefined;
    const start = this.#next++;
    for (let i = 0; i < this.#instances.length; i++) {
      const instance = this.#instances[(start + i) % this.#instances.length];
      if (instance?.up !== true || not.has(instance)) continue;
      if (best === undefined || instance.sessions / instance.weight < best.sessions / best.weight) best = instance;
    }
    return best;
  }

  close(): void {
    this.#closed = true;
    this.#cancelPing?.();
    for (const instance of this.#instances) instance.close();
  }

  #arm(): void {
    if (this.#closed) return;
    this.#cancelPing = this.#clock.callAt(monoMs(this.#clock.mono() + this.#options.pingMs), () => {
      void this.#pingAll();
      this.#arm();
    });
  }

  async #pingAll(): Promise<void> {
    await Promise.all(this.#instances.map((instance) => instance.ping()));
  }

  #count(command: string, outcome: string, tookMs: number | undefined): void {
    this.#commands.labels(command, outcome).inc();
    if (tookMs !== undefined) this.#commandMs.observe(tookMs);
  }
}
