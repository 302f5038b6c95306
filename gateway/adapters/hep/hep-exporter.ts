import { createSocket, type Socket } from "node:dgram";
import { lookup } from "node:dns/promises";
import type { Clock } from "../../core/clock.js";
import { silentLog, type Log } from "../../core/log.js";
import { noMetrics, type Counter, type Metrics } from "../../core/metrics.js";
import { monoMs } from "../../core/time.js";
import { encodeHep3, type HepAgent, type HepMessage } from "./hep-packet.js";

export interface HepOptions extends HepAgent {
  /** Name or address of the capture server (Homer's heplify-server). */
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  readonly log?: Log;
  readonly metrics?: Metrics;
  /** Bytes that may wait in our socket; beyond it messages are dropped. Default 1 MiB. */
  readonly maxQueuedBytes?: number;
}

const RETRY_MS = 30_000;

/** Copies of SIP messages to Homer, by HEP3 over UDP. Never delays a call: what cannot go at once is dropped and counted. */
export class HepExporter {
  readonly #options: HepOptions;
  readonly #log: Log;
  readonly #maxQueued: number;
  readonly #sent: Counter;
  readonly #dropped: Counter;
  #socket: Socket | undefined;
  #cancelRetry: (() => void) | undefined;
  #closed = false;

  constructor(options: HepOptions) {
    this.#options = options;
    this.#log = options.log ?? silentLog;
    this.#maxQueued = options.maxQueuedBytes ?? 1024 * 1024;
    const metrics = options.metrics ?? noMetrics;
    this.#sent = metrics.counter("ringfence_hep_sent_total", "SIP messages copied to the capture server.");
    this.#dropped = metrics.counter(
      "ringfence_hep_dropped_total",
      "SIP messages not copied: no server, queue full, too long, or the gateway had too much to do.",
    );
  }

  /** Finds the server; a name that does not resolve is tried again by itself. */
  async start(): Promise<void> {
    const { host, port, clock } = this.#options;
    try {
      const { address, family } = await lookup(host);
      const socket = createSocket({ type: family === 6 ? "udp6" : "udp4" });
      // Nobody listens there at the moment: the kernel says so, and it is counted by its silence.
      socket.on("error", () => undefined);
      socket.unref();
      await connected(socket, port, address).catch((error: unknown) => {
        socket.close();
        throw error;
      });
      if (this.#closed) socket.close();
      else this.#socket = socket;
    } catch (cause) {
      if (this.#closed) return;
      this.#log.warn("hep.unavailable", {
        reason: (cause as NodeJS.ErrnoException).code ?? "error",
        retryMs: RETRY_MS,
      });
      this.#cancelRetry = clock.callAt(monoMs(clock.mono() + RETRY_MS), () => void this.start());
    }
  }

  /** The payload is copied. Costs a few microseconds. */
  capture(message: HepMessage): void {
    const socket = this.#socket;
    if (socket === undefined || socket.getSendQueueSize() > this.#maxQueued) {
      this.#dropped.inc();
      return;
    }
    const packet = encodeHep3(message, this.#options);
    if (packet === undefined) {
      this.#dropped.inc();
      return;
    }
    socket.send(packet);
    this.#sent.inc();
  }

  /** There is more to do than there is time for: a message is not copied, and counted. */
  leaveOut(): void {
    this.#dropped.inc();
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#cancelRetry?.();
    const socket = this.#socket;
    this.#socket = undefined;
    return new Promise((resolve) => {
      if (socket === undefined) resolve();
      else socket.close(() => resolve());
    });
  }
}

function connected(socket: Socket, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    // Called with an error where there is no route or no permission; @types/node does not know that.
    const onConnect = (error?: Error): void => {
      socket.off("error", reject);
      if (error === undefined) resolve();
      else reject(error);
    };
    socket.connect(port, address, onConnect);
  });
}
