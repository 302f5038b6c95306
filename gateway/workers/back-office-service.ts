import { createHash } from "node:crypto";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { AuditFile } from "../adapters/audit-file/audit-file.js";
import type { BackOfficeAddresses, RecordBatch } from "../adapters/back-office/messages.js";
import { PrometheusMetrics, type MetricsJson } from "../adapters/metrics-prometheus/prometheus-metrics.js";
import { RecordSpool } from "../adapters/record-spool/record-spool.js";
import { SPEECH_FOLDER, SpeechFolder } from "../adapters/speech-files/speech-folder.js";
import { openStore, type ManagedStore } from "../adapters/store/open-store.js";
import { AesVault } from "../adapters/vault/aes-vault.js";
import { readKeyFile } from "../adapters/vault/key-file.js";
import { CryptoRandom } from "../adapters/system/crypto-random.js";
import { SystemClock } from "../adapters/system/system-clock.js";
import { WebhookNotifier } from "../adapters/webhook/webhook-notifier.js";
import { DEFAULT_API_LIMITS, type ApiDeps, type ApiLimits } from "../api/api-options.js";
import { buildApi, type Api } from "../api/build-api.js";
import { alertView, incidentView } from "../api/views.js";
import { transcriptContext } from "../call/transcript-keeper.js";
import { countedLog } from "../core/counted-log.js";
import { GatewayError } from "../core/errors.js";
import type { Log } from "../core/log.js";
import { monoMs } from "../core/time.js";
import type { ComponentHealth, GatewayControl } from "../ports/gateway-control.js";
import type { AuditEntry } from "../ports/records.js";
import type { BackOfficeOptions } from "./back-office-options.js";
import { httpUrl, listenForMetrics, type MetricsListener } from "./metrics-listener.js";
import { RecordInbox } from "./record-inbox.js";

/** How long a read waits at most for what was just reported to reach the store. */
const SETTLE_MS = 250;
const PING_MS = 1_000;
const PRUNE_FIRST_MS = 60_000;
const PRUNE_EVERY_MS = 3_600_000;
const PRUNE_SPEECH_EVERY_MS = 24 * 3_600_000;
const DAY_MS = 24 * 3_600_000;
const CLOSE_HTTP_MS = 2_000;
const CLOSE_WEBHOOK_MS = 2_000;
const CLOSE_SPOOL_MS = 3_000;
/** So that the listening side's own time-out is what a client is told. */
const ANALYSIS_SPARE_MS = 10_000;

interface Parts {
  readonly options: BackOfficeOptions;
  readonly log: Log;
  readonly clock: SystemClock;
  readonly metrics: PrometheusMetrics;
  readonly control: GatewayControl;
  readonly store: ManagedStore;
  readonly spool: RecordSpool;
  readonly auditFile: AuditFile;
  readonly webhook: WebhookNotifier | undefined;
  readonly speech: SpeechFolder;
}

/** Store, spool, audit log, webhook, HTTP API and metrics listener, joined. Runs in the worker thread. */
export class BackOfficeService {
  readonly #parts: Parts;
  readonly #inbox: RecordInbox;
  #api: Api | undefined;
  #metricsListener: MetricsListener | undefined;
  #auditFailing = false;
  #settling: Promise<void> | undefined;
  #cancelPrune: (() => void) | undefined;
  #cancelPruneSpeech: (() => void) | undefined;
  #closed: Promise<void> | undefined;

