import { join } from "node:path";
import { FraudDetection, NumberPlan } from "../detection/index.js";
import { openDialogJournal } from "./adapters/journal-file/file-dialog-journal.js";
import { loadLogKey } from "./adapters/log-pino/log-key.js";
import { createPinoLog, type ClosableLog } from "./adapters/log-pino/pino-log.js";
import { PrometheusMetrics } from "./adapters/metrics-prometheus/prometheus-metrics.js";
import type { RecordChannel } from "./adapters/record-spool/record-channel.js";
import { CryptoRandom } from "./adapters/system/crypto-random.js";
import { EventLoopLag } from "./adapters/system/event-loop-lag.js";
import { makeFolderSync } from "./adapters/system/make-folder.js";
import { SystemClock } from "./adapters/system/system-clock.js";
import { Audit } from "./call/audit.js";
import { DEFAULT_RECOVERY, recoverCalls, type AnsweredEntry } from "./call/recover-calls.js";
import type { ConfigProblems } from "./config/load.js";
import type { Config } from "./config/schema.js";
import { GatewayError } from "./core/errors.js";
import { countedLog } from "./core/counted-log.js";
import { FaultBudget } from "./core/fault-budget.js";
import type { Log } from "./core/log.js";
import type { Counter } from "./core/metrics.js";
import type { Result } from "./core/result.js";
import type { DialogJournal } from "./ports/dialog-journal.js";
import { AsteriskSide } from "./wiring/asterisk/asterisk-side.js";
import { makeBackOffice, openRecordChannel, reconfigureAlerts } from "./wiring/back-office.js";
import { BaselineKeeper } from "./wiring/baseline-keeper.js";
import { makeCallLayer, type CallLayer } from "./wiring/call-layer.js";
import { makeSipEngine } from "./wiring/drachtio-engine.js";
import { MediaSide } from "./wiring/media.js";
import { gatewayControl } from "./wiring/gateway-control.js";
import { gatewayHealth } from "./wiring/gateway-health.js";
import { applyReload, type ReloadReport } from "./wiring/reload.js";
import type { SipEngine } from "./wiring/sip-engine.js";
import { startWarnings } from "./wiring/start-warnings.js";
import { trunkTable, type MakeNumbers } from "./wiring/trunk-options.js";
import { WireObservers } from "./wiring/wire-observers.js";

/** The first line on stdout. */
export interface ReadyLine {
  readonly ready: true;
  readonly sip: readonly string[];
  readonly http: string;
  readonly metrics: string;
  /** What listens for Asterisks: `agi`, `audioSocket`, `mediaWebSocket`. */
  readonly asterisk?: Readonly<Record<string, string>>;
}

export interface RingfenceOptions {
  readonly version: string;
  /** Reads file and environment again, for a reload. */
  readonly reread: () => Result<Config, ConfigProblems>;
  /** Which values come from the environment, for the log. */
  readonly fromEnvironment?: string | undefined;
}

function readyLine(
  sip: readonly string[],
  addresses: Pick<ReadyLine, "http" | "metrics">,
  asterisk: Readonly<Record<string, string>>,
): ReadyLine {
  return { ready: true, sip, ...addresses, ...(Object.keys(asterisk).length === 0 ? {} : { asterisk }) };
}

const makeNumbers: MakeNumbers = (plan) => new NumberPlan(plan);

/**
 * The composition root: configuration → adapters → wiring → start; `close` in reverse order.
 * @throws GatewayError `config.invalid`, `listen.failed`, `tls.certificate`, `store.*`, `journal.failed`: nothing is left running.
 */
export async function startRingfence(config: Config, options: RingfenceOptions): Promise<Ringfence> {
  const logKey = openFolder(config.store.folder);
  const log = createPinoLog({ ...config.logs, key: logKey });
  const ringfence = new Ringfence(config, options, log, logKey);
  try {
    await ringfence.start();
    return ringfence;
  } catch (error) {
    await ringfence.close().catch(() => undefined);
    throw error;
  }
}

/** Makes the folder of all that is kept. @returns The installation's key for hashes in logs. */
function openFolder(folder: string): Uint8Array {
  try {
    makeFolderSync(folder, 0o700);
    return loadLogKey(folder);
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? "cannot be used";
    throw new GatewayError("config.invalid", `store.folder ${folder}: ${why}`, { cause });
  }
}

