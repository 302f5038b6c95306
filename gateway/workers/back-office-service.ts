import { createHash } from "node:crypto";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Alert } from "../../detection/index.js";
import { proveAudit } from "../adapters/audit-file/prove-audit.js";
import { withSealedNumbers } from "../adapters/audit-file/seal-numbers.js";
import type { BackOfficeAddresses, RecordBatch } from "../adapters/back-office/messages.js";
import type { MetricsJson } from "../adapters/metrics-prometheus/prometheus-metrics.js";
import type { ManagedStore } from "../adapters/store/open-store.js";
import { CryptoRandom } from "../adapters/system/crypto-random.js";
import type { SystemClock } from "../adapters/system/system-clock.js";
import { DEFAULT_API_LIMITS, type ApiDeps } from "../api/api-options.js";
import { buildApi, type Api } from "../api/build-api.js";
import { listenFailed } from "../core/listen-failed.js";
import type { Log } from "../core/log.js";
import { monoMs } from "../core/time.js";
import type { ComponentHealth, GatewayControl } from "../ports/gateway-control.js";
import type { AuditEntry } from "../ports/records.js";
import type { BackOfficeOptions } from "./back-office-options.js";
import { bodyLimits } from "./body-limits.js";
import { openParts, transcriptOpener, type BackOfficeParts } from "./back-office-parts.js";
import { httpUrl, listenForMetrics, type MetricsListener } from "./metrics-listener.js";
import { RecordingsService } from "./recordings-service.js";
import { ReportsService } from "./reports-service.js";
import { StoreReportData } from "../wiring/store-report-data.js";
import { RecordInbox } from "./record-inbox.js";
import { RecordsService, type RecordsOptions } from "./records-service.js";
import { alertHealth } from "./alert-health.js";
import { alertDeskOptions, type AlertSides } from "../wiring/alerts.js";

/** How long a read waits at most for what was just reported to reach the store. */
const SETTLE_MS = 250;
/** Less than the API gives a handler. */
const STORED_MS = 5_000;
/** What the SIP side holds back is asked for again. */
const HANDED_OVER_EVERY_MS = 50;
const PING_MS = 1_000;
/** What commands have left for the audit log is looked for. */
const AUDIT_INBOX_EVERY_MS = 5_000;
const CLOSE_HTTP_MS = 2_000;
const CLOSE_SPOOL_MS = 3_000;

export interface SipSide {
  readonly control: GatewayControl;
  /** Whether every record that the SIP thread has written has come from there: none waits on its side, in memory or on disk. */
  readonly handedOver: () => Promise<boolean>;
  readonly log: Log;
}

/** Store, spool, audit log, webhook, HTTP API and metrics listener, joined. Runs in the worker thread. */
export class BackOfficeService {
  readonly #parts: BackOfficeParts;
  readonly #handedOver: () => Promise<boolean>;
  readonly #inbox: RecordInbox;
  readonly #records: RecordsService | undefined;
  #api: Api | undefined;
  #recordings: RecordingsService | undefined;
  #reports: ReportsService | undefined;
  #metricsListener: MetricsListener | undefined;
  #auditFailing = false;
  #settling: Promise<void> | undefined;
  #cancelAuditInbox: (() => void) | undefined;
  #closed: Promise<void> | undefined;