  private constructor(parts: Parts) {
    this.#parts = parts;
    this.#inbox = new RecordInbox({
      onAlert: (alert, incident) =>
        parts.webhook?.notify(alert.id, {
          event: "alert",
          alert: alertView(alert),
          incident: incident === undefined ? null : incidentView(incident),
        }),
      onAudit: (entry) => this.#auditToFile(entry),
    });
  }

  /** @throws GatewayError `store.*`, `listen.failed`, `config.invalid`; what was opened until then is closed again. */
  static async start(
    options: BackOfficeOptions,
    previous: BackOfficeAddresses | undefined,
    control: GatewayControl,
    log: Log,
  ): Promise<{ readonly service: BackOfficeService; readonly addresses: BackOfficeAddresses }> {
    const service = new BackOfficeService(await openParts(options, control, log));
    try {
      const http = await service.#listen(portOf(previous?.http) ?? options.http.listenPort);
      const metrics = await service.#listenForMetrics(portOf(previous?.metrics) ?? options.metrics.listenPort);
      service.#pruneLater(PRUNE_FIRST_MS);
      service.#pruneSpeechLater(PRUNE_FIRST_MS);
      return { service, addresses: { http, metrics } };
    } catch (error) {
      await service.close();
      throw error;
    }
  }

  get store(): ManagedStore {
    return this.#parts.store;
  }

  /** @returns When the batch is in the store or on disk. */
  accept(batch: RecordBatch): Promise<void> {
    try {
      this.#inbox.accept(batch.json);
    } catch (error) {
      // The batch would come again to the next worker, and end that too: storing it matters more.
      this.#parts.log.error("backoffice.record-unreadable", { seq: batch.seq }, error);
    }
    return this.#parts.spool.accept(batch);
  }

  /** In order: no more requests, no more alerts, queued records written, files and store closed. Safe to call twice. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const { spool, auditFile, store, webhook, clock, log } = this.#parts;
    this.#cancelPrune?.();
    this.#cancelPruneSpeech?.();
    const steps: readonly (() => Promise<unknown>)[] = [
      () => Promise.race([this.#api?.close(), delay(clock, CLOSE_HTTP_MS)]),
      async () => this.#metricsListener?.close(),
      async () => webhook?.close(CLOSE_WEBHOOK_MS),
      () => spool.close(CLOSE_SPOOL_MS),
      () => auditFile.close(),
      () => store.close(),
    ];
    for (const step of steps) await step().catch((error: unknown) => log.error("backoffice.close", {}, error));
  }

  async #listen(port: number): Promise<string> {
    const { options, control, store, clock, log, metrics, speech } = this.#parts;
    const { http, version } = options;
    const { maxBodyBytes, maxBatchEvents, requestsPerMinute } = http;
    this.#api = await buildApi({
      options: {
        keys: http.apiKeys,
        switchSources: http.switchSources,
        limits: { ...DEFAULT_API_LIMITS, maxBodyBytes, maxBatchEvents, requestsPerMinute, ...analysisLimits(options) },
        version,
      },
      control,
      store,
      recentAlerts: () => this.#inbox.recentAlerts(),
      settle: () => this.#settle(),
      ...transcriptOpener(options.privacy.keyFile),
      forgetAudio: (callIds) => speech.forget(callIds),
      audit: (entry) => this.#audit(entry),
      localHealth: () => this.#health(),
      clock,
      random: new CryptoRandom(),
      sha256Hex: (text) => createHash("sha256").update(text).digest("hex"),
      log,
      metrics,
    });
    try {
      await this.#api.listen({ host: http.listenAddress, port });
    } catch (cause) {
      throw new GatewayError("listen.failed", `http on port ${port}`, { cause });
    }
    return httpUrl(this.#api.server.address() as AddressInfo);
  }

  async #listenForMetrics(port: number): Promise<string> {
    const { options, control, metrics } = this.#parts;
    const ofCalls = async (): Promise<MetricsJson> => (await control.metrics()) as MetricsJson;
    this.#metricsListener = await listenForMetrics(options.metrics.listenAddress, port, [
      ofCalls,
      () => metrics.toJson(),
    ]);
    return this.#metricsListener.url;
  }

  /** An answer of the SIP thread comes after the records that it made before; then the spool is emptied. */
  #settle(): Promise<void> {
    const { control, spool, clock } = this.#parts;
    const settled = async (): Promise<void> => {
      await control.stats().catch(() => undefined);
      await spool.flush();
    };
    this.#settling ??= Promise.race([settled(), delay(clock, SETTLE_MS)]).finally(() => {
      this.#settling = undefined;
    });
    return this.#settling;
  }

  #audit(entry: AuditEntry): void {
    this.#parts.spool.write({ kind: "audit", entry });
    this.#auditToFile(entry);
  }

  #auditToFile(entry: AuditEntry): void {
    this.#parts.auditFile.append(entry).then(
      () => {
        this.#auditFailing = false;
      },
      (error: unknown) => {
        if (!this.#auditFailing) this.#parts.log.error("audit.failed", {}, error);
        this.#auditFailing = true;
      },
    );
  }

  async #health(): Promise<readonly ComponentHealth[]> {
    const { store, spool, auditFile, webhook, clock } = this.#parts;
    const storeUp = store.ping(PING_MS).then(
      () => true,
      () => false,
    );
    // An audit file that failed is tried again: on a quiet gateway the next entry may be a day away.
    const auditUp = await Promise.race([auditFile.recover(), delay(clock, PING_MS).then(() => false)]);
    if (auditUp) this.#auditFailing = false;
    const storeTrouble = (await storeUp) ? spool.trouble : "the database does not answer; records wait on disk";
    const optional = (name: string, ok: boolean, otherwise: string): ComponentHealth => ({
      name,
      ok,
      vital: false,
      detail: ok ? "up" : otherwise,
    });
    return [
      optional("store", storeTrouble === undefined, storeTrouble ?? ""),
      optional("audit", auditUp, "the audit file cannot be written"),
      ...(webhook === undefined ? [] : [optional("webhook", webhook.healthy, "the last alert was not taken")]),
    ];
  }

  #pruneLater(afterMs: number): void {
    const { clock, store, log } = this.#parts;
    this.#cancelPrune = clock.callAt(monoMs(clock.mono() + afterMs), () => {
      store.prune(clock.unix()).then(
        ({ more }) => this.#pruneLater(more ? PRUNE_FIRST_MS : PRUNE_EVERY_MS),
        (error: unknown) => {
          log.warn("store.prune-failed", { reason: error instanceof GatewayError ? error.code : "unknown" });
          this.#pruneLater(PRUNE_EVERY_MS);
        },
      );
    });
  }

  #pruneSpeechLater(afterMs: number): void {
    const { clock, speech, log, options } = this.#parts;
    const { audioDays } = options.privacy;
    if (audioDays === undefined) return;
    this.#cancelPruneSpeech = clock.callAt(monoMs(clock.mono() + afterMs), () => {
      speech.prune(clock.unix() - audioDays * DAY_MS).then(
        (calls) => {
          if (calls > 0) log.info("speech.pruned", { calls });
        },
        (error: unknown) => log.error("speech.prune-failed", {}, error),
      );
      this.#pruneSpeechLater(PRUNE_SPEECH_EVERY_MS);
    });
  }
}