export class Ringfence {
  readonly #options: RingfenceOptions;
  readonly #log: Log;
  readonly #flushLog: () => void;
  readonly #logKey: Uint8Array;
  readonly #clock = new SystemClock();
  readonly #random = new CryptoRandom();
  readonly #metrics = new PrometheusMetrics({ processMetrics: true });
  readonly #lag = new EventLoopLag(this.#clock);
  readonly #faultBudget = new FaultBudget();
  readonly #faults: Counter;
  readonly #detection: FraudDetection;
  readonly #engine: SipEngine;
  readonly #wire: WireObservers;
  readonly #baseline: BaselineKeeper;
  #config: Config;
  #channel: RecordChannel | undefined;
  #journal: DialogJournal | undefined;
  #media: MediaSide | undefined;
  #asterisk: AsteriskSide | undefined;
  #layer: CallLayer | undefined;
  #backOffice: ReturnType<typeof makeBackOffice> | undefined;
  #ready: ReadyLine | undefined;
  #reloading: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(config: Config, options: RingfenceOptions, log: ClosableLog, logKey: Uint8Array) {
    this.#config = config;
    this.#options = options;
    this.#log = countedLog(log, this.#metrics);
    this.#flushLog = () => log.flush();
    this.#logKey = logKey;
    this.#detection = new FraudDetection(config.detection, this.#random);
    this.#faults = this.#metrics.counter("ringfence_faults_total", "Bugs of the gateway that nothing caught");
    this.#engine = makeSipEngine(config, {
      ...this.#services,
      sealKey: logKey,
      onMalformed: (source) => this.#layer?.admission.note(source, "malformed"),
    });
    this.#baseline = new BaselineKeeper(config.store.folder, { ...this.#services, detection: this.#detection });
    this.#wire = new WireObservers(config, {
      ...this.#services,
      tap: (onWire) => this.#engine.tap(onWire),
      busy: () => this.#layer?.overload.busy ?? false,
    });
  }

  get #services() {
    return { clock: this.#clock, random: this.#random, metrics: this.#metrics, log: this.#log };
  }

  get ready(): ReadyLine {
    if (this.#ready === undefined) throw new GatewayError("backoffice.lost", "not started");
    return this.#ready;
  }

  async start(): Promise<void> {
    const config = this.#config;
    const table = trunkTable(config, makeNumbers);
    if (!table.ok) throw new GatewayError("config.invalid", table.error);
    const channel = await openRecordChannel(config, this.#services);
    this.#channel = channel;
    const control = gatewayControl({
      layer: () => this.#layer,
      config: () => this.#config,
      health: () => this.#health(),
      reload: () => this.reload(),
      wire: this.#wire,
      metrics: this.#metrics,
      listening: () => this.#media?.listener,
    });
    const { version, fromEnvironment } = this.#options;
    if (fromEnvironment !== undefined) this.#log.info("config.from-environment", { values: fromEnvironment });
    this.#backOffice = makeBackOffice(config, { ...this.#services, control, channel, logKey: this.#logKey, version });
    // First of all: it takes the lock on the folder that the journal is in too.
    const addresses = await this.#backOffice.start();
    if (config.recovery.journal) {
      this.#journal = await openDialogJournal({ folder: join(config.store.folder, "journal"), ...this.#services });
    }
    const media = await MediaSide.start(config, {
      ...this.#services,
      logKey: this.#logKey,
      busy: () => this.#layer?.overload.busy ?? false,
    });
    this.#media = media;
    const asterisk = new AsteriskSide(config, { ...this.#services, media, sink: channel });
    this.#asterisk = asterisk;
    const layer = makeCallLayer(config, {
      ...this.#services,
      media,
      others: asterisk,
      endpoint: this.#engine.endpoint,
      resolver: this.#engine.resolver,
      detection: this.#detection,
      trunks: table.value,
      sink: channel,
      journal: this.#journal,
      observers: [this.#wire],
      lagMs: () => this.#lag.lagMs(),
    });
    this.#layer = layer;
    const busyNumbers = await this.#baseline.start();
    for (const { code, why } of startWarnings(config, busyNumbers)) this.#log.warn("config.warning", { code, why });
    await this.#restoreBlocks();
    await this.#wire.start();
    const left = await this.#journal?.recover();
    layer.b2bua.holdNames(left?.entries.map(({ callId }) => callId) ?? []);
    await this.#engine.endpoint.start(layer.user);
    layer.health.start(this.#engine.endpoint);
    layer.limits.start();
    this.#lag.start();
    layer.ticker.start();
    await this.#recover(layer);
    await asterisk.start(layer);
    this.#ready = readyLine(this.#engine.endpoint.listeners, addresses, asterisk.addresses);
    this.#log.info("gateway.ready", { listeners: this.#ready.sip.length, version });
  }

  /** Blocks outlive a restart. A store that does not answer costs the blocks, not the start. */
  async #restoreBlocks(): Promise<void> {
    const now = this.#clock.unix();
    const blocks = await this.#backOffice?.activeBlocks(now).catch((error: unknown) => {
      this.#log.error("blocks.not-restored", {}, error);
      return [];
    });
    if (blocks !== undefined && blocks.length > 0) {
      this.#log.info("blocks.restored", { count: this.#detection.restoreBlocks(blocks, now) });
    }
  }

  async #recover(layer: CallLayer): Promise<void> {
    if (this.#journal === undefined || this.#channel === undefined) return;
    const { entries, broken } = await this.#journal.recover();
    if (broken > 0) this.#log.warn("journal.broken-lines", { broken });
    const { afterRestart } = this.#config.recovery;
    const resume = (entry: AnsweredEntry): boolean => {
      const trunk = layer.admission.trunks.named(entry.facts.trunk) ?? layer.admission.trunks.default;
      layer.b2bua.restore(entry, trunk.policy);
      return true;
    };
    // Not awaited: BYEs to peers that are gone take half a minute, and new calls are welcome meanwhile.
    void recoverCalls(
      entries,
      { ...DEFAULT_RECOVERY, afterRestart },
      {
        ...{ ...this.#services, endpoint: this.#engine.endpoint, journal: this.#journal, sink: this.#channel, resume },
        onOver: (name, wasAnswered) => layer.b2bua.releaseName(name, wasAnswered),
      },
    );
  }

  #health(): ReturnType<typeof gatewayHealth> {
    const layer = this.#layer;
    if (layer === undefined) return [{ name: "sip", vital: true, ok: false, detail: "starting" }];
    const { sip } = this.#config;
    const hops = sip.nextHops.length + Object.values(sip.hopGroups).reduce((sum, group) => sum + group.length, 0);
    const ofCalls = gatewayHealth({
      endpoint: this.#engine.endpoint,
      health: layer.health,
      configuredHops: hops,
      draining: () => layer.drain.draining,
      lagMs: () => this.#lag.lagMs(),
      journal: this.#journal,
    });
    return [
      ...ofCalls,
      ...(this.#media?.health() ?? []),
      ...(layer.threat?.health() ?? []),
      ...(this.#asterisk?.health() ?? []),
    ];
  }

  /**
   * An exception that nothing caught: our bug. What ran into it is lost, the calls that are up go on; it is counted and logged
   * with its stack.
   * @returns False when they come too often to go on: the process had better be started anew, the journal knows its calls.
   */
  surviveFault(fault: unknown): boolean {
    const survives = this.#faultBudget.spend(this.#clock.mono());
    this.#faults.inc();
    this.#log.error(survives ? "gateway.fault" : "gateway.too-many-faults", {}, fault);
    return survives;
  }

  /** SIGHUP and `POST /api/v1/reload`. @throws GatewayError `config.invalid`, `tls.certificate`: the old settings stay in force. */
  reload(): Promise<ReloadReport> {
    // One after the other: each compares with what the one before has put in force.
    const reloaded = this.#reloading.then(() => this.#reload());
    this.#reloading = reloaded.catch(() => undefined);
    return reloaded;
  }

  /** SIGHUP. As `reload`, and in the audit log: over HTTP the API writes that itself. A failure is logged, not thrown. */
  async reloadBySignal(): Promise<void> {
    const audit = this.#channel === undefined ? undefined : new Audit(this.#channel, this.#clock, this.#random);
    try {
      const { changed, ignored } = await this.reload();
      const detail = { changed: changed.join(","), needRestart: ignored.join(",") };
      audit?.note("signal", "reload", "configuration", "done", detail);
    } catch (error) {
      const reason = error instanceof GatewayError ? error.code : "unknown";
      audit?.note("signal", "reload", "configuration", "failed", { reason });
      const why = error instanceof Error ? error.message : String(error);
      this.#log.error("config.not-reloaded", { code: reason, why }, reason === "unknown" ? error : undefined);
    }
  }

  async #reload(): Promise<ReloadReport> {
    const layer = this.#layer;
    if (layer === undefined) throw new GatewayError("backoffice.lost", "the gateway is still starting");
    const read = this.#options.reread();
    if (!read.ok) throw new GatewayError("config.invalid", read.error.join("; "));
    const alerts = async (config: Config): Promise<void> => {
      const { version } = this.#options;
      if (this.#backOffice !== undefined)
        await reconfigureAlerts(this.#backOffice, config, { logKey: this.#logKey, version });
    };
    const deps = {
      ...{ layer, detection: this.#detection, engine: this.#engine, makeNumbers },
      ...{ reconfigureAlerts: alerts, log: this.#log },
    };
    const { report, inForce } = await applyReload(this.#config, read.value, deps);
    this.#config = inForce;
    return report;
  }

  /** New calls get 503; those that are up have `limits.drainMs` to end by themselves, then they get BYE. */
  async drain(): Promise<void> {
    this.#layer?.recordings?.drain();
    await this.#layer?.drain.start();
  }

  /** A second signal: calls are ended now. */
  hurry(): void {
    this.#layer?.drain.hurry();
  }

  /** Closes everything in reverse order. Safe to call twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#layer?.ticker.close();
    this.#lag.close();
    this.#layer?.limits.close();
    this.#layer?.health.close();
    this.#layer?.identity?.close();
    this.#layer?.b2bua.close();
    const steps: readonly (() => Promise<unknown> | undefined)[] = [
      () => this.#asterisk?.close(),
      () => this.#layer?.recordings?.close(),
      () => this.#engine.endpoint.close(),
      () => this.#layer?.threat?.close(),
      () => this.#media?.close(),
      () => this.#wire.close(),
      () => this.#baseline.close(),
      () => this.#journal?.close(),
      () => this.#channel?.close(),
      () => this.#backOffice?.stop(),
    ];
    // What cannot be closed must not keep the journal or the records from being written out.
    for (const step of steps) {
      try {
        await step();
      } catch (error) {
        this.#log.error("gateway.close-failed", {}, error);
      }
    }
    this.#engine.resolver.close();
    this.#log.info("gateway.closed");
    this.#flushLog();
  }
}
