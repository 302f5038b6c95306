import { Worker } from "node:worker_threads";
import type { Block } from "../../../detection/index.js";
import type { Clock } from "../../core/clock.js";
import { GatewayError } from "../../core/errors.js";
import type { Log } from "../../core/log.js";
import type { Metrics } from "../../core/metrics.js";
import { monoMs, type UnixMs } from "../../core/time.js";
import type { GatewayControl } from "../../ports/gateway-control.js";
import type { BackOfficeAddresses, FromWorker, RecordBatch, ToWorker, WorkerStart } from "./messages.js";
import { controlHandlers, HAND_OVER } from "./remote-control.js";
import { RpcPeer } from "./rpc-peer.js";
import { WorkerWatch } from "../../core/worker-watch.js";

export interface BackOfficeSupervisorOptions<Options> {
  /** The worker's entry file. */
  readonly entry: URL;
  /** Handed to the worker as it is: plain data. `reconfigureAlerts` exchanges it. */
  readonly options: Options;
  readonly control: GatewayControl;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Runs before each answer to the worker: flush the records that belong to it, so that they are there when it reads on. */
  readonly beforeAnswer?: () => void;
  /** Hands over the records that wait on this side. @returns Whether none is left here. Absent: none ever waits. */
  readonly handOver?: () => boolean;
  /** The batch with this number is in the store or on the worker's disk. */
  readonly onRecordsTaken?: (seq: number) => void;
  /** A worker serves (again): batches that are not safe yet have to be posted again. */
  readonly onUp?: () => void;
  /** The worker is gone; batches posted from now on are refused. */
  readonly onDown?: () => void;
  /** Time until `ready`, ms. Default 60,000: a first start makes the database. */
  readonly startTimeoutMs?: number;
  /** Time for an orderly stop, ms; then the thread is ended. Default 10,000. */
  readonly stopTimeoutMs?: number;
  /** A worker that says nothing for so long is ended and started again, ms. Default 60,000. */
  readonly silentMs?: number;
}

const RESTART_FIRST_MS = 500;
const RESTART_MOST_MS = 30_000;
/** A worker that lived for so long was healthy: the next restart is quick again. */
const HEALTHY_AFTER_MS = 60_000;
const START_MS = 60_000;
const SILENT_MS = 60_000;
const MAX_IN_FLIGHT = 64;
const CALL_TIMEOUT_MS = 5_000;

type State = "new" | "starting" | "up" | "down" | "stopping" | "stopped";

/**
 * Runs the back office (store, audit, HTTP, metrics listener, webhook) in a worker thread and starts it again when it dies or hangs.
 * Calls never wait for it: the SIP thread only posts to it and answers it.
 */