/** As many are taken in as are listened to at a time, and as many more wait with their bytes. */
function analysisLimits({ analysis }: BackOfficeOptions): Partial<ApiLimits> {
  if (analysis === undefined) return {};
  const { maxBytes, maxJobs, timeoutMs } = analysis;
  return { analysisBytes: maxBytes, analysisRequests: 2 * maxJobs, analysisTimeoutMs: timeoutMs + ANALYSIS_SPARE_MS };
}

async function openParts(options: BackOfficeOptions, control: GatewayControl, plainLog: Log): Promise<Parts> {
  const clock = new SystemClock();
  const random = new CryptoRandom();
  const metrics = new PrometheusMetrics();
  const log = countedLog(plainLog, metrics);
  const { folder, databaseUrl, retentionDays, auditFileBytes, queueLimit, spillLimitBytes } = options.store;
  const deps = { clock, random, metrics, log };
  const store = await openStore({
    folder,
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
    retention: {
      cdrDays: retentionDays,
      incidentDays: retentionDays,
      auditDays: retentionDays,
      transcriptDays: options.privacy.transcriptDays,
    },
    log,
  });
  try {
    const auditFile = await AuditFile.open(deps, { folder: join(folder, "audit"), maxBytes: auditFileBytes });
    const highMark = Math.max(1, Math.floor(queueLimit / 5));
    const spool = await RecordSpool.open(
      { ...deps, store },
      { folder: join(folder, "spool"), queueLimit, highMark, spillLimitBytes },
    );
    const { alertUrl: url, secret, timeoutMs, attempts } = options.webhook;
    const webhook =
      url === undefined
        ? undefined
        : new WebhookNotifier({ url, timeoutMs, attempts, ...(secret === undefined ? {} : { secret }) }, deps);
    const speech = new SpeechFolder(join(folder, SPEECH_FOLDER), options.logs.key);
    return { options, log, clock, metrics, control, store, spool, auditFile, webhook, speech };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Keys are read anew for each transcript: a rotation needs no restart, and people read few of them. */
function transcriptOpener(keyFile: string | undefined): Pick<ApiDeps, "openTranscript"> {
  if (keyFile === undefined) return {};
  return {
    openTranscript: ({ callId, sealed }) => {
      const vault = new AesVault(readKeyFile(keyFile, false));
      const plain = vault.open(Buffer.from(sealed, "base64"), transcriptContext(callId));
      return Buffer.from(plain).toString("utf8");
    },
  };
}

function portOf(url: string | undefined): number | undefined {
  return url === undefined ? undefined : Number(new URL(url).port);
}

const delay = (clock: SystemClock, ms: number): Promise<void> =>
  new Promise((resolve) => void clock.callAt(monoMs(clock.mono() + ms), resolve));