  private constructor(parts: BackOfficeParts, handedOver: () => Promise<boolean>) {
    this.#parts = parts;
    this.#handedOver = handedOver;
    this.#inbox = new RecordInbox({
      onAlert: (alert, incident) => parts.desk.raised(alert, incident),
      onAudit: (entry) => this.#auditToFile(entry),
      onCalls: parts.options.records?.liveCalls === true ? (cdrs) => this.#records?.calls(cdrs) : undefined,
    });
    if (parts.options.records !== undefined) this.#records = this.#startRecords(parts.options.records);
  }

  /** @throws GatewayError `store.*`, `listen.failed`, `config.invalid`; what was opened until then is closed again. */
  static async start(
    options: BackOfficeOptions,
    previous: BackOfficeAddresses | undefined,
    { control, handedOver, log }: SipSide,
  ): Promise<{ readonly service: BackOfficeService; readonly addresses: BackOfficeAddresses }> {
    const service = new BackOfficeService(await openParts(options, control, log), handedOver);
    try {
      service.#startRecordings();
      service.#startReports();
      const http = await service.#listen(portOf(previous?.http) ?? options.http.listenPort);
      const metrics = await service.#listenForMetrics(portOf(previous?.metrics) ?? options.metrics.listenPort);
      service.#takeAuditInbox();
      service.#parts.desk.wake();
      service.#parts.pruning.start();
      return { service, addresses: { http, metrics } };
    } catch (error) {
      await service.close();
      throw error;
    }
  }

  get store(): ManagedStore {
    return this.#parts.store;
  }

  #startRecords(options: RecordsOptions): RecordsService {
    const { store, spool, clock, log, metrics } = this.#parts;
    const onAlert = (alert: Alert): void => this.#inbox.alert(alert);
    return RecordsService.start(options, { store: store.callRecords, sink: spool, onAlert, clock, log, metrics });
  }

  /** @returns When the batch is in the store or on disk. */
  accept(batch: RecordBatch): Promise<void> {
    try {
      this.#inbox.accept(batch.json);
    } catch (error) {
      // The batch would come again to the next worker, and end that too: storing it matters more.
      this.#parts.log.error("backoffice.record-unreadable", { seq: batch.seq }, error);
    }
    const { spool, desk, keptSubjects } = this.#parts;
    const accepted = Promise.all([spool.accept(keptSubjects.bind(batch)), this.#records?.kept]).then(() => undefined);
    // The desk reads alerts from the store; it looks by itself too, but later.
    return batch.json.includes('"kind":"alert"') ? accepted.then(() => desk.wake()) : accepted;
  }

  /** Other settings and routes of alerts, from now on. @throws GatewayError `tls.certificate`: the old ones stay. */
  reconfigureAlerts(sides: AlertSides): void {
    const { desk, options, clock } = this.#parts;
    desk.reconfigure(alertDeskOptions(sides, options.store.retentionDays, { clock, version: options.version }));
  }

  /** In order: no more requests, no more alerts, queued records written, files and store closed. Safe to call twice. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const { spool, auditFile, store, desk, clock, log } = this.#parts;
    this.#cancelAuditInbox?.();
    this.#parts.pruning.close();
    this.#parts.keptSubjects.close();
    const steps: readonly (() => Promise<unknown>)[] = [
      () => Promise.race([this.#api?.close(), delay(clock, CLOSE_HTTP_MS)]),
      async () => this.#metricsListener?.close(),
      async () => this.#records?.close(),
      async () => this.#recordings?.close(),
      async () => this.#reports?.close(),
      () => desk.close(),
      () => spool.close(CLOSE_SPOOL_MS),
      () => auditFile.close(),
      () => store.close(),
    ];
    for (const step of steps) await step().catch((error: unknown) => log.error("backoffice.close", {}, error));
  }

  #startReports(): void {
    const { options, store, auditFile, pruning, clock, log } = this.#parts;
    if (options.reports === undefined) return;
    this.#reports = ReportsService.start(options.reports, {
      data: new StoreReportData({
        store,
        records: store.callRecords,
        cases: store.alertCases,
        proveAudit: () => proveAudit(join(options.store.folder, "audit"), auditFile.head),
      }),
      mayPrune: pruning.mayPrune,
      ...{ clock, log },
    });
  }

  #startRecordings(): void {
    const { options, store, control, vault, pruning, clock, log, metrics } = this.#parts;
    if (options.recordings === undefined) return;
    this.#recordings = RecordingsService.start(options.recordings, {
      ...{ store: store.recordings, analyzer: control, vault, clock, random: new CryptoRandom(), log, metrics },
      canonical: (number) => control.canonical(number),
      mayPrune: pruning.mayPrune,
    });
  }

  async #listen(port: number): Promise<string> {
    const { options, control, store, clock, log, metrics, keptSubjects, tokens } = this.#parts;
    const { http, version } = options;
    const { maxBodyBytes, maxBatchEvents, requestsPerMinute } = http;
    this.#api = await buildApi({
      options: {
        keys: http.apiKeys,
        grants: options.oidc?.grants ?? [],
        teams: options.teams ?? [],
        switchSources: http.switchSources,
        trustedProxies: http.trustedProxies ?? [],
        limits: { ...DEFAULT_API_LIMITS, maxBodyBytes, maxBatchEvents, requestsPerMinute, ...bodyLimits(options) },
        version,
      },
      control,
      store,
      callRecords: store.callRecords,
      ...recordStats(this.#records),
      recentAlerts: () => this.#inbox.recentAlerts(),
      alerts: this.#parts.desk,
      settle: () => this.#settle(),
      allStored: () => this.#allStored(),
      ...transcriptOpener(this.#parts.vault),
      ...(this.#recordings === undefined ? {} : { recordings: this.#recordings }),
      ...(this.#reports === undefined ? {} : { reports: this.#reports }),
      holds: store.legalHolds,
      subjects: this.#subjects(),
      cdrDays: options.store.retentionDays,
      ...(options.recordDays === undefined ? {} : { recordDays: options.recordDays }),
      forgetAudio: (callIds) => keptSubjects.forgetSpeech(callIds),
      ...(tokens === undefined ? {} : { tokens }),
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
      const keys = ["http.listenAddress", "http.listenPort"] as const;
      throw listenFailed({ what: "the HTTP API", keys, address: http.listenAddress, port }, cause);
    }
    return httpUrl(this.#api.server.address() as AddressInfo);
  }

  #subjects(): NonNullable<ApiDeps["subjects"]> {
    const { subjects, keptSubjects } = this.#parts;
    return {
      nameOf: (number) => subjects.nameOf(number),
      destroy: async (number) => {
        await keptSubjects.keepHeld(number);
        return subjects.destroy(number);
      },
    };
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

  /** What waits on the SIP side is in no spool here: it has to come first. */
  async #allStored(): Promise<boolean> {
    const { spool, clock } = this.#parts;
    const deadline = clock.mono() + STORED_MS;
    const stored = async (): Promise<boolean> => {
      while (!(await this.#handedOver().catch(() => false))) {
        if (clock.mono() > deadline) return false;
        await delay(clock, HANDED_OVER_EVERY_MS);
      }
      return spool.stored();
    };
    return Promise.race([stored(), delay(clock, STORED_MS).then(() => false)]);
  }

  #audit(entry: AuditEntry): void {
    this.#parts.spool.write({ kind: "audit", entry });
    this.#auditToFile(entry);
  }

  /** As the chain gets it, from which nothing can be deleted. Without a key for a number its pseudonym stands there alone. */
  #sealed(entry: AuditEntry): AuditEntry {
    const { options, subjects, log } = this.#parts;
    if (options.sealAuditNumbers !== true) return entry;
    try {
      return withSealedNumbers(entry, (number, context) => subjects.seal(number, number, context));
    } catch (error) {
      log.error("audit.seal-failed", {}, error);
      return withSealedNumbers(entry, (number) => subjects.nameOf(number));
    }
  }

  #auditToFile(entry: AuditEntry): void {
    this.#parts.auditFile.append(this.#sealed(entry)).then(
      () => {
        this.#auditFailing = false;
      },
      (error: unknown) => {
        if (!this.#auditFailing) this.#parts.log.error("audit.failed", {}, error);
        this.#auditFailing = true;
      },
    );
  }

  #takeAuditInbox(): void {
    const { auditInbox, auditFile, spool, clock, log } = this.#parts;
    const put = async (entry: AuditEntry): Promise<void> => {
      await auditFile.append(this.#sealed(entry));
      spool.write({ kind: "audit", entry });
    };
    void auditInbox
      .take(put)
      .catch((error: unknown) => log.error("audit.inbox-failed", {}, error))
      .then(() => {
        if (this.#closed !== undefined) return;
        this.#cancelAuditInbox = clock.callAt(monoMs(clock.mono() + AUDIT_INBOX_EVERY_MS), () =>
          this.#takeAuditInbox(),
        );
      });
  }

  async #health(): Promise<readonly ComponentHealth[]> {
    const { store, spool, auditFile, desk, clock, tokens } = this.#parts;
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
      ...alertHealth(desk),
      ...(tokens === undefined ? [] : [optional("oidc", tokens.healthy, "the issuer's keys could not be fetched")]),
    ];
  }
}

const recordStats = (records: RecordsService | undefined): Pick<ApiDeps, "recordStats"> =>
  records === undefined ? {} : { recordStats: () => records.stats };

function portOf(url: string | undefined): number | undefined {
  return url === undefined ? undefined : Number(new URL(url).port);
}

const delay = (clock: SystemClock, ms: number): Promise<void> =>
  new Promise((resolve) => void clock.callAt(monoMs(clock.mono() + ms), resolve));