export class BackOffice<Options> {
  readonly #options: BackOfficeSupervisorOptions<Options>;
  readonly #restarts;
  readonly #upGauge;
  readonly #watch: WorkerWatch;
  /** What the next worker is started with. */
  #workerOptions: Options;
  #state: State = "new";
  #worker: Worker | undefined;
  #peer: RpcPeer | undefined;
  #addresses: BackOfficeAddresses | undefined;
  #waitMs = RESTART_FIRST_MS;
  #upSinceMs = 0;
  #cancelRestart: (() => void) | undefined;
  #starting:
    { readonly resolve: (addresses: BackOfficeAddresses) => void; readonly reject: (error: Error) => void } | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: BackOfficeSupervisorOptions<Options>) {
    this.#options = options;
    this.#workerOptions = options.options;
    this.#restarts = options.metrics.counter(
      "ringfence_backoffice_restarts_total",
      "Times the back-office worker was started again",
    );
    this.#upGauge = options.metrics.gauge("ringfence_backoffice_up", "1 while the back-office worker serves");
    this.#watch = new WorkerWatch({
      clock: options.clock,
      silentMs: options.silentMs ?? SILENT_MS,
      ask: () => this.#send({ kind: "ping" }),
      onHung: () => this.#endHung(),
    });
  }

  get up(): boolean {
    return this.#state === "up";
  }

  get addresses(): BackOfficeAddresses | undefined {
    return this.#addresses;
  }

  /**
   * Starts the worker. Only this first start can fail; later ones are tried again for ever.
   * @throws GatewayError of the worker: `listen.failed`, `store.locked`, `store.schema`, `store.unavailable`,
   *   `config.invalid`; `backoffice.lost` when it died or was not ready in time.
   */
  start(): Promise<BackOfficeAddresses> {
    const { clock, startTimeoutMs = START_MS } = this.#options;
    return new Promise<BackOfficeAddresses>((resolve, reject) => {
      const cancel = clock.callAt(monoMs(clock.mono() + startTimeoutMs), () =>
        this.#failStart(new GatewayError("backoffice.lost", "the back office was not ready in time")),
      );
      this.#starting = {
        resolve: (addresses) => {
          cancel();
          resolve(addresses);
        },
        reject: (error) => {
          cancel();
          reject(error);
        },
      };
      this.#spawn();
    });
  }

  /** Posts records to the worker. @returns False when it is not up: nothing was posted. */
  post(batch: RecordBatch): boolean {
    if (this.#state !== "up" || this.#worker === undefined) return false;
    this.#send({ kind: "records", batch });
    return true;
  }

  /** Blocks that the store holds as in force. @throws GatewayError `store.*`, `backoffice.lost` */
  async activeBlocks(now: UnixMs): Promise<readonly Block[]> {
    if (this.#peer === undefined) throw new GatewayError("backoffice.lost", "the back office is not up");
    return (await this.#peer.call("activeBlocks", [now])) as readonly Block[];
  }

  /**
   * Puts other settings and routes of alerts in force, in the worker that is up and in those that come after it.
   * @param options With `sides` in them.
   * @throws GatewayError of the worker, as `tls.certificate`: the old ones stay in force.
   */
  async reconfigureAlerts(sides: unknown, options: Options): Promise<void> {
    const before = this.#workerOptions;
    // First of all: a worker that is started meanwhile has them.
    this.#workerOptions = options;
    await this.#peer?.call("reconfigureAlerts", [sides]).catch((error: unknown) => {
      if (error instanceof GatewayError && error.code === "backoffice.lost") return;
      this.#workerOptions = before;
      throw error;
    });
  }

  /** Closes HTTP, writes what is queued, closes the store, ends the thread. Safe to call twice. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    const worker = this.#worker;
    const wasRunning = this.#state === "up" || this.#state === "starting";
    this.#state = "stopping";
    this.#cancelRestart?.();
    this.#watch.stop();
    if (worker !== undefined && wasRunning) {
      const { clock, stopTimeoutMs = 10_000 } = this.#options;
      const ended = new Promise<boolean>((resolve) => {
        const cancel = clock.callAt(monoMs(clock.mono() + stopTimeoutMs), () => resolve(false));
        worker.once("exit", () => {
          cancel();
          resolve(true);
        });
      });
      this.#send({ kind: "stop" });
      if (!(await ended)) this.#options.log.warn("backoffice.stop-forced");
      await worker.terminate();
    }
    this.#peer?.close();
    this.#upGauge.set(0);
    this.#state = "stopped";
  }

  #spawn(): void {
    const { entry } = this.#options;
    this.#state = "starting";
    const workerData: WorkerStart<Options> = { options: this.#workerOptions, previous: this.#addresses };
    let worker: Worker;
    try {
      worker = new Worker(entry, { workerData, name: "back-office" });
    } catch (error) {
      // No memory or no thread left: it is tried again like one that died.
      this.#onExit(undefined, "none", error);
      return;
    }
    const peer = this.#makePeer(worker);
    this.#worker = worker;
    this.#peer = peer;
    worker.on("message", (message: FromWorker) => {
      if (worker === this.#worker) this.#watch.heard();
      this.#onMessage(message, peer);
    });
    let crash: unknown;
    worker.on("error", (error) => {
      crash = error;
      this.#options.log.error("backoffice.crashed", {}, error);
    });
    worker.on("exit", (code) => this.#onExit(worker, code, crash));
    this.#watch.start(this.#options.startTimeoutMs ?? START_MS);
  }

  /** What it held is posted again to the next one; the thread itself cannot be asked any more. */
  #endHung(): void {
    this.#options.log.error("backoffice.hung", { state: this.#state });
    void this.#worker?.terminate();
  }

  #makePeer(worker: Worker): RpcPeer {
    const { clock, control, beforeAnswer, handOver } = this.#options;
    return new RpcPeer({
      post: (message) => worker.postMessage(message satisfies ToWorker),
      handlers: { ...controlHandlers(control), [HAND_OVER]: () => handOver?.() ?? true },
      clock,
      maxInFlight: MAX_IN_FLIGHT,
      timeoutMs: CALL_TIMEOUT_MS,
      ...(beforeAnswer === undefined ? {} : { beforeAnswer }),
    });
  }

  #onMessage(message: FromWorker, peer: RpcPeer): void {
    switch (message.kind) {
      case "ready":
        this.#onReady(message.addresses);
        break;
      case "start-failed":
        this.#failStart(startError(message));
        break;
      case "records.taken":
        this.#options.onRecordsTaken?.(message.seq);
        break;
      case "pong":
      case "stopped":
        break;
      default:
        peer.accept(message);
    }
  }

  #onReady(addresses: BackOfficeAddresses): void {
    if (this.#state !== "starting") return;
    this.#state = "up";
    this.#addresses = addresses;
    this.#upSinceMs = this.#options.clock.mono();
    this.#watch.start();
    this.#upGauge.set(1);
    this.#options.onUp?.();
    this.#starting?.resolve(addresses);
    this.#starting = undefined;
  }

  #onExit(worker: Worker | undefined, code: number | "none", cause: unknown): void {
    if (worker !== this.#worker) return;
    this.#watch.stop();
    const wasUp = this.#state === "up";
    this.#peer?.close();
    this.#peer = undefined;
    this.#worker = undefined;
    this.#upGauge.set(0);
    if (this.#state === "stopping" || this.#state === "stopped") return;
    this.#state = "down";
    if (this.#starting !== undefined) {
      this.#failStart(new GatewayError("backoffice.lost", `the back office ended while starting (${code})`, { cause }));
      return;
    }
    if (wasUp) this.#options.onDown?.();
    this.#restartLater(code);
  }

  #restartLater(code: number | "none"): void {
    const { clock, log } = this.#options;
    if (clock.mono() - this.#upSinceMs > HEALTHY_AFTER_MS) this.#waitMs = RESTART_FIRST_MS;
    log.error("backoffice.lost", { exitCode: code, restartInMs: this.#waitMs });
    this.#cancelRestart = clock.callAt(monoMs(clock.mono() + this.#waitMs), () => {
      this.#restarts.inc();
      this.#spawn();
    });
    this.#waitMs = Math.min(this.#waitMs * 2, RESTART_MOST_MS);
  }

  #failStart(error: Error): void {
    const starting = this.#starting;
    if (starting === undefined) return; // a restart: its exit is what counts
    this.#starting = undefined;
    this.#state = "stopped";
    void this.#worker?.terminate();
    starting.reject(error);
  }

  #send(message: ToWorker): void {
    this.#worker?.postMessage(message);
  }
}

function startError({ code, message }: Extract<FromWorker, { kind: "start-failed" }>): Error {
  return code === undefined ? new Error(message) : new GatewayError(code, message);
}
